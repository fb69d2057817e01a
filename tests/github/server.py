"""A world in, an HTTP server on a free port out: authentication, permissions, limits, ETags and faults on demand.

Every call is kept in `exchanges`, so that a test can count calls and hold each answer against GitHub's description.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt

from tests.github import (
    routes_actions,
    routes_app,
    routes_git,
    routes_hooks,
    routes_issues,
    routes_manifest,
    routes_people,
    routes_reruns,
    routes_rules,
    routes_trials,
)
from tests.github.graphql import Graph
from tests.github.noticing import notice, picture
from tests.github.routing import ROUTES, Answer, Problem, Request, allow, find, sees
from tests.github.shapes import Shapes
from tests.github.world import Caller, User, World

VERSION = "2022-11-28"
NOBODY = Caller("nobody", User(0, "nobody"))
LIMIT = 5000
ROOMS = (
    routes_actions,
    routes_app,
    routes_git,
    routes_hooks,
    routes_issues,
    routes_manifest,
    routes_people,
    routes_reruns,
    routes_rules,
    routes_trials,
)
"""Importing them registers their routes."""


@dataclass
class Fault:
    """What goes wrong, once: at the `at`-th write from now on (1 is the next), or at the next call that fits.

    `after` lets that many fitting calls through first; what is `lasting` meets all of them after that.

    `error` answers 502 and nothing happened; `lost` lets it happen and answers 502; `cut` lets it happen and closes
    the connection without an answer; `primary`, `secondary` (403) and `many` (429) are the rate limits.
    """

    kind: str
    at: int = 0
    method: str = ".*"
    path: str = ".*"
    after: int = 0
    lasting: bool = False
    wait: int = 60
    """Seconds that the answer to a secondary limit asks for."""

    def __post_init__(self) -> None:
        self.counted = self.at > 0


@dataclass
class Exchange:
    """One call and its answer."""

    method: str
    path: str
    template: str
    query: dict[str, str]
    request: Any
    headers: dict[str, str]
    status: int
    answer: Any
    write: bool
    answered: dict[str, str] = field(default_factory=dict)


class GitHub:
    """The stand-in: `with GitHub(world) as github:` and `github.url` is the address of its API."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.graph = Graph(world)
        self.faults: list[Fault] = []
        self.exchanges: list[Exchange] = []
        self.mistakes: list[str] = []
        self.blobs = world.blobs
        self.asked_blobs: list[dict[str, str]] = []
        self.store_faults: dict[str, str] = {}
        """What goes wrong at the store, by id: `error` (503), `redirect` (to a cloud's metadata), `cut` half way."""
        self.remaining: dict[str, int] = {}
        self.limit = LIMIT
        self.ahead = 0.0
        """By how many seconds its clock is ahead of ours."""
        self.enterprise = False
        """Whether it is a server of somebody's own: REST is below /api/v3 then, GraphQL at /api/graphql.
        https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api"""
        self.wait = 60
        self.heard: Callable[[str], None] = lambda _path: None
        """Called with the path of a call before it is answered."""
        self.written: Callable[[str], None] = lambda _path: None
        """Called with the path of a write that is done and not yet answered."""
        self.lock = threading.Lock()
        self.api = self._serve(_Api)
        self.store = self._serve(_Store)
        self.url = f"http://127.0.0.1:{self.api.server_port}"
        self.blob_url = f"http://localhost:{self.store.server_port}"

    def _serve(self, handler: type[_Handler]) -> ThreadingHTTPServer:
        made = ThreadingHTTPServer(("127.0.0.1", 0), type(handler.__name__, (handler,), {"github": self}))
        made.daemon_threads = True
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return made

    def __enter__(self) -> GitHub:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self.api, self.store):
            one.shutdown()
            one.server_close()

    def tell(self) -> None:
        """Deliver what the test did to the world itself; what calls do is told after each of them."""
        with self.lock:
            notice(self.world, self.url, None)
        self.world.hook.send(self.world.app_id)

    def begin(self, url: str = "") -> None:
        """From now on tell what happens, to this address; without one it waits until `world.hook.url` is set."""
        with self.lock:
            self.world.hook.url, self.world.hook.on = url, True
            self.world.hook.picture = picture(self.world)

    @property
    def writes(self) -> list[Exchange]:
        return [one for one in self.exchanges if one.write]

    def fault(self, method: str, path: str, write: bool) -> str:
        """The kind of fault that this call meets; empty for none. `wait` is then what it asks for."""
        for one in self.faults:
            one.at -= bool(one.at) and write
        due = [one for one in self.faults if one.at == 0 and (write or not one.counted)]
        for one in due:
            if one.counted or (re.fullmatch(one.method, method) and re.search(one.path, path)):
                one.after -= 1
                if one.after < 0:
                    if not one.lasting:
                        self.faults.remove(one)
                    self.wait = one.wait
                    return one.kind
        return ""

    def caller(self, header: str) -> Caller:
        """Who a header speaks for. 401 for what nobody gave out, and for what has expired."""
        kind, _, token = header.partition(" ")
        if kind.lower() not in ("bearer", "token") or not token:
            raise Problem(401, "Requires authentication")
        if token.count(".") == 2:
            return self._app(token)
        found = self.world.tokens.get(token)
        if found is None or found.expires < time.time():
            raise Problem(401, "Bad credentials")
        return found

    def _app(self, token: str) -> Caller:
        """RS256, issued by the App, at most ten minutes long.

        https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
        """
        try:
            asked: Any = {"require": ["exp", "iat"], "verify_exp": False, "verify_iat": False}
            claims = jwt.decode(token, self.world.public_key, algorithms=["RS256"], options=asked)
        except jwt.InvalidTokenError as error:
            raise Problem(401, "A JSON web token could not be decoded") from error
        now = time.time() + self.ahead
        if str(claims.get("iss")) != str(self.world.app_id) or not claims["iat"] <= now < claims["exp"] <= now + 600:
            raise Problem(401, "'Issuer' claim ('iss') or 'Expiration time' claim ('exp') is not right")
        return Caller("app", self.world.bot)

    def handle(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[Answer, str]:
        """(answer, fault). The fault `cut` means: answer nothing."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        body = json.loads(raw) if raw else {}
        template, write, fault = "", method != "GET" and not parts.path.endswith("/access_tokens"), ""
        caller = NOBODY
        self.heard(parts.path)
        notice(self.world, self.url, None)
        try:
            caller = routes_manifest.nobody(self.world, parts.path) or self.caller(headers.get("authorization", ""))
            if parts.path == "/graphql":
                template = "/graphql"
                write = self.graph.writes(body["query"])
            fault = self.fault(method, parts.path, write)
            self._limits(caller, fault)
            if fault == "error":
                raise Problem(502, "Server Error")
            if template:
                answer = Answer(200, self.graph.answer(caller, body["query"], body.get("variables") or {}))
            else:
                answer, template = self._rest(method, parts.path, query, body, caller)
            if fault == "lost":
                answer = Answer(502, {"message": "Server Error"})
        except Problem as problem:
            answer = Answer(problem.status, self._problem(problem), dict(problem.headers))
        except Exception as error:  # a mistake of the stand-in's: the fixture shows it
            self.mistakes.append(f"{method} {target}: {error!r}")
            answer = Answer(500, {"message": repr(error)})
        notice(self.world, self.url, caller.user if write else None)
        self._dress(answer, method, target, headers, caller)
        self.exchanges.append(
            Exchange(
                method, parts.path, template, query, body, headers, answer.status, answer.body, write, answer.headers
            )
        )
        if write:
            self.written(parts.path)
        return answer, fault

    def _rest(self, method: str, path: str, query: dict[str, str], body: Any, caller: Caller) -> tuple[Answer, str]:
        route, args = find(method, path)
        ask = Request(self.world, Shapes(self.url, self.world), caller, args, query, body, f"{self.blob_url}/store")
        if "owner" in args and "repo" in args:
            ask.found = self.world.find(args["owner"], args["repo"])
            if ask.found is None or not sees(caller, ask.found):
                raise Problem(404, "Not Found")
        allow(caller, route.needs)
        if method != "GET" and ask.found and ask.found.archived:
            raise Problem(403, "Repository was archived so is read-only.")
        return route.handler(ask), route.template

    def _limits(self, caller: Caller, fault: str) -> None:
        left = self.remaining.setdefault(_purse(caller), self.limit)
        if fault == "primary":
            left = self.remaining[_purse(caller)] = 0
        if left <= 0:
            raise Problem(403, "API rate limit exceeded for installation.", **{"X-RateLimit-Remaining": "0"})
        if fault == "secondary":
            raise Problem(403, "You have exceeded a secondary rate limit.", **{"Retry-After": str(self.wait)})
        if fault == "many":
            raise Problem(429, "You have exceeded a secondary rate limit.", **{"Retry-After": str(self.wait)})
        self.remaining[_purse(caller)] = left - 1

    @staticmethod
    def _problem(problem: Problem) -> dict[str, Any]:
        body: dict[str, Any] = {"message": problem.message, "documentation_url": "https://docs.github.com/rest"}
        if problem.errors:
            body["errors"] = problem.errors
        return body | {"status": str(problem.status)}

    def _dress(self, answer: Answer, method: str, target: str, headers: dict[str, str], caller: Caller) -> None:
        """Headers; a page's links made whole; 304 when the caller has this very answer."""
        answer.headers.setdefault("X-RateLimit-Limit", str(self.limit))
        answer.headers.setdefault("X-RateLimit-Remaining", str(self.remaining.get(_purse(caller), self.limit)))
        answer.headers.setdefault("X-RateLimit-Reset", str(int(time.time() + self.ahead) + 1800))
        answer.headers["X-GitHub-Api-Version-Selected"] = VERSION
        answer.headers["X-GitHub-Request-Id"] = f"{len(self.exchanges):04X}:TEST"
        if "Link" in answer.headers:
            answer.headers["Link"] = ", ".join(
                f'<{self.url}{_with_page(target, to)}>; rel="{name}"'
                for to, _, name in (one.partition(":") for one in answer.headers["Link"].split(","))
            )
        if method == "GET" and answer.status == 200:
            whose = headers.get("authorization", "").encode()
            tag = hashlib.sha256(whose + json.dumps(answer.body, sort_keys=True).encode()).hexdigest()
            answer.headers["ETag"] = f'"{tag}"'
            answer.headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
            answer.headers["Vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP"
            if headers.get("if-none-match", "").removeprefix("W/") == answer.headers["ETag"]:
                answer.status, answer.body = 304, None


def _purse(caller: Caller) -> str:
    """Whose calls are counted together: all tokens of an installation have one limit."""
    return f"installation {caller.installation}" if caller.installation else caller.token


def _with_page(target: str, page: str) -> str:
    """The same address at another `page=` or `cursor=`."""
    path, _, query = target.partition("?")
    kept = [one for one in query.split("&") if one and not one.startswith(page.partition("=")[0] + "=")]
    return f"{path}?{'&'.join([*kept, page])}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    github: GitHub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def handle(self) -> None:
        """Answer until the caller leaves; it may be killed meanwhile."""
        with suppress(ConnectionError):
            super().handle()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """What every answer says of the time."""
        return super().date_time_string((timestamp or time.time()) + self.github.ahead)

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(data)


class _Api(_Handler):
    def _do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path
        if self.github.enterprise:
            path = "/graphql" if path == "/api/graphql" else path.removeprefix("/api/v3") if "/api/v3/" in path else "/"
        with self.github.lock:
            answer, fault = self.github.handle(self.command, path, headers, raw)
        if fault == "cut":
            self.close_connection = True
            self.connection.shutdown(2)
            return
        data = b"" if answer.body is None else json.dumps(answer.body, default=str).encode()
        kind = {"Content-Type": "application/json; charset=utf-8"} if data else {}
        self.github.world.hook.send(self.github.world.app_id)
        self._send(answer.status, data, answer.headers | kind)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815


class _Store(_Handler):
    """Another host, as GitHub's blob store is: it wants no Authorization."""

    def do_GET(self) -> None:
        """The bytes of one artifact or log; 400 when the caller shows its token."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.github.asked_blobs.append(headers)
        number = urlsplit(self.path).path.rpartition("/")[2]
        data, fault = self.github.blobs.get(number), self.github.store_faults.get(number)
        if "authorization" in headers:
            return self._send(400, b"no credentials here", {})
        if fault == "redirect":
            return self._send(302, b"", {"Location": "http://169.254.169.254/latest/meta-data"})
        if fault == "error":
            return self._send(503, b"", {})
        if data is None:
            return self._send(404, b"", {})
        if fault == "cut":
            return self._cut(data)
        return self._send(200, data, {"Content-Type": "application/octet-stream"})

    def _cut(self, data: bytes) -> None:
        """Half of it, and then no more."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.close_connection = True


__all__ = ["ROUTES", "Exchange", "Fault", "GitHub"]
