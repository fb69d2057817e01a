"""Whenever a process of the App is killed, the next one goes on, and the same stands on GitHub in the end."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine.keeping import LEASE_SECONDS
from tests.app.life import begin
from tests.app.small import STORY, At, Stages, Step, end_state, running

pytestmark = pytest.mark.long
OBJECTS = ("/git/trees", "/git/commits")
LIVES = 60
"""More than any step has writes."""


@pytest.mark.parametrize("step", STORY)
def test_45_killed_after_each_of_its_writes_it_ends_where_it_would_have(
    stages: Stages, tmp_path: Path, step: Step
) -> None:
    settled = stages.settled(step)
    with running(stages.after(step).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        killed = 0
        while die_at_a_write(at, killed * (LEASE_SECONDS + 1)):
            killed += 1
            assert killed < LIVES
        at.app.ahead = timedelta(hours=1)
        at.app.sweep()

        assert killed > 0
        assert settled == end_state(at.world)


def die_at_a_write(at: At, ahead: float) -> bool:
    """One life that ends when GitHub has done its first write, before it hears of it; False if it had none to make.

    An object that nothing refers to is none: after it all stands as before.
    """
    life = begin("sweep", at.world.app_id, at.github.url, at.app.folder, ahead)
    at.github.written = lambda path: None if path.endswith(OBJECTS) else life.kill()
    code = life.wait()
    at.github.written = lambda _path: None
    assert code in (0, -signal.SIGKILL), (at.app.folder / "log").read_text()
    return code != 0
