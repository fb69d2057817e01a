"""An App or a token in, two clients out: one that reads and tries again, one that writes and never does.

A token is made per job, for named repositories, with the permissions of that job and no more: a reader's cannot write.
Rate limits are errors with a time (`RateLimitedError`), so that the job is put off; nothing here sleeps on them.
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from githubkit import AppAuthStrategy, AppInstallationAuthStrategy, GitHub, TokenAuthStrategy
from githubkit.cache import MemCache, MemCacheStrategy
from githubkit.exception import GitHubException, RateLimitExceeded, RequestError, RequestFailed
from githubkit.retry import RetryOption

from bot.errors import UserError
from bot.forge.github.clock import ahead, renewed
from bot.forge.github.errors import RateLimitedError, StatusError, UnavailableError
from bot.forge.github.pace import SECONDS, Pace
from bot.hosting.health import SKEW_S

API = "https://api.github.com"
API_VERSION = "2022-11-28"
"""The one version of the API that everything here speaks. From 2026-03-10 on a pull has no `merge_commit_sha`."""

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
READS_AGAIN, FIRST_WAIT_S = 3, 0.5
PAGE, MAX_PAGES = 100, 30
SECONDARY_WAIT_S = 60
NOT_THERE = (404, 409, 410)
"""Not to be seen; in an empty repository; switched off (issues can be)."""

MAX_MESSAGE = 300

Level = Literal["read", "write"]
Permissions = Mapping[str, Level]
READ: Permissions = {"metadata": "read", "contents": "read", "pull_requests": "read", "issues": "read"}
MINE: Permissions = {**READ, "actions": "read", "checks": "read", "statuses": "read"}
WRITE: Permissions = {
    "metadata": "read",
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "pull_requests": "write",
}
RUN: Permissions = {"metadata": "read", "actions": "write"}
"""What a job's token has; the last one only where trials or reruns are wanted, and granted.

Nobody ever asks for `workflows` or `administration`."""

Query = Mapping[str, str]
NOTHING: Query = {}
T = TypeVar("T")


class Tokens(MemCache):
    """What githubkit keeps of an App's tokens until they end."""

    def forget(self) -> None:
        """Ask for all of them anew."""
        self._cache.clear()


@dataclass(frozen=True)
class App:
    """A GitHub App by its id and private key (PEM); `api` is another address for GitHub Enterprise Server."""

    id: int | str
    private_key: str = field(repr=False)
    api: str = API
    tokens: Tokens = field(default_factory=Tokens, repr=False, compare=False)
    """The tokens of this App that still hold, so that a job does not ask for one that the last job had."""

    spacing: float = SECONDS
    """Seconds between two writes of one installation."""

    paces: dict[int, Pace] = field(default_factory=dict, repr=False, compare=False)

    def installation(self, repository: str) -> int:
        """The id of the installation that holds `owner/name`. UserError when the App is not installed there."""
        asking = Client(AppAuthStrategy(self.id, self.private_key), self.api, again=True, tokens=self.tokens)
        try:
            found = asking.call("GET", f"/repos/{_path(repository)}/installation", missing=True)
        finally:
            asking.close()
        if found is None:
            raise UserError(f"{repository}: the App is not installed there. Install it on this repository.")
        return int(found["id"])

    def reader(self, installation: int, repository: str, permissions: Permissions = READ) -> Reader:
        """A client with a token that reads this one repository."""
        return Reader(self._auth(installation, repository, permissions), self.api, self.tokens, self.pace(installation))

    def writer(self, installation: int, repository: str, permissions: Permissions = WRITE) -> Writer:
        """A client with a token that writes to this one repository; made at its first call, and only then."""
        return Writer(self._auth(installation, repository, permissions), self.api, self.tokens, self.pace(installation))

    def pace(self, installation: int) -> Pace:
        """The pace of an installation, the same for all its clients."""
        return self.paces.setdefault(installation, Pace(self.spacing))

    def _auth(self, installation: int, repository: str, permissions: Permissions) -> Any:
        app = AppAuthStrategy(self.id, self.private_key)
        scoped: Any = dict(permissions)
        return app.as_installation(installation, repositories=[repository.partition("/")[2]], permissions=scoped)


def with_token(token: str, api: str = API, spacing: float = SECONDS) -> tuple[Reader, Writer]:
    """Both clients over one token that somebody else scoped: the Action's `GITHUB_TOKEN`."""
    pace = Pace(spacing)
    auth = TokenAuthStrategy(token)
    return Reader(auth, api, pace=pace), Writer(auth, api, pace=pace)


