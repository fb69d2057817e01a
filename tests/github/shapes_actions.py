"""Runs, jobs, artifacts, annotations and reviews of the stand-in in, GitHub's JSON out."""

from __future__ import annotations

from typing import Any

from tests.github.runs import Artifact, Job, WorkflowRun
from tests.github.shapes import HTML, Shapes
from tests.github.world import Issue, Repository, Review, ReviewComment

Json = dict[str, Any]
_MORE = (
    "default_branch",
    "clone_url",
    "git_url",
    "ssh_url",
    "svn_url",
    "mirror_url",
    "homepage",
    "language",
    "license",
)


def run(shapes: Shapes, repository: Repository, made: WorkflowRun, attempt: int = 0) -> Json:
    """A run as it stands, or as its `attempt` was."""
    attempt = attempt or made.attempt
    past = attempt < made.attempt
    repo, html = shapes.repo_url(repository), f"{HTML}/{repository.full_name}"
    url = f"{repo}/actions/runs/{made.id}"
    pulls = [
        issue
        for issue in repository.pulls()
        if issue.pull and issue.pull.head_sha == made.head_sha and not issue.pull.fork
    ]
    return {
        "id": made.id,
        "name": made.name,
        "node_id": f"WFR_{made.id}",
        "check_suite_id": made.id,
        "check_suite_node_id": f"CS_{made.id}",
        "head_branch": made.head_branch,
        "head_sha": made.head_sha,
        "path": f".github/workflows/{made.name}.yml",
        "run_number": made.number,
        "run_attempt": attempt,
        "referenced_workflows": [],
        "event": made.event,
        "status": "completed" if past else made.status,
        "conclusion": made.conclusions[attempt - 1] if past else made.conclusion,
        "workflow_id": 1 + sum(map(ord, made.name)),
        "url": url,
        "html_url": f"{html}/actions/runs/{made.id}",
        "pull_requests": [_minimal_pull(shapes, repository, issue) for issue in pulls],
        "created_at": made.started_at,
        "updated_at": made.updated_at,
        "run_started_at": made.started_at,
        "actor": shapes.user(made.actor),
        "triggering_actor": shapes.user(made.triggering_actor),
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": f"{repo}/check-suites/{made.id}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": f"{url}/attempts/{attempt - 1}" if attempt > 1 else None,
        "workflow_url": f"{repo}/actions/workflows/1",
        "head_commit": _head_commit(made.head_repository, made.head_sha),
        "repository": _minimal(shapes, repository),
        "head_repository": _minimal(shapes, made.head_repository),
        "display_title": made.title or made.name,
    }


def job(shapes: Shapes, repository: Repository, made: WorkflowRun, one: Job) -> Json:
    repo, html = shapes.repo_url(repository), f"{HTML}/{repository.full_name}"
    return {
        "id": one.id,
        "run_id": made.id,
        "run_url": f"{repo}/actions/runs/{made.id}",
        "run_attempt": one.attempt,
        "node_id": f"JOB_{one.id}",
        "head_sha": made.head_sha,
        "url": f"{repo}/actions/jobs/{one.id}",
        "html_url": f"{html}/actions/runs/{made.id}/job/{one.id}",
        "status": "completed" if one.conclusion else "in_progress",
        "conclusion": one.conclusion,
        "created_at": made.started_at,
        "started_at": made.started_at,
        "completed_at": made.updated_at if one.conclusion else None,
        "name": one.name,
        "steps": [
            {
                "name": "Run tests",
                "status": "completed" if one.conclusion else "in_progress",
                "conclusion": one.conclusion,
                "number": 1,
                "started_at": made.started_at,
                "completed_at": made.updated_at if one.conclusion else None,
            }
        ],
        "check_run_url": f"{repo}/check-runs/{one.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "runner",
        "runner_group_id": 1,
        "runner_group_name": "default",
        "workflow_name": made.name,
        "head_branch": made.head_branch,
    }


