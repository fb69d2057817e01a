"""What happened in the stand-in in, the payloads of GitHub's webhooks out; hooks.py delivers them.

Their shapes are those of GitHub's description (`x-webhooks`) and of the real payloads in ../shared/github/webhooks.
"""

from __future__ import annotations

from typing import Any

from tests.github import shapes_actions
from tests.github.git import ZERO, Person
from tests.github.runs import WorkflowRun
from tests.github.shapes import HTML, REACTIONS, Shapes
from tests.github.world import CheckRun, Installation, Issue, Repository, Review, User

Json = dict[str, Any]
MOST_COMMITS = 20


def about(shapes: Shapes, repository: Repository, installation: Installation, sender: User) -> Json:
    """What every event of a repository bears."""
    organization = {} if repository.owner.type == "User" else {"organization": _organization(shapes, repository.owner)}
    return {
        "repository": shapes.repository(repository),
        "sender": shapes.user(sender),
        "installation": {"id": installation.id, "node_id": f"I_{installation.id}"},
        **organization,
    }


def issue(shapes: Shapes, repository: Repository, one: Issue) -> Json:
    url = f"{shapes.repo_url(repository)}/issues/{one.number}"
    draft = {"draft": one.pull.draft} if one.pull else {}
    more = {"reactions": _reactions(url), "timeline_url": f"{url}/timeline", "state": one.state}
    return {**shapes.issue(repository, one), **draft, **more}


def pull(shapes: Shapes, repository: Repository, one: Issue) -> Json:
    return {**shapes.pull(repository, one, one=True), "active_lock_reason": None}


def review(shapes: Shapes, repository: Repository, one: Issue, said: Review) -> Json:
    html = f"{HTML}/{repository.full_name}/pull/{one.number}"
    url = f"{shapes.repo_url(repository)}/pulls/{one.number}"
    return {
        "id": said.id,
        "node_id": f"PRR_{said.id}",
        "user": shapes.user(said.user),
        "body": said.body,
        "commit_id": said.commit_id,
        "submitted_at": said.submitted_at,
        "state": said.state.lower(),
        "html_url": f"{html}#pullrequestreview-{said.id}",
        "pull_request_url": url,
        "author_association": "MEMBER",
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
    }


def push(repository: Repository, ref: str, before: str, after: str, pusher: User) -> Json:
    """At most 20 commits, the newest, are listed."""
    git, html = repository.git, f"{HTML}/{repository.full_name}"
    new = git.between(before or git.ref(f"refs/heads/{repository.default_branch}"), after) if after else []
    commits = [_commit(repository, sha) for sha in new[-MOST_COMMITS:]]
    return {
        "ref": ref,
        "before": before or ZERO,
        "after": after or ZERO,
        "created": not before,
        "deleted": not after,
        "forced": bool(before and after and not git.is_below(before, after)),
        "base_ref": None,
        "compare": f"{html}/compare/{before[:12] or ZERO[:12]}...{after[:12] or ZERO[:12]}",
        "commits": commits,
        "head_commit": _commit(repository, after) if after else None,
        "pusher": {"name": pusher.login, "email": pusher.person.email},
    }


def suite(shapes: Shapes, repository: Repository, runs: list[CheckRun]) -> Json:
    """The check suite of one App at one commit, all of whose runs are over."""
    sha = runs[0].head_sha
    url = f"{shapes.repo_url(repository)}/check-suites/{runs[0].id}"
    bad = next((one.conclusion for one in runs if one.conclusion not in ("success", "neutral", "skipped")), None)
    branches = [name for name, tip in repository.git.refs("heads/") if tip == sha]
    return {
        "id": runs[0].id,
        "node_id": f"CS_{runs[0].id}",
        "head_branch": branches[0].removeprefix("refs/heads/") if branches else None,
        "head_sha": sha,
        "status": "completed",
        "conclusion": bad or "success",
        "url": url,
        "before": ZERO,
        "after": sha,
        "pull_requests": [],
        "app": shapes.check(repository, runs[0])["app"],
        "created_at": runs[0].started_at,
        "updated_at": runs[-1].completed_at or runs[-1].started_at,
        "latest_check_runs_count": len(runs),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": {name: _commit(repository, sha)[name] for name in _SIMPLE},
    }


_SIMPLE = ("id", "tree_id", "message", "timestamp", "author", "committer")


def run(shapes: Shapes, repository: Repository, made: WorkflowRun) -> Json:
    shape = shapes_actions.run(shapes, repository, made)
    url = f"{shapes.repo_url(repository)}/actions/workflows/{shape['workflow_id']}"
    workflow = {
        "id": shape["workflow_id"],
        "node_id": f"W_{shape['workflow_id']}",
        "name": made.name,
        "path": shape["path"],
        "state": "active",
        "created_at": repository.created_at,
        "updated_at": repository.created_at,
        "url": url,
        "html_url": f"{HTML}/{repository.full_name}/blob/{repository.default_branch}/{shape['path']}",
        "badge_url": f"{HTML}/{repository.full_name}/workflows/{made.name}/badge.svg",
    }
    return {"workflow_run": shape, "workflow": workflow}


def minimal(repository: Repository) -> Json:
    """A repository as the events of installations name it."""
    return {
        "id": repository.id,
        "node_id": repository.node_id,
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def _commit(repository: Repository, sha: str) -> Json:
    found, git = repository.git.commit(sha), repository.git
    kinds: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for file in git.diff(found.parents[0], sha) if found.parents else ():
        status = str(file["status"])
        kinds[status if status in kinds else "modified"].append(str(file["filename"]))
    return {
        "id": sha,
        "tree_id": found.tree,
        "distinct": True,
        "message": found.message.rstrip("\n"),
        "timestamp": found.committer.date,
        "url": f"{HTML}/{repository.full_name}/commit/{sha}",
        "author": _person(found.author),
        "committer": _person(found.committer),
        **kinds,
    }


def _person(one: Person) -> Json:
    return {"name": one.name, "email": one.email, "username": one.name}


def _reactions(url: str) -> Json:
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(REACTIONS, 0)}


def _organization(shapes: Shapes, owner: User) -> Json:
    url = f"{shapes.api}/orgs/{owner.login}"
    return {
        "login": owner.login,
        "id": owner.id,
        "node_id": f"O_{owner.id}",
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in ("repos", "events", "hooks", "issues")},
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{owner.id}",
        "description": "",
    }