class _Cache(MemCacheStrategy):
    """Tokens that an App's clients share, answers that each keeps for itself.

    githubkit's own strategy is one for the whole process: the tokens of every App, and answers without bound.
    """

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._cache = tokens


class Client:
    """What both clients share: one call, its errors made ours. `again` lets reads be tried again."""

    def __init__(
        self,
        auth: Any,
        api: str,
        *,
        again: bool,
        tokens: Tokens | None = None,
        redirects: bool = True,
        pace: Pace | None = None,
    ) -> None:
        self.api = api.rstrip("/")
        self._pace = pace or Pace(0.0)
        self._auth = auth
        self._tokens = tokens if tokens is not None else Tokens()  # type: ignore[no-untyped-call]
        self._github = GitHub(
            auth,
            base_url=self.api,
            user_agent="agentic-flywheel",
            timeout=TIMEOUT,
            ssl_verify=_trust(),
            follow_redirects=redirects,
            event_hooks={"request": [_say_version]},
            cache_strategy=_Cache(self._tokens),
            http_cache=again and redirects,
            auto_retry=_again if again else False,
        )
        self._open()

    def _open(self) -> None:
        """Keep connections: otherwise githubkit makes a client for every call, which costs 0.1 s."""
        self._github.__enter__()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Let the connections go."""
        self._github.__exit__(None, None, None)

    def call(self, method: str, path: str, *, missing: bool = False, body: Any = None, query: Query = NOTHING) -> Any:
        """The JSON of an answer (None of an empty one). With `missing`, what is not there is None as well."""
        response = self.answer(method, path, missing=missing, body=body, query=query)
        return response.json() if response is not None and response.content else None

    def answer(
        self,
        method: str,
        path: str,
        *,
        missing: bool = False,
        body: Any = None,
        query: Query = NOTHING,
        renewed: bool = False,
    ) -> Any:
        """The whole answer, for who needs its headers.

        A token may end before its time (a suspension takes it back): a new one is asked for once. What is refused for
        its token was not done, so a write may be sent again as well.
        """
        self._pace.begin(write=isinstance(self, Writer))
        try:
            response = self._github.request(method, path, params=dict(query) or None, json=body)
            self._pace.note(response.headers)
            return response
        except GitHubException as error:
            failed = _status(error, f"{method} {path}")
            if failed.status == 401 and not renewed and isinstance(self._auth, AppInstallationAuthStrategy):
                self._tokens.forget()
                return self.answer(method, path, missing=missing, body=body, query=query, renewed=True)
            if missing and failed.status in NOT_THERE:
                return None
            raise failed from error

    def graphql(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL answer. An error in it is a StatusError whose `said` is its type."""
        path = self.api.removesuffix("/api/v3") + ("/api/graphql" if self.api.endswith("/api/v3") else "/graphql")
        found = self.call("POST", path, body={"query": document, "variables": dict(variables)})
        for error in found.get("errors") or ():
            kind, message = str(error.get("type", "")), str(error.get("message", ""))[:MAX_MESSAGE]
            if kind.startswith("RATE_LIMIT"):
                raise RateLimitedError(time.time() + SECONDARY_WAIT_S, "primary")
            raise StatusError(f"GraphQL: {message}", 200, message, kind)
        data: dict[str, Any] = found["data"]
        return data


class Reader(Client):
    """Reads, tries again after 5xx and time-outs, and asks whether what it has is still true before it pays for it."""

    def __init__(self, auth: Any, api: str, tokens: Tokens | None = None, pace: Pace | None = None) -> None:
        super().__init__(auth, api, again=True, tokens=tokens, pace=pace)

    def low_until(self) -> float:
        """When there are calls for mining again (seconds since 1970); 0 when there are now."""
        return self._pace.low_until()

    def location(self, path: str) -> str:
        """Where a redirect leads; it is not followed, for our token is not for who stands there."""
        asking = Client(self._auth, self.api, again=True, tokens=self._tokens, redirects=False)
        try:
            return str(asking.answer("GET", path).headers.get("location", ""))
        finally:
            asking.close()

    def get(self, path: str, kind: type[T], **query: str) -> T:
        """One thing. StatusError when it is not there."""
        return shaped(self.call("GET", path, query=query), kind, path)

    def find(self, path: str, kind: type[T], **query: str) -> T | None:
        """One thing; None when it is not there."""
        found = self.call("GET", path, missing=True, query=query)
        return None if found is None else shaped(found, kind, path)

    def pages(self, path: str, kind: type[T], **query: str) -> Iterator[T]:
        """A list, page after page (at most 3,000 rows), as `Link` leads."""
        for page in range(1, MAX_PAGES + 1):
            at = {**query, "per_page": str(PAGE), "page": str(page)}
            response = self.answer("GET", path, missing=True, query=at)
            if response is None:
                return
            yield from shaped(response.json(), list[kind], path)  # type: ignore[valid-type]
            if 'rel="next"' not in response.headers.get("link", ""):
                return


