"""Where the App is installed, as GitHub says it: by numbers, for names change."""

from bot.forge.github.client import App
from bot.forge.github.installations import Installations, undelivered
from bot.hosting.places import Delivery, Installation, Repository
from tests.github import keys
from tests.github.server import GitHub
from tests.github.world import World


def ours(github: GitHub, world: World) -> Installations:
    return Installations(App(world.app_id, keys.pair()[0], github.url))


def test_suspended_installations_are_told_and_marked(github: GitHub, world: World) -> None:
    octo = world.install("octo", world.repository("octo/shop", {"a": ""}))
    gone = world.install("left", world.repository("left/it", {"a": ""}))
    gone.suspended = True

    with ours(github, world) as app:
        found = app.all()

    assert [
        Installation(octo.id, octo.account.id, "octo", False),
        Installation(gone.id, gone.account.id, "left", True),
    ] == found


def test_an_installation_shows_its_own_repositories_only(github: GitHub, world: World) -> None:
    shop = world.repository("octo/shop", {"a": ""}, private=True)
    old = world.repository("octo/old", {"a": ""}, archived=True)
    other = world.repository("octo/other", {"a": ""})
    octo = world.install("octo", shop, old)

    with ours(github, world) as app:
        found = app.repositories(octo.id)
        hidden = app.repository(octo.id, other.id)

    assert [
        Repository(shop.id, "octo/shop", octo.id, True, False, "main"),
        Repository(old.id, "octo/old", octo.id, False, True, "main"),
    ] == found
    assert hidden is None


def test_many_repositories_are_all_found(github: GitHub, world: World) -> None:
    made = [world.repository(f"octo/r{number}", {"a": ""}) for number in range(101)]
    octo = world.install("octo", *made)

    with ours(github, world) as app:
        assert [one.id for one in made] == [one.id for one in app.repositories(octo.id)]


def test_a_renamed_repository_is_found_by_its_number(github: GitHub, world: World) -> None:
    shop = world.repository("octo/shop", {"a": ""})
    octo = world.install("octo", shop)
    shop.name = "store"

    with ours(github, world) as app:
        found = [app.repository(octo.id, shop.id, name) for name in ("", "octo/shop", "octo/store")]

    assert 3 * [Repository(shop.id, "octo/store", octo.id, False, False, "main")] == found


def test_a_name_that_another_repository_took_is_not_believed(github: GitHub, world: World) -> None:
    shop = world.repository("octo/shop", {"a": ""})
    taken = world.repository("octo/taken", {"a": ""})
    octo = world.install("octo", shop, taken)

    with ours(github, world) as app:
        found = app.repository(octo.id, shop.id, "octo/taken")

    assert found
    assert found.name == "octo/shop"


def test_what_arrived_at_last_is_not_sent_again() -> None:
    told = [
        Delivery(5, "b", "2026-01-01T00:00:05Z", arrived=False),
        Delivery(4, "a", "2026-01-01T00:00:04Z", arrived=True),
        Delivery(3, "c", "2026-01-01T00:00:03Z", arrived=False),
        Delivery(2, "b", "2026-01-01T00:00:02Z", arrived=False),
        Delivery(1, "a", "2026-01-01T00:00:01Z", arrived=False),
    ]

    assert [3, 5] == undelivered(iter(told))
