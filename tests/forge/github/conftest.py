"""The stand-in GitHub, and clients and a forge of ours that speak to it."""

import pytest

from bot.approval.labels import LABELS
from bot.forge.github.client import App, Reader, Writer
from bot.forge.github.forge import GitHubForge
from bot.model import Edit, OpenPull
from tests.github.fixtures import ann, github, shop, world
from tests.github.keys import pair
from tests.github.server import GitHub
from tests.github.world import Repository, World

CHANGE = "0123456789ab"
BRANCH = f"flywheel/finishes-on-red-{CHANGE}"

__all__ = ["ann", "github", "shop", "world"]


@pytest.fixture
def app(github: GitHub) -> App:
    return App(github.world.app_id, pair()[0], github.url, spacing=0.0)


@pytest.fixture
def reader(app: App, shop: Repository) -> Reader:
    return app.reader(app.installation("octo/shop"), "octo/shop")


@pytest.fixture
def writer(app: App, shop: Repository) -> Writer:
    return app.writer(app.installation("octo/shop"), "octo/shop")


@pytest.fixture
def forge(app: App, shop: Repository, world: World) -> GitHubForge:
    number = next(iter(world.installations))
    return GitHubForge("octo/shop", app.reader(number, "octo/shop"), app.writer(number, "octo/shop"), LABELS)


@pytest.fixture
def pull() -> OpenPull:
    """One line more in AGENTS.md."""
    return OpenPull(
        repository="octo/shop",
        change=CHANGE,
        revision="deadbeef",
        branch=BRANCH,
        title="The agent finishes on red",
        body="Because.",
        message=f"Add a line\n\nFlywheel-Change: {CHANGE}.deadbeef\nFlywheel-Tier: interactive\n",
        labels=("flywheel", "flywheel:interactive"),
        edits=(Edit("AGENTS.md", "# Shop\n", "# Shop\n\nRead the last check.\n"),),
        head="",
    )
