"""The runs of one trial go in; what may be said of the change comes out, with what is missing for more.

    confirmed      E >= 20 and more passes, on 5 tasks or more; where looked at, the pattern recurs less, guards hold
    cosmetic       the pattern vanished (E >= 20) and the passes did not rise: a signal was silenced, nothing cured
    regression     tasks were broken (two stages), or fewer passes with E >= 20 for harm, in either set
    inconclusive   everything else: what is missing is said

Asked in the order regression, confirmed, cosmetic: nothing outweighs a broken task (research/mining.md §4.3-4.5). E is
that of all tasks, so that the order of a file changes nothing. "No effect on any task" is called confirmed or harmful
in 5 % of trials at most, each; harm is asked of both sets, so in 10 % at most, and only withholds.

The floor of 5 tasks: E counts runs, so that enough repeats of a single task reach any bar, and say nothing of a second
one. Counting tasks, four that all gained are no better than chance (sign test, 1/16 = .063), five are (1/32 = .031).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from bot.trials import limits, regressions
from bot.trials.design import Design
from bot.trials.kept import Due, due, kept
from bot.trials.results import Run, Tally, counted, passed, stayed_away, tallies
from bot.trials.statistics import CONFIRMED, HARMS, difference, e_value, interval, lower, permutation, reached

MARGIN = 0.10
"""How much worse the guard set may be for an interactive change (research/mining.md §4.4)."""
FEWEST = 5
"""Fewer tasks confirm nothing, however often each was run."""
MAX_MORE = 10_000


class Side(msgspec.Struct, frozen=True):
    """One question over one set of tasks: how many, the difference of shares, its 95 % interval, E, exact p.

    `reached` is after how many tasks (ten or more), in the registered order, E first reached the bar: there the trial
    might have ended. None when it never did, or when no order was registered. `harm` is E for treated being worse.
    """

    tasks: int
    runs: int
    delta: float
    interval: tuple[float, float]
    e_value: float
    p: float
    reached: int | None = None
    harm: float = 1.0


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
    limits: tuple[str, ...] = ()
    """What may not be read into the result, a sentence each."""
    deviations: tuple[str, ...] = ()
    due: tuple[Due, ...] = ()


def answer(runs: Sequence[Run], margin: float = MARGIN, order: Sequence[str] | None = None) -> Answer:
    """The answer of one trial; `order` is that of the tasks, if it was registered before the runs.

    Runs of stage 2 count only for regressions: they were chosen for what stage 1 showed.
    """
    first = [run for run in runs if run.stage == 1]
    aimed = tallies((run for run in first if run.set == "targeted"), passed)
    away = tallies((run for run in first if run.set == "targeted"), stayed_away)
    guarding = tallies((run for run in first if run.set == "guard"), passed)
    broken, suspects = regressions.confirmed(runs), regressions.screened(runs)
    targeted, recurrence = side(aimed, order), side(away, order) if away else None
    guard = side(guarding, order) if guarding else None
    worse = any(found.delta < 0 and found.harm >= CONFIRMED for found in (targeted, guard) if found)
    guard_lower = lower(guarding) if guarding else None
    lost = _lost(first, margin)
    missing = tuple(_missing(targeted, recurrence, guard_lower, margin, set(suspects) - _rerun(runs), lost))
    result = _result(targeted, recurrence, guard_lower, margin, bool(broken) or worse, lost)
    return Answer(
        result=result,
        targeted=targeted,
        regressions=broken,
        suspects=suspects,
        missing=missing,
        without_verdict=sum(run.outcome == "none" for run in runs),
        unpaired=_unpaired(first),
        recurrence=recurrence,
        guard=guard,
        guard_lower=guard_lower,
        margin=margin,
        limits=tuple(limits.of(result, first, targeted.tasks, targeted.interval, bool(guarding), order is not None)),
    )


def registered(made: Design, runs: Sequence[Run], guards: Collection[str] | None = None) -> Answer:
    """The answer of a trial that was registered; what may have been picked confirms nothing."""
    held = kept(made, runs, guards)
    said = answer(held.runs, made.margin, made.targeted)
    result = "inconclusive" if held.chosen and said.result == "confirmed" else said.result
    missing = (*said.missing, *held.deviations) if held.chosen else said.missing
    return msgspec.structs.replace(
        said, result=result, missing=missing, deviations=held.deviations, due=due(made, held.runs)
    )


def side(found: Sequence[Tally], order: Sequence[str] | None = None) -> Side:
    """The figures of one question."""
    if not found:
        return Side(0, 0, 0.0, (-1.0, 1.0), 1.0, 1.0)
    runs = sum(tally.treated_of + tally.control_of for tally in found)
    places = {task: place for place, task in enumerate(order or ())}
    ordered = sorted((tally for tally in found if tally.task in places), key=lambda tally: places[tally.task])
    stop = reached(ordered, earliest=limits.FEW)
    return Side(
        tasks=len(found),
        runs=runs,
        delta=difference(found),
        interval=interval(found),
        e_value=e_value(found),
        p=permutation(found),
        reached=stop,
        harm=e_value(found, HARMS),
    )


def _lost(first: Sequence[Run], margin: float) -> bool:
    """Whether treated runs lose their verdicts more often (E >= 20), and so many that they could turn the answer.

    Turned: with every missing verdict counted against the treated arm, passes do not rise or the guard set is worse.
    """
    if e_value(tallies(first, lambda run: run.outcome != "none"), HARMS) < CONFIRMED:
        return False
    aimed = tallies((run for run in first if run.set == "targeted"), _at_worst)
    guarding = tallies((run for run in first if run.set == "guard"), _at_worst)
    rises = e_value(aimed) >= CONFIRMED and difference(aimed) > 0
    return not rises or (bool(guarding) and lower(guarding) <= -margin)


def _at_worst(run: Run) -> bool:
    return run.outcome == "pass" or (run.outcome == "none" and run.arm == "control")


def _result(
    targeted: Side, recurrence: Side | None, guard_lower: float | None, margin: float, worse: bool, lost: bool
) -> Literal["confirmed", "cosmetic", "inconclusive", "regression"]:
    if worse:
        return "regression"
    vanished = recurrence is not None and recurrence.e_value >= CONFIRMED
    cured = targeted.e_value >= CONFIRMED and targeted.delta > 0
    holds = not lost and (guard_lower is None or guard_lower > -margin)
    if cured and holds and targeted.tasks >= FEWEST and (recurrence is None or vanished):
        return "confirmed"
    return "cosmetic" if vanished and targeted.delta <= 0 and not lost else "inconclusive"


def _missing(
    targeted: Side, recurrence: Side | None, guard_lower: float | None, margin: float, waiting: set[str], lost: bool
) -> list[str]:
    said = []
    if not targeted.tasks:
        which = "task" if guard_lower is None else "targeted task"
        said.append(f"no {which} has judged runs in both arms: run at least {FEWEST} in both")
    elif targeted.e_value < CONFIRMED:
        said.append(f"E = {targeted.e_value:.2g} of {CONFIRMED:g} for more passes{_more(targeted)}")
    if 0 < targeted.tasks < FEWEST:
        more = counted(FEWEST - targeted.tasks, "task")
        said.append(f"{targeted.tasks} of the {FEWEST} tasks without which nothing is confirmed: {more} more at least")
    if recurrence is not None and recurrence.e_value < CONFIRMED:
        said.append(f"E = {recurrence.e_value:.2g} of {CONFIRMED:g} for the pattern showing less{_more(recurrence)}")
    if guard_lower is not None and guard_lower <= -margin:
        said.append(f"the guard set may be worse by {-guard_lower:.0%}, allowed are {margin:.0%}: more tasks there")
    if lost:
        said.append("treated runs lose their verdicts more often than control runs: run those again")
    if waiting:
        suspects = counted(len(waiting), "task")
        said.append(f"{suspects} passed in control and not always when treated: run again as stage 2")
    return said


def _more(found: Side) -> str:
    """How many tasks more it would take if the next ones go as these did: log E grows in proportion to their number.

    Never fewer than the floor asks.
    """
    if found.e_value <= 1.05:
        return ", and the runs so far do not point there"
    needed = math.ceil(found.tasks * math.log(CONFIRMED) / math.log(found.e_value)) - found.tasks
    more = min(max(needed, FEWEST - found.tasks), MAX_MORE)
    return f": about {counted(more, 'task')} more, if it goes on like that"


def _rerun(runs: Sequence[Run]) -> set[str]:
    return {tally.task for tally in tallies((run for run in runs if run.stage == 2), passed)}


def _unpaired(first: Sequence[Run]) -> tuple[str, ...]:
    """Tasks without a verdict in one of the arms: they say nothing and are told."""
    paired = {tally.task for tally in tallies(first, passed)}
    return tuple(task for task in dict.fromkeys(run.task for run in first) if task not in paired)
