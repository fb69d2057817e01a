"""`flywheel trial work`: one arm of one batch in; each task tried as often as asked, and a results file, out.

The agent works in a throwaway folder: the task's base, with the harness of the arm over it, and no history. Its words
stand in a file; the tests that judge it are put there after it has ended. A sealed task is called by its veiled name
outside, and nothing of it is printed.
"""

from __future__ import annotations

import csv
import io
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from bot.errors import UserError
from bot.hosting.workshop import Ended
from bot.model import Detector, Edit, replace
from bot.modifications.overfit import overfit
from bot.signals.collect import collect
from bot.traces.analyse import analyse
from bot.trials import pool
from bot.trials.design import seal, veiled
from bot.trials.notes import Work
from bot.trials.pool import Task
from bot.trials.results import MAX_USD, Arm, Outcome, Run, Set

COLUMNS = ("task", "arm", "repeat", "outcome", "set", "stage", "usd", "recurred", "refused")
MAX_REPEATS = 1_000


class Workshop(Protocol):
    """A repository and its throwaway folders (bot/forge/workshop.py)."""

    def sandbox(self, commit: str, over: str = "", paths: Sequence[str] = ()) -> AbstractContextManager[Path]:
        """A folder with the files of a commit; at `paths` those of the commit `over`."""

    def put(self, folder: Path, commit: str, paths: Sequence[str]) -> None:
        """The files of a commit over what is there."""

    def steering(self, *commits: str) -> tuple[str, ...]:
        """The paths in any of these commits that steer an agent."""

    def text(self, commit: str, path: str) -> str | None:
        """What a file says at a commit; None where there is none."""


Runner = Callable[[str, Path, float, Mapping[str, str]], Ended]
"""A shell command, its folder, how many seconds it may take, more environment."""


class Sealed(msgspec.Struct, frozen=True):
    """The sealed list as `flywheel trial init` wrote it."""

    salt: str
    tasks: tuple[str, ...]
    details: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What the workflow was told (docs/trials.md), and the user's own commands; `sealed` is the list's JSON or ""."""

    arm: Arm
    commit: str
    work: str
    guards: int
    repeats: int
    seal: str
    stage: int
    tasks: Path
    sealed: str
    agent: str
    verify: str
    prepare: str = ""
    seconds: float = 1800.0
    verify_seconds: float = 600.0
    shard: tuple[int, int] = (1, 1)
    """Which share of the runs this job does: the first of so many shares is 1."""
    against: str = ""
    """The commit of the other arm: what differs between both must not speak of a sealed task. "" = do not look."""
    detector: Detector | None = None
    """Whether it holds again is told of each run that left a transcript in `$FLYWHEEL_TRANSCRIPTS`."""


def work(request: Request, workshop: Workshop, run: Runner, say: Callable[[str], None]) -> str:
    """The results of one arm as CSV. UserError for a batch that cannot be understood; nothing has run then."""
    if "{tests}" not in request.verify:
        raise UserError("--verify: it names no {tests}. Write where the test files go, as `pytest -q {tests}`.")
    asked = list(_todo(request))
    todo = [(task, name, of_set, n + 1) for task, name, of_set, count in asked for n in range(count)]
    share = todo[request.shard[0] - 1 :: request.shard[1]]
    runs: list[Run] = []
    if speaks_of_sealed(request, workshop):
        say("refused: the change speaks of tasks that are to judge it")
        refused = (Run(name, request.arm, str(number), "none", of_set) for _, name, of_set, number in share)
        return table([msgspec.structs.replace(one, stage=request.stage, refused=True) for one in refused])
    for place, (task, name, of_set, number) in enumerate(share, 1):
        outcome, usd, recurred = _attempt(task, name, number, request, workshop, run)
        runs.append(Run(name, request.arm, str(number), outcome, of_set, recurred, request.stage, usd))
        say(f"run {place} of {len(share)}: {'no verdict' if outcome == 'none' else 'judged'}")
    return table(runs)


def speaks_of_sealed(request: Request, workshop: Workshop) -> bool:
    """Whether what the treated arm's harness has more than control's names or quotes a sealed task (overfit.py).

    Asked here, where the sealed texts are: whoever proposes learns yes or no. Both arms ask, so that neither runs.
    """
    if not request.against or not request.sealed:
        return False
    hidden = {task.id: "\n".join((task.prompt, *task.tests)) for task in _sealed(request).details}
    before, after = request.against, request.commit
    if request.arm == "control":
        before, after = after, before
    edits = [
        Edit(path, workshop.text(before, path), workshop.text(after, path)) for path in workshop.steering(before, after)
    ]
    return bool(overfit(edits, hidden, [task.prompt for task in _pool(request.tasks).tasks]))


def shard_of(told: str) -> tuple[int, int]:
    """`2/8` as numbers."""
    first, slash, total = told.partition("/")
    if not slash or not first.isdecimal() or not total.isdecimal() or not 1 <= int(first) <= int(total) <= MAX_REPEATS:
        raise UserError(f"--shard {told[:40]}: it is the number of a share and how many there are. Write 1/1.")
    return int(first), int(total)


def table(runs: Sequence[Run]) -> str:
    """Runs as the CSV that `flywheel trial` reads."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in runs:
        usd = "" if one.usd is None else f"{one.usd:.6f}"
        recurred = "" if one.recurred is None else int(one.recurred)
        row = [one.task, one.arm, one.repeat, one.outcome, one.set, one.stage, usd, recurred, int(one.refused)]
        writer.writerow(row)
    return made.getvalue()


