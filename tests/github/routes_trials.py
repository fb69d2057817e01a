"""Workflows that are dispatched: their inputs are checked against the file at the branch, as GitHub does."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.github import shapes_actions as shapes
from tests.github.routes_actions import RUNS, _fits, _runs
from tests.github.routing import Answer, Problem, Request, route
from tests.github.runs import WorkflowRun

WORKFLOW = f"{RUNS.removesuffix('/runs')}/workflows/{{workflow_id}}"
MOST_INPUTS, MOST_CHARACTERS = 25, 65_535


@route("GET", f"{WORKFLOW}/runs", "actions:read")
def runs_of_workflow(ask: Request) -> Answer:
    """Newest first; 404 for a file that is not there."""
    _workflow(ask, ask.repo.default_branch)
    name = ask.args["workflow_id"].rpartition(".")[0]
    rows = [made for made in reversed(_runs(ask)) if made.name == name and _fits(ask, made)]
    answer = ask.page([shapes.run(ask.shapes, ask.repo, made) for made in rows])
    answer.body = {"total_count": len(rows), "workflow_runs": answer.body}
    return answer


@route("POST", f"{WORKFLOW}/dispatches", "actions:write")
def dispatch(ask: Request) -> Answer:
    """https://docs.github.com/rest/actions/workflows#create-a-workflow-dispatch-event: 204, and a run appears."""
    branch, given = ask.body["ref"], dict(ask.body.get("inputs") or {})
    found = _workflow(ask, branch)
    trigger = (found.get("on") or found.get(True) or {}) if isinstance(found, dict) else {}
    if not isinstance(trigger, dict) or "workflow_dispatch" not in trigger:
        raise Problem(422, "Workflow does not have 'workflow_dispatch' trigger")
    known = (trigger["workflow_dispatch"] or {}).get("inputs") or {}
    if (
        len(given) > MOST_INPUTS
        or sum(len(str(key)) + len(str(value)) for key, value in given.items()) > MOST_CHARACTERS
    ):
        raise Problem(422, "you may only define up to 25 `inputs` for a `workflow_dispatch` event")
    if strange := sorted(set(given) - set(known)):
        raise Problem(422, f"Unexpected inputs provided: {strange}")
    for name, one in known.items():
        if (one or {}).get("required") and "default" not in one and name not in given:
            raise Problem(422, f"Required input '{name}' not provided")
    told = {name: given.get(name, str((one or {}).get("default", ""))) for name, one in known.items()}
    title = re.sub(r"\$\{\{ *inputs\.(\w+) *\}\}", lambda match: told.get(match[1], ""), found.get("run-name", ""))
    made = ask.world.run(
        ask.repo,
        ask.repo.git.ref(f"refs/heads/{branch}"),
        conclusion=None,
        event="workflow_dispatch",
        name=ask.args["workflow_id"].rpartition(".")[0],
        branch=branch,
        actor=ask.caller.user.login,
    )
    made.title, made.inputs = title, told
    return Answer(204)


def finish(made: WorkflowRun, conclusion: str = "success") -> None:
    """The run is over."""
    made.status, made.conclusion = "completed", conclusion
    for job in made.jobs:
        job.conclusion = conclusion


def _workflow(ask: Request, branch: str) -> Any:
    """The file at a branch, read."""
    path = f".github/workflows/{ask.args['workflow_id']}"
    tip = ask.repo.git.ref(f"refs/heads/{branch}")
    if not tip:
        raise Problem(422, f"No ref found for: {branch}")
    found = ask.repo.git.maybe("rev-parse", "--verify", "--quiet", f"{tip}:{path}")
    if not found:
        raise Problem(404, "Not Found")
    return yaml.safe_load(ask.repo.git.blob(found))
