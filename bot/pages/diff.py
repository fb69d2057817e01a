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
        yield "file", title(edit)
        for line in list(difflib.unified_diff(_split(edit.before), _split(edit.after), n=3))[2:]:
            yield _KINDS.get(line[:1], "same"), line.removesuffix("\n")
            if not line.endswith("\n"):
                yield "hunk", "\\ No newline at end of file"


def patch(edits: Sequence[Edit]) -> str:
    """The same as text that `git apply` takes."""
    found: list[str] = []
    by_title = {title(edit): edit for edit in edits}
    for kind, text in lines(edits):
        found += _head(by_title[text]) if kind == "file" else [text]
    return "\n".join(found) + "\n"


def title(edit: Edit) -> str:
    """The path and what becomes of the file."""
    what = "new file" if edit.before is None else "removed" if edit.after is None else "changed"
    return f"{edit.path} ({what})"


def _head(edit: Edit) -> list[str]:
    old, new = f"a/{edit.path}", f"b/{edit.path}"
    names = [f"--- {old if edit.before is not None else '/dev/null'}"]
    names += [f"+++ {new if edit.after is not None else '/dev/null'}"]
    mode = [f"new file mode {edit.mode}"] if edit.before is None else []
    mode += [f"deleted file mode {edit.mode}"] if edit.after is None else []
    return [f"diff --git {old} {new}", *mode, *names]


def size(edit: Edit) -> tuple[int, int]:
    """Lines added and removed."""
    kinds = [kind for kind, _ in lines((edit,))]
    return kinds.count("add"), kinds.count("del")


def _split(text: str | None) -> list[str]:
    """Lines with their end; they end at `\\n` only, as they do for git."""
    parts = (text or "").split("\n")
    return [f"{line}\n" for line in parts[:-1]] + parts[-1:] * bool(parts[-1])
