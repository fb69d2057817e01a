"""End to end: installed, asked, onboarded; failing runs become one pull and one issue; people answer."""

from __future__ import annotations

import github as pygithub

from tests.app.office import Running
from tests.github.fleet import OWNER, fleet
from tests.github.server import GitHub
from tests.github.world import Repository, World

SHOP = f"{OWNER}/parcel-api"


def ours(repository: Repository, world: World) -> list[str]:
    """Titles of what we opened."""
    return [issue.title for issue in repository.issues.values() if issue.user.id == world.bot.id]


def test_from_install_to_the_first_harness_pull(
    app: Running, world: World, github: GitHub, ann: pygithub.Github
) -> None:
    repositories = fleet(world)
    world.install(OWNER, *repositories.values())

    app.sweep()

    opened = {name: ours(one, world) for name, one in repositories.items()}
    assert [["Where should Flywheel start?"]] == [titles for titles in opened.values() if titles]

    where = next(name for name, titles in opened.items() if titles)
    number = next(one.number for one in repositories[where].issues.values() if one.user.id == world.bot.id)
    ann.get_repo(where).get_issue(number).create_comment(f"Yes.\n\n/flywheel start {SHOP}")
    app.sweep()

    assert "Configure Flywheel" in ours(repositories[SHOP], world)
    assert not any("Configure Flywheel" in ours(one, world) for name, one in repositories.items() if name != SHOP)
