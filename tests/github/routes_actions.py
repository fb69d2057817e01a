"""Workflow runs, their attempts, jobs, logs, artifacts and annotations; the pulls of a commit, and their reviews."""

from __future__ import annotations

from datetime import datetime

from tests.github import shapes_actions as shapes
from tests.github.routes_issues import refresh
from tests.github.routing import Answer, Problem, Request, route
from tests.github.runs import WorkflowRun
from tests.github.world import Issue, Review, ReviewComment, stamp

REPO = "/repos/{owner}/{repo}"
RUNS = f"{REPO}/actions/runs"
MOST = 1000
"""Rows that a filtered list of runs gives at most."""
STATUSES = ("completed", "in_progress", "queued", "requested", "waiting", "pending")


@route("GET", RUNS, "actions:read")
def runs(ask: Request) -> Answer:
    """Newest first. https://docs.github.com/rest/actions/workflow-runs: a filtered list ends after 1,000 rows."""
    rows = [made for made in reversed(_runs(ask)) if _fits(ask, made)][:MOST]
    answer = ask.page([shapes.run(ask.shapes, ask.repo, made) for made in rows])
    if ask.query.get("exclude_pull_requests") == "true":
        answer.body = [row | {"pull_requests": []} for row in answer.body]
    answer.body = {"total_count": len(rows), "workflow_runs": answer.body}
    return answer


@route("GET", f"{RUNS}/{{run_id}}", "actions:read")
def run(ask: Request) -> Answer:
    return Answer(200, shapes.run(ask.shapes, ask.repo, _run(ask)))


@route("GET", f"{RUNS}/{{run_id}}/attempts/{{attempt_number}}", "actions:read")
def attempt(ask: Request) -> Answer:
    found = _run(ask)
    return Answer(200, shapes.run(ask.shapes, ask.repo, found, _attempt(ask, found)))


@route("GET", f"{RUNS}/{{run_id}}/jobs", "actions:read")
def jobs(ask: Request) -> Answer:
    """Of the latest attempt, unless `filter=all`."""
    found = _run(ask)
    latest = ask.query.get("filter", "latest") == "latest"
    return _jobs(ask, found, found.attempt if latest else 0)


@route("GET", f"{RUNS}/{{run_id}}/attempts/{{attempt_number}}/jobs", "actions:read")
def attempt_jobs(ask: Request) -> Answer:
    found = _run(ask)
    return _jobs(ask, found, _attempt(ask, found))


@route("GET", f"{REPO}/actions/jobs/{{job_id}}/logs", "actions:read")
def job_log(ask: Request) -> Answer:
    """To the store, on another host; 404 for what there is none of, 410 for the job whose log is gone."""
    if ask.args["job_id"] in ask.world.blobs:
        return Answer(302, None, {"Location": f"{ask.blobs}/{ask.args['job_id']}"})
    known = {str(one.id) for made in _runs(ask) for one in made.jobs}
    raise Problem(410 if ask.args["job_id"] in known else 404, "Not Found")


@route("GET", f"{RUNS}/{{run_id}}/artifacts", "actions:read")
def artifacts(ask: Request) -> Answer:
    return _artifacts(ask, [_run(ask)])


@route("GET", f"{REPO}/actions/artifacts", "actions:read")
def all_artifacts(ask: Request) -> Answer:
    """Newest first."""
    return _artifacts(ask, list(reversed(_runs(ask))))


@route("GET", f"{REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}", "actions:read")
def artifact(ask: Request) -> Answer:
    number = ask.args["artifact_id"]
    found = next((one for made in _runs(ask) for one in made.artifacts if str(one.id) == number), None)
    if found and found.expired:
        raise Problem(410, "Artifact has expired")
    if number not in ask.world.blobs:
        raise Problem(404, "Not Found")
    return Answer(302, None, {"Location": f"{ask.blobs}/{number}"})


@route("GET", f"{REPO}/check-runs/{{check_run_id}}/annotations", "checks:read")
def annotations(ask: Request) -> Answer:
    for made in _runs(ask):
        for one in made.jobs:
            if str(one.id) == ask.args["check_run_id"]:
                return ask.page([shapes.annotation(ask.repo, made.head_sha, *row) for row in one.annotations])
    raise Problem(404, "Not Found")


@route("GET", f"{REPO}/commits/{{commit_sha}}/pulls", "pull_requests:read")
def pulls_of(ask: Request) -> Answer:
    """The pull that brought the commit into the default branch, else the open and merged ones that hold it.

    https://docs.github.com/rest/commits/commits#list-pull-requests-associated-with-a-commit
    """
    refresh(ask.repo)
    git, sha = ask.repo.git, ask.args["commit_sha"]
    if git.kind(sha) != "commit":
        raise Problem(422, f"No commit found for SHA: {sha}")
    rows = [
        issue
        for issue in ask.repo.pulls()
        if issue.pull
        and (issue.state == "open" or issue.pull.merged_at)
        and (sha == issue.pull.merge_sha or sha in git.between(issue.pull.base_sha, issue.pull.head_sha))
    ]
    return ask.page([ask.shapes.pull(ask.repo, issue) for issue in rows])


