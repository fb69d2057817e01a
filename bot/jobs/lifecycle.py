"""Takes what is kept of repositories and where the App is installed now; forgets, moves or leaves each of them.

A repository is its number, never its name: what is kept of one that was renamed or moved to another owner follows it.
What no installation sees any more is forgotten. What could not be looked up (suspended, or its list failed) is left.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from bot import ledger
from bot.errors import UserError
from bot.hosting.places import Installation, Repository
from bot.jobs.memory import NAME, Memory
from bot.model import replace

KEPT = "places.json"
MAX_MANIFEST = 4 << 20


class Kept(msgspec.Struct, frozen=True):
    """A repository of which something is kept: its number, its name when it was kept, and the installation then."""

    id: int
    name: str
    installation: int


class Fate(msgspec.Struct, frozen=True):
    """What becomes of what is kept; `moved` holds (before, now)."""

    forgotten: tuple[Kept, ...] = ()
    moved: tuple[tuple[Kept, Repository], ...] = ()
    parked: tuple[Kept, ...] = ()
    left: tuple[Kept, ...] = ()


def fate(kept: Iterable[Kept], installations: Sequence[Installation], seen: Mapping[int, Sequence[Repository]]) -> Fate:
    """What is to become of what is kept.

    `installations` is the whole list as GitHub gave it; `seen` maps those whose repositories could be listed to them.
    """
    there = {one.id: one for one in installations}
    found = {repository.id: repository for rows in seen.values() for repository in rows}
    sorted_out: dict[str, list[Kept]] = {"forgotten": [], "parked": [], "left": []}
    moved: list[tuple[Kept, Repository]] = []
    for one in kept:
        now = found.get(one.id)
        if now is not None:
            if (now.name, now.installation) != (one.name, one.installation):
                moved.append((one, now))
            continue
        installation = there.get(one.installation)
        if installation is None or (not installation.suspended and one.installation in seen):
            sorted_out["forgotten"].append(one)
        else:
            sorted_out["parked" if installation.suspended else "left"].append(one)
    kinds = {name: tuple(rows) for name, rows in sorted_out.items()}
    return Fate(moved=tuple(moved), **kinds)


def tidy(
    memory: Memory, installations: Sequence[Installation], seen: Mapping[int, Sequence[Repository]]
) -> tuple[str, ...]:
    """Carry it out, and remember what is seen now; what was done, a line each. UserError when it cannot be written."""
    known = {one.id: one for one in places(memory)}
    found = fate(known.values(), installations, seen)
    for one in found.forgotten:
        forget(memory, one)
    for before, now in found.moved:
        follow(memory, before, now)
    after = {one.id: one for one in (*found.parked, *found.left)}
    after |= {row.id: Kept(row.id, row.name, row.installation) for rows in seen.values() for row in rows}
    if after != known:
        _write(memory, after.values())
    said = [f"{one.name}: the App is not there any more; what was kept of it is deleted." for one in found.forgotten]
    said += [f"{before.name}: it is {now.name} now." for before, now in found.moved if before.name != now.name]
    return tuple(said)


def keep_up(memory: Memory, now: Repository) -> None:
    """Let what is kept of a repository follow it before it is visited under a new name, and not at the next sweep: two
    names would be two repositories till then."""
    known = {one.id: one for one in places(memory)}
    before = known.get(now.id)
    if before is None or before.name == now.name:
        return
    follow(memory, before, now)
    _write(memory, (known | {now.id: Kept(now.id, now.name, now.installation)}).values())


def forget(memory: Memory, one: Kept) -> None:
    """Delete all that is kept of a repository."""
    for path in (*_folders(memory, one.name), memory.root / "visits" / f"{one.id:d}.json"):
        _delete(path)


def follow(memory: Memory, before: Kept, now: Repository) -> None:
    """Move what is kept to the new name. What stands there already is newer, and stays: ledger, bundles."""
    if before.name == now.name:
        return
    for old, new in zip(_folders(memory, before.name), _folders(memory, now.name), strict=True):
        if not old.exists():
            continue
        try:
            new.parent.mkdir(parents=True, exist_ok=True)
            if not new.exists():
                old.rename(new)
            elif old.is_dir():
                for head in [one for one in old.iterdir() if not (new / one.name).exists()]:
                    head.rename(new / head.name)
        except OSError as error:
            raise _cannot(new, error) from error
        _delete(old)
        for manifest in new.glob("*/manifest.json"):
            _rename_in(manifest, before.name, now.name)


def under(lines: Iterable[str], name: str) -> Iterator[str]:
    """A ledger's lines as of the repository's name today: its branch keeps the name that it had at the time."""
    for line in lines:
        entry = ledger.decode(line)
        yield line if entry is None or entry.repository == name else ledger.encode(replace(entry, repository=name))


def places(memory: Memory) -> tuple[Kept, ...]:
    """What is kept; nothing when nothing readable says so."""
    try:
        return msgspec.json.decode((memory.root / KEPT).read_bytes(), type=tuple[Kept, ...])
    except (OSError, msgspec.MsgspecError):
        return ()


def _write(memory: Memory, rows: Iterable[Kept]) -> None:
    path = memory.root / KEPT
    new = path.with_suffix(".new")
    try:
        memory.root.mkdir(parents=True, exist_ok=True)
        new.write_bytes(msgspec.json.encode(sorted(rows, key=lambda one: one.id)))
        new.replace(path)
    except OSError as error:
        raise _cannot(path, error) from error


def _folders(memory: Memory, name: str) -> tuple[Path, Path]:
    """Where evidence and ledger of a name lie. UserError for what is no name: it would lead elsewhere."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name[:80]!r}: no repository's name. Delete {memory.root / KEPT}.")
    return memory.evidence / name, memory.root / "ledgers" / f"{name}.jsonl"


def _rename_in(manifest: Path, old: str, new: str) -> None:
    """A head's manifest names its repository; one that cannot be read is left, and so is what a bundle holds."""
    try:
        if manifest.stat().st_size > MAX_MANIFEST:
            return
        data = json.loads(manifest.read_bytes())
        if isinstance(data, dict) and data.get("repository") == old:
            aside = manifest.with_suffix(".new")
            aside.write_text(json.dumps(data | {"repository": new}), encoding="utf-8")
            aside.replace(manifest)
    except (OSError, ValueError, RecursionError):
        return


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot(path, error) from error


def _cannot(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path}: it cannot be written ({error.strerror or error}). Set FLYWHEEL_DATA to a folder of ours."
    )
