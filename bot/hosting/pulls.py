"""What a forge says of one pull or issue, read afresh: its state, who touched it, what checked it. No network here.

What could not be read is None, "unknown", or an actor of role `unknown`: whoever decides takes that for a no.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from bot.hosting.people import Actor

Conclusion = Literal["success", "failure", "neutral", "skipped", "pending"]
Mergeable = Literal["clean", "blocked", "unstable", "behind", "dirty", "unknown"]


class Checked(msgspec.Struct, frozen=True):
    """One check at the head: whose it is, whether the base requires it, how it ended, how many seconds it ran."""

    name: str
    ours: bool
    required: bool
    conclusion: Conclusion
    seconds: float = 0.0


class Touched(msgspec.Struct, frozen=True):
    """One event of the timeline: a label was added or removed, by whom, when, while which SHA was the head ("" when
    that cannot be told any more, because the branch was forced to another one since).

    `node` is the label's node id; `template` = it was there from the beginning, by a template, a form or a link.
    """

    id: int
    label: str
    added: bool
    actor: Actor
    at: str
    head: str = ""
    node: str = ""
    template: bool = False


class Comment(msgspec.Struct, frozen=True):
    """What somebody said, as it stands; `edited` = it is not as it was created.

    `reactions`: the kinds of those that stand there, whosoever; None where the forge did not say.
    """

    id: int
    author: Actor
    body: str
    created_at: str
    edited: bool = False
    reactions: frozenset[str] | None = None


class Review(msgspec.Struct, frozen=True):
    """The last word of one reviewer, and on which head it was said."""

    author: Actor
    state: Literal["approved", "changes-requested", "commented", "dismissed"]
    head: str
    at: str


class Thread(msgspec.Struct, frozen=True):
    """What pulls and issues share. `labels` maps each label that it bears to its node id.

    `by_mark` is the change that its hidden mark names and `intact` whether title and text are as we left them: neither
    is an authority. `closed_by` is None when it is open, or nobody is named.
    """

    number: int
    url: str
    state: Literal["open", "closed", "merged"]
    author: Actor
    title: str
    body: str
    created_at: str
    by_mark: str = ""
    intact: bool = True
    closed_by: Actor | None = None
    closed_at: str = ""
    state_reason: str = ""
    """Of a closed issue: `completed` or `not_planned`."""
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    touched: tuple[Touched, ...] = ()
    comments: tuple[Comment, ...] = ()
    """Oldest first, the newest 300 of them."""
    reopened_by: Actor | None = None
    reopened_at: str = ""
    """The last time that it was opened again; "" = never."""


class Pull(msgspec.Struct, frozen=True):
    """One pull of ours. `branch` is what it comes from, `base` the branch it goes into, `base_head` where that stands.

    `commits_ours` = every commit is verified and by our App. `head_at` = when the head became the head. `merge_sha` is
    the commit that the merge made. `twins` counts other open pulls with the same head. `armed` = it merges without our
    doing anything more: by native auto-merge, or in the merge queue; `armed_by_us` = by an auto-merge that we want.
    """

    thread: Thread
    branch: str
    head: str
    base: str
    base_head: str
    head_at: str = ""
    merged_at: str = ""
    merged_by: Actor | None = None
    merge_sha: str = ""
    armed: bool = False
    draft: bool = False
    mergeable: Mergeable = "unknown"
    commits_ours: bool | None = None
    twins: int | None = None
    reviews: tuple[Review, ...] = ()
    checks: tuple[Checked, ...] = ()
    armed_by_us: bool = False


class Ground(msgspec.Struct, frozen=True):
    """What a repository allows and demands at its default branch. `nodes` maps the names of our labels to node ids;
    `branches` are those named as ours are."""

    default_branch: str
    head: str
    account: int
    private: bool = True
    archived: bool = False
    protected: bool | None = None
    auto_merge_allowed: bool | None = None
    queue: bool | None = None
    methods: tuple[Literal["squash", "merge", "rebase"], ...] = ()
    nodes: Mapping[str, str] = msgspec.field(default_factory=dict)
    branches: frozenset[str] = frozenset()
