"""GitHub's answers about CI, commits and pulls as far as they are read for evidence; all other members are ignored."""

from __future__ import annotations

import msgspec

from bot.forge.github.answers import Sha


class Account(msgspec.Struct, frozen=True):
    """Who: `type` is User, Bot, Organization or Mannequin."""

    id: int = 0
    type: str = ""


class Holder(msgspec.Struct, frozen=True):
    """A repository by its id."""

    id: int = 0


class RunAnswer(msgspec.Struct, frozen=True):
    """https://docs.github.com/rest/actions/workflow-runs#get-a-workflow-run"""

    id: int
    head_sha: str
    event: str
    created_at: str
    updated_at: str
    name: str | None = None
    run_attempt: int = 1
    status: str | None = None
    conclusion: str | None = None
    head_branch: str | None = None
    head_repository: Holder | None = None
    actor: Account | None = None
    triggering_actor: Account | None = None


class JobAnswer(msgspec.Struct, frozen=True):
    """https://docs.github.com/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run"""

    id: int
    name: str
    conclusion: str | None = None
    check_run_url: str | None = None


class AnnotationAnswer(msgspec.Struct, frozen=True):
    """https://docs.github.com/rest/checks/runs#list-check-run-annotations"""

    path: str
    start_line: int
    message: str | None = None
    annotation_level: str | None = None


class ArtifactRun(msgspec.Struct, frozen=True):
    """The run that left an artifact."""

    id: int = 0
    head_sha: str = ""
    head_repository_id: int = 0


class ArtifactAnswer(msgspec.Struct, frozen=True):
    """https://docs.github.com/rest/actions/artifacts#list-artifacts-for-a-repository"""

    id: int
    name: str
    size_in_bytes: int
    expired: bool
    created_at: str | None = None
    digest: str | None = None
    workflow_run: ArtifactRun | None = None


class Words(msgspec.Struct, frozen=True):
    """What a commit says."""

    message: str


class CommitAnswer(msgspec.Struct, frozen=True):
    """A commit of a list or a comparison; `author` is the account that its address belongs to."""

    sha: str
    commit: Words
    author: Account | None = None


class FileAnswer(msgspec.Struct, frozen=True):
    """One file of a comparison; `patch` is missing for large and binary ones."""

    filename: str
    status: str = ""
    patch: str = ""
    previous_filename: str = ""


class CompareAnswer(msgspec.Struct, frozen=True):
    """https://docs.github.com/rest/commits/commits#compare-two-commits"""

    merge_base_commit: Sha
    commits: tuple[CommitAnswer, ...]
    files: tuple[FileAnswer, ...] = ()


class End(msgspec.Struct, frozen=True):
    """The head or the base of a pull."""

    ref: str
    sha: str
    repo: Holder | None = None


class Label(msgspec.Struct, frozen=True):
    """A label by its name."""

    name: str


class PullAnswer(msgspec.Struct, frozen=True):
    """https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit"""

    number: int
    state: str
    head: End
    base: End
    user: Account | None = None
    author_association: str = ""
    body: str | None = None
    labels: tuple[Label, ...] = ()
    created_at: str = ""
    closed_at: str | None = None
    merged_at: str | None = None
    merge_commit_sha: str | None = None


class Said(msgspec.Struct, frozen=True):
    """A review, a comment on a line, or a comment below a pull."""

    user: Account | None = None
    body: str | None = None
    created_at: str = ""
    updated_at: str = ""
    in_reply_to_id: int | None = None


class ClosedIssue(msgspec.Struct, frozen=True):
    """Who closed a pull; only the answer about its issue says so."""

    closed_by: Account | None = None
