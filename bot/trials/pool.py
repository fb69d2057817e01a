"""The bytes of a repository's list of tasks go in; the tasks to aim at, and the seal of the others, come out.

`flywheel trial init` writes it. The sealed tasks stand elsewhere, where whatever proposes changes cannot read: here are
only their number and a salted sha256.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from bot.errors import UserError
from bot.trials.design import MOST_TASKS
from bot.trials.results import MAX_NAME

VERSION = 1
MAX_BYTES = 16 << 20


class Task(msgspec.Struct, frozen=True):
    """One task: the commit it begins at, what the agent is asked, the merge and its test files that judge the answer.

    `shows` are detectors known to fire in runs without a change; `issue` is the number that the text is of.
    """

    id: str
    base: str = ""
    merge: str = ""
    prompt: str = ""
    tests: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    issue: int | None = None


class Pool(msgspec.Struct, frozen=True):
    """The open tasks; how many are sealed, under which sha256, since when (ISO 8601).

    `looked` = how often the most looked at of the sealed ones had been, in that quarter, when the list was sealed.
    """

    flywheel_tasks: int
    tasks: tuple[Task, ...]
    guards: int = 0
    sealed: str = ""
    sealed_at: str = ""
    looked: int = 0


def read(data: bytes, path: str) -> Pool:
    """The list of a repository; UserError when it is none."""
    if len(data) > MAX_BYTES:
        raise UserError(f"{path}: larger than {MAX_BYTES >> 20} MiB. Leave some tasks away.")
    try:
        pool = msgspec.json.decode(data, type=Pool)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path}: no list of tasks ({error}). Make one with `flywheel trial init`.") from error
    names = [task.id for task in pool.tasks]
    wrong = ""
    if pool.flywheel_tasks != VERSION:
        wrong = f"version {pool.flywheel_tasks} is not known. Write version {VERSION}"
    elif len(set(names)) < len(names):
        wrong = "a task is named twice. Name each once"
    elif not 0 <= pool.guards <= MOST_TASKS or len(names) > MOST_TASKS:
        wrong = f"more than {MOST_TASKS} tasks, or fewer than none sealed. Leave some away"
    elif any(not name.strip() or len(name) > MAX_NAME for name in names):
        wrong = f"a task has no name, or one of more than {MAX_NAME} characters. Name it"
    elif pool.guards and len(pool.sealed) != 64:
        wrong = "tasks are sealed and the sha256 of their list is missing. Seal them again"
    if wrong:
        raise UserError(f"{path}: {wrong}.")
    return pool


def aimed(pool: Pool, detector: str, mined: Collection[str]) -> tuple[str, ...]:
    """The tasks to try a change on: those known to show its pattern, else all; never one that it was mined from."""
    free = [task for task in pool.tasks if not {task.id, f"issue-{task.issue}"} & set(mined)]
    showing = [task.id for task in free if detector in task.shows]
    return tuple(showing or [task.id for task in free])
