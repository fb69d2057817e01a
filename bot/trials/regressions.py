"""Runs of two stages go in, the tasks that a change broke come out: screened first, then confirmed on fresh runs.

Reruns alone flip 15.7 % of passes (research/mining.md §3.5), so that one failure says nothing. Screen: every control
run of a task passed and not every treated one. Confirm, on runs of stage 2 alone: at least 4 of 5 control runs pass
and at most 1 of 5 treated ones (research/mining.md §4.5: 0.06 false flags in 80 tasks, power 0.80).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.trials.results import Run, Tally, passed, tallies

SCREEN_RUNS = 2
CONFIRM_RUNS = 5


def screened(runs: Sequence[Run]) -> tuple[str, ...]:
    """The tasks to run again (stage 2, five times in each arm), in the order of the file."""
    first = tallies((run for run in runs if run.stage == 1), passed)
    return tuple(tally.task for tally in first if _is_suspect(tally))


def confirmed(runs: Sequence[Run]) -> tuple[str, ...]:
    """The tasks that were screened out and failed again; empty where stage 2 was not run."""
    suspects = set(screened(runs))
    second = tallies((run for run in runs if run.stage == 2), passed)
    return tuple(tally.task for tally in second if tally.task in suspects and _is_broken(tally))


def _is_suspect(tally: Tally) -> bool:
    enough = min(tally.control_of, tally.treated_of) >= SCREEN_RUNS
    return enough and tally.control == tally.control_of and tally.treated < tally.treated_of


def _is_broken(tally: Tally) -> bool:
    if min(tally.control_of, tally.treated_of) < CONFIRM_RUNS:
        return False
    return 5 * tally.control >= 4 * tally.control_of and 5 * tally.treated <= tally.treated_of
