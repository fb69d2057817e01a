"""GitHub's answers about pulls, issues and people as far as we read them: narrow structs, everything else ignored."""

from __future__ import annotations

import msgspec


class Person(msgspec.Struct, frozen=True):
    """An account: `type` is User, Bot, Organization or Mannequin."""

    id: int = 0
    login: str = ""
    type: str = ""


class Label(msgspec.Struct, frozen=True):
    """A label with its node id."""

    name: str
    node_id: str = ""


class End(msgspec.Struct, frozen=True):
    """One end of a pull."""

    ref: str
    sha: str


class Thread(msgspec.Struct, frozen=True):
    """What pulls and issues share in lists; `closed_by` only in the answer about one issue."""

    number: int
    state: str
    title: str
    html_url: str
    created_at: str
    updated_at: str
    body: str | None = None
    user: Person | None = None
    closed_at: str | None = None
    closed_by: Person | None = None
    state_reason: str | None = None
    labels: tuple[Label, ...] = ()


class Issue(Thread, frozen=True):
    """An issue; `pull_request` is set on those that are pulls."""

    pull_request: dict[str, object] | None = None


class Armed(msgspec.Struct, frozen=True):
    """A native auto-merge, and who asked for it."""

    enabled_by: Person | None = None


class Pull(Thread, frozen=True, kw_only=True):
    """A pull; the last five only in the answer about one."""

    head: End
    base: End
    node_id: str = ""
    draft: bool = False
    merged_at: str | None = None
    merge_commit_sha: str | None = None
    auto_merge: Armed | None = None
    merged_by: Person | None = None
    mergeable: bool | None = None
    mergeable_state: str = "unknown"


class Named(msgspec.Struct, frozen=True):
    """A label's name, all that its events tell."""

    name: str


class Signature(msgspec.Struct, frozen=True):
    """When a commit says that it was made."""

    date: str = ""


class Event(msgspec.Struct, frozen=True):
    """One line of a timeline, of any kind: a commit has a `sha`, a review a `state`, a comment a `body`."""

    event: str = ""
    id: int = 0
    actor: Person | None = None
    user: Person | None = None
    created_at: str = ""
    updated_at: str = ""
    submitted_at: str | None = None
    label: Named | None = None
    sha: str = ""
    committer: Signature | None = None
    commit_id: str | None = None
    state: str = ""
    body: str | None = None
    performed_via_github_app: dict[str, object] | None = None
    reactions: dict[str, int | str] | None = None
    """Kind → how many; and their `total_count` and `url`."""


class Permission(msgspec.Struct, frozen=True):
    """What somebody may do: `role_name` may be of an organisation's own making, `permission` is what it builds on."""

    permission: str = ""
    role_name: str = ""
    user: Person | None = None


class Reaction(msgspec.Struct, frozen=True):
    """How somebody reacted."""

    content: str
    user: Person | None = None


class App(msgspec.Struct, frozen=True):
    """Who made a check run; its account is called `<slug>[bot]`."""

    id: int = 0
    slug: str = ""

    def is_account(self, login: str) -> bool:
        """Whether it acts under this account."""
        return bool(self.slug) and f"{self.slug}[bot]" == login


class Check(msgspec.Struct, frozen=True):
    """A check run."""

    id: int
    name: str
    status: str
    conclusion: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    app: App | None = None
    external_id: str = ""
    output: dict[str, object] = {}


class Checks(msgspec.Struct, frozen=True):
    """A page of them."""

    check_runs: tuple[Check, ...]


class Status(msgspec.Struct, frozen=True):
    """A commit status."""

    context: str
    state: str


class Statuses(msgspec.Struct, frozen=True):
    """The statuses of a commit, the newest of each context."""

    statuses: tuple[Status, ...] = ()


class _Demand(msgspec.Struct, frozen=True):
    context: str


class _Parameters(msgspec.Struct, frozen=True):
    required_status_checks: tuple[_Demand, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """A rule of a ruleset that holds at a branch."""

    type: str
    parameters: _Parameters = _Parameters()


class _Contexts(msgspec.Struct, frozen=True):
    contexts: tuple[str, ...] = ()


class _Protection(msgspec.Struct, frozen=True):
    required_status_checks: _Contexts = _Contexts()


class Branch(msgspec.Struct, frozen=True):
    """A branch, and what protects it in the old way."""

    protected: bool = False
    protection: _Protection = _Protection()
