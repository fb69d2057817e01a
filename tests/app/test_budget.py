"""When the hour's calls are nearly spent, what people did is still obeyed and only mining waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.forge.github.pace import RESERVE
from tests.app.small import SHARED, Stages, answer, configure, end_state, running

pytestmark = pytest.mark.long


def test_what_people_did_is_obeyed_with_the_last_calls(stages: Stages, tmp_path: Path) -> None:
    settled = stages.settled(answer)
    with running(stages.after(answer).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        at.github.limit = RESERVE - 1
        at.app.attempt()
        told = [note for note in at.app.notes if "nearly spent" in note]
        at.github.remaining.clear()
        at.app.attempt()

        assert told
        assert settled == end_state(at.world)


def test_where_nobody_looked_before_nothing_is_decided_from_a_part(stages: Stages, tmp_path: Path) -> None:
    with running(stages.after(configure).copy(tmp_path / "all"), tmp_path / "anew") as at:
        at.github.limit = RESERVE - 1
        question = at.ours(SHARED)[0].number
        record = at.app.attempt()

        assert record["deferred"] > 0
        assert [] == [one.path for one in at.github.writes if f"/issues/{question}" not in one.path]
