"""A merged change, why it is taken back, and the files as they are in; the pull that undoes it, or the issue, out.

It is computed anew at every look: what it would overwrite today decides, not what it was when it was opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bot.approval.labels import BACKLOG, FLYWHEEL, STUCK, labels_for
from bot.approval.rollback import Undo, undo
from bot.hosting.pulls import Ground
from bot.jobs.tending_sight import Git, undo_branch, undo_id
from bot.model import Edit, Effect, Entry, OpenIssue, OpenPull, Tier
from bot.modifications.generate import revision
from bot.pages import taking_back


class Back(NamedTuple):
    """What takes a change back: its edits as they were merged, and the way back now; None where git cannot tell."""

    edits: tuple[Edit, ...]
    undo: Undo | None


def way_back(merged: Entry, ground: Ground, git: Git) -> Back:
    """The exact inverse comes from git: the parent of the merged commit has the bytes from before."""
    parent = git.parent(merged.head) if merged.head else ""
    edits = git.edits(parent, merged.head) if parent else None
    if edits is None:
        return Back((), None)
    return Back(edits, undo(edits, git.texts(ground.head, [edit.path for edit in edits])))


def effects(merged: Entry, back: Back, tier: Tier, why: str, seen: str, ground: Ground) -> tuple[Effect, ...]:
    """A pull, an issue where it conflicts (which ends an open pull of it), nothing where it is undone already."""
    change = undo_id(merged.repository, merged.change)
    branch = undo_branch(merged.repository, merged.detector, merged.change)
    if back.undo is None or back.undo.conflicts:
        conflicts = back.undo.conflicts if back.undo is not None else ("its merge cannot be read any more",)
        text = taking_back.conflict(merged, conflicts, back.edits, why)
        names = (FLYWHEEL.name, BACKLOG.name, STUCK.name)
        title = f"{taking_back.title(merged)} by hand"
        return (OpenIssue(merged.repository, change, revision(back.edits), title, text, names),)
    if not back.undo.edits:
        return ()
    at = revision(back.undo.edits)
    return (
        OpenPull(
            repository=merged.repository,
            change=change,
            revision=at,
            branch=branch,
            title=taking_back.title(merged),
            body=taking_back.body(merged, back.undo.edits, why, seen, exact=back.undo.exact),
            message=taking_back.message(merged, at, change, tier, why),
            labels=labels_for(tier),
            edits=back.undo.edits,
            head=ground.head,
        ),
    )


def is_done(back: Back) -> bool:
    """Whether somebody took it back already: no file holds anything of it."""
    return bool(back.edits) and back.undo is not None and not back.undo.edits and not back.undo.conflicts


def tier_of_undo(merged: Entry, back: Back, off: Sequence[str]) -> Tier:
    """Only the exact way back from what merged itself may merge itself."""
    exact = back.undo is not None and back.undo.exact
    return "autonomous" if merged.tier == "autonomous" and exact and not off else "interactive"
