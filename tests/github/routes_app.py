"""The App, its installations, their tokens, and what only they may ask."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.github.routing import LEVELS, Answer, Problem, Request, route
from tests.github.world import Installation, stamp


@route("GET", "/app", "app")
def app(ask: Request) -> Answer:
    return Answer(200, ask.shapes.app())


@route("GET", "/app/installations", "app")
def installations(ask: Request) -> Answer:
    return ask.page([ask.shapes.installation(one) for one in ask.world.installations.values()])


@route("GET", "/app/installations/{installation_id}", "app")
def installation(ask: Request) -> Answer:
    return Answer(200, ask.shapes.installation(_installation(ask)))


@route("GET", "/repos/{owner}/{repo}/installation", "app")
def installation_of(ask: Request) -> Answer:
    for one in ask.world.installations.values():
        if ask.repo.id in one.repositories:
            return Answer(200, ask.shapes.installation(one))
    raise Problem(404, "Not Found")


@route("POST", "/app/installations/{installation_id}/access_tokens", "app")
def access_tokens(ask: Request) -> Answer:
    """A token may have less than the installation, never more (422)."""
    found = _installation(ask)
    if found.suspended:
        raise Problem(403, "This installation has been suspended")
    permissions = dict(ask.body.get("permissions") or found.permissions)
    for name, level in permissions.items():
        if LEVELS[level] > LEVELS.get(found.permissions.get(name, ""), 0):
            raise Problem(422, "The permissions requested are not granted to this installation.")
    permissions.setdefault("metadata", "read")
    known = {ask.world.repositories[number].name: number for number in found.repositories}
    named = [known.get(name, 0) for name in ask.body.get("repositories", ())]
    wanted = named + list(ask.body.get("repository_ids", ()))
    if any(number not in found.repositories for number in wanted):
        raise Problem(
            422, "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    caller = ask.world.installation_token(found, frozenset(wanted or found.repositories), permissions)
    body = {
        "token": caller.token,
        "expires_at": stamp(datetime.fromtimestamp(caller.expires, UTC)),
        "permissions": permissions,
        "repository_selection": "selected",
        "repositories": [
            ask.shapes.repository(ask.world.repositories[number]) for number in sorted(caller.repositories)
        ],
    }
    return Answer(201, body)


@route("GET", "/installation/repositories", "metadata:read")
def repositories(ask: Request) -> Answer:
    rows = [ask.shapes.repository(ask.world.repositories[number]) for number in sorted(ask.caller.repositories)]
    answer = ask.page(rows)
    answer.body = {"total_count": len(rows), "repositories": answer.body}
    return answer


@route("DELETE", "/installation/token", "any")
def revoke(ask: Request) -> Answer:
    ask.world.tokens.pop(ask.caller.token)
    return Answer(204)


@route("GET", "/rate_limit", "any")
def rate_limit(ask: Request) -> Answer:
    row = {"limit": 5000, "used": 1, "remaining": 4999, "reset": 4102444800}
    return Answer(200, {"resources": {"core": row, "search": row, "graphql": row}, "rate": row})


def _installation(ask: Request) -> Installation:
    found = ask.world.installations.get(int(ask.args["installation_id"]))
    if found is None:
        raise Problem(404, "Not Found")
    return found