class Writer(Client):
    """Writes, each call once: what was not answered may have happened, and only a fresh look can tell."""

    def __init__(self, auth: Any, api: str, tokens: Tokens | None = None, pace: Pace | None = None) -> None:
        super().__init__(auth, api, again=False, tokens=tokens, pace=pace)

    def write(self, method: str, path: str, kind: type[T], body: Mapping[str, Any]) -> T:
        """POST or PATCH, and what came back."""
        return shaped(self.call(method, path, body=dict(body)), kind, path)


def shaped(value: Any, kind: type[T], where: str) -> T:
    """The few members we use. UserError when GitHub answers in another shape than it documents."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise UserError(
            f"{where}: GitHub's answer has an unknown shape ({error}). Report this, with the path."
        ) from error


@cache
def _trust() -> ssl.SSLContext:
    """Whom we believe to be GitHub, read once for all clients: it takes 0.1 s."""
    return httpx.create_ssl_context()


def _path(repository: str) -> str:
    return quote(repository, safe="/")


def _say_version(request: httpx.Request) -> None:
    request.headers["X-GitHub-Api-Version"] = API_VERSION


def _again(error: GitHubException, count: int) -> RetryOption:
    """After 5xx and silence, twice more, after half a second and a second (with jitter); after a rate limit, never."""
    lost = not isinstance(error, RequestFailed) or error.response.status_code >= 500
    inner = isinstance(error, RequestError) and isinstance(getattr(error, "exc", None), GitHubException)
    if not lost or inner or isinstance(error, RateLimitExceeded) or count + 1 >= READS_AGAIN:
        return RetryOption(False)
    return RetryOption(True, timedelta(seconds=FIRST_WAIT_S * 2**count * random.uniform(0.5, 1.0)))  # noqa: S311 - no secret


def _status(error: GitHubException, what: str) -> StatusError:
    """The 4xx that this error is; raises what is none."""
    while isinstance(error, RequestError) and isinstance(getattr(error, "exc", None), GitHubException):
        error = error.exc  # what failed was the token that the call wanted
        what = "the token for it"
    if isinstance(error, RateLimitExceeded):
        kind = "secondary" if "Secondary" in type(error).__name__ else "primary"
        raise RateLimitedError(_until(error), kind) from error
    if not isinstance(error, RequestFailed):
        raise UnavailableError(f"{what}: no answer ({type(error).__name__})") from error
    status = error.response.status_code
    if status >= 500:
        raise UnavailableError(f"{what}: {status}") from error
    message, said = _words(error)
    if status in (403, 429) and "rate limit" in message:
        raise RateLimitedError(time.time() + SECONDARY_WAIT_S, "secondary") from error
    wanted = error.response.headers.get("x-accepted-github-permissions", "")
    off = ahead(error.response.headers)
    clock = f"Our clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} GitHub's: let it keep its time (NTP)."
    mend = {
        401: clock if abs(off) > SKEW_S else "Check the App's id and private key, or the token.",
        403: f"Give the App this permission: {wanted}." if wanted else "Check what the App may do there.",
        404: "Check that it exists and that the App is installed there.",
        410: "It was switched off or deleted; nothing is to be done.",
        451: "GitHub has blocked it; nothing is to be done.",
    }.get(status, "Report this, with the message.")
    text = f"{what}: GitHub answers {status} ({message}{': ' + said if said else ''}). {mend}"
    return StatusError(text, status, message, said)


def _until(error: RateLimitExceeded) -> float:
    """When to come again, by our clock, and a second more: a wait is told as it is, a time by GitHub's clock."""
    headers = error.response.headers
    if "retry-after" not in headers and "x-ratelimit-reset" in headers:
        with suppress(ValueError):
            return max(renewed(headers), time.time() + 1.0) + 1.0
    return time.time() + max(error.retry_after.total_seconds(), 1.0) + 1.0


def _words(error: RequestFailed) -> tuple[str, str]:
    """(message, what was wrong), both bounded."""
    try:
        body = error.response.json()
    except ValueError:
        return "no message", ""
    if not isinstance(body, dict):
        return "no message", ""
    listed = body.get("errors")
    rows = listed if isinstance(listed, list) else []
    said = "; ".join(str(one.get("message") or one.get("code")) if isinstance(one, dict) else str(one) for one in rows)
    return str(body.get("message", "no message"))[:MAX_MESSAGE], said[:MAX_MESSAGE]
