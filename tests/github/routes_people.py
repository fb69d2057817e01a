"""What people did: the timeline of an issue, what they may do, how they react; statuses of commits."""

from __future__ import annotations

from typing import Any

from tests.github.routes_issues import ISSUES_READ, ISSUES_WRITE, REPO, refresh
from tests.github.routing import Answer, Problem, Request, route
from tests.github.shapes import REACTIONS
from tests.github.world import Event, Issue, stamp

ORDER = ("none", "read", "triage", "write", "maintain", "admin")
MAY = {"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}
LEGACY = {"triage": "read", "maintain": "write"}
"""What `permission` says for the roles that are younger than it."""


@route("GET", f"{REPO}/issues/{{issue_number}}/timeline", ISSUES_READ)
def timeline(ask: Request) -> Answer:
    """Comments, reviews, commits and events in the order in which they came."""
    refresh(ask.repo)
    found = ask.repo.issues.get(int(ask.args["issue_number"]))
    if found is None:
        raise Problem(404, "Not Found")
    rows = [(event.at, event.id, _event(ask, event)) for event in found.events]
    rows += [(one.created_at, one.id, _comment(ask, found, one)) for one in found.comments]
    rows += [(one.submitted_at, one.id, _review(ask, found, one)) for one in found.reviews]
    rows += [(at, 0, row) for at, row in _commits(ask, found)]
    rows.sort(key=lambda row: (row[0], row[1]))
    return ask.page([row for _at, _number, row in rows])


def _event(ask: Request, event: Event) -> dict[str, Any]:
    url = f"{ask.shapes.repo_url(ask.repo)}/issues/events/{event.id}"
    more: dict[str, Any] = {}
    if event.label:
        more = {"label": {"name": event.name, "color": event.label.color}}
    if event.kind == "renamed":
        more = {"rename": {"from": event.before, "to": event.after}}
    if event.kind in ("closed", "reopened"):
        more = {"state_reason": None}
    return {
        "id": event.id,
        "node_id": f"E_{event.id}",
        "url": url,
        "actor": ask.shapes.user(event.actor),
        "event": event.kind,
        "commit_id": event.sha,
        "commit_url": f"{ask.shapes.repo_url(ask.repo)}/commits/{event.sha}" if event.sha else None,
        "created_at": event.at,
        "performed_via_github_app": ask.shapes.app() if event.by_app else None,
        **more,
    }


def _comment(ask: Request, found: Issue, one: Any) -> dict[str, Any]:
    shape = ask.shapes.comment(ask.repo, found, one)
    return {**shape, "event": "commented", "actor": shape["user"]}


def _review(ask: Request, found: Issue, one: Any) -> dict[str, Any]:
    html = f"https://github.com/{ask.repo.full_name}/pull/{found.number}#pullrequestreview-{one.id}"
    url = f"{ask.shapes.repo_url(ask.repo)}/pulls/{found.number}"
    return {
        "event": "reviewed",
        "id": one.id,
        "node_id": f"PRR_{one.id}",
        "user": ask.shapes.user(one.user),
        "body": one.body,
        "state": one.state.lower(),
        "commit_id": one.commit_id,
        "html_url": html,
        "pull_request_url": url,
        "submitted_at": one.submitted_at,
        "author_association": "MEMBER",
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
    }


def _commits(ask: Request, found: Issue) -> list[tuple[str, dict[str, Any]]]:
    if found.pull is None:
        return []
    git = ask.repo.git
    shas = git.between(git.merge_base(found.pull.base_sha, found.pull.head_sha), found.pull.head_sha)
    rows = []
    for sha in shas:
        commit = git.commit(sha)
        rows.append((commit.committer.date, {**ask.shapes.git_commit(ask.repo, commit), "event": "committed"}))
    return rows


@route("GET", f"{REPO}/collaborators/{{username}}/permission", "metadata:read")
def permission(ask: Request) -> Answer:
    """https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user"""
    user = ask.world.users.get(ask.args["username"])
    if user is None:
        raise Problem(404, f"{ask.args['username']} is not a user")
    role = ask.world.role(ask.repo, user)
    may = {name: ORDER.index(role) >= ORDER.index(least) for name, least in MAY.items()}
    shown = {**ask.shapes.user(user), "role_name": role, "permissions": may}
    return Answer(200, {"permission": LEGACY.get(role, role), "role_name": role, "user": shown})


@route("GET", f"{REPO}/issues/comments/{{comment_id}}/reactions", ISSUES_READ)
def reactions(ask: Request) -> Answer:
    return ask.page([_reaction(ask, one) for one in ask.repo.reactions.get(_comment_id(ask), ())])


@route("POST", f"{REPO}/issues/comments/{{comment_id}}/reactions", ISSUES_WRITE)
def react(ask: Request) -> Answer:
    """200 for one that was there already."""
    content, number = str(ask.body["content"]), _comment_id(ask)
    if content not in REACTIONS:
        raise Problem(422, "Validation Failed", [{"resource": "Reaction", "field": "content", "code": "invalid"}])
    there = ask.repo.reactions.setdefault(number, [])
    known = next((one for one in there if one[1:] == (ask.caller.user, content)), None)
    if known:
        return Answer(200, _reaction(ask, known))
    there.append((next(ask.world.numbers), ask.caller.user, content))
    return Answer(201, _reaction(ask, there[-1]))


def _comment_id(ask: Request) -> int:
    number = int(ask.args["comment_id"])
    if not any(one.id == number for issue in ask.repo.issues.values() for one in issue.comments):
        raise Problem(404, "Not Found")
    return number


def _reaction(ask: Request, one: tuple[int, Any, str]) -> dict[str, Any]:
    number, user, content = one
    shown = ask.shapes.user(user)
    return {"id": number, "node_id": f"REA_{number}", "user": shown, "content": content, "created_at": stamp()}


@route("GET", f"{REPO}/commits/{{ref+}}/status", "statuses:read")
def status(ask: Request) -> Answer:
    """The combined status: https://docs.github.com/rest/commits/statuses"""
    sha = ask.repo.git.resolve(ask.args["ref"])
    if not sha:
        raise Problem(404, "Not Found")
    rows = [one for one in ask.repo.statuses if one.sha == sha]
    states = {one.state for one in rows}
    whole = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
    url = f"{ask.shapes.repo_url(ask.repo)}/statuses/{sha}"
    shown = [
        {
            "id": one.id,
            "node_id": f"SC_{one.id}",
            "url": url,
            "avatar_url": None,
            "state": one.state,
            "description": None,
            "target_url": None,
            "context": one.context,
            "created_at": stamp(),
            "updated_at": stamp(),
        }
        for one in rows
    ]
    repository = {
        name: value
        for name, value in ask.shapes.repository(ask.repo).items()
        if name.endswith("_url")
        or name in ("id", "node_id", "name", "full_name", "owner", "private", "description")
        or name in ("fork", "url")
    }
    body = {
        "state": whole,
        "sha": sha,
        "total_count": len(rows),
        "statuses": shown,
        "repository": repository,
        "commit_url": f"{ask.shapes.repo_url(ask.repo)}/commits/{sha}",
        "url": f"{ask.shapes.repo_url(ask.repo)}/commits/{sha}/status",
    }
    return Answer(200, body)