def _attempt(
    task: Task, name: str, number: int, request: Request, workshop: Workshop, run: Runner
) -> tuple[Outcome, float | None, bool | None]:
    """One run of one task: what the hidden tests said, what it cost and whether the pattern recurred, if that is known.

    No verdict where something other than the agent failed: it, or the preparation, could not begin; the tests took too
    long. An agent that ran out of time is judged by what it left.
    """
    harness = workshop.steering(task.base, request.commit)
    with (
        workshop.sandbox(task.base, request.commit, harness) as folder,
        tempfile.TemporaryDirectory(prefix="flywheel-told-") as told,
    ):
        prompt, cost, transcripts = (Path(told) / name for name in ("prompt.md", "usd", "transcripts"))
        transcripts.mkdir()
        prompt.write_text(task.prompt, encoding="utf-8")
        also = {
            "FLYWHEEL_PROMPT": str(prompt),
            "FLYWHEEL_USD": str(cost),
            "FLYWHEEL_TRANSCRIPTS": str(transcripts),
            "FLYWHEEL_TASK": name,
            "FLYWHEEL_REPEAT": str(number),
        }
        if request.prepare and run(request.prepare, folder, request.verify_seconds, {}).code != 0:
            return "none", None, None
        if not run(request.agent, folder, request.seconds, also).began:
            return "none", None, None
        usd = _usd(cost)
        workshop.put(folder, task.merge, task.tests)
        command = request.verify.replace("{tests}", shlex.join(task.tests))
        ended = run(command, folder, request.verify_seconds, {})
        if ended.code is None or not ended.began:
            return "none", usd, None
        outcome: Outcome = "pass" if ended.code == 0 else "fail"
        return outcome, usd, recurs(transcripts, outcome, request.detector)


def recurs(transcripts: Path, outcome: Outcome, detector: Detector | None) -> bool | None:
    """Whether the detector holds in a run that ended so, by what its agent wrote there; None where nobody can tell."""
    if detector is None:
        return None
    try:
        told = [replace(episode, outcome=outcome) for episode in collect([transcripts]) if episode.trace is not None]
    except UserError:
        return None
    return any(analyse(episode, (detector,)) for episode in told) if told else None


def _usd(path: Path) -> float | None:
    """The dollars that the agent's command wrote into `$FLYWHEEL_USD`; None when it wrote no such number."""
    try:
        usd = float(path.read_bytes()[:40])
    except (OSError, ValueError):
        return None
    return usd if 0 <= usd <= MAX_USD else None


def _todo(request: Request) -> Iterator[tuple[Task, str, Set, int]]:
    """(task, its name outside, its set, how often) for everything that was asked."""
    if not 0 <= request.repeats <= MAX_REPEATS or request.stage not in (1, 2):
        raise UserError(f"--repeats {request.repeats} --stage {request.stage}: take them as they were dispatched.")
    open_tasks = {task.id: task for task in _pool(request.tasks).tasks}
    sealed = _sealed(request) if request.sealed else None
    hidden = {veiled(task.id, sealed.salt): task for task in sealed.details} if sealed else {}
    for one in _asked(request.work):
        of_set: Set = "guard" if one.task in hidden else "targeted"
        task = hidden.get(one.task) or open_tasks.get(one.task)
        if task is None:
            raise UserError(f"{one.task[:80]}: no task of that name is known here. Look at the list of tasks.")
        yield task, one.task, of_set, min(MAX_REPEATS, one.control if request.arm == "control" else one.treated)
    if request.guards > len(hidden):
        raise UserError(f"--guards {request.guards}: {len(hidden)} are in the sealed list. Name the registered list.")
    for name in sorted(hidden)[: request.guards]:
        yield hidden[name], name, "guard", request.repeats


def _asked(told: str) -> tuple[Work, ...]:
    try:
        return msgspec.json.decode(told or "[]", type=tuple[Work, ...])
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UserError(f"--work: it is no list of tasks ({error}). Take it as it was dispatched.") from error


def _sealed(request: Request) -> Sealed:
    """The sealed list, which must be the registered one."""
    try:
        found = msgspec.json.decode(request.sealed, type=Sealed)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UserError(f"the sealed list: it cannot be read ({error}). Name what `trial init` wrote.") from error
    if seal(found.tasks, found.salt) != request.seal:
        if request.guards:
            raise UserError(
                "the sealed list: it is not the one that was registered (its sha256 differs). Name that one."
            )
        return Sealed(found.salt, ())
    return found


def _pool(path: Path) -> pool.Pool:
    try:
        return pool.read(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"{path}: it cannot be read ({error.strerror or error}). Name the list of tasks.") from error
