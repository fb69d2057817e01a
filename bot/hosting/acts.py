"""What is done to a pull or an issue that stands already, as data: a forge performs it, find-or-create, never twice.

All of them name what they are about, so that to perform one again after a crash changes nothing.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class PutLabels(msgspec.Struct, frozen=True):
    """Add and remove labels of ours; those that are missing in the repository are made."""

    number: int
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Say(msgspec.Struct, frozen=True):
    """Keep the one comment of ours for this change below the pull or issue, with exactly this text (Markdown)."""

    number: int
    change: str
    text: str


class ShowCheck(msgspec.Struct, frozen=True):
    """Keep the check run `flywheel/decision` at this head: why this is proposed, why it is or is not merged."""

    head: str
    change: str
    conclusion: Literal["success", "neutral", "failure", "action_required"]
    title: str
    summary: str


class React(msgspec.Struct, frozen=True):
    """Acknowledge a comment: `+1` obeyed, `-1` refused, `eyes` seen, `confused` not understood."""

    comment: int
    content: Literal["+1", "-1", "eyes", "confused"]


class Merge(msgspec.Struct, frozen=True):
    """Merge at exactly this head: `merge` now, `arm` natively once all is green, `enqueue` in the merge queue."""

    number: int
    head: str
    how: Literal["merge", "arm", "enqueue"]
    method: Literal["squash", "merge", "rebase"] = "squash"


class Disarm(msgspec.Struct, frozen=True):
    """Take a native auto-merge, or a place in the merge queue, back."""

    number: int


class Restore(msgspec.Struct, frozen=True):
    """Put title and text of ours back as they were judged, after somebody changed what they claim."""

    number: int
    change: str
    revision: str
    title: str
    body: str


class Close(msgspec.Struct, frozen=True):
    """Close an issue of ours, with the reason said once."""

    number: int
    change: str
    reason: str
    completed: bool = False


class Dispatch(msgspec.Struct, frozen=True):
    """Start a workflow of the user's own by `workflow_dispatch` at a branch, with these inputs."""

    workflow: str
    ref: str
    inputs: tuple[tuple[str, str], ...]


class Rerun(msgspec.Struct, frozen=True):
    """Run the failed jobs of a workflow run again at its own revision, once: after this attempt, and no later one."""

    run: int
    attempt: int = 1


Act = PutLabels | Say | ShowCheck | React | Merge | Disarm | Restore | Close | Dispatch | Rerun


class Acted(msgspec.Struct, frozen=True):
    """What became of it; `where` is an address, `detail` why it was refused (the head had moved, it is not allowed)."""

    status: Literal["done", "unchanged", "refused"]
    where: str = ""
    detail: str = ""
