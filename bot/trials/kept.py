"""A registration and the runs that came of it go in; the runs that count, and every deviation from it, come out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import msgspec

from bot.errors import UserError
from bot.trials.design import Design, canonical
from bot.trials.limits import FEW
from bot.trials.regressions import CONFIRM_RUNS
from bot.trials.results import Arm, Run, counted, passed, stayed_away, tallies
from bot.trials.statistics import CONFIRMED, HARMS, e_value

RERUNS = 2
"""A run without a verdict is tried again so often, then dropped (research/mining.md §6)."""


class Kept(msgspec.Struct, frozen=True):
    """The runs that were registered; `deviations` in words; `chosen` when some of them may have been picked."""

    runs: tuple[Run, ...]
    deviations: tuple[str, ...]
    chosen: bool


class Due(msgspec.Struct, frozen=True):
    """What a registered trial runs next: so many runs more of a task in an arm."""

    task: str
    arm: Arm
    runs: int


def kept(made: Design, runs: Sequence[Run], guards: Collection[str] | None = None) -> Kept:
    """The registered runs, at most as many as registered; `guards` is the opened sealed list, if somebody opened it.

    What is beyond the registration is left out by the seed, never by outcome. Tasks that are missing in the middle of
    the order, or from the guard set, may have been left away for how they went: then nothing is confirmed.
    """
    targeted = set(made.targeted)
    for run in runs:
        if run.stage == 1 and run.task in (targeted if run.set == "guard" else guards or ()):
            raise UserError(f"{run.task}: {run.set} is not the set that was registered for it. Write the other.")
    known = [run for run in runs if run.task in targeted or (run.task in guards if guards is not None else _guard(run))]
    within, beyond = _within(made, known)
    told: list[str] = []
    if strangers := len(runs) - len(known):
        told.append(f"left out: {counted(strangers, 'run')} of tasks that were not registered")
    if beyond:
        told.append(f"left out by the seed: {counted(beyond, 'run')} beyond the registered repeats")
    if made.endpoint == "passes" and any(run.recurred is not None for run in within):
        told.append("recurrence was not registered as an endpoint and is not looked at")
        within = [msgspec.structs.replace(run, recurred=None) for run in within]
    if made.endpoint != "passes" and all(run.recurred is None for run in within):
        told.append("recurrence was registered as an endpoint and nobody looked")
    picked = [*_gaps(made, within), *_guards(made, within, guards), *_short(made, within)]
    return Kept(tuple(within), (*told, *picked), bool(picked))


def due(made: Design, runs: Sequence[Run]) -> tuple[Due, ...]:
    """The runs of targeted tasks that are still to be made, in order; none once E is at a bar (ten tasks or more).

    Asked of tasks that are done in both arms: an end within a task would depend on how it goes. A run without a verdict
    counts as made after two more tries.
    """
    first = [run for run in runs if run.stage == 1 and run.set == "targeted"]
    judged: dict[tuple[str, str], int] = {}
    lost: dict[tuple[str, str], int] = {}
    for run in first:
        count = lost if run.outcome == "none" else judged
        count[run.task, run.arm] = count.get((run.task, run.arm), 0) + 1
    arms: tuple[Literal["control"], Literal["treated"]] = ("control", "treated")
    waiting = [
        Due(task, arm, made.repeats - already)
        for task in made.targeted
        for arm in arms
        for already in [judged.get((task, arm), 0) + lost.get((task, arm), 0) // (RERUNS + 1)]
        if already < made.repeats
    ]
    undone = {one.task for one in waiting}
    return () if _ended(made, [run for run in first if run.task not in undone]) else tuple(waiting)


def _ended(made: Design, done: Sequence[Run]) -> bool:
    """Whether E of the tasks that are done decides: for harm, or for every endpoint that was registered."""
    found, away = tallies(done, passed), tallies(done, stayed_away)
    if len(found) < FEW:
        return False
    if e_value(found, HARMS) >= CONFIRMED:
        return True
    return e_value(found) >= CONFIRMED and (made.endpoint == "passes" or e_value(away) >= CONFIRMED)


def _guard(run: Run) -> bool:
    return run.set == "guard" or run.stage == 2


def _within(made: Design, runs: Sequence[Run]) -> tuple[list[Run], int]:
    """At most the registered number of judged runs of each task and arm; runs without a verdict all stay, counted."""
    cells: dict[tuple[str, str, str, int], list[Run]] = {}
    for run in runs:
        if run.outcome != "none":
            cells.setdefault((run.set, run.task, run.arm, run.stage), []).append(run)
    left_out = {
        run
        for cell in cells.values()
        for run in sorted(cell, key=lambda one: _drawn(made, one))[
            CONFIRM_RUNS if cell[0].stage == 2 else made.repeats :
        ]
    }
    return [run for run in runs if run not in left_out], len(left_out)


def _drawn(made: Design, run: Run) -> bytes:
    return hashlib.sha256(canonical([made.seed, run.task, run.arm, run.repeat])).digest()


def _gaps(made: Design, runs: Sequence[Run]) -> Iterator[str]:
    """Registered tasks that were passed over, though later ones were run."""
    ran = {run.task for run in runs if run.stage == 1 and run.set == "targeted"}
    last = max((place for place, task in enumerate(made.targeted) if task in ran), default=-1)
    if gaps := sum(task not in ran for task in made.targeted[: last + 1]):
        yield f"{counted(gaps, 'registered task')} passed over though later ones were run: run what was passed over"


def _guards(made: Design, runs: Sequence[Run], guards: Collection[str] | None) -> Iterator[str]:
    ran = {run.task for run in runs if run.stage == 1 and run.set == "guard"}
    if len(ran) < made.guards:
        yield f"{made.guards - len(ran)} of {counted(made.guards, 'registered guard task')} not run: run the rest"
    elif guards is None and len(ran) > made.guards:
        yield f"{counted(len(ran), 'guard task')} run, {made.guards} registered: name the sealed list"


def _short(made: Design, runs: Sequence[Run]) -> Iterator[str]:
    """Tasks with fewer attempts, judged or not, than were registered, in one of the arms."""
    counts: dict[tuple[str, str], int] = {}
    for run in runs:
        if run.stage == 1:
            counts[run.task, run.arm] = counts.get((run.task, run.arm), 0) + 1
    tasks = {task for task, _ in counts}
    short = sum(any(counts.get((task, arm), 0) < made.repeats for arm in made.arms) for task in tasks)
    if short:
        times = counted(made.repeats, "time")
        yield f"{counted(short, 'task')} run less often than registered in an arm: run each {times}"
