"""An App in, where it is installed and what GitHub could not deliver to it out.

https://docs.github.com/rest/apps/apps, https://docs.github.com/rest/apps/installations and
https://docs.github.com/rest/apps/webhooks
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
from githubkit import AppAuthStrategy

from bot.forge.github.client import MAX_PAGES, PAGE, App, Permissions, Reader, Writer
from bot.forge.github.errors import StatusError
from bot.hosting.places import Delivery, Installation, Repository

MAX_DELIVERIES = 10
"""Pages of a hundred."""
NAMES: Permissions = {"metadata": "read"}


class _Account(msgspec.Struct, frozen=True):
    id: int = 0
    login: str = ""
    slug: str = ""


class _Installation(msgspec.Struct, frozen=True):
    id: int
    account: _Account | None = None
    suspended_at: str | None = None


class _Repository(msgspec.Struct, frozen=True):
    id: int
    full_name: str
    private: bool = True
    archived: bool = False
    default_branch: str = ""


class _Repositories(msgspec.Struct, frozen=True):
    repositories: tuple[_Repository, ...]


class _Delivery(msgspec.Struct, frozen=True):
    id: int
    guid: str
    delivered_at: str
    status_code: int = 0


class Installations:
    """What an App may ask as itself. `with Installations(app) as ours:`"""

    def __init__(self, app: App) -> None:
        self._app = app
        self._reader = Reader(AppAuthStrategy(app.id, app.private_key), app.api, app.tokens)
        self._writer = Writer(AppAuthStrategy(app.id, app.private_key), app.api, app.tokens)

    def __enter__(self) -> Installations:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._reader.close()
        self._writer.close()

    def all(self) -> list[Installation]:
        """Every installation, suspended ones too."""
        found = self._reader.pages("/app/installations", _Installation)
        return [
            Installation(
                one.id,
                one.account.id if one.account else 0,
                (one.account.login or one.account.slug) if one.account else "",
                one.suspended_at is not None,
            )
            for one in found
        ]

    def repositories(self, installation: int) -> list[Repository]:
        """All repositories that an installation may see."""
        reader = self.reader(installation)
        try:
            found: list[_Repository] = []
            for page in range(1, MAX_PAGES + 1):
                asked = {"per_page": str(PAGE), "page": str(page)}
                rows = reader.get("/installation/repositories", _Repositories, **asked).repositories
                found.extend(rows)
                if len(rows) < PAGE:
                    break
        finally:
            reader.close()
        return [_repository(one, installation) for one in found]

    def repository(self, installation: int, number: int, name: str = "") -> Repository | None:
        """A repository by its number, under the name that it has now; None when the installation does not see it.

        `name` is where it probably is (`owner/name`): one call when that is right, else its list is looked through.
        """
        reader = self.reader(installation)
        try:
            found = reader.find(f"/repos/{quote(name, safe='/')}", _Repository) if name else None
        finally:
            reader.close()
        if found and found.id == number:
            return _repository(found, installation)
        return next((one for one in self.repositories(installation) if one.id == number), None)

    def deliveries(self, since: str) -> Iterator[Delivery]:
        """What was delivered, or was to be, since a time (ISO 8601 in UTC, `Z`), newest first."""
        query: dict[str, str] = {"per_page": str(PAGE)}
        for _ in range(MAX_DELIVERIES):
            response: Any = self._reader.answer("GET", "/app/hook/deliveries", missing=True, query=query)
            if response is None:
                return
            for one in msgspec.convert(response.json(), list[_Delivery]):
                if one.delivered_at < since:
                    return
                yield Delivery(one.id, one.guid, one.delivered_at, 200 <= one.status_code < 300)
            cursor = _cursor(response.headers.get("link", ""))
            if not cursor:
                return
            query["cursor"] = cursor

    def resend(self, since: str) -> int:
        """Have sent again what could not be delivered since then; how many GitHub agreed to send."""
        return sum(self._redelivered(number) for number in undelivered(self.deliveries(since)))

    def reader(self, installation: int, permissions: Permissions = NAMES) -> Reader:
        """A client that reads all repositories of an installation."""
        scoped: Any = dict(permissions)
        auth = AppAuthStrategy(self._app.id, self._app.private_key).as_installation(installation, permissions=scoped)
        return Reader(auth, self._app.api, self._app.tokens)

    def _redelivered(self, delivery: int) -> bool:
        try:
            self._writer.call("POST", f"/app/hook/deliveries/{delivery}/attempts")
        except StatusError:
            return False
        return True


def undelivered(deliveries: Iterator[Delivery]) -> list[int]:
    """The newest attempt of every event of which no attempt arrived, oldest event first."""
    arrived: set[str] = set()
    newest: dict[str, int] = {}
    for one in deliveries:
        if one.arrived:
            arrived.add(one.guid)
        newest.setdefault(one.guid, one.id)
    return [number for guid, number in reversed(newest.items()) if guid not in arrived]


def _repository(one: _Repository, installation: int) -> Repository:
    return Repository(one.id, one.full_name, installation, one.private, one.archived, one.default_branch)


def _cursor(link: str) -> str:
    """The cursor of the next page: https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api"""
    for part in link.split(","):
        address, _, rest = part.partition(";")
        if 'rel="next"' in rest:
            query = parse_qs(urlsplit(address.strip(" <>")).query)
            return query.get("cursor", [""])[0]
    return ""
