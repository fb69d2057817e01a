"""An account that did something in, who that is to the repository out: kind and role, told by GitHub, else unknown.

https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
"""

from __future__ import annotations

from urllib.parse import quote

from bot.forge.github.desk_answers import Permission, Person
from bot.forge.github.errors import StatusError
from bot.forge.github.place import Place
from bot.hosting.people import ROLES, Actor, Role


class People:
    """The people of one repository, each looked up once a visit."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._roles: dict[int, Role] = {}

    def actor(self, person: Person | None, *, by_app: bool = False) -> Actor:
        """Who it was. `by_app` = GitHub says that an App acted for them: that shows nobody's own will."""
        if person is None or not person.id:
            return Actor(0, "unknown", "unknown")
        if person.id == self._place.home().account:
            return Actor(person.id, "none", "ours")
        if person.type != "User" or by_app:
            return Actor(person.id, "none", "bot")
        return Actor(person.id, self._role(person))

    def _role(self, person: Person) -> Role:
        if person.id not in self._roles:
            self._roles[person.id] = self._looked_up(person)
        return self._roles[person.id]

    def _looked_up(self, person: Person) -> Role:
        """By name, as GitHub wants it; the answer counts only for the account that we mean: names change hands.

        UnavailableError when GitHub is away: that is no answer, and a no would be remembered as one.
        """
        path = f"{self._place.path}/collaborators/{quote(person.login, safe='')}/permission"
        try:
            found = self._place.reader.find(path, Permission)
        except StatusError:
            return "unknown"
        if found is None or found.user is None or found.user.id != person.id:
            return "unknown"
        said = (found.role_name, found.permission)
        return next((role for one in said for role in ROLES if role == one), "unknown")
