"""A sweep looks at all it can reach, says what it could not, and is a sentence and no traceback when GitHub is away."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine.work import Work
from tests.app.office import Running
from tests.app.small import Stages, answer, end_state, running
from tests.github.keys import pair
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["error", "secondary"])
def test_an_installation_that_cannot_be_looked_at_keeps_no_other_waiting(
    world: World, shop: Repository, github: GitHub, app: Running, kind: str
) -> None:
    other = world.install("elsewhere", world.repository("elsewhere/lamp", {"AGENTS.md": "Be kind.\n"}))
    github.faults.append(Fault(kind, method="POST", path=f"/app/installations/{other.id}/access_tokens", lasting=True))

    record = app.attempt()

    assert (record["repositories"], record["visited"]) == (1, 1)
    (said,) = record["failed"]
    assert said.startswith(f"installation {other.id} was not looked at: ")


def test_deliveries_that_cannot_be_sent_again_stop_no_visit(shop: Repository, github: GitHub, app: Running) -> None:
    github.faults.append(Fault("error", path="/app/hook/deliveries", lasting=True))

    record = app.attempt()

    assert (record["resent"], record["visited"]) == (0, 1)
    (said,) = record["failed"]
    assert said.startswith("no delivery was sent again: ")


def test_a_github_that_is_away_is_told_in_one_line(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text(pair()[0])
    environ = {
        "FLYWHEEL_APP_ID": "1",
        "FLYWHEEL_PRIVATE_KEY_FILE": str(key),
        "FLYWHEEL_DATA": str(tmp_path / "data"),
        "FLYWHEEL_DATABASE_URL": f"sqlite:///{tmp_path / 'inbox.db'}",
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "HOME": str(tmp_path),
    }

    done = subprocess.run(
        [sys.executable, "-m", "bot", "sweep"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("flywheel: GitHub does not answer now (")
    assert len(done.stderr.splitlines()) == 1


def test_a_github_of_ones_own_is_swept_below_its_prefix(shop: Repository, github: GitHub, app: Running) -> None:
    github.enterprise = True

    record = app.sweep()

    assert (record["visited"], record["resent"]) == (1, 0)


@pytest.mark.long
def test_a_github_of_ones_own_is_served_as_the_public_one(stages: Stages, tmp_path: Path) -> None:
    settled = stages.settled(answer)
    with running(stages.after(answer).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        at.github.enterprise = True
        at.app.sweep(2)

        assert settled == end_state(at.world)


def test_nothing_is_kept_of_an_installation_that_is_gone(
    world: World, shop: Repository, github: GitHub, app: Running
) -> None:
    lamp = world.repository("elsewhere/lamp", {"AGENTS.md": "Be kind.\n"})
    other = world.install("elsewhere", lamp)
    app.sweep()
    kept = [path for path in (app.folder / "data").rglob("*") if str(lamp.id) in path.name]
    del world.installations[other.id]
    with closing(app.inbox()) as inbox:
        answer = app.office(inbox).answer(Work(other.id, 0, "installation", "", (), "lease", 1))
        left = [path for path in (app.folder / "data").rglob("*") if str(lamp.id) in path.name]

        assert kept
        assert [] == left
        assert "deleted" in str(answer)
    app.ahead = timedelta(minutes=1)
    app.sweep()
    with closing(app.inbox()) as inbox:
        assert 0 == inbox.keep_only([next(iter(world.installations))], time.time() + 3600)
