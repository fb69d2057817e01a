"""Whatever GitHub answers to whichever call, nothing wrong is done, and the same stands when it answers well again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest

from tests.app.small import STORY, At, Stages, Step, answer, end_state, running
from tests.github.server import Fault

LIMITS = ("primary", "secondary", "many")
MANY = 60
"""More than any step has writes."""
LATER = timedelta(hours=2)
"""When every limit has ended."""


def calls(at: At) -> Sequence[tuple[str, str]]:
    """Method and template of all that a sweep calls, each once."""
    begun = len(at.github.exchanges)
    at.app.sweep()
    return list(dict.fromkeys((one.method, one.template) for one in at.github.exchanges[begun:] if one.template))


def path_of(template: str) -> str:
    """What matches its paths. Those of a branch and of a file hold slashes."""
    return re.sub(r"\\\{\w+(\\\+)?\\\}", lambda found: ".+" if found[1] else "[^/]+", re.escape(template)) + "$"


def clear(at: At) -> None:
    """GitHub answers well again, and all limits have ended."""
    at.github.faults.clear()
    at.github.remaining.clear()
    at.app.ahead += LATER


@pytest.mark.long
def test_a_read_of_each_kind_that_fails_once_is_read_again(stages: Stages, tmp_path: Path) -> None:
    settled = stages.settled(answer)
    with running(stages.after(answer).copy(tmp_path / "first"), tmp_path / "first/flywheel") as at:
        reads = [template for method, template in calls(at) if method == "GET"]
    with running(stages.after(answer).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        for place, (template, kind) in enumerate(zip(reads, cycle(("error", "cut")), strict=False)):
            at.github.faults.append(Fault(kind, method="GET", path=path_of(template), after=place % 2))
        at.app.sweep(2)

        assert len(at.github.faults) < len(reads) / 2
        assert settled == end_state(at.world)


@pytest.mark.long
@pytest.mark.parametrize("limits", [False, True])
@pytest.mark.parametrize("step", STORY)
def test_a_call_that_always_fails_does_no_harm(stages: Stages, tmp_path: Path, step: Step, limits: bool) -> None:
    settled = stages.settled(step)
    with running(stages.after(step).copy(tmp_path / "first"), tmp_path / "first/flywheel") as at:
        found = calls(at)
    kinds = cycle(LIMITS if limits else ("error",))
    for place, ((method, template), kind) in enumerate(zip(found, kinds, strict=False)):
        folder = tmp_path / str(place)
        with running(stages.after(step).copy(folder), folder / "flywheel") as at:
            at.github.faults.append(Fault(kind, method=method, path=path_of(template), lasting=True))
            at.app.attempt()
            clear(at)
            at.app.sweep(2)

            assert settled == end_state(at.world), (kind, method, template)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["error", "lost", "cut", *LIMITS])
@pytest.mark.parametrize("step", STORY)
def test_each_write_may_fail_in_any_way(stages: Stages, tmp_path: Path, step: Step, kind: str) -> None:
    """One after another: where the first is refused for good, the next sweep lets one more through."""
    settled = stages.settled(step)
    with running(stages.after(step).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        for met in range(MANY):
            at.github.faults.append(Fault(kind, at=1 if kind in ("lost", "cut") else 1 + met))
            begun = len(at.github.writes)
            at.app.attempt()
            spared = bool(at.github.faults)
            clear(at)
            if spared and len(at.github.writes) == begun:
                break
        at.app.sweep(2)

        assert 0 < met < MANY - 1
        assert settled == end_state(at.world)
