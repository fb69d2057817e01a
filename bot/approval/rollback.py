"""Takes the edits of a merged change and the files as they are now; returns the edits that undo it, or the conflict.

A file that is still ours is restored byte for byte; one that has moved on is merged by lines, three ways; where that
conflicts a person must decide, and nothing is forced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from difflib import SequenceMatcher
from typing import Literal

import msgspec

from bot.approval.seen import when
from bot.model import Edit, Entry

MAX_LINES = 5_000
FRESH_DAYS = 7


class Undo(msgspec.Struct, frozen=True):
    """What takes a change back. `exact` = every file is still ours, so the result is as it was before, byte for byte.

    With `conflicts` there are no edits: it becomes an issue. Nothing at all means that it is undone already.
    """

    edits: tuple[Edit, ...] = ()
    exact: bool = False
    conflicts: tuple[str, ...] = ()


def undo(edits: Sequence[Edit], now: Mapping[str, str | None]) -> Undo:
    """The edits that take `edits` back from the files as they are `now` (None = no such file)."""
    back: list[Edit] = []
    conflicts: list[str] = []
    exact = True
    for edit in edits:
        current = now.get(edit.path)
        if current == edit.before:
            continue
        text = edit.before
        if current != edit.after:
            exact = False
            text = merged(edit.after, current, edit.before)
            if text is None:
                conflicts.append(edit.path)
                continue
        back.append(Edit(edit.path, current, text, edit.mode))
    if conflicts:
        return Undo(conflicts=tuple(conflicts))
    return Undo(tuple(back), exact and bool(back))


def merged(base: str | None, ours: str | None, theirs: str | None) -> str | None:
    """Both changes of `base`, line by line; None where they touch, where a file is gone, or for huge files."""
    if base is None or ours is None or theirs is None:
        return None
    lines = [text.splitlines(keepends=True) for text in (base, ours, theirs)]
    if max(map(len, lines)) > MAX_LINES:
        return None
    mine, yours = _changes(lines[0], lines[1]), _changes(lines[0], lines[2])
    if any(_touch(one, other) for one in mine for other in yours):
        return None
    result = list(lines[0])
    for first, last, new in sorted(mine + yours, reverse=True):
        result[first:last] = new
    return "".join(result)


Change = tuple[int, int, list[str]]


def _changes(base: list[str], other: list[str]) -> list[Change]:
    """The lines that differ: where in the base, end exclusive, and what stands there instead."""
    matcher = SequenceMatcher(None, base, other, autojunk=False)
    return [(i1, i2, other[j1:j2]) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]


def _touch(one: Change, other: Change) -> bool:
    """Whether two changes overlap or stand side by side."""
    return one[0] <= other[1] and other[0] <= one[1]


Refusal = Literal["", "not-merged", "reverted-before"]


def refusal(entries: Iterable[Entry], repository: str, change: str) -> Refusal:
    """Why a change must not be taken back: only what was merged can be, and each merge only once; "" if it may.

    A revert is no change of its own in the ledger, so that a revert of a revert is `reverted-before`.
    """
    merges = reverts = 0
    for entry in sorted(entries, key=lambda one: one.at):
        if (entry.repository, entry.change) == (repository, change):
            merges += entry.event == "merged"
            reverts += entry.event == "reverted"
    return "not-merged" if not merges else "reverted-before" if reverts else ""


def stale(based_on: str, base: str, proposed_at: str, now: str) -> bool:
    """Whether an open revert must be computed anew: its base has moved, or it is old. It may still merge cleanly then,
    and undo somebody's later work (Calibre-Web-NextGen #1529)."""
    return based_on != base or when(now) - when(proposed_at) > timedelta(days=FRESH_DAYS)
