"""Running the failed jobs of a workflow run again: another attempt of it, at the same commit."""

from __future__ import annotations

from dataclasses import replace

from tests.github.routes_actions import RUNS, _run
from tests.github.routing import Answer, Problem, Request, route
from tests.github.runs import WorkflowRun


@route("POST", f"{RUNS}/{{run_id}}/rerun-failed-jobs", "actions:write")
def rerun_failed_jobs(ask: Request) -> Answer:
    """https://docs.github.com/rest/actions/workflow-runs#re-run-failed-jobs-from-a-workflow-run"""
    made = _run(ask)
    if made.status != "completed":
        raise Problem(403, "This workflow run is already running")
    failed = [one for one in made.jobs if one.attempt == made.attempt and one.conclusion == "failure"]
    if not failed:
        raise Problem(403, "The workflow run containing this job has no failed jobs")
    made.conclusions.append(made.conclusion or "")
    made.status, made.conclusion, made.triggering_actor = "in_progress", None, ask.caller.user
    for one in failed:
        made.jobs.append(
            replace(one, id=next(ask.world.numbers), conclusion=None, attempt=made.attempt, annotations=[])
        )
    return Answer(201, {})


def end_attempt(made: WorkflowRun, conclusion: str = "success") -> None:
    """The newest attempt is over."""
    made.status, made.conclusion = "completed", conclusion
    for job in made.jobs:
        if job.attempt == made.attempt:
            job.conclusion = conclusion
