"""The stand-in GitHub with one repository whose bundles lie on disk, and the document that a reading job made."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.action import stage
from tests.action.runner import Runner
from tests.github.fixtures import ann, github, world
from tests.github.keys import pair
from tests.github.server import GitHub
from tests.github.world import Repository, World

__all__ = ["ann", "github", "world"]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.fixture
def shop(world: World) -> Repository:
    return stage.repository(world)


@pytest.fixture
def reading(tmp_path: Path, github: GitHub, world: World, shop: Repository) -> Runner:
    """The job that may only read, with its bundles downloaded."""
    made = stage.runner(tmp_path / "reading", github)
    stage.bundles(world, shop, made.work / "flywheel-bundle")
    return made


@pytest.fixture
def writing(tmp_path: Path, github: GitHub) -> Runner:
    """The job that may write, with nothing downloaded."""
    return stage.runner(tmp_path / "writing", github)


@pytest.fixture
def write_token(world: World, shop: Repository) -> str:
    return stage.token(world, shop, stage.WRITES)


@pytest.fixture(scope="session")
def _handed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """Made once, on a world of its own, by the step itself."""
    root = tmp_path_factory.mktemp("handed")
    world = World(root / "github", pair()[1])
    shop = stage.repository(world)
    with GitHub(world) as github:
        job = stage.runner(root / "job", github)
        stage.bundles(world, shop, job.work / "flywheel-bundle")
        done = job.step("propose", token=stage.token(world, shop, stage.READS))
        assert done.returncode == 0, done.stderr
        yield Path(job.outputs()["proposal"]).read_bytes()


@pytest.fixture
def handed(_handed: bytes, shop: Repository) -> dict[str, Any]:
    """The document, as if it were made at the head that the repository has now."""
    told: dict[str, Any] = json.loads(_handed)
    return {**told, "head": shop.git.ref("refs/heads/main")}
