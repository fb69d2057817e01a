"""`flywheel trial rotate`: the open and the sealed list and a ledger in; both lists, a quarter exchanged, out.

What was looked at too often goes to the open tasks for good; as many open ones that no trial was aimed at come in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from bot.errors import UserError
from bot.model import Entry
from bot.trials import heldout, notes, pool
from bot.trials.design import seal
from bot.trials.pool import Pool, Task
from bot.trials.step import looked_at


class Sealed(msgspec.Struct, frozen=True):
    """The sealed list as it stands: its salt, its tasks, and everything that happened to it."""

    salt: str
    tasks: tuple[str, ...]
    details: tuple[Task, ...]
    entries: tuple[heldout.Entry, ...] = ()


def rotate(tasks: Path, sealed: Path, ledger: Sequence[Entry], now: str) -> tuple[dict[str, Any], dict[Path, bytes]]:
    """What is exchanged, and the two files to write; no file where nothing is due."""
    open_list, hidden = pool.read(_bytes(tasks), str(tasks)), _sealed(sealed)
    if seal(hidden.tasks, hidden.salt) != open_list.sealed:
        raise UserError(f"{sealed}: it is not the list of {tasks} (its sha256 differs). Name that one.")
    looked = tuple(
        heldout.Entry(at, "looked", task, change)
        for change, at in looked_at(ledger, open_list.sealed)
        for task in hidden.tasks
    )
    entries = tuple(dict.fromkeys((*hidden.entries, *looked)))
    held = heldout.fold(entries, now)
    aimed = {task for one in ledger if (made := notes.registration(one)) for task in made.targeted}
    fresh = [task.id for task in open_list.tasks if task.id not in aimed]
    moved = heldout.rotate(held, fresh, entries, now, f"{hidden.salt}{now[:7]}")
    out = [one.task for one in moved if one.kind == "retired"]
    into = [one.task for one in moved if one.kind == "sealed"]
    record = {"retired": sorted(out), "sealed": len(into), "guards": len(hidden.tasks) - len(out) + len(into)}
    if not moved:
        return {**record, "files": []}, {}
    by_name = {task.id: task for task in (*open_list.tasks, *hidden.details)}
    names = sorted((set(hidden.tasks) - set(out)) | set(into))
    commitment = seal(names, hidden.salt) if names else ""
    stays = [task for task in open_list.tasks if task.id not in into]
    back = (by_name[name] for name in sorted(out))
    most = max((held.looks.get(name, 0) for name in names), default=0)
    after = Pool(pool.VERSION, (*stays, *back), len(names), commitment, now if names else "", most)
    kept = Sealed(hidden.salt, tuple(names), tuple(by_name[name] for name in names), (*entries, *moved))
    files = {tasks: _json(after), sealed: _json(kept)}
    return {**record, "files": [str(path) for path in files]}, files


def _sealed(path: Path) -> Sealed:
    try:
        return msgspec.json.decode(_bytes(path), type=Sealed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path}: no sealed list ({error}). `flywheel trial init` writes one.") from error


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(pool.MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path}: it cannot be read ({error.strerror or error}). Name the file.") from error


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
