"""A method and a path in, the handler and what a token must permit out; errors as GitHub words them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.github.shapes import Shapes
from tests.github.world import Caller, Repository, World

LEVELS = {"read": 1, "write": 2, "admin": 3}


class Problem(Exception):  # noqa: N818 - GitHub's answer, not our mistake
    """An answer other than success: its status, message, and (422) what was wrong with which field."""

    def __init__(self, status: int, message: str, errors: list[dict[str, str]] | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    """One call, authenticated, with its repository found."""

    world: World
    shapes: Shapes
    caller: Caller
    args: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    blobs: str
    found: Repository | None = None

    @property
    def repo(self) -> Repository:
        assert self.found
        return self.found

    def page(self, rows: list[Any]) -> Answer:
        """One page of a list, with `Link` as in https://docs.github.com/rest/using-the-rest-api/using-pagination."""
        size = min(max(int(self.query.get("per_page", "30")), 1), 100)
        number = max(int(self.query.get("page", "1")), 1)
        last = max((len(rows) + size - 1) // size, 1)
        links = {"prev": number - 1, "first": 1} if number > 1 else {}
        links |= {"next": number + 1, "last": last} if number < last else {}
        shown = [f"page={to}:{name}" for name, to in links.items()]  # the server knows the address and writes it out
        return Answer(200, rows[(number - 1) * size : number * size], {"Link": ",".join(shown)} if shown else {})


Handler = Callable[[Request], Answer]


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    needs: str
    handler: Handler


ROUTES: list[Route] = []


def route(method: str, template: str, needs: str) -> Callable[[Handler], Handler]:
    """Register a handler. `needs`: `app` (a JWT), `any`, or permissions such as `issues:write|pull_requests:write`."""
    pattern = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", template)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, template.replace("+}", "}"), re.compile(pattern + "/?"), needs, handler))
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route that says most of the path itself: a branch may be called `x/check-runs`, a commit may not."""
    fits = [(one, match) for one in ROUTES if one.method == method and (match := one.pattern.fullmatch(path))]
    if not fits:
        raise Problem(404, "Not Found")
    best, match = max(fits, key=lambda fit: len(fit[0].template))
    return best, {name: unquote(text) for name, text in match.groupdict().items()}


def allow(caller: Caller, needs: str) -> None:
    """403 unless the token has one of the permissions."""
    if needs == "app":
        if caller.kind != "app":
            raise Problem(401, "A JSON web token could not be decoded")
        return
    if caller.kind == "app":
        raise Problem(403, "Resource not accessible by integration")
    if needs == "any" or caller.kind == "person":
        return
    for need in needs.split("|"):
        name, _, level = need.partition(":")
        if LEVELS.get(caller.permissions.get(name, ""), 0) >= LEVELS[level]:
            return
    accepted = "; ".join(need.replace(":", "=") for need in needs.split("|"))
    raise Problem(403, "Resource not accessible by integration", **{"X-Accepted-GitHub-Permissions": accepted})


def sees(caller: Caller, repository: Repository) -> bool:
    return caller.kind in ("person", "app") or repository.id in caller.repositories
