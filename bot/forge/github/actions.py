"""One repository on GitHub in, what CI left there out: runs, jobs, logs, artifacts, and the pulls that they ran for.

Everything is only read, and every list has an end. What is asked for twice in one visit is remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from bot.forge.github.client import MAX_PAGES, PAGE, Reader, shaped
from bot.forge.github.download import STORES, download
from bot.forge.github.entire import Entire
from bot.forge.github.place import Place
from bot.forge.github.run_answers import (
    AnnotationAnswer,
    ArtifactAnswer,
    ClosedIssue,
    CommitAnswer,
    CompareAnswer,
    JobAnswer,
    PullAnswer,
    RunAnswer,
    Said,
)
from bot.forge.github.run_nouns import artifact_of, commit_of, compared_of, job_of, people, pull_of, run_of
from bot.hosting.runs import Annotation, Artifact, Commit, Compared, Discussion, Job, PullRef, WorkflowRun

T = TypeVar("T")
MAX_JOBS = 300
MAX_RUNS_AT_HEAD = 100
MAX_ARTIFACTS = 100
MAX_ANNOTATIONS = 100
MAX_KEPT = 64 << 20
"""Bytes of zips that are kept for a visit: the bundle of a run that a comment began is looked at for several heads."""
MAX_SAID = 100


class Actions:
    """Reads CI of one repository (`owner/name`) for one visit. `account` is ours; `stores` are the hosts, beside the
    API's own, that artifacts and logs may come from."""

    def __init__(self, repository: str, reader: Reader, account: int, stores: Sequence[str] = STORES) -> None:
        self.account = account
        self._reader = reader
        self._stores = stores
        place = Place(repository, reader)
        self._path = place.path
        self._entire = Entire(place)
        self._runs: dict[str, tuple[WorkflowRun, ...]] = {}
        self._lately: tuple[Artifact, ...] | None = None
        self._zips: dict[int, bytes] = {}

    def low_until(self) -> float:
        """When there are calls for collecting again (seconds since 1970); 0 when there are now."""
        return self._reader.low_until()

    # --- runs ---------------------------------------------------------------------------------------------------------

    def runs(self, head_sha: str) -> tuple[WorkflowRun, ...]:
        """The runs at a head, newest first, at most 100."""
        if head_sha not in self._runs:
            self._runs[head_sha] = self._listed(MAX_RUNS_AT_HEAD, head_sha=head_sha)
        return self._runs[head_sha]

    def runs_since(self, created: str, conclusion: str, most: int) -> tuple[WorkflowRun, ...]:
        """The runs that ended so and began at `created` (ISO 8601) or later, newest first; all, when it is empty."""
        asked = {"status": conclusion, "exclude_pull_requests": "true"}
        return self._listed(most, **asked, **({"created": f">={created}"} if created else {}))

    def runs_of_branch(self, branch: str, most: int) -> tuple[WorkflowRun, ...]:
        """The runs at any head of a branch, newest first."""
        return self._listed(most, branch=branch)

    def run(self, number: int) -> WorkflowRun | None:
        """One run of this repository; None when there is none of this number here."""
        found = self._reader.find(f"{self._path}/actions/runs/{number}", RunAnswer)
        return run_of(found) if found else None

    def jobs(self, run: int, attempt: int) -> tuple[Job, ...]:
        """The jobs of an attempt, at most 300."""
        path = f"{self._path}/actions/runs/{run}/attempts/{attempt}/jobs"
        return tuple(map(job_of, self._rows(path, "jobs", JobAnswer, MAX_JOBS)))

    def log(self, job: int, most: int) -> bytes:
        """The log of a job. UserError when it is gone, larger than `most` bytes, or sent from elsewhere."""
        return download(self._reader, f"{self._path}/actions/jobs/{job}/logs", most=most, stores=self._stores)

    def annotations(self, check: int) -> tuple[Annotation, ...]:
        """What tools said of lines in a job, failures only, at most 100."""
        rows = self._reader.pages(f"{self._path}/check-runs/{check}/annotations", AnnotationAnswer)
        failures = (one for one in _first(rows, MAX_ANNOTATIONS) if one.annotation_level == "failure")
        return tuple(Annotation(one.path, one.start_line, one.message or "") for one in failures)

    # --- artifacts ----------------------------------------------------------------------------------------------------

    def artifacts(self, run: int) -> tuple[Artifact, ...]:
        """The artifacts of a run, at most 100."""
        rows = self._rows(f"{self._path}/actions/runs/{run}/artifacts", "artifacts", ArtifactAnswer, MAX_ARTIFACTS)
        return tuple(artifact_of(one, run) for one in rows)

    def artifacts_lately(self, most: int) -> tuple[Artifact, ...]:
        """The newest artifacts of the repository, whatever the run; listed once."""
        if self._lately is None:
            rows = self._rows(f"{self._path}/actions/artifacts", "artifacts", ArtifactAnswer, most)
            self._lately = tuple(map(artifact_of, rows))
        return self._lately

    def archive(self, artifact: Artifact, most: int) -> bytes:
        """The zip of an artifact, its digest held. UserError when it cannot be had or is not what it should be."""
        if artifact.id in self._zips:
            return self._zips[artifact.id]
        path = f"{self._path}/actions/artifacts/{artifact.id}/zip"
        data = download(self._reader, path, digest=artifact.digest, most=most, stores=self._stores)
        if sum(map(len, self._zips.values())) + len(data) <= MAX_KEPT:
            self._zips[artifact.id] = data
        return data

    # --- code and pulls -----------------------------------------------------------------------------------------------

    def pulls(self, sha: str) -> tuple[PullRef, ...]:
        """The pulls that hold a commit: open and merged ones (GitHub leaves out those that were closed unmerged)."""
        return tuple(map(pull_of, _first(self._reader.pages(f"{self._path}/commits/{sha}/pulls", PullAnswer), PAGE)))

    def pulls_of_branch(self, owner: str, branch: str) -> tuple[PullRef, ...]:
        """The pulls from a branch of an owner's repository, whatever became of them."""
        rows = self._reader.pages(f"{self._path}/pulls", PullAnswer, head=f"{owner}:{branch}", state="all")
        return tuple(map(pull_of, _first(rows, PAGE)))

    def pulls_closed_since(self, since: str, most: int) -> tuple[PullRef, ...]:
        """The pulls that were closed at `since` or later, merged or not, those touched last first."""
        asked = {"state": "closed", "sort": "updated", "direction": "desc"}
        rows = map(pull_of, _first(self._reader.pages(f"{self._path}/pulls", PullAnswer, **asked), most))
        return tuple(one for one in rows if one.closed_at >= since)

    def compare(self, base: str, head: str) -> Compared:
        """What a head has that its base has not. UserError when GitHub does not know both."""
        return compared_of(self._reader.get(f"{self._path}/compare/{base}...{head}", CompareAnswer))

    def commits_since(self, since: str, most: int) -> tuple[Commit, ...]:
        """The commits of the default branch from `since` on, newest first; none in an empty repository."""
        rows = self._reader.pages(f"{self._path}/commits", CommitAnswer, since=since)
        return tuple(map(commit_of, _first(rows, most)))

    def discussion(self, pull: PullRef) -> Discussion:
        """What people said of a pull, and who closed it: four calls."""
        at = f"{self._path}/pulls/{pull.number}"
        reviews = list(_first(self._reader.pages(f"{at}/reviews", Said), MAX_SAID))
        lines = list(_first(self._reader.pages(f"{at}/comments", Said), MAX_SAID))
        issue = f"{self._path}/issues/{pull.number}"
        below = _first(self._reader.pages(f"{issue}/comments", Said), MAX_SAID)
        closed = self._reader.find(issue, ClosedIssue)
        closer = closed.closed_by if closed else None
        as_said = [one for one in below if one.updated_at == one.created_at and one.created_at <= pull.closed_at]
        return Discussion(
            reviews=people(one.user for one in reviews if not one.user or one.user.id != pull.author),
            threads=people(one.user for one in lines if one.in_reply_to_id is None),
            closed_by_bot=closer is not None and people([closer]) == 0,
            words=(as_said[-1].body or "")[:1_000] if as_said else "",
        )

    def checkpoints(self, ids: Sequence[str], most: int) -> Mapping[str, bytes]:
        """Name → transcript of the agent sessions that Entire keeps under these checkpoints, `most` bytes in all."""
        return self._entire.transcripts(ids, most)

    # --- lists --------------------------------------------------------------------------------------------------------

    def _listed(self, most: int, **query: str) -> tuple[WorkflowRun, ...]:
        return tuple(map(run_of, self._rows(f"{self._path}/actions/runs", "workflow_runs", RunAnswer, most, **query)))

    def _rows(self, path: str, key: str, kind: type[T], most: int, **query: str) -> Iterator[T]:
        """The rows of a list that stands in an object, page after page, until there are `most`."""
        return _first(self._unbounded(path, key, kind, query), most)

    def _unbounded(self, path: str, key: str, kind: type[T], query: Mapping[str, str]) -> Iterator[T]:
        for page in range(1, MAX_PAGES + 1):
            at = {**query, "per_page": str(PAGE), "page": str(page)}
            response = self._reader.answer("GET", path, query=at)
            found = response.json()
            yield from shaped(found.get(key) if isinstance(found, dict) else None, list[kind], path)  # type: ignore[valid-type]
            if 'rel="next"' not in response.headers.get("link", ""):
                return


def _first(rows: Iterator[T], most: int) -> Iterator[T]:
    """The first `most`; the page of which they are the last is the last that is asked for."""
    for count, row in enumerate(rows, 1):
        yield row
        if count >= most:
            return
