"""What a forge says of CI and of the pulls it ran for: numbers, names and times; nothing an artifact claims is here."""

from __future__ import annotations

from typing import Literal

import msgspec


class WorkflowRun(msgspec.Struct, frozen=True):
    """One run of a workflow as it stands. `conclusion` is empty until it has ended.

    `head_repository` is the id of the repository that the head was pushed to (a fork's, for a fork's pull; 0 = gone).
    `actors` are the ids of who caused it and who started this attempt; `by_bot` = an App or a machine caused it.
    """

    id: int
    attempt: int
    workflow: str
    event: str
    conclusion: str
    head_sha: str
    head_branch: str
    head_repository: int
    actors: tuple[int, ...]
    by_bot: bool
    created_at: str
    updated_at: str


class Job(msgspec.Struct, frozen=True):
    """One job of an attempt; `check` is the check run that bears its annotations, 0 when there is none."""

    id: int
    name: str
    conclusion: str
    check: int = 0


class Annotation(msgspec.Struct, frozen=True):
    """What a tool said of a line, as the check shows it."""

    path: str
    line: int
    message: str


class Artifact(msgspec.Struct, frozen=True):
    """A zip that a run left. `size` is that of the zip; `digest` is `sha256:HEX`, empty when GitHub knows none."""

    id: int
    name: str
    size: int
    digest: str
    expired: bool
    created_at: str
    run: int
    head_sha: str
    head_repository: int


class Commit(msgspec.Struct, frozen=True):
    """A commit and who made it: `by_bot` = the account of its author is an App's or a machine's."""

    sha: str
    message: str
    by_bot: bool = False


class Compared(msgspec.Struct, frozen=True):
    """What a head has that its base has not: commits oldest first (at most 250), and the diff as a patch."""

    merge_base: str
    commits: tuple[Commit, ...]
    patch: bytes = b""
    cut: bool = False
    """The patch does not hold everything: a file was too large, or there were too many."""


class PullRef(msgspec.Struct, frozen=True):
    """A pull as lists show it. Repositories and accounts are ids, 0 = gone; `association` is GitHub's word for what the
    author is to the repository (`MEMBER`, `NONE`, …)."""

    number: int
    state: Literal["open", "closed", "merged"]
    author: int
    by_bot: bool
    association: str
    head_ref: str
    head_sha: str
    head_repository: int
    base_ref: str
    base_sha: str
    body: str = ""
    labels: tuple[str, ...] = ()
    created_at: str = ""
    closed_at: str = ""
    merge_sha: str = ""


class Discussion(msgspec.Struct, frozen=True):
    """What people said of a pull: how many reviews and threads are theirs, who closed it, and with what words.

    `words` is what was said last before the closing, as it was said: a comment that was edited since does not count.
    """

    reviews: int = 0
    threads: int = 0
    closed_by_bot: bool = False
    words: str = ""
