"""What CI leaves behind, as a test tells it to the world: runs, attempts, jobs, logs, artifacts, annotations."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.github.world import Issue, Repository, User, World

Files = Mapping[str, "str | bytes"]
FAILED_LOG = (
    "2026-11-25T03:00:00.0000000Z ##[group]Run pytest\n"
    "2026-11-25T03:00:00.1000000Z pytest\n"
    "2026-11-25T03:00:00.2000000Z ##[endgroup]\n"
    "2026-11-25T03:00:01.0000000Z FAILED tests/test_src.py::test_x - AssertionError: assert 1 == 2\n"
    "2026-11-25T03:00:01.1000000Z 1 failed in 0.10s\n"
    "2026-11-25T03:00:01.2000000Z ##[error]Process completed with exit code 1.\n"
)
"""A job log as the runner writes it (research/ci.md §1.1)."""


@dataclass
class Job:
    id: int
    name: str
    conclusion: str | None
    attempt: int = 1
    annotations: list[tuple[str, int, str]] = field(default_factory=list)
    """(path, line, message); the job's own id is that of its check run, as on GitHub."""


@dataclass
class Artifact:
    id: int
    name: str
    size: int
    digest: str | None
    created_at: str
    expired: bool = False


@dataclass
class WorkflowRun:
    """One run. `conclusions` holds what earlier attempts ended with, first to last, the present one not among them."""

    id: int
    name: str
    event: str
    head_sha: str
    head_branch: str
    head_repository: Repository
    status: str
    conclusion: str | None
    actor: User
    triggering_actor: User
    started_at: str
    updated_at: str
    number: int
    conclusions: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    title: str = ""
    """Its run-name, if it has one; `inputs` are those that it was dispatched with."""
    inputs: dict[str, str] = field(default_factory=dict)

    @property
    def attempt(self) -> int:
        return len(self.conclusions) + 1


def zipped(files: Files) -> bytes:
    """A zip with these members, as upload-artifact makes it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


class Runs:
    """The part of the world that CI fills."""

    def run(
        self: World,
        repository: Repository,
        head_sha: str,
        *,
        conclusion: str | None = "failure",
        event: str = "pull_request",
        name: str = "ci",
        branch: str = "",
        actor: str = "ann",
        created: str = "",
        seconds: int = 60,
        artifacts: Mapping[str, Files | bytes] | None = None,
        logs: Mapping[str, str | bytes | None] | None = None,
        annotations: Sequence[tuple[str, int, str]] = (),
        earlier: Sequence[str] = (),
        head_repository: Repository | None = None,
    ) -> WorkflowRun:
        """A workflow run at a commit, ended after `seconds` unless `conclusion` is None.

        `artifacts`: name → files of the zip, or its very bytes. `logs`: job → its log (None: gone, 410); without any
        there is one job `test`, with a log when it failed. `annotations` are those of the first job. `earlier`: the
        conclusions of earlier attempts, a job `test` each; the log of the n-th is `logs["test@n"]`, else as above.
        `branch` defaults to the branch that stands at the commit.
        """
        now = datetime.now(UTC).replace(microsecond=0)
        begun = datetime.fromisoformat(created) if created else now - timedelta(seconds=seconds)
        ended = begun + timedelta(seconds=seconds)
        given = dict(logs or {})
        made = WorkflowRun(
            id=next(self.numbers),
            name=name,
            event=event,
            head_sha=head_sha,
            head_branch=branch or _branch_at(head_repository or repository, head_sha),
            head_repository=head_repository or repository,
            status="completed" if conclusion else "in_progress",
            conclusion=conclusion,
            actor=self.user(actor, "Bot" if actor.endswith("[bot]") else "User"),
            triggering_actor=self.user(actor, "Bot" if actor.endswith("[bot]") else "User"),
            started_at=_stamp(begun),
            updated_at=_stamp(ended),
            number=len(self.workflow_runs.get(repository.id, ())) + 1,
            conclusions=list(earlier),
        )
        for attempt, before in enumerate(earlier, 1):
            log = given.pop(f"test@{attempt}", FAILED_LOG if before == "failure" else None)
            self._job(made, "test", before, attempt, log)
        plain = given or {"test": FAILED_LOG if conclusion == "failure" else None}
        for job, log in plain.items():
            self._job(made, job, conclusion, made.attempt, log)
        made.jobs[-len(plain)].annotations = list(annotations)
        for label, files in (artifacts or {}).items():
            self.artifact(made, label, files)
        self.workflow_runs.setdefault(repository.id, []).append(made)
        return made

    def artifact(self: World, run: WorkflowRun, name: str, files: Files | bytes) -> Artifact:
        """One more artifact of a run: the files of its zip, or its very bytes."""
        data = files if isinstance(files, bytes) else zipped(files)
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        made = Artifact(next(self.numbers), name, len(data), digest, run.updated_at)
        self.blobs[str(made.id)] = data
        run.artifacts.append(made)
        return made

    def fork(self: World, repository: Repository, owner: str) -> Repository:
        """Somebody's fork: another repository that shares the objects, so that a pull may come from it."""
        made = self.repository(f"{owner}/{repository.name}", {"README.md": "fork\n"}, is_fork=True)
        made.git.run("fetch", "--quiet", str(repository.git.directory), "+refs/heads/*:refs/heads/*")
        return made

    def fork_pull(self: World, repository: Repository, fork: Repository, branch: str, **more: str) -> Issue:
        """A pull from a branch of a fork; its author is the fork's owner, to whom GitHub gives no association."""
        from tests.github.world import Issue, Pull, stamp

        repository.git.run("fetch", "--quiet", str(fork.git.directory), f"+refs/heads/{branch}:refs/pull/0/head")
        head, base = fork.git.ref(f"refs/heads/{branch}"), repository.git.ref(f"refs/heads/{repository.default_branch}")
        number = max(repository.issues, default=0) + 1
        now = stamp()
        made = Issue(
            next(self.numbers), number, self.user(fork.owner.login), more.get("title", "From a fork"), None, now, now
        )
        made.association = "NONE"
        made.pull = Pull(next(self.numbers), branch, repository.default_branch, head, base)
        made.pull.fork = fork
        repository.issues[number] = made
        return made

    def _job(
        self: World, run: WorkflowRun, name: str, conclusion: str | None, attempt: int, log: str | bytes | None
    ) -> None:
        made = Job(next(self.numbers), name, conclusion, attempt)
        if log is not None:
            self.blobs[str(made.id)] = log.encode() if isinstance(log, str) else log
        run.jobs.append(made)


def _branch_at(repository: Repository, sha: str) -> str:
    heads = {tip: name.removeprefix("refs/heads/") for name, tip in repository.git.refs("heads/")}
    return heads.get(sha, repository.default_branch)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
