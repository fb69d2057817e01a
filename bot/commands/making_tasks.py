"""`flywheel trial init`: the merges of a local repository in; tasks that hold, and a sealed part of them, out.

A task is a merge that brought tests: an agent begins at its first parent with the issue's words, and the merge's tests,
which it does not see, judge what it leaves. Kept are those that fail at the base and pass at the merge, each time.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from bot.errors import UserError
from bot.hosting.workshop import Ended, Merge
from bot.signals.redact import redact
from bot.traces.integrity.places import is_code, is_test
from bot.trials import heldout
from bot.trials.design import SALT, ordered, seal
from bot.trials.limits import FEW
from bot.trials.pool import VERSION, Pool, Task

CHECKS = 5
MOST_GUARDS = 40
"""What research/mining.md §6 asks of a guard set."""
MAX_PROMPT = 20_000
MAX_ISSUES = 64 << 20
MERGED = re.compile(r"^Merge (?:pull request|branch|PR) (?:#(\d{1,9})\b)?.{0,300}")
SQUASHED = re.compile(r"^.{0,400}\(#(\d{1,9})\)\s*$")
CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d{1,9})\b", re.IGNORECASE)
"""https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue"""
TRAILER = re.compile(r"^[A-Z][A-Za-z-]{1,40}: \S.*$")


class Workshop(Protocol):
    """A repository and its throwaway folders (bot/forge/workshop.py)."""

    def merges(self) -> Iterator[Merge]:
        """Newest first."""

    def changed(self, merge: Merge) -> Mapping[str, bool]:
        """The paths that a merge changed; whether each is still there."""

    def sandbox(self, commit: str) -> AbstractContextManager[Path]:
        """A folder with the files of a commit and no history."""

    def put(self, folder: Path, commit: str, paths: Sequence[str]) -> None:
        """The files of a commit over what is there."""


Runner = Callable[[str, Path, float], Ended]
"""A shell command, the folder it runs in, and how many seconds it may take."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for. `verify` holds `{tests}`; `issues` are what `gh issue list --json number,title,body`
    prints; `guards` None = all beyond ten tasks, at most forty."""

    verify: str
    tasks: Path
    sealed: Path
    prepare: str = ""
    issues: Path | None = None
    guards: int | None = None
    checks: int = CHECKS
    seconds: float = 600.0
    most: int = 100


@dataclass(slots=True)
class Found:
    """The tasks that hold, and why the other merges do not."""

    tasks: list[Task] = field(default_factory=list)
    dropped: list[dict[str, str]] = field(default_factory=list)


def init(
    request: Request, workshop: Workshop, run: Runner, inside: Sequence[Path], salt: str, now: str
) -> tuple[dict[str, Any], dict[Path, bytes]]:
    """What was found, and the two files to write. `inside` are the folders that whoever proposes changes can read.

    UserError when the sealed list would stand there, a file is there already, or no merge makes a task.
    """
    _check(request, inside, salt)
    issues = _issues(request.issues)
    found = Found()
    for merge in workshop.merges():
        if len(found.tasks) >= request.most:
            break
        _consider(merge, request, workshop, run, issues, found)
    if not found.tasks:
        reasons = ", ".join(f"{count} {reason}" for reason, count in _counts(found).items()) or "no merges"
        raise UserError(f"no merge makes a task ({reasons}). Look whether --verify runs the tests of a merge.")
    names = ordered([task.id for task in found.tasks], salt)
    count = max(0, min(len(names) - FEW, MOST_GUARDS)) if request.guards is None else min(request.guards, len(names))
    by_name = {task.id: task for task in found.tasks}
    guards, aimed = sorted(names[:count]), sorted(names[count:])
    commitment = seal(guards, salt) if guards else ""
    pool = Pool(VERSION, tuple(by_name[name] for name in aimed), len(guards), commitment, now if guards else "")
    entries = [heldout.Entry(now, "sealed", name) for name in guards]
    files = {request.tasks: _json(pool)}
    if guards:
        files[request.sealed] = _json(
            {"salt": salt, "tasks": guards, "details": [by_name[name] for name in guards], "entries": entries}
        )
    record = {
        "tasks": len(aimed),
        "guards": len(guards),
        "sealed": commitment,
        "dropped": found.dropped,
        "files": [str(path) for path in files],
    }
    return record, files


def _consider(
    merge: Merge, request: Request, workshop: Workshop, run: Runner, issues: Mapping[int, str], found: Found
) -> None:
    """Add the task of a merge, or say why it makes none; a commit that is no merge is passed over."""
    pull = _pull(merge)
    if pull is None:
        return
    paths = workshop.changed(merge)
    tests = sorted(path for path, stays in paths.items() if stays and is_test(path))
    reason, detail = "", ""
    if not tests:
        reason = "no-tests"
    elif not any(is_code(path) for path in paths):
        reason = "only-tests"
    else:
        reason, detail = _flaw(merge, tests, request, workshop, run)
    if reason:
        found.dropped.append({"merge": merge.commit, "reason": reason, "detail": redact(detail)})
        return
    task = _task(merge, pull, tests, issues)
    if any(task.id == other.id for other in found.tasks):
        task = msgspec.structs.replace(task, id=f"{task.id}-{merge.commit[:8]}")
    found.tasks.append(task)


def _flaw(merge: Merge, tests: Sequence[str], request: Request, workshop: Workshop, run: Runner) -> tuple[str, str]:
    """Why the tests of a merge do not judge, with the end of what was printed; empty when they do, each time."""
    command = request.verify.replace("{tests}", shlex.join(tests))
    for number in range(request.checks):
        for commit, wanted in ((merge.base, False), (merge.commit, True)):
            with workshop.sandbox(commit) as folder:
                workshop.put(folder, merge.commit, tests)
                if request.prepare and (made := run(request.prepare, folder, request.seconds)).code != 0:
                    return "not-prepared", made.tail[-400:]
                ended = run(command, folder, request.seconds)
            if not ended.began:
                raise UserError(f"--verify: the shell finds nothing to run ({ended.tail.strip()[-200:]}). Mend it.")
            if ended.code is None:
                return "timed-out", ended.tail[-400:]
            if (ended.code == 0) != wanted:
                always = "passes-at-base" if not wanted else "fails-at-merge"
                return ("flaky" if number else always), ended.tail[-400:]
    return "", ""


def _task(merge: Merge, pull: int, tests: Sequence[str], issues: Mapping[int, str]) -> Task:
    closed = CLOSES.search(merge.message)
    number = int(closed[1]) if closed else None
    name = f"issue-{number}" if number is not None else f"pull-{pull}" if pull else f"merge-{merge.commit[:12]}"
    prompt = issues.get(number or pull) or _words(merge.message)
    return Task(name, merge.base, merge.commit, prompt[:MAX_PROMPT], tuple(tests), issue=number)


def _pull(merge: Merge) -> int | None:
    """The number of the pull that a commit came of, 0 when it is not told; None for a commit that is no merge."""
    first = merge.message.lstrip().split("\n", 1)[0]
    found = MERGED.match(first) if merge.merges else SQUASHED.match(first)
    if found and found[1]:
        return int(found[1])
    return 0 if merge.merges else None


def _words(message: str) -> str:
    """What a merge's message says of its purpose: without the line that git wrote, and without trailers."""
    lines = message.strip().split("\n")
    if MERGED.match(lines[0]):
        lines = lines[1:]
    return "\n".join(line for line in lines if not TRAILER.match(line)).strip() or message.strip()


