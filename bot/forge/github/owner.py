"""One installation in; its owner's pilot issue out, with what people answered there and what they may elsewhere."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from bot.forge.github import marks
from bot.forge.github.answers import User
from bot.forge.github.client import Reader
from bot.forge.github.errors import StatusError
from bot.forge.github.onboarding import default_file, holder
from bot.forge.github.timeline import NO_KINDS
from bot.hosting.people import ROLES, Actor, Role
from bot.hosting.pilot import Pilot
from bot.hosting.pulls import Comment

VIEWER = "query Viewer { viewer { databaseId } }"


class _Author(User, frozen=True):
    type: str = ""


class _Said(msgspec.Struct, frozen=True):
    id: int
    created_at: str
    updated_at: str
    body: str | None = None
    user: _Author | None = None
    performed_via_github_app: dict[str, object] | None = None
    reactions: dict[str, int | str] | None = None


class _Issue(msgspec.Struct, frozen=True):
    number: int
    body: str | None = None
    user: User | None = None


class _Permission(msgspec.Struct, frozen=True):
    permission: str = ""
    role_name: str = ""


class Owner:
    """Reads of a whole installation."""

    def __init__(self, owner: str, reader: Reader) -> None:
        self._owner, self._reader = owner, reader
        self._logins: dict[int, str] = {}

    def file(self, repository: str, path: str) -> str | None:
        """A file at the head of a repository's default branch; None when it, or the repository, is not to be seen."""
        return default_file(self._reader, repository, path)

    def pilot(self, change: str) -> Pilot | None:
        """The owner's pilot issue, told by the account that opened it; None when there is none yet."""
        account = self._account()
        where = holder(self._reader, self._owner, change, account)
        path = f"/repos/{quote(where, safe='/')}/issues"
        number = self._number(path, change, account) if where else 0
        if not number:
            return None
        said = self._reader.pages(f"{path}/{number}/comments", _Said)
        return Pilot(where, number, tuple(self._comment(one, account) for one in said))

    def role(self, repository: str, account: int) -> Role:
        """What somebody who commented on the pilot issue may do in a repository; `unknown` when nobody says.

        https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
        """
        login = self._logins.get(account)
        if not login:
            return "unknown"
        path = f"/repos/{quote(repository, safe='/')}/collaborators/{quote(login, safe='')}/permission"
        try:
            found = self._reader.find(path, _Permission)
        except StatusError:
            return "unknown"
        said = (found.role_name, found.permission) if found else ()
        return next((role for one in said for role in ROLES if role == one), "unknown")

    def _account(self) -> int:
        """Ours, as the token says it."""
        return int(self._reader.graphql(VIEWER, {})["viewer"]["databaseId"] or 0)

    def _number(self, path: str, change: str, account: int) -> int:
        for issue in self._reader.pages(path, _Issue, state="all", labels="flywheel"):
            mark = marks.mark(issue.body)
            if mark and mark.change == change and issue.user and issue.user.id == account:
                return issue.number
        return 0

    def _comment(self, said: _Said, account: int) -> Comment:
        user = said.user or _Author()
        if user.id:
            self._logins[user.id] = user.login
        ours = user.id == account
        bot = user.type != "User" or said.performed_via_github_app is not None
        actor = Actor(user.id, "unknown", "ours" if ours else "bot" if bot else "human")
        stand = said.reactions
        kinds = frozenset(kind for kind, count in stand.items() if count and kind not in NO_KINDS) if stand else None
        return Comment(said.id, actor, said.body or "", said.created_at, said.updated_at != said.created_at, kinds)
