"""A finished head of a repository in; one scrubbed bundle of it in the evidence store out, made from what the API says.

Level-triggered: it looks at GitHub as it stands, whatever caused the look. A head that looks as it did when it was
collected costs two calls and nothing is written; how many a failed one costs stands in docs/collecting.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import UserError
from bot.hosting.places import Repository
from bot.hosting.runs import Compared, Job, PullRef, WorkflowRun
from bot.jobs import evidence
from bot.jobs.collecting_facts import (
    agent_of,
    at_home,
    closure_of,
    corrections,
    deciding,
    judging,
    outcome_of,
    pull_of,
    task_of,
    trust_of,
)
from bot.jobs.collecting_files import BUNDLE, REPORT, Contents, Shelf
from bot.jobs.collecting_join import Head, Joined, artifacts_of, join
from bot.jobs.collecting_source import Source
from bot.model import Outcome, Trust
from bot.signals.embed import safe

MAX_LOG = 32 << 20
MAX_FAILED_RUNS, MAX_FAILED_JOBS = 3, 3
MAX_REPORTS = 6
MAX_COMMITS = 100
GENERIC = ".github"
"""The path of the annotation that says no more than that a process failed."""
REVERTS = re.compile(r"(?m)\bThis reverts commit ([0-9a-f]{40})\b")


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a head. `waiting`: nothing has ended there yet; `ours`: the pull is our own; `nothing`: neither a
    pull nor a run that judges it; `left_out` says what could not be had."""

    sha: str
    status: str
    folder: Path | None = None
    outcome: Outcome = "none"
    trust: Trust = "T0"
    joined: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class _Case:
    """One head while it is collected."""

    source: Source
    head: Head
    contents: Contents
    outcome: Outcome = "none"
    judged: Sequence[WorkflowRun] = ()
    joined: Joined = field(default_factory=lambda: Joined("unjoined"))
    more: dict[str, object] = field(default_factory=dict)
    """Members of the manifest that not every head has."""

    @property
    def shelf(self) -> Shelf:
        return self.contents.shelf


def collect_head(source: Source, repository: Repository, head_sha: str, store: Path, now: str) -> Collected:
    """Write the bundle of a head into the store. `now` is an ISO 8601 time.

    What cannot be had is left out and said; that the forge is not to be asked now (a rate limit, an outage) passes
    through, and then nothing is written.
    """
    place = evidence.folder(store, repository.name, head_sha)
    runs = source.runs(head_sha)
    if not any(run.conclusion for run in runs):
        return Collected(head_sha, "waiting")
    shelf = Shelf(source)
    pull = _pull(source, repository, head_sha, runs, shelf)
    if pull is not None and pull.author == source.account:
        return Collected(head_sha, "ours")
    home = at_home(runs, pull, repository)
    judged = judging(home, pull)
    if not judged and pull is None:
        return Collected(head_sha, "nothing")
    reverted = _reverted(source, pull)
    seen = _seen(home, pull, reverted)
    if evidence.seen(place) == seen:
        return Collected(head_sha, "unchanged", place)
    head = Head(head_sha, repository, pull, home, _compared(source, pull, head_sha, shelf))
    case = _Case(source, head, Contents(shelf), judged=judged)
    if reverted:
        case.more["reverted"] = reverted
    _gather(case)
    manifest = _manifest(case, seen, now)
    evidence.keep(place, manifest, case.contents.files)
    trust = trust_of(pull, home, repository)
    return Collected(head_sha, "stored", place, case.outcome, trust, case.joined.code, tuple(shelf.left_out))


def _gather(case: _Case) -> None:
    """Transcripts first, then reports, logs and the patch; then what else may tell why it ended so."""
    if case.head.pull:  # what stands on the default branch is nobody's attempt
        case.joined = join(case.source, case.head, case.shelf)
    for opened, file in case.joined.files:
        if opened:
            case.contents.take(opened, [file])
        else:
            case.contents.put("transcript", f"transcripts/{safe(file.name)}", file.data)
    reporting = _reports(case)
    case.judged = _without_the_agent(case.judged, case.joined.run, reporting)
    case.outcome = outcome_of(case.judged)
    for run in _failed(case.judged):
        _logs(case, run, run.attempt, f"reports/{safe(run.workflow)}")
    compared = case.head.compared
    if compared and compared.patch:
        case.contents.put("report", "reports/head.patch", compared.patch)
        if compared.cut:
            case.shelf.say("the patch: GitHub does not show all of it")
    case.more["witnesses"] = [*_base(case), *_attempts(case)]
    _closing(case)


def _pull(source: Source, here: Repository, sha: str, runs: Sequence[WorkflowRun], shelf: Shelf) -> PullRef | None:
    """The head's pull; one that was closed unmerged is found by its branch. A commit that is gone (somebody pushed
    over it) has none that can be seen."""
    try:
        found = pull_of(source.pulls(sha), sha, runs, here)
    except UserError as error:
        shelf.say(f"the pull: {error}")
        return None
    branches = {run.head_branch for run in runs if run.head_repository == here.id}
    if found is None and len(branches) == 1 and (branch := branches.pop()) not in ("", here.branch):
        return pull_of(source.pulls_of_branch(here.name.partition("/")[0], branch), sha, runs, here)
    return found


def _reverted(source: Source, pull: PullRef | None) -> str:
    """The commit of the default branch that takes a merged pull back."""
    if pull is None or not pull.merge_sha:
        return ""
    for commit in source.commits_since(pull.closed_at, MAX_COMMITS):
        if pull.merge_sha in REVERTS.findall(commit.message):
            return commit.sha
    return ""


def _seen(runs: Sequence[WorkflowRun], pull: PullRef | None, reverted: str) -> list[object]:
    """What a head looks like: when this is the same, collecting it again would give the same."""
    ended = sorted([run.id, run.attempt, run.conclusion] for run in runs if run.conclusion)
    return [ended, [pull.number, pull.state, pull.head_sha] if pull else [], reverted]


def _compared(source: Source, pull: PullRef | None, sha: str, shelf: Shelf) -> Compared | None:
    if pull is None:
        return None
    try:
        return source.compare(pull.base_sha, sha)
    except UserError as error:
        shelf.say(f"the patch: {error}")
        return None


def _reports(case: _Case) -> set[int]:
    """Put in what CI wrote in the runs at this head; the runs that wrote something."""
    told: set[int] = set()
    count = 0
    for artifact in artifacts_of(case.source, case.judged):
        if not case.shelf.has(artifact):
            if not BUNDLE.fullmatch(artifact.name) and not REPORT.fullmatch(artifact.name):
                continue
            count += 1
            if count > MAX_REPORTS:
                case.shelf.say(
                    f"artifact {safe(artifact.name)}: {MAX_REPORTS} artifacts were looked through for reports"
                )
                continue
        opened = case.shelf.open(artifact)
        case.contents.take(opened, opened.reports)
        if opened.reports:
            told.add(artifact.run)
    return told


def _without_the_agent(
    judged: Sequence[WorkflowRun], agent: WorkflowRun | None, reporting: set[int]
) -> Sequence[WorkflowRun]:
    """The runs that judge, without the agent's own: a run that left its transcript and no report, beside others."""
    others = [run for run in judged if agent is None or run.workflow != agent.workflow]
    return others if agent and others and agent.id not in reporting else judged


def _failed(judged: Sequence[WorkflowRun]) -> list[WorkflowRun]:
    """The newest failed run of each workflow, at most three."""
    newest: dict[str, WorkflowRun] = {}
    for run in judged:
        if run.conclusion == "failure":
            newest.setdefault(run.workflow, run)
    return list(newest.values())[:MAX_FAILED_RUNS]


def _logs(case: _Case, run: WorkflowRun, attempt: int, folder: str, wanted: str = "failure") -> list[str]:
    """Put in the logs of a run's jobs that ended so; where they are now."""
    try:
        jobs = [job for job in case.source.jobs(run.id, attempt) if job.conclusion == wanted]
    except UserError as error:
        case.shelf.say(f"the jobs of run {run.id}: {error}")
        return []
    if len(jobs) > MAX_FAILED_JOBS:
        case.shelf.say(f"run {run.id}: of {len(jobs)} logs only {MAX_FAILED_JOBS} were read")
    found = [
        case.contents.put("report", f"{folder}/{safe(job.name)}-{job.id}.log", data)
        for job in jobs[:MAX_FAILED_JOBS]
        if (data := _log(case, job))
    ]
    return [path for path in found if path]


def _log(case: _Case, job: Job) -> bytes:
    """A job's log; what tools said of lines where the log is gone, as the runner would have written it."""
    try:
        return case.source.log(job.id, MAX_LOG)
    except UserError as error:
        case.shelf.say(f"the log of job {job.id}: {error}")
    if not job.check or job.conclusion != "failure":
        return b""
    try:
        said = case.source.annotations(job.check)
    except UserError as error:
        case.shelf.say(f"the annotations of job {job.id}: {error}")
        return b""
    lines = [f"{one.path}:{one.line}: {' '.join(one.message.split())}" for one in said if one.path != GENERIC]
    return "".join(f"##[error]{line[:2_000]}\n" for line in lines).encode("utf-8", "replace")


