"""A folder on disk goes in, its folders and its plain files come out, each looked at once and none of them opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bot.signals.member import Member

SKIPPED_FOLDERS = frozenset({".git", "node_modules", "__pycache__", ".venv"})


def walk(root: Path, unreadable: list[str]) -> Iterator[tuple[Path, list[str], list[str]]]:
    """(folder, subfolders, files), sorted, top down, links to folders not followed; unreadable ones noted in words.

    Who takes a name out of the subfolders keeps it from being entered. NOTE: `os.walk` of Python 3.11 calls itself
    for every level and ends in a RecursionError at about 1,000.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        subfolders: list[str] = []
        names: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    (subfolders if entry.is_dir(follow_symlinks=False) else names).append(entry.name)
        except OSError as error:
            unreadable.append(f"{folder}: {error.strerror or error}. Give read access, or leave it out.")
            continue
        subfolders[:] = sorted(name for name in subfolders if name not in SKIPPED_FOLDERS)
        yield folder, subfolders, sorted(names)
        waiting.extend(folder / name for name in reversed(subfolders))


def is_plain(file: Path, root: Path) -> bool:
    """A regular file below `root`: no pipe or device, which would never end, and no link that leaves the folder."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        return not file.is_symlink() or file.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def peek(file: Path, limit: int) -> bytes | None:
    """The first bytes of a plain file; None when it is not there, is none, or cannot be read."""
    if not is_plain(file, file.parent):
        return None
    try:
        with file.open("rb") as stream:
            return stream.read(limit)
    except OSError:
        return None


def file_member(file: Path, folder: Path) -> Member:
    """A file on disk as a member of the bundle at `folder`."""
    try:
        size = file.stat().st_size
    except OSError:
        size = -1
    return Member(str(file), file.relative_to(folder).as_posix(), size, lambda: file.open("rb"))
