"""The runs of one trial go in; what may be said of the change comes out, with what is missing for more.

    confirmed      E reached 20 and more passes; where they were looked at, the pattern recurs less, the guard set holds
    cosmetic       the pattern vanished (E reached 20) and the passes did not rise: a signal was silenced, nothing cured
    regression     tasks were broken (two stages), or fewer passes, E for harm having reached 20
    inconclusive   everything else: what is missing is said

Asked in the order regression, confirmed, cosmetic: nothing outweighs a broken task (research/mining.md §4.3-4.5). Tasks
are taken in the order of the file, which must have been fixed before the runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from bot.trials import regressions
from bot.trials.results import Run, Tally, passed, stayed_away, tallies
from bot.trials.statistics import CONFIRMED, HARMS, difference, e_value, interval, lower, permutation, reached

MARGIN = 0.10
"""How much worse the guard set may be for an interactive change (research/mining.md §4.4)."""
MAX_MORE = 10_000


class Side(msgspec.Struct, frozen=True):
    """One question over one set of tasks: how many, the difference of shares, its 95 % interval, E, exact p.

    `reached` is after how many tasks, in the file's order, E first reached the bar; None when it never did.
    """

    tasks: int
    runs: int
    delta: float
    interval: tuple[float, float]
    e_value: float
    p: float
    reached: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """What a trial says, with everything it was said from."""

    result: Literal["confirmed", "cosmetic", "inconclusive", "regression"]
    targeted: Side
    regressions: tuple[str, ...]
    suspects: tuple[str, ...]
    missing: tuple[str, ...]
    without_verdict: int
    unpaired: tuple[str, ...]
    recurrence: Side | None = None
    guard: Side | None = None
    guard_lower: float | None = None
    margin: float = MARGIN


def answer(runs: Sequence[Run], margin: float = MARGIN) -> Answer:
    """The answer of one trial. Runs of stage 2 count only for regressions: they were chosen for what stage 1 showed."""
    first = [run for run in runs if run.stage == 1]
    aimed = tallies((run for run in first if run.set == "targeted"), passed)
    away = tallies((run for run in first if run.set == "targeted"), stayed_away)
    guarding = tallies((run for run in first if run.set == "guard"), passed)
    broken, suspects = regressions.confirmed(runs), regressions.screened(runs)
    worse = any(difference(found) < 0 and reached(found, HARMS) is not None for found in (aimed, guarding))
    targeted, recurrence = side(aimed), side(away) if away else None
    guard_lower = lower(guarding) if guarding else None
    missing = tuple(_missing(targeted, recurrence, guard_lower, margin, set(suspects) - _rerun(runs)))
    return Answer(
        result=_result(targeted, recurrence, guard_lower, margin, bool(broken) or worse),
        targeted=targeted,
        regressions=broken,
        suspects=suspects,
        missing=missing,
        without_verdict=sum(run.outcome == "none" for run in runs),
        unpaired=_unpaired(first),
        recurrence=recurrence,
        guard=side(guarding) if guarding else None,
        guard_lower=guard_lower,
        margin=margin,
    )


def side(found: Sequence[Tally]) -> Side:
    """The figures of one question."""
    if not found:
        return Side(0, 0, 0.0, (-1.0, 1.0), 1.0, 1.0)
    runs = sum(tally.treated_of + tally.control_of for tally in found)
    return Side(
        len(found), runs, difference(found), interval(found), e_value(found), permutation(found), reached(found)
    )


def _result(
    targeted: Side, recurrence: Side | None, guard_lower: float | None, margin: float, worse: bool
) -> Literal["confirmed", "cosmetic", "inconclusive", "regression"]:
    if worse:
        return "regression"
    vanished = recurrence is not None and recurrence.reached is not None
    cured = targeted.reached is not None and targeted.delta > 0
    holds = guard_lower is None or guard_lower > -margin
    if cured and holds and (recurrence is None or vanished):
        return "confirmed"
    return "cosmetic" if vanished and targeted.delta <= 0 else "inconclusive"


def _missing(
    targeted: Side, recurrence: Side | None, guard_lower: float | None, margin: float, waiting: set[str]
) -> list[str]:
    said = []
    if targeted.reached is None:
        said.append(f"E = {targeted.e_value:.2g} of {CONFIRMED:g} for more passes{_more(targeted)}")
    if recurrence is not None and recurrence.reached is None:
        said.append(f"E = {recurrence.e_value:.2g} of {CONFIRMED:g} for the pattern showing less{_more(recurrence)}")
    if guard_lower is not None and guard_lower <= -margin:
        said.append(f"the guard set may be worse by {-guard_lower:.0%}, allowed are {margin:.0%}: more tasks there")
    if waiting:
        said.append(f"{len(waiting)} tasks passed in control and not always when treated: run them again as stage 2")
    return said


def _more(found: Side) -> str:
    """How many tasks more it would take if the next ones go as these did: log E grows in proportion to their number."""
    if not found.tasks or found.e_value <= 1.05:
        return ", and the runs so far do not point there"
    needed = math.ceil(found.tasks * math.log(CONFIRMED) / math.log(found.e_value)) - found.tasks
    return f": about {min(needed, MAX_MORE)} tasks more, if they go as these did"


def _rerun(runs: Sequence[Run]) -> set[str]:
    return {tally.task for tally in tallies((run for run in runs if run.stage == 2), passed)}


def _unpaired(first: Sequence[Run]) -> tuple[str, ...]:
    """Tasks without a verdict in one of the arms: they say nothing and are told."""
    paired = {tally.task for tally in tallies(first, passed)}
    return tuple(task for task in dict.fromkeys(run.task for run in first) if task not in paired)
