"""What the stand-in GitHub holds beside code: users, an App, its installations and tokens, issues, pulls, checks."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.github.git import Git, Person
from tests.github.hooks import Hook
from tests.github.runs import Runs, WorkflowRun

PERMISSIONS: Mapping[str, str] = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "write",
    "actions": "read",
    "statuses": "read",
}
"""What the App asks for (research/bots.md §3.11)."""

TOKEN_LIFE = timedelta(hours=1)


def stamp(moment: datetime | None = None) -> str:
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class User:
    id: int
    login: str
    type: str = "User"

    @property
    def person(self) -> Person:
        return Person(self.login, f"{self.id}+{self.login}@users.noreply.github.com", stamp())


WEB_FLOW = User(19864447, "web-flow")


@dataclass
class Label:
    id: int
    name: str
    color: str
    description: str | None


@dataclass
class Comment:
    id: int
    user: User
    body: str
    created_at: str
    updated_at: str


@dataclass
class Event:
    """One line of an issue's timeline; `label` is what it bore then, `sha` the commit of a merge."""

    id: int
    kind: str
    actor: User
    at: str
    label: Label | None = None
    name: str = ""
    sha: str | None = None
    before: str = ""
    after: str = ""
    by_app: bool = False


@dataclass
class Review:
    id: int
    user: User
    body: str
    state: str
    commit_id: str
    submitted_at: str


@dataclass
class ReviewComment:
    id: int
    user: User
    body: str
    path: str
    commit_id: str
    created_at: str


@dataclass
class Issue:
    """An issue, or the issue half of a pull."""

    id: int
    number: int
    user: User
    title: str
    body: str | None
    created_at: str
    updated_at: str
    labels: list[Label] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    state: str = "open"
    state_reason: str | None = None
    closed_at: str | None = None
    closed_by: User | None = None
    pull: Pull | None = None
    association: str = ""
    """What GitHub says the author is to the repository; empty = MEMBER, and NONE for a bot."""
    events: list[Event] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    review_comments: list[ReviewComment] = field(default_factory=list)


@dataclass
class Pull:
    id: int
    head: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: str | None = None
    merged_by: User | None = None
    merge_sha: str | None = None
    armed_by: User | None = None
    """Who switched native auto-merge on."""
    armed_method: str = "squash"
    fork: Repository | None = None
    """The repository that the head is in, when it is another one."""
    queued_by: User | None = None
    """Who put it into the merge queue."""
    base_shown: str = ""
    """Where the base stood at the last push: what GitHub tells (rust-lang/bors#40); "" = nothing has moved since."""


@dataclass
class Status:
    """A commit status: what a service without check runs says."""

    id: int
    sha: str
    context: str
    state: str


@dataclass
class CheckRun:
    id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    external_id: str
    details_url: str | None
    output: dict[str, str]
    started_at: str
    completed_at: str | None
    app: str = ""
    """The slug of the App that made it; empty for ours."""


@dataclass
class Repository:
    id: int
    owner: User
    name: str
    git: Git
    default_branch: str = "main"
    private: bool = False
    archived: bool = False
    has_issues: bool = True
    is_fork: bool = False
    allow_auto_merge: bool = False
    required_checks: tuple[str, ...] = ()
    """At the default branch, by a ruleset."""
    roles: dict[str, str] = field(default_factory=dict)
    """Login → role. Whoever has a person's token is an admin unless it says otherwise here; others have none."""
    pulls_by: str = "all"
    """Who may open pulls: `all` or `collaborators_only`."""
    workflows_open_pulls: bool = True
    """Settings > Actions > General: whether a job's own token may open pulls; new repositories say no."""
    labels: list[Label] = field(default_factory=list)
    issues: dict[int, Issue] = field(default_factory=dict)
    checks: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    reactions: dict[int, list[tuple[int, User, str]]] = field(default_factory=dict)
    """Comment → (id, who, content)."""
    verified: set[str] = field(default_factory=set)
    """The commits that GitHub signed."""
    created_at: str = field(default_factory=stamp)
    protection: tuple[str, ...] = ()
    """Checks that the older protection of the default branch requires; they count like those of a ruleset."""
    required_reviews: int = 0
    """Approvals of the head that the older protection wants."""
    methods: tuple[str, ...] = ("merge", "squash")
    """How pulls may be merged."""
    queue: bool = False
    """Whether the default branch has a merge queue."""
    unsure: int = 0
    """How many more times a pull is asked for before GitHub knows whether it can be merged."""
    world: World | None = field(default=None, repr=False, compare=False)

    @property
    def demanded(self) -> frozenset[str]:
        """The checks that a merge into the default branch needs."""
        return frozenset({*self.required_checks, *self.protection})

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def node_id(self) -> str:
        return f"R_{self.id}"

    def label(self, name: str) -> Label | None:
        return next((one for one in self.labels if one.name.casefold() == name.casefold()), None)

    def pulls(self) -> list[Issue]:
        return [issue for issue in self.issues.values() if issue.pull]


@dataclass
class Installation:
    id: int
    account: User
    repositories: list[int]
    permissions: dict[str, str]
    suspended: bool = False
    created_at: str = field(default_factory=stamp)


@dataclass(frozen=True)
class Caller:
    """Who asks: the App itself, an installation (`repositories` and `permissions` bind it), or a person."""

    kind: str
    user: User
    repositories: frozenset[int] = frozenset()
    permissions: Mapping[str, str] = field(default_factory=dict)
    expires: float = float("inf")
    token: str = ""
    installation: int = 0


