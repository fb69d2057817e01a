"""Edits and the tree they are for in, nothing out, or RefusedError: what may be written where, before anything is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bot.model import Edit

MODES = ("100644", "100755")
WORKFLOWS = ".github/workflows"


class RefusedError(Exception):
    """The change does not fit the repository as it is now; the message says how to mend it."""


class Entry(Protocol):
    """What must be known of an entry of a tree."""

    @property
    def mode(self) -> str:
        """`120000` is a link, `160000` a submodule."""


def fit(tree: Mapping[str, Entry], edits: Sequence[Edit], is_before: Callable[[Edit], bool]) -> None:
    """RefusedError, with the mend, unless every edit fits the tree as it is; `is_before` compares the content."""
    folders = {path[:at] for path in tree for at, letter in enumerate(path) if letter == "/"}
    for edit in edits:
        _fit(tree, folders, edit)
        if not is_before(edit):
            raise RefusedError(f"{edit.path}: it has changed since the edit was made. Run again.")


def _fit(tree: Mapping[str, Entry], folders: set[str], edit: Edit) -> None:
    parts = edit.path.split("/")
    bad = any(part in ("", ".", "..") or part.casefold() == ".git" for part in parts)
    if bad or not edit.path.isprintable() or "\\" in edit.path or edit.mode not in MODES:
        raise RefusedError(
            f"{edit.path!r}: no edit may write there. Report this, for it is a mistake of the flywheel's."
        )
    if f"{edit.path}/".casefold().startswith(f"{WORKFLOWS}/"):
        raise RefusedError(f"{edit.path}: the flywheel writes no workflow. Make this change by hand.")
    for depth in range(1, len(parts)):
        if (above := "/".join(parts[:depth])) in tree:
            raise RefusedError(
                f"{above}: a file, link or submodule where {edit.path} needs a folder. Make it a folder."
            )
    if edit.path in folders:
        raise RefusedError(f"{edit.path}: a folder where a file is needed. Make it a file, or move the folder.")
    there = tree.get(edit.path)
    if there and there.mode not in MODES:
        raise RefusedError(
            f"{edit.path}: a link or submodule, no plain file. Run again: the edit belongs to its target."
        )
