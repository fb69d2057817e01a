"""The bytes of a results file (CSV or JSON) go in, one Run a line comes out; a bad line is a UserError that names it.

What reports of evaluations told of single runs becomes the same by `from_reports`.

    task, arm = control|treated, repeat, outcome = pass|fail|none
    optional: set = targeted|guard, recurred = 0|1, stage = 1|2, usd = what the run cost, refused = 0|1

Other columns are left alone. A run without a verdict (`none`) is no failure: it is to be run again, and counted here.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from bot.errors import UserError

MAX_BYTES = 64 << 20
MAX_RUNS = 500_000
MAX_NAME = 500
MAX_USD = 1e6

_ARMS = "Put the reports of each arm below a folder `control` or `treated`: Harbor, Terminal-Bench, JUnit or CTRF"
_WORST = ("fail", "none", "pass")

Arm = Literal["control", "treated"]
Outcome = Literal["pass", "fail", "none"]
Set = Literal["targeted", "guard"]

REQUIRED = ("task", "arm", "repeat", "outcome")
_MEND = "It takes task, arm = control|treated, repeat, outcome = pass|fail|none"


class Run(msgspec.Struct, frozen=True):
    """One run of one task in one arm. `recurred` is None when nobody looked whether the pattern showed again."""

    task: str
    arm: Arm
    repeat: str
    outcome: Outcome
    set: Set = "targeted"
    recurred: bool | None = None
    stage: int = 1
    usd: float | None = None
    """What it cost, if that was told."""
    refused: bool = False
    """Nothing ran: the change speaks of tasks that were to judge it (`flywheel trial work` looks)."""


def read(data: bytes, path: str) -> tuple[Run, ...]:
    """All runs in the order of the file. UserError for a file that is no results file, with the line and the mend."""
    if len(data) > MAX_BYTES:
        raise UserError(f"{path}: larger than {MAX_BYTES >> 20} MiB. Split the trial.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: it is no UTF-8 text ({error}). Save it as UTF-8.") from error
    rows = _json(text, path) if text.lstrip()[:1] in ("[", "{") else _csv(text, path)
    runs: list[Run] = []
    seen: dict[tuple[object, ...], str] = {}
    for place, row in rows:
        run = _run(row, f"{path}: {place}")
        key = (run.task, run.arm, run.repeat, run.set, run.stage)
        if key in seen:
            raise UserError(f"{path}: {place}: the same task, arm and repeat as {seen[key]}. Number the repeats.")
        seen[key] = place
        runs.append(run)
        if len(runs) > MAX_RUNS:
            raise UserError(f"{path}: more than {MAX_RUNS} runs. Split the trial.")
    if not runs:
        raise UserError(f"{path}: it holds no run. {_MEND}.")
    return tuple(runs)


def from_reports(told: Iterable[Run], path: str) -> tuple[Run, ...]:
    """What reports told of single runs, as one results file: sorted, a task once in each repeat, nothing left out.

    Told twice in one repeat, a task failed if it failed once. A repeat that tells of several tasks went over all of
    its set, so that a task it lacks has no verdict there (`none`): a report that was cut off loses no run silently.
    """
    found: dict[tuple[str, int, str, str], dict[str, Run]] = {}
    count = 0
    for run in told:
        tasks = found.setdefault((run.set, run.stage, run.arm, run.repeat), {})
        before = tasks.get(run.task)
        count += before is None
        if before is None or _WORST.index(run.outcome) < _WORST.index(before.outcome):
            tasks[run.task] = run
    if not found:
        raise UserError(f"{path}: no report there tells of a task. {_ARMS}.")
    if missing := {"control", "treated"} - {arm for _, _, arm, _ in found}:
        raise UserError(f"{path}: nothing was told of the arm {missing.pop()}. {_ARMS}.")
    swept: dict[tuple[str, int], dict[str, None]] = {}
    for (of_set, stage, _, _), tasks in found.items():
        if len(tasks) > 1:
            swept.setdefault((of_set, stage), {}).update(dict.fromkeys(tasks))
    for (of_set, stage, _, _), tasks in found.items():
        lacking = swept[of_set, stage].keys() - tasks.keys() if len(tasks) > 1 else ()
        count += len(lacking)
        if count > MAX_RUNS:
            raise UserError(f"{path}: more than {MAX_RUNS} runs. Split the trial.")
        any_run = next(iter(tasks.values()))
        tasks.update((task, msgspec.structs.replace(any_run, task=task, outcome="none")) for task in lacking)
    runs = (run for tasks in found.values() for run in tasks.values())
    return tuple(sorted(runs, key=lambda run: (run.set != "targeted", run.stage, run.task, run.arm, run.repeat)))


def _csv(text: str, path: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
        if missing:
            raise UserError(f"{path}: the column {missing[0]} is missing. {_MEND}.")
        for row in reader:
            if None in row or any(value is None for value in row.values()):
                raise UserError(f"{path}: line {reader.line_num}: as many values as columns are needed. Mend the line.")
            yield f"line {reader.line_num}", row
    except csv.Error as error:
        raise UserError(f"{path}: line {reader.line_num}: no CSV ({error}). {_MEND}.") from error


def _json(text: str, path: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: no JSON ({error}). {_MEND}, as a list of objects.") from error
    rows = read.get("results") if isinstance(read, dict) else read
    if not isinstance(rows, list):
        raise UserError(f"{path}: no list of runs. {_MEND}, as a list of objects (or as `results` of one).")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise UserError(f"{path}: entry {number}: no object. {_MEND}.")
        yield f"entry {number}", row


def _run(row: Mapping[str, object], where: str) -> Run:
    for name in REQUIRED:
        if name not in row:
            raise UserError(f"{where}: {name} is missing. {_MEND}.")
    recurred = (
        _one_of(row, "recurred", ("0", "1", "", "false", "true"), where) if row.get("recurred") is not None else ""
    )
    return Run(
        task=_name(row, "task", where),
        arm=msgspec.convert(_one_of(row, "arm", ("control", "treated"), where), Arm),
        repeat=_name(row, "repeat", where),
        outcome=msgspec.convert(_one_of(row, "outcome", ("pass", "fail", "none"), where), Outcome),
        set=msgspec.convert(_one_of(row, "set", ("targeted", "guard"), where, "targeted"), Set),
        recurred=None if recurred == "" else recurred in ("1", "true"),
        stage=int(_one_of(row, "stage", ("1", "2"), where, "1")),
        usd=_money(row, where),
        refused=_one_of(row, "refused", ("0", "1", "", "false", "true"), where) in ("1", "true"),
    )


def _money(row: Mapping[str, object], where: str) -> float | None:
    """The column `usd`; None where it is left out or empty."""
    given = row.get("usd")
    if given is None or given == "":
        return None
    try:
        usd = float(str(given))
    except ValueError:
        usd = -1.0
    if not 0 <= usd <= MAX_USD:
        raise UserError(f"{where}: usd is {str(given)[:40]!r}. Write what the run cost in dollars, as 1.25.")
    return usd


def _one_of(row: Mapping[str, object], name: str, values: tuple[str, ...], where: str, otherwise: str = "") -> str:
    """The column's value, told as CSV or JSON tell it; `otherwise` where it is left out."""
    given = row.get(name)
    said = otherwise if given is None or given == "" else str(given).strip().lower()
    if said not in values and not (said == "" and otherwise == said):
        shown = "|".join(value for value in values if value)
        raise UserError(f"{where}: {name} is {str(given)[:40]!r}. Write {shown}.")
    return said


