"""Edits in, the lines of their patch as people read them out: (kind, text), kind one of file, hunk, add, del, same."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Literal

from bot.model import Edit

Kind = Literal["file", "hunk", "add", "del", "same"]
_KINDS: dict[str, Kind] = {"+": "add", "-": "del", "@": "hunk"}


def lines(edits: Sequence[Edit]) -> Iterator[tuple[Kind, str]]:
    """The patch, ordered by path. For reading; the one that git applies is the forge's."""
    for edit in sorted(edits, key=lambda edit: edit.path):
        what = "new file" if edit.before is None else "removed" if edit.after is None else "changed"
        yield "file", f"{edit.path} ({what})"
        before, after = (edit.before or "").split("\n"), (edit.after or "").split("\n")
        before, after = ([] if edit.before is None else before), ([] if edit.after is None else after)
        for line in list(difflib.unified_diff(before, after, n=3, lineterm=""))[2:]:
            yield _KINDS.get(line[:1], "same"), line


def size(edit: Edit) -> tuple[int, int]:
    """Lines added and removed."""
    kinds = [kind for kind, _ in lines((edit,))]
    added, removed = kinds.count("add"), kinds.count("del")
    return (added - 1, removed) if edit.before is None and (edit.after or "").endswith("\n") else (added, removed)
