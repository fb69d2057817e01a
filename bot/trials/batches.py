"""A registration and what came of its batches go in; the next batch comes out, or none when the trial has ended.

Targeted tasks first, in the registered order: ten, then five at a time, until E has decided or all are run; then, if
passes rose, the sealed guard set; then, for whatever control always passed and the treated arm did not, stage 2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from bot.trials.answer import answer
from bot.trials.design import Design
from bot.trials.kept import RERUNS, due
from bot.trials.limits import FEW
from bot.trials.notes import Batch, Work
from bot.trials.regressions import CONFIRM_RUNS, screened
from bot.trials.results import Arm, Run
from bot.trials.statistics import CONFIRMED

FIRST, MORE = FEW, 5
MOST_BATCHES = 60
MOST_SUSPECTS = 10
MOST_TRIES = 1 + RERUNS
"""Times that a batch for the same purpose is sent, before what it lacks is dropped."""
ARMS: tuple[Arm, Arm] = ("control", "treated")


def trial_id(made: Design) -> str:
    """What a registration is called in the names of runs and artifacts."""
    return made.digest[:12]


def following(made: Design, batches: Sequence[Batch], runs: Sequence[Run]) -> Batch | None:
    """The next batch after these, all of which have come back; None when nothing is left to run."""
    if len(batches) >= MOST_BATCHES:
        return None
    new = Batch(trial_id(made), len(batches) + 1)
    if aimed := _targeted(made, runs):
        return msgspec.structs.replace(new, work=aimed)
    if made.guards and _rose(made, runs):
        if not any(one.guards for one in batches):
            return msgspec.structs.replace(new, guards=made.guards, repeats=made.repeats)
        sent = sum(one.stage == 1 and any(_is_guard(made, work.task) for work in one.work) for one in batches)
        if sent < RERUNS and (again := _guards(made, runs)):
            return msgspec.structs.replace(new, work=again)
    second = sum(one.stage == 2 for one in batches)
    if second < MOST_TRIES and (suspects := _suspects(runs)):
        return msgspec.structs.replace(new, work=suspects, stage=2)
    return None


def filled(made: Design, batch: Batch, told: Sequence[Run]) -> tuple[Run, ...]:
    """The runs of a batch: those that were told, at most as many as asked; each that was not told has no verdict.

    Repeats are named anew, so that batches cannot collide; the stage is the batch's, whatever the results say.
    """
    cells: dict[tuple[str, Arm], list[Run]] = {}
    for run in sorted(told, key=lambda one: one.repeat):
        cells.setdefault((run.task, run.arm), []).append(run)
    wanted: dict[tuple[str, Arm], int] = {}
    for one in batch.work:
        wanted |= {(one.task, "control"): one.control, (one.task, "treated"): one.treated}
    if batch.guards:
        guards = sorted({run.task for run in told if run.set == "guard" and _is_guard(made, run.task)})
        wanted |= {(task, arm): batch.repeats for task in guards[: batch.guards] for arm in ARMS}
    return tuple(
        _numbered(made, batch, task, arm, place, cells.get((task, arm), []))
        for (task, arm), count in wanted.items()
        for place in range(count)
    )


def inputs(made: Design, batch: Batch, detector: str) -> tuple[tuple[str, str], ...]:
    """What the user's workflow is told (docs/trials.md has the contract).

    The detector is named where recurrence was registered as an endpoint: else nobody is to look for it.
    """
    work = [{"task": one.task, "control": one.control, "treated": one.treated} for one in batch.work]
    return (
        ("trial", batch.id),
        ("control", made.control_sha),
        ("treated", made.treated_sha),
        ("work", json.dumps(work, separators=(",", ":"))),
        ("guards", str(batch.guards)),
        ("repeats", str(batch.repeats or made.repeats)),
        ("sealed", made.sealed),
        ("stage", str(batch.stage)),
        ("detector", "" if made.endpoint == "passes" else detector),
    )


def _numbered(made: Design, batch: Batch, task: str, arm: Arm, place: int, told: Sequence[Run]) -> Run:
    name = f"{batch.number:03}.{place + 1:03}"
    of_set = "guard" if _is_guard(made, task) else "targeted"
    known = told[place] if place < len(told) else Run(task, arm, name, "none")
    return msgspec.structs.replace(known, repeat=name, set=of_set, stage=batch.stage)


def _is_guard(made: Design, task: str) -> bool:
    return task not in made.targeted


def _targeted(made: Design, runs: Sequence[Run]) -> tuple[Work, ...]:
    """What is due of the targeted tasks, as many tasks as one batch takes."""
    waiting: dict[str, dict[str, int]] = {}
    for one in due(made, runs):
        waiting.setdefault(one.task, {})[one.arm] = one.runs
    begun = {run.task for run in runs if run.stage == 1 and run.set == "targeted" and run.outcome != "none"}
    most = max(MORE, FIRST - len(begun))
    return tuple(
        Work(task, arms.get("control", 0), arms.get("treated", 0)) for task, arms in list(waiting.items())[:most]
    )


def _rose(made: Design, runs: Sequence[Run]) -> bool:
    """Whether the targeted tasks alone would be called confirmed: only then does the guard set decide anything."""
    found = answer([run for run in runs if run.set == "targeted"], made.margin, made.targeted).targeted
    return found.e_value >= CONFIRMED and found.delta > 0


def _guards(made: Design, runs: Sequence[Run]) -> tuple[Work, ...]:
    """Sealed tasks that lack verdicts in an arm."""
    cells = _judged([run for run in runs if run.set == "guard" and run.stage == 1])
    lacking = {task: [max(0, made.repeats - arms.get(arm, 0)) for arm in ARMS] for task, arms in cells.items()}
    return tuple(Work(task, *counts) for task, counts in lacking.items() if any(counts))


def _suspects(runs: Sequence[Run]) -> tuple[Work, ...]:
    """Tasks to run again on fresh runs, as many times as the rule asks."""
    cells = _judged([run for run in runs if run.stage == 2])
    waiting = {
        task: [max(0, CONFIRM_RUNS - cells.get(task, {}).get(arm, 0)) for arm in ARMS]
        for task in screened(runs)[:MOST_SUSPECTS]
    }
    return tuple(Work(task, *counts) for task, counts in waiting.items() if any(counts))


def _judged(runs: Sequence[Run]) -> Mapping[str, Mapping[str, int]]:
    """Runs with a verdict by task and arm; a task without any is there, with nothing."""
    cells: dict[str, dict[str, int]] = {}
    for run in runs:
        arms = cells.setdefault(run.task, {})
        arms[run.arm] = arms.get(run.arm, 0) + (run.outcome != "none")
    return cells