# --- reviews ----------------------------------------------------------------------------------------------------------


@route("GET", f"{REPO}/pulls/{{pull_number}}/reviews", "pull_requests:read")
def reviews(ask: Request) -> Answer:
    found = _pull(ask)
    return ask.page([shapes.review(ask.shapes, ask.repo, found, one) for one in found.reviews])


@route("POST", f"{REPO}/pulls/{{pull_number}}/reviews", "pull_requests:write")
def create_review(ask: Request) -> Answer:
    found = _pull(ask)
    assert found.pull
    said = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
    state = said.get(str(ask.body.get("event", "")), "PENDING")
    body, head = str(ask.body.get("body") or ""), str(ask.body.get("commit_id") or found.pull.head_sha)
    made = Review(next(ask.world.numbers), ask.caller.user, body, state, head, stamp())
    found.reviews.append(made)
    return Answer(200, shapes.review(ask.shapes, ask.repo, found, made))


@route("GET", f"{REPO}/pulls/{{pull_number}}/comments", "pull_requests:read")
def review_comments(ask: Request) -> Answer:
    found = _pull(ask)
    return ask.page([shapes.review_comment(ask.shapes, ask.repo, found, one) for one in found.review_comments])


@route("POST", f"{REPO}/pulls/{{pull_number}}/comments", "pull_requests:write")
def create_review_comment(ask: Request) -> Answer:
    found = _pull(ask)
    path, head = str(ask.body["path"]), str(ask.body["commit_id"])
    made = ReviewComment(next(ask.world.numbers), ask.caller.user, str(ask.body["body"]), path, head, stamp())
    found.review_comments.append(made)
    return Answer(201, shapes.review_comment(ask.shapes, ask.repo, found, made))


# --- what is asked ----------------------------------------------------------------------------------------------------


def _runs(ask: Request) -> list[WorkflowRun]:
    return ask.world.workflow_runs.get(ask.repo.id, [])


def _run(ask: Request) -> WorkflowRun:
    found = next((made for made in _runs(ask) if str(made.id) == ask.args["run_id"]), None)
    if found is None:
        raise Problem(404, "Not Found")
    return found


def _attempt(ask: Request, found: WorkflowRun) -> int:
    number = int(ask.args["attempt_number"])
    if not 1 <= number <= found.attempt:
        raise Problem(404, "Not Found")
    return number


def _fits(ask: Request, made: WorkflowRun) -> bool:
    asked = ask.query
    status = asked.get("status", "")
    return (
        asked.get("head_sha", made.head_sha) == made.head_sha
        and asked.get("branch", made.head_branch) == made.head_branch
        and asked.get("event", made.event) == made.event
        and asked.get("actor", made.actor.login) == made.actor.login
        and status in ("", made.status if status in STATUSES else made.conclusion)
        and _created(asked.get("created", ""), made.started_at)
    )


def _created(asked: str, at: str) -> bool:
    """`>=T`, `T..U`; https://docs.github.com/search-github/getting-started-with-searching-on-github."""
    if not asked:
        return True
    moment = datetime.fromisoformat(at)
    if asked.startswith(">="):
        return moment >= datetime.fromisoformat(asked[2:])
    since, dots, until = asked.partition("..")
    if not dots:
        raise Problem(422, f"created: {asked}")
    return datetime.fromisoformat(since) <= moment <= datetime.fromisoformat(until)


def _jobs(ask: Request, found: WorkflowRun, number: int) -> Answer:
    rows = [one for one in found.jobs if number in (0, one.attempt)]
    answer = ask.page([shapes.job(ask.shapes, ask.repo, found, one) for one in rows])
    answer.body = {"total_count": len(rows), "jobs": answer.body}
    return answer


def _artifacts(ask: Request, found: list[WorkflowRun]) -> Answer:
    rows = [(made, one) for made in found for one in made.artifacts if ask.query.get("name", one.name) == one.name]
    answer = ask.page([shapes.artifact(ask.shapes, ask.repo, made, one) for made, one in rows])
    answer.body = {"total_count": len(rows), "artifacts": answer.body}
    return answer


def _pull(ask: Request) -> Issue:
    found = ask.repo.issues.get(int(ask.args["pull_number"]))
    if found is None or found.pull is None:
        raise Problem(404, "Not Found")
    return found
