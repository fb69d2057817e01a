"""Folders of a job in, the files out that may go into its bundle: bounded, and reached through no link that leaves.

The agent wrote to these folders, so nothing in them is believed: not a link, not a size, not a number of files.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bot.errors import UserError
from bot.signals.embed import CLAUDE, CLAUDE_ACTION, PLACES, Place
from bot.signals.tracked import tracked

MAX_FILES = 400
MAX_ENTRIES = 50_000
MAX_INDEX_BYTES = 256 << 20
HEAD_BYTES = 64 << 10
SKIPPED = frozenset({".git", "node_modules", "site-packages", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache"})
SESSION = re.compile(rb'"session_id"\s{0,8}:\s{0,8}"([0-9A-Za-z-]{8,64})"')
REF = re.compile(r"ref: (refs/[\w./-]{1,250})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may go in, and its name in the bundle. `place` is the agent whose folder it lies in, `named` whether
    a person named this very file."""

    file: Path
    name: str
    modified: float
    place: str = ""
    named: bool = False


def below(path: Path, warnings: list[str]) -> Iterator[Candidate]:
    """What a person named: a file, or all files of a folder."""
    if path.is_file():
        true = path.resolve()
        yield Candidate(true, path.name, true.stat().st_mtime, named=True)
    elif path.is_dir():
        root = path.resolve()
        yield from candidates((root / name for name in walk(root, warnings)), root)
    else:
        warnings.append(f"{path}: there is no such file or folder. The bundle is made without it.")


def in_places(environment: Mapping[str, str], since: float) -> list[Candidate]:
    """Files of the agents' own folders that this job has written: a runner of one's own keeps older ones."""
    found: list[Candidate] = []
    for place in PLACES:
        root = _root(place, environment)
        if root is None or not root.is_dir():
            continue
        for pattern in place.patterns:
            files = candidates(islice(root.glob(pattern), MAX_ENTRIES), root.resolve(), place.agent)
            found += (one for one in files if one.modified >= since)
    return _one_per_session(found)


def candidates(files: Iterable[Path], root: Path, place: str = "") -> Iterator[Candidate]:
    """The regular files among these that truly lie below `root`, which is a resolved path; links are passed over."""
    for file in files:
        try:
            about = file.lstat()
            true = file.resolve()
            if not stat.S_ISREG(about.st_mode) or not true.is_relative_to(root):
                continue
        except (OSError, RuntimeError, ValueError):
            continue
        name = true.relative_to(root).as_posix()
        if place == CLAUDE:  # projects/<the path of the work tree, with the user's name in it>/<session>.jsonl
            name = name.split("/", 2)[-1]
        yield Candidate(true, f"{place}/{name}" if place else name, about.st_mtime, place)


def newest(found: Iterable[Candidate], warnings: list[str], what: str) -> list[Candidate]:
    """Each file once, at most MAX_FILES, the newest first."""
    once = {one.file: one for one in found}
    if len(once) > MAX_FILES:
        warnings.append(f"flywheel embed: of {len(once)} possible {what} only the newest {MAX_FILES} were looked at.")
    return sorted(once.values(), key=lambda one: (-one.modified, str(one.file)))[:MAX_FILES]


def head(candidate: Candidate, warnings: list[str]) -> bytes:
    """The first bytes of a file; none, and a warning, when it cannot be read."""
    try:
        with candidate.file.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        warnings.append(f"{candidate.file}: it cannot be read ({error.strerror or error}) and was left out.")
        return b""


def walk(root: Path, warnings: list[str]) -> Iterator[str]:
    """Files below `root`, relative with forward slashes, sorted in each folder; at most MAX_ENTRIES are looked at."""
    waiting = [""]
    seen = 0
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root / folder) as scanned:
                entries = sorted(islice(scanned, MAX_ENTRIES), key=lambda entry: entry.name)
        except OSError:
            warnings.append(f"{root / folder}: the folder cannot be read and was left out.")
            continue
        for entry in entries:
            seen += 1
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED:
                    waiting.append(f"{folder}{entry.name}/")
            else:
                yield f"{folder}{entry.name}"
        if seen > MAX_ENTRIES:
            warnings.append(f"{root}: only its first {MAX_ENTRIES} files were looked at. Name the files instead.")
            return


def tracked_in(workspace: Path) -> frozenset[str]:
    """What git tracks there: nothing where there is no repository."""
    git = workspace / ".git"
    if not git.exists():
        return frozenset()
    if not (git / "index").is_file():
        raise UserError(f"{git}: its index is not there.")
    with (git / "index").open("rb") as stream:
        index = stream.read(MAX_INDEX_BYTES)
    config = (git / "config").read_text(encoding="utf-8", errors="replace")[:HEAD_BYTES].lower()
    return tracked(index, 32 if "objectformat = sha256" in config else 20)


def commit_of(workspace: Path) -> str:
    """The commit that is checked out, "" when there is none to be read."""
    git = workspace / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="ascii")[:300].strip()
        match = REF.fullmatch(head)
        if match is None:
            return head
        if ".." in match[1]:
            return ""
        if (git / match[1]).is_file():
            return (git / match[1]).read_text(encoding="ascii")[:100].strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8", errors="replace")
        return next((line.split()[0] for line in packed.splitlines() if line.endswith(f" {match[1]}")), "")
    except (OSError, ValueError):
        return ""


def _root(place: Place, environment: Mapping[str, str]) -> Path | None:
    if place.moved_by and environment.get(place.moved_by):
        return Path(environment[place.moved_by])
    if not place.base:
        return Path(place.root)
    base = environment.get(place.base, "")
    return Path(base) / place.root if base else None


def _one_per_session(found: Sequence[Candidate]) -> list[Candidate]:
    """Without the sessions that the Claude Code action has told as a whole: its file knows how they ended as well."""
    told: set[str] = set()
    for candidate in found:
        if candidate.place == CLAUDE_ACTION:
            told |= {match.decode() for match in SESSION.findall(head(candidate, []))}
    return [one for one in found if one.place != CLAUDE or told.isdisjoint({one.file.stem, *one.file.parts})]
