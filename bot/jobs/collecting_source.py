"""What collecting evidence needs of a forge; bot/forge/github/actions.py is one. Lists have an end, bytes have a bound.

A UserError says that one thing cannot be had; that the forge is not to be asked now passes through everything here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.hosting.runs import Annotation, Artifact, Commit, Compared, Discussion, Job, PullRef, WorkflowRun


class Source(Protocol):
    """CI and pulls of one repository, for one visit. `account` is our own."""

    @property
    def account(self) -> int:
        """Whose pulls are ours."""

    def low_until(self) -> float:
        """When there are calls for collecting again (seconds since 1970); 0 when there are now."""

    def runs(self, head_sha: str) -> Sequence[WorkflowRun]:
        """The runs at a head, newest first."""

    def runs_since(self, created: str, conclusion: str, most: int) -> Sequence[WorkflowRun]:
        """The runs that ended so and began at `created` or later, newest first."""

    def runs_of_branch(self, branch: str, most: int) -> Sequence[WorkflowRun]:
        """The runs at any head of a branch, newest first."""

    def run(self, number: int) -> WorkflowRun | None:
        """One run of this repository."""

    def jobs(self, run: int, attempt: int) -> Sequence[Job]:
        """The jobs of an attempt."""

    def log(self, job: int, most: int) -> bytes:
        """The log of a job."""

    def annotations(self, check: int) -> Sequence[Annotation]:
        """What tools said of lines in a job."""

    def artifacts(self, run: int) -> Sequence[Artifact]:
        """The artifacts of a run."""

    def artifacts_lately(self, most: int) -> Sequence[Artifact]:
        """The newest artifacts of the repository, whatever the run."""

    def archive(self, artifact: Artifact, most: int) -> bytes:
        """The zip of an artifact, its digest held."""

    def pulls(self, sha: str) -> Sequence[PullRef]:
        """The pulls that hold a commit; those closed unmerged may be missing."""

    def pulls_of_branch(self, owner: str, branch: str) -> Sequence[PullRef]:
        """The pulls from a branch of an owner's repository, whatever became of them."""

    def pulls_closed_since(self, since: str, most: int) -> Sequence[PullRef]:
        """The pulls that were closed since, merged or not."""

    def compare(self, base: str, head: str) -> Compared:
        """What a head has that its base has not."""

    def commits_since(self, since: str, most: int) -> Sequence[Commit]:
        """The commits of the default branch, newest first."""

    def discussion(self, pull: PullRef) -> Discussion:
        """What people said of a pull, and who closed it."""

    def checkpoints(self, ids: Sequence[str], most: int) -> Mapping[str, bytes]:
        """Name → transcript of the sessions that Entire keeps under these checkpoints."""
