"""Takes the paths and edits of a modification and answers what can be told from them alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase

from bot.model import Edit


def matches(path: str, globs: Sequence[str]) -> bool:
    """Whether a glob fits the path or a tail of it that starts at a folder; case does not count."""
    parts = path.casefold().split("/")
    tails = ["/".join(parts[i:]) for i in range(len(parts))]
    return any(fnmatchcase(tail, glob.casefold()) for glob in globs for tail in tails)


def escapes(path: str) -> bool:
    """Whether the path leaves the repository, reaches into `.git`, or is not written as git writes it."""
    parts = path.split("/")
    return "\\" in path or "\0" in path or any(part in ("", ".", "..") or part.casefold() == ".git" for part in parts)


def lines_added(edit: Edit) -> int:
    """Lines of `after` that `before` does not hold as often; a moved line adds none."""
    had = Counter((edit.before or "").splitlines())
    return sum((Counter((edit.after or "").splitlines()) - had).values())


def undoes(edits: Sequence[Edit], inverse: Sequence[Edit]) -> bool:
    """Whether the inverse turns every edit around, byte for byte."""
    forth = {edit.path: (edit.before, edit.after) for edit in edits}
    back = {edit.path: (edit.after, edit.before) for edit in inverse}
    return bool(edits) and forth == back