def artifact(shapes: Shapes, repository: Repository, made: WorkflowRun, one: Artifact) -> Json:
    url = f"{shapes.repo_url(repository)}/actions/artifacts/{one.id}"
    return {
        "id": one.id,
        "node_id": f"A_{one.id}",
        "name": one.name,
        "size_in_bytes": one.size,
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": one.expired,
        "created_at": one.created_at,
        "updated_at": one.created_at,
        "expires_at": "2027-03-01T00:00:00Z",
        "digest": one.digest,
        "workflow_run": {
            "id": made.id,
            "repository_id": repository.id,
            "head_repository_id": made.head_repository.id,
            "head_branch": made.head_branch,
            "head_sha": made.head_sha,
        },
    }


def annotation(repository: Repository, sha: str, path: str, line: int, message: str) -> Json:
    return {
        "path": path,
        "start_line": line,
        "end_line": line,
        "start_column": None,
        "end_column": None,
        "annotation_level": "failure",
        "title": "",
        "message": message,
        "raw_details": "",
        "blob_href": f"{HTML}/{repository.full_name}/blob/{sha}/{path}",
    }


def review(shapes: Shapes, repository: Repository, issue: Issue, one: Review) -> Json:
    html = f"{HTML}/{repository.full_name}/pull/{issue.number}#pullrequestreview-{one.id}"
    url = f"{shapes.repo_url(repository)}/pulls/{issue.number}"
    return {
        "id": one.id,
        "node_id": f"PRR_{one.id}",
        "user": shapes.user(one.user),
        "body": one.body,
        "state": one.state,
        "html_url": html,
        "pull_request_url": url,
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
        "submitted_at": one.submitted_at,
        "commit_id": one.commit_id,
        "author_association": "NONE" if one.user.type == "Bot" else "MEMBER",
    }


def review_comment(shapes: Shapes, repository: Repository, issue: Issue, one: ReviewComment) -> Json:
    url = f"{shapes.repo_url(repository)}/pulls/comments/{one.id}"
    html = f"{HTML}/{repository.full_name}/pull/{issue.number}#discussion_r{one.id}"
    pull = f"{shapes.repo_url(repository)}/pulls/{issue.number}"
    return {
        "url": url,
        "pull_request_review_id": None,
        "id": one.id,
        "node_id": f"PRRC_{one.id}",
        "diff_hunk": "@@ -1 +1 @@",
        "path": one.path,
        "position": 1,
        "original_position": 1,
        "commit_id": one.commit_id,
        "original_commit_id": one.commit_id,
        "user": shapes.user(one.user),
        "body": one.body,
        "created_at": one.created_at,
        "updated_at": one.created_at,
        "html_url": html,
        "pull_request_url": pull,
        "author_association": "NONE" if one.user.type == "Bot" else "MEMBER",
        "_links": {"self": {"href": url}, "html": {"href": html}, "pull_request": {"href": pull}},
        "line": 1,
        "original_line": 1,
        "side": "RIGHT",
        "start_line": None,
        "original_start_line": None,
        "start_side": None,
    }


def _minimal(shapes: Shapes, repository: Repository) -> Json:
    whole = shapes.repository(repository)
    return {key: value for key, value in whole.items() if key not in _MORE}


def _minimal_pull(shapes: Shapes, repository: Repository, issue: Issue) -> Json:
    assert issue.pull
    url = shapes.repo_url(repository)
    repo = {"id": repository.id, "url": url, "name": repository.name}
    return {
        "id": issue.pull.id,
        "number": issue.number,
        "url": f"{url}/pulls/{issue.number}",
        "head": {"ref": issue.pull.head, "sha": issue.pull.head_sha, "repo": repo},
        "base": {"ref": issue.pull.base, "sha": issue.pull.base_sha, "repo": repo},
    }


def _head_commit(repository: Repository, sha: str) -> Json | None:
    """Null when it is gone: somebody pushed over it."""
    if repository.git.kind(sha) != "commit":
        return None
    commit = repository.git.commit(sha)
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": commit.committer.date,
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }
