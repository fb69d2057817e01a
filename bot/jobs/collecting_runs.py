"""The runs at a head in; their logs into its bundle, and the runs that may tell why it failed, as a manifest has them.

A witness is of the same workflow: where the pull began, or the same revision run again (bot/signals/witness.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.errors import UserError
from bot.hosting.runs import Job, WorkflowRun
from bot.jobs.collecting_facts import at_home, deciding, judging
from bot.jobs.collecting_files import Contents, Shelf
from bot.jobs.collecting_join import Head, Joined
from bot.jobs.collecting_source import Source
from bot.model import Outcome
from bot.signals.embed import safe

MAX_LOG = 32 << 20
MAX_FAILED_RUNS, MAX_FAILED_JOBS = 3, 3
GENERIC = ".github"
"""The path of the annotation that says no more than that a process failed."""


@dataclass(slots=True)
class Case:
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
        """Where artifacts come from, and what could not be had is said."""
        return self.contents.shelf


def failed(judged: Sequence[WorkflowRun]) -> list[WorkflowRun]:
    """The newest failed run of each workflow, at most three."""
    newest: dict[str, WorkflowRun] = {}
    for run in judged:
        if run.conclusion == "failure":
            newest.setdefault(run.workflow, run)
    return list(newest.values())[:MAX_FAILED_RUNS]


def logs(case: Case, run: WorkflowRun, attempt: int, folder: str, wanted: str = "failure") -> list[str]:
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


def _log(case: Case, job: Job) -> bytes:
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


def base(case: Case) -> Iterator[Mapping[str, object]]:
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
        kept = logs(case, found, found.attempt, "witnesses/base") if red else []
        yield {"kind": "base", "sha": sha, "run": run_facts(found, base=True), "reports": kept}
        return


def attempts(case: Case) -> Iterator[Mapping[str, object]]:
    """The same revision run again: the attempt before a run's last, and a pass of the workflow that failed."""
    run = deciding(case.judged, case.outcome)
    if run is None or case.outcome == "none":
        return
    if run.attempt > 1:
        before = run.attempt - 1
        kept = logs(case, run, before, f"witnesses/attempt-{before}")
        if kept:
            yield {"kind": "attempt", "sha": case.head.sha, "run": run_facts(run, attempt=before), "reports": kept}
    again = (one for one in case.judged if one.workflow == run.workflow and one.conclusion == "success")
    if case.outcome == "fail" and (passed := next(again, None)):
        kept = logs(case, passed, passed.attempt, f"witnesses/run-{passed.id}", "success")
        yield {"kind": "attempt", "sha": case.head.sha, "run": run_facts(passed), "reports": kept}


def run_facts(run: WorkflowRun, *, base: bool = False, attempt: int = 0) -> dict[str, object]:
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