def _issues(path: Path | None) -> dict[int, str]:
    """Title and text of each issue or pull, by number."""
    if path is None:
        return {}
    try:
        if path.stat().st_size > MAX_ISSUES:
            raise UserError(f"{path}: larger than {MAX_ISSUES >> 20} MiB. Leave old issues away.")
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: it cannot be read ({error}). Write `gh issue list --json number,title,body`."
        ) from error
    rows = told if isinstance(told, list) else []
    known = [row for row in rows if isinstance(row, dict) and isinstance(row.get("number"), int)]
    if not known:
        raise UserError(f"{path}: it holds no issue. Write `gh issue list --json number,title,body`.")
    return {row["number"]: f"{row.get('title') or ''}\n\n{row.get('body') or ''}".strip() for row in known}


def _check(request: Request, inside: Sequence[Path], salt: str) -> None:
    if "{tests}" not in request.verify:
        raise UserError("--verify: it names no {tests}. Write where the test files go, as `pytest -q {tests}`.")
    if len(salt) < SALT:
        raise ValueError("the salt is short")
    if request.guards is not None and request.guards < 0:
        raise UserError(f"--guards {request.guards}: it is a number of tasks. Name 0 or more.")
    if request.checks < 1 or request.seconds <= 0 or request.most < 1:
        raise UserError("--checks, --seconds and --most are 1 or more. Raise what is not.")
    sealed = request.sealed.resolve()
    for folder in inside:
        if sealed.is_relative_to(folder.resolve()):
            raise UserError(
                f"{request.sealed}: it lies in {folder}, which whoever proposes changes can read. Name another."
            )
    for path in (request.tasks, request.sealed):
        if path.exists():
            raise UserError(f"{path}: it is there already. Remove it, name another, or use `flywheel trial rotate`.")


def _counts(found: Found) -> Counter[str]:
    return Counter(one["reason"] for one in found.dropped)


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
