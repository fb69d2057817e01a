"""The clients ask for little, read patiently, write once, and give their token to nobody."""

import hashlib
import time
from typing import Any

import pytest

from bot.errors import UserError
from bot.forge.github.client import API_VERSION, MINE, App, Reader, Writer
from bot.forge.github.download import download
from bot.forge.github.errors import RateLimitedError, StatusError, UnavailableError
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World

SHOP = "/repos/octo/shop"


@pytest.fixture
def miner(app: App, shop: Repository) -> Reader:
    return app.reader(app.installation("octo/shop"), "octo/shop", MINE)


# --- what must not happen ---------------------------------------------------------------------------------------------


def test_a_readers_token_cannot_write(github: GitHub, reader: Reader) -> None:
    with pytest.raises(StatusError) as caught:
        reader.call("POST", f"{SHOP}/issues", body={"title": "no"})

    assert caught.value.status == 403
    assert "issues=write" in str(caught.value)


def test_a_token_is_for_one_repository(github: GitHub, reader: Reader, world: World) -> None:
    other = world.repository("octo/other", {"a": "b\n"})
    next(iter(world.installations.values())).repositories.append(other.id)

    assert reader.find("/repos/octo/other", dict) is None
    assert reader.find(SHOP, dict) is not None


@pytest.mark.parametrize("kind", ["error", "lost", "cut"])
def test_a_write_is_never_tried_again(kind: str, github: GitHub, writer: Writer, shop: Repository) -> None:
    github.faults = [Fault(kind, at=1)]

    with pytest.raises(UnavailableError):
        writer.call("POST", f"{SHOP}/issues", body={"title": "once"})

    assert len(github.writes) == 1
    assert len(shop.issues) == (kind != "error")


@pytest.mark.parametrize(("kind", "least", "most"), [("primary", 1500, 1900), ("secondary", 55, 70)])
def test_a_rate_limit_says_until_when_and_nobody_sleeps(
    kind: str, least: int, most: int, github: GitHub, reader: Reader
) -> None:
    github.faults = [Fault(kind, path=f"{SHOP}$")]
    before = time.time()

    with pytest.raises(RateLimitedError) as caught:
        reader.get(SHOP, dict)

    assert time.time() - before < 5
    assert least < caught.value.until - before < most
    assert caught.value.kind == kind
    assert 1 == sum(one.path == SHOP for one in github.exchanges)


@pytest.mark.parametrize("ahead", [-600, 600])
def test_54_where_our_clock_is_wrong_a_limit_ends_when_github_says(ahead: int, github: GitHub, reader: Reader) -> None:
    reader.get(SHOP, dict)
    github.ahead = ahead
    github.faults = [Fault("primary", path=f"{SHOP}/labels")]
    before = time.time()

    with pytest.raises(RateLimitedError) as caught:
        list(reader.pages(f"{SHOP}/labels", dict))

    assert 1700 < caught.value.until - before < 1900


@pytest.mark.parametrize(
    ("ahead", "said"), [(-600, r"clock is 6\d\d s ahead of"), (600, r"clock is (59|60)\d s behind")]
)
def test_54_where_our_clock_is_so_wrong_that_no_token_holds_it_is_said(
    ahead: int, said: str, github: GitHub, app: App, shop: Repository
) -> None:
    github.ahead = ahead

    with pytest.raises(UserError, match=said):
        app.installation("octo/shop")


def test_54_half_a_minute_costs_nothing(github: GitHub, app: App, shop: Repository) -> None:
    for ahead in (-30.0, 30.0):
        github.ahead = ahead

        assert app.reader(app.installation("octo/shop"), "octo/shop").get(SHOP, dict)


def test_the_token_never_goes_to_the_store(github: GitHub, miner: Reader) -> None:
    github.blobs["7"] = b"bytes"

    assert b"bytes" == download(miner, f"{SHOP}/actions/artifacts/7/zip", stores=("localhost",))
    assert ["authorization" in asked for asked in github.asked_blobs] == [False]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"stores": ("example.com",)}, "no store we know"),
        ({"most": 4}, "larger"),
        ({"digest": f"sha256:{'0' * 64}"}, "digest"),
    ],
)
def test_a_download_that_is_not_what_it_should_be_is_refused(
    more: dict[str, Any], said: str, github: GitHub, miner: Reader
) -> None:
    github.blobs["7"] = b"bytes"

    with pytest.raises(UserError, match=said):
        download(miner, f"{SHOP}/actions/jobs/7/logs", **{"stores": ("localhost",), **more})


def test_the_key_is_not_shown(app: App) -> None:
    assert "PRIVATE" not in repr(app)


# --- what should ------------------------------------------------------------------------------------------------------


def test_a_read_is_tried_again(github: GitHub, reader: Reader) -> None:
    github.faults = [Fault("error", path=f"{SHOP}$"), Fault("cut", path=f"{SHOP}$")]

    assert reader.get(SHOP, dict)["full_name"] == "octo/shop"


def test_a_store_that_stays_broken_is_unavailable(github: GitHub, reader: Reader) -> None:
    github.faults = [Fault("error", path=f"{SHOP}$") for _ in range(3)]

    with pytest.raises(UnavailableError):
        reader.get(SHOP, dict)


def test_what_is_known_is_asked_for_with_its_tag(github: GitHub, reader: Reader) -> None:
    first = reader.get(SHOP, dict)

    assert first == reader.get(SHOP, dict)
    assert [200, 304] == [one.status for one in github.exchanges if one.path == SHOP]


def test_lists_are_read_to_their_end(github: GitHub, reader: Reader, writer: Writer) -> None:
    for number in range(101):
        writer.call("POST", f"{SHOP}/issues", body={"title": f"i{number}"})

    assert 101 == sum(1 for _ in reader.pages(f"{SHOP}/issues", dict, state="all"))


def test_one_version_is_spoken_everywhere(github: GitHub, reader: Reader) -> None:
    reader.get(SHOP, dict)

    assert {API_VERSION} == {one.headers.get("x-github-api-version") for one in github.exchanges}


def test_a_digest_that_holds_lets_the_bytes_through(github: GitHub, miner: Reader) -> None:
    github.blobs["7"] = b"bytes"
    digest = f"sha256:{hashlib.sha256(b'bytes').hexdigest()}"

    assert b"bytes" == download(miner, f"{SHOP}/actions/artifacts/7/zip", digest=digest, stores=("localhost",))


@pytest.mark.parametrize(
    ("how", "said"), [("key", "401"), ("suspended", "suspended"), ("permissions", "not granted"), ("gone", "404")]
)
def test_a_token_that_is_not_given_says_why(
    how: str, said: str, github: GitHub, world: World, shop: Repository, app: App
) -> None:
    number, found = next(iter(world.installations.items()))
    reader = app.reader(number, "octo/shop")
    if how == "key":
        reader = App(app.id + 1 if isinstance(app.id, int) else "x", app.private_key, app.api).reader(
            number, "octo/shop"
        )
    if how == "suspended":
        found.suspended = True
    if how == "permissions":
        found.permissions.pop("issues")
    if how == "gone":
        del world.installations[number]

    with pytest.raises(StatusError, match=said):
        reader.get(SHOP, dict)


def test_an_app_that_is_not_installed_says_so(github: GitHub, app: App, world: World) -> None:
    world.repository("octo/other", {"a": "b\n"})

    with pytest.raises(UserError, match="not installed"):
        app.installation("octo/other")