def _name(row: Mapping[str, object], name: str, where: str) -> str:
    value = row[name]
    said = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not said or len(said) > MAX_NAME:
        raise UserError(f"{where}: {name} is empty, too long, or no name. Name it in at most {MAX_NAME} characters.")
    return said


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 task", "2 tasks"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Tally(msgspec.Struct, frozen=True):
    """What happened in one task: successes of runs, in both arms."""

    task: str
    treated: int
    treated_of: int
    control: int
    control_of: int

    @property
    def difference(self) -> float:
        """Share of successes, treated minus control."""
        return self.treated / self.treated_of - self.control / self.control_of


def tallies(runs: Iterable[Run], success: Callable[[Run], bool | None]) -> tuple[Tally, ...]:
    """One Tally for each task that has runs in both arms, in the order of the file; None of `success` is no run."""
    counts: dict[str, list[int]] = {}
    for run in runs:
        held = success(run)
        if held is None:
            continue
        count = counts.setdefault(run.task, [0, 0, 0, 0])
        place = 0 if run.arm == "treated" else 2
        count[place] += held
        count[place + 1] += 1
    return tuple(Tally(task, *count) for task, count in counts.items() if count[1] and count[3])


def passed(run: Run) -> bool | None:
    """Whether the run passed; None when nothing judged it."""
    return None if run.outcome == "none" else run.outcome == "pass"


def stayed_away(run: Run) -> bool | None:
    """Whether the pattern did not show again; None when nobody looked, or nothing judged the run."""
    return None if run.recurred is None or run.outcome == "none" else not run.recurred
