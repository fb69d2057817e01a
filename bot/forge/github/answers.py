"""GitHub's answers as far as we read them: narrow structs, all other members ignored, so that new ones hurt nobody."""

from __future__ import annotations

import msgspec


class User(msgspec.Struct, frozen=True):
    """An account. `{}` stands for a commit's author who has none."""

    id: int = 0
    login: str = ""


class Sha(msgspec.Struct, frozen=True):
    """Something that has a sha."""

    sha: str


class Verification(msgspec.Struct, frozen=True):
    """Whether GitHub vouches for a commit's signature."""

    verified: bool = False
    reason: str = ""


class Written(msgspec.Struct, frozen=True):
    """A commit just made through the git data API."""

    sha: str
    verification: Verification = Verification()


class CommitText(msgspec.Struct, frozen=True):
    """What a commit says."""

    message: str
    verification: Verification | None = None


class Commit(msgspec.Struct, frozen=True):
    """A commit with the accounts that GitHub gives its author and committer."""

    sha: str
    commit: CommitText
    author: User | None = None
    committer: User | None = None


class File(msgspec.Struct, frozen=True):
    """One file of a diff; `patch` is missing for large and binary ones."""

    filename: str
    status: str = ""
    patch: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """base...head: at most 250 commits, oldest first, and at most 300 files."""

    ahead_by: int
    behind_by: int
    merge_base_commit: Sha
    commits: tuple[Commit, ...]
    files: tuple[File, ...] = ()


class RefObject(msgspec.Struct, frozen=True):
    """A ref and what it points to."""

    ref: str
    object: Sha


class TreeEntry(msgspec.Struct, frozen=True):
    """One entry of a tree; `type` is blob, tree or commit (a submodule)."""

    path: str
    mode: str
    type: str
    sha: str
    size: int = 0


class TreeAnswer(msgspec.Struct, frozen=True):
    """A tree, or as much of it as fits into one answer."""

    sha: str
    tree: tuple[TreeEntry, ...]
    truncated: bool = False


class BlobAnswer(msgspec.Struct, frozen=True):
    """A file's bytes, in base64."""

    sha: str
    content: str
    encoding: str = "base64"


class Label(msgspec.Struct, frozen=True):
    """A label of a pull or an issue."""

    name: str


class Pull(msgspec.Struct, frozen=True):
    """A pull request, as lists show it."""

    number: int
    state: str
    title: str
    html_url: str
    body: str | None = None
    user: User | None = None
    merged_at: str | None = None
    labels: tuple[Label, ...] = ()


class Issue(msgspec.Struct, frozen=True):
    """An issue; `pull_request` is set on those that are pulls, `closed_by` only in the answer about one."""

    number: int
    state: str
    title: str
    html_url: str
    body: str | None = None
    user: User | None = None
    closed_by: User | None = None
    pull_request: dict[str, object] | None = None
    labels: tuple[Label, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """A page of a search."""

    items: tuple[Issue, ...] = ()


class Comment(msgspec.Struct, frozen=True):
    """What somebody said below a pull or an issue."""

    id: int
    body: str | None = None
    user: User | None = None