def _base(case: _Case) -> Iterator[Mapping[str, object]]:
    """The run of the failed workflow where the pull began, or at the tip of its base; its log only when it failed."""
    run, compared, pull = deciding(case.judged, "fail"), case.head.compared, case.head.pull
    if case.outcome != "fail" or run is None or compared is None or pull is None:
        return
    for sha in dict.fromkeys((compared.merge_base, pull.base_sha)):
        at_base = judging(at_home(case.source.runs(sha), None, case.head.here), None)
        found = next((one for one in at_base if one.workflow == run.workflow), None)
        if found is None:
            continue
        red = found.conclusion == "failure"
        logs = _logs(case, found, found.attempt, "witnesses/base") if red else []
        yield {"kind": "base", "sha": sha, "run": _run(found, base=True), "reports": logs}
        return


def _attempts(case: _Case) -> Iterator[Mapping[str, object]]:
    """The same revision run again: the attempt before a run's last, and a pass of the workflow that failed."""
    run = deciding(case.judged, case.outcome)
    if run is None or case.outcome == "none":
        return
    if run.attempt > 1:
        before = run.attempt - 1
        logs = _logs(case, run, before, f"witnesses/attempt-{before}")
        if logs:
            yield {"kind": "attempt", "sha": case.head.sha, "run": _run(run, attempt=before), "reports": logs}
    again = (one for one in case.judged if one.workflow == run.workflow and one.conclusion == "success")
    if case.outcome == "fail" and (passed := next(again, None)):
        logs = _logs(case, passed, passed.attempt, f"witnesses/run-{passed.id}", "success")
        yield {"kind": "attempt", "sha": case.head.sha, "run": _run(passed), "reports": logs}


def _closing(case: _Case) -> None:
    """What people did with the pull: a close that nobody gave a thought to is no verdict (issue 4, 6)."""
    pull, compared = case.head.pull, case.head.compared
    if pull is None:
        return
    commits = compared.commits if compared else ()
    if pull.head_sha != case.head.sha:
        try:
            commits = (*commits, *case.source.compare(case.head.sha, pull.head_sha).commits)
        except UserError as error:
            case.shelf.say(f"what came after this head: {error}")
    by_people = corrections(commits)
    if by_people:
        case.more["corrections"] = by_people
    if pull.state != "closed":
        return
    try:
        said = case.source.discussion(pull)
    except UserError as error:
        case.shelf.say(f"why it was closed: {error}")
        case.outcome = "none"
        return
    case.more["closure"] = closure_of(pull, said)
    if not said.reviews and not said.threads and not by_people:
        case.outcome = "none"


def _manifest(case: _Case, seen: object, now: str) -> dict[str, object]:
    head, pull = case.head, case.head.pull
    run = deciding(case.judged, outcome_of(case.judged))
    trust = trust_of(pull, head.runs, head.here)
    manifest: dict[str, object] = {
        "flywheel_bundle": 1,
        "repository": head.here.name,
        "head_sha": head.sha,
        "task": task_of(pull, run.head_branch if run else ""),
        "trust": trust,
        "joined": case.joined.code,
        "outcome": case.outcome,
        "collected_at": now,
        "seen": seen,
        **case.more,
        "files": case.contents.listed(),
    }
    if pull:
        manifest["pull"] = pull.number
        manifest["base_sha"] = head.compared.merge_base if head.compared else pull.base_sha
    if run:
        manifest["run"] = _run(run, base=trust == "T2")
    told = "transcript" in case.contents.kinds.values()
    if not told and (agent := agent_of(pull, head.compared.commits if head.compared else ())):
        manifest["agent"] = {"name": agent}
    if case.shelf.left_out:
        manifest["left_out"] = case.shelf.left_out
    return manifest


def _run(run: WorkflowRun, *, base: bool = False, attempt: int = 0) -> dict[str, object]:
    """A run as a manifest says it; of an earlier attempt nobody asks how it ended, for its log says so."""
    return {
        "id": run.id,
        "attempt": attempt or run.attempt,
        "workflow": run.workflow,
        "event": run.event,
        "conclusion": "" if attempt else run.conclusion,
        "created_at": run.created_at,
        "base": base,
    }
