"""Edits and a tree in, nothing out, or RefusedError: what may be written where, before anything is.

The same questions as bot/forge/branch.py asks of a repository on disk, and one more: never a workflow.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.forge.branch import MODES, RefusedError
from bot.forge.github.place import Tree, blob_id
from bot.model import Edit

WORKFLOWS = ".github/workflows"


def fit(tree: Tree, edits: Sequence[Edit]) -> None:
    """RefusedError, with the mend, unless every edit fits the tree as it is."""
    folders = {path[:at] for path in tree for at, letter in enumerate(path) if letter == "/"}
    for edit in edits:
        _fit(tree, folders, edit)


def encoded(text: str) -> bytes:
    """The bytes of a text; surrogates are bytes that were no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _fit(tree: Tree, folders: set[str], edit: Edit) -> None:
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
    before = blob_id(encoded(edit.before)) if edit.before is not None else ""
    if before != (there.sha if there else ""):
        raise RefusedError(f"{edit.path}: it has changed since the edit was made. Run again.")
