"""Work from the queue in, what became of it out: whichever webhook it was, the repository it names is visited.

A hint is never believed: the repository is looked up by its number through the App, and what it is about is read
afresh. `sweep` makes the same work for everything there is, so that no webhook is needed for the same end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from bot.engine.work import Answer, Done, Later, Work
from bot.errors import LaterError
from bot.hosting.hints import Hint, Place
from bot.hosting.places import Installation, Repository
from bot.jobs.visiting import Visited

Put = Callable[[Hint], object]
"""Work of our own for the queue; it is written once, however often it is put before somebody begins it."""


class Host(Protocol):
    """Where the App is installed, as the forge says it."""

    def all(self) -> Iterable[Installation]:
        """Every installation."""

    def repositories(self, installation: int) -> Iterable[Repository]:
        """All that an installation sees."""

    def repository(self, installation: int, number: int, name: str = "") -> Repository | None:
        """One of them by its number; `name` is where it probably is."""

    def resend(self, since: str) -> int:
        """Have sent again what could not be delivered since then; how many."""


def answer(work: Work, host: Host, visit: Callable[[Repository], Visited], put: Put) -> Answer:
    """Do a piece of work."""
    try:
        if work.kind == "installation" or not work.repository:
            return Done(f"{_all_of(work.installation, host, put)} repositories want a visit")
        name = next((place.name for place in work.hints[-1].places if place.id == work.repository), "")
        place = host.repository(work.installation, work.repository, name)
        if place is None:
            return Done("the App does not see it any more")
        visited = visit(place)
        _others(work.installation, visited, host, put)
        return Done("; ".join(visited.notes))
    except LaterError as error:
        return Later(error.until, str(error), "installation")


def sweep(host: Host, put: Put, since: str) -> tuple[int, int]:
    """Let everything be visited: (repositories, deliveries that GitHub sends again). `since` is ISO 8601 in UTC."""
    count = sum(_all_of(one.id, host, put) for one in host.all() if not one.suspended)
    return count, host.resend(since)


def _all_of(installation: int, host: Host, put: Put) -> int:
    places = [place for place in host.repositories(installation) if not place.archived]
    for place in places:
        put(_hint(place))
    return len(places)


def _others(installation: int, visited: Visited, host: Host, put: Put) -> None:
    """The other repositories in which this visit saw something to propose."""
    if visited.elsewhere:
        wanted = set(visited.elsewhere)
        for place in host.repositories(installation):
            if place.name in wanted:
                put(_hint(place))


def _hint(place: Repository) -> Hint:
    return Hint("sweep", "", "repository", installation=place.installation, places=(Place(place.id, place.name),))