class World(Runs):
    """Everything there is. Numbers are given out in order, so two worlds made alike are alike."""

    def __init__(self, root: Path, public_key: str) -> None:
        self.root = root
        self.public_key = public_key
        self.numbers = itertools.count(1001)
        self.app_id = next(self.numbers)
        self.app_slug = "flywheel-under-test"
        self.app_permissions = dict(PERMISSIONS)
        self.app_events = [
            *("check_suite", "issue_comment", "issues", "pull_request", "pull_request_review", "push", "repository"),
            "workflow_run",
        ]
        self.hook = Hook()
        """Its webhook, off until a test begins it."""
        self.users: dict[str, User] = {}
        self.repositories: dict[int, Repository] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Caller] = {}
        self.manifests: dict[str, dict[str, Any]] = {}
        """What was posted to /settings/apps/new, by the code that stands for it."""
        self.workflow_runs: dict[int, list[WorkflowRun]] = {}
        self.blobs: dict[str, bytes] = {}
        """What artifacts and logs hold, by id; served from another origin."""
        self.tree_entries = 100_000
        self.owner = self.user("maker")
        self.bot = self.user(f"{self.app_slug}[bot]", "Bot")

    def user(self, login: str, kind: str = "User") -> User:
        if login not in self.users:
            self.users[login] = User(next(self.numbers), login, kind)
        return self.users[login]

    def role(self, repository: Repository, user: User) -> str:
        """What somebody may do in a repository."""
        known = any(one.kind == "person" and one.user == user for one in self.tokens.values())
        return repository.roles.get(user.login, "admin" if known else "none")

    def check(
        self,
        repository: Repository,
        sha: str,
        name: str,
        conclusion: str | None = "success",
        app: str = "github-actions",
        seconds: float = 60.0,
    ) -> CheckRun:
        """A check run by another App at a commit, ended just now after `seconds`; None = it still runs.

        What it makes green merges: a pull that waits for its checks with auto-merge on.
        """
        now = datetime.now(UTC)
        made = CheckRun(
            next(self.numbers),
            name,
            sha,
            "completed" if conclusion else "in_progress",
            conclusion,
            "",
            None,
            {},
            stamp(now - timedelta(seconds=seconds)),
            stamp(now) if conclusion else None,
            app,
        )
        repository.checks[made.id] = made
        return made

    def merge_group(self, repository: Repository, conclusion: str = "success") -> None:
        """The checks of the merge queue's group are over: what waits is merged, first come first, or thrown out."""
        from tests.github.routes_issues import leave_queue, merge_now, refresh

        for issue in repository.pulls():
            if issue.pull and issue.pull.queued_by and issue.state == "open":
                who = issue.pull.queued_by
                leave_queue(repository, issue, who)
                if conclusion == "success":
                    refresh(repository)
                    merge_now(repository, issue, "squash", who)

    def status(self, repository: Repository, sha: str, context: str, state: str = "success") -> Status:
        """A commit status."""
        made = Status(next(self.numbers), sha, context, state)
        repository.statuses.append(made)
        return made

    def person_token(self, login: str) -> str:
        """A token of a person who may do everything in every repository."""
        token = f"ghp_{secrets.token_hex(18)}"
        self.tokens[token] = Caller("person", self.user(login), token=token)
        return token

    def installation_token(
        self, installation: Installation, repositories: frozenset[int], permissions: Mapping[str, str]
    ) -> Caller:
        token = f"ghs_{secrets.token_hex(18)}"
        until = time.time() + TOKEN_LIFE.total_seconds()
        given = dict(permissions)
        self.tokens[token] = Caller("installation", self.bot, repositories, given, until, token, installation.id)
        return self.tokens[token]

    def repository(
        self, full_name: str, files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None, **more: object
    ) -> Repository:
        """A new repository with one commit. A path that ends in `.sh` is executable."""
        owner, name = full_name.split("/")
        git = Git(self.root / owner / f"{name}.git")
        git.init("main")
        made = Repository(next(self.numbers), self.user(owner, "Organization"), name, git, world=self)
        for key, value in more.items():
            setattr(made, key, value)
        rows = []
        for path, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            rows.append(("100755" if path.endswith(".sh") else "100644", git.write_blob(data), path))
        rows += [("120000", git.write_blob(target.encode()), path) for path, target in (links or {}).items()]
        tree = git.write_tree("", rows)
        who = self.owner.person
        git.move("refs/heads/main", git.write_commit(tree, (), "Begin\n", who, who))
        self.repositories[made.id] = made
        return made

    def install(self, owner: str, *repositories: Repository, **permissions: str) -> Installation:
        made = Installation(
            next(self.numbers),
            self.user(owner),
            [repository.id for repository in repositories],
            permissions or dict(self.app_permissions),
        )
        self.installations[made.id] = made
        return made

    def find(self, owner: str, name: str) -> Repository | None:
        full = f"{owner}/{name}".casefold()
        return next((one for one in self.repositories.values() if one.full_name.casefold() == full), None)

    def user_of(self, email: str) -> User | None:
        """The account that an address belongs to: `ID+login@users.noreply.github.com`, whoever wrote it there."""
        if email == "noreply@github.com":
            return WEB_FLOW
        number, _, rest = email.partition("+")
        login = rest.removesuffix("@users.noreply.github.com")
        found = self.users.get(login)
        return found if found and str(found.id) == number else None
