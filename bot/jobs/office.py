"""The App at work: a piece of work from the queue in, the repository visited, what became of it out; and the sweep.

Everything that knows a network comes from outside as `Premises`; what is kept between visits is `Memory`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from bot.approval.policy import Policy
from bot.engine.work import Answer, Done, Later, Work
from bot.errors import AwayError, LaterError, UserError
from bot.hosting.hints import Hint, Kind
from bot.hosting.hints import Place as Where
from bot.hosting.places import Installation, Repository
from bot.jobs import configuration, lifecycle, onboarding, welcoming
from bot.jobs.collecting_source import Source
from bot.jobs.configuration import Configuration
from bot.jobs.evidence import episodes
from bot.jobs.looking import NEARLY_SPENT, Piece, look
from bot.jobs.memory import Last, Memory
from bot.jobs.visiting import Hosted, Looked, Shop, Visited, visit
from bot.model import Detector, Effect, Episode, replace
from bot.pages import offer
from bot.pages.onboarding import Place

MAX_NOTES = 20
MOST = 40
"""Heads that one visit collects at most; the rest goes on in the next one, which comes after those that wait."""
GO_ON: Kind = "head"
"""The work that lets collecting go on when there are calls again; it keeps no visit waiting."""
RESENT_DAYS = 3
"""GitHub sends again what is at most so old:
https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks"""

NOT_NOW = (UserError, LaterError, AwayError)

Put = Callable[[Hint], object]
"""Work of our own for the queue; it is written once, however often it is put before somebody begins it."""


class Visitor(Hosted, welcoming.Guest, Protocol):
    """One repository, for one visit."""

    @property
    def source(self) -> Source:
        """Runs, logs and artifacts."""


class Owner(welcoming.Owner, Protocol):
    """All repositories of an installation together."""

    def file(self, repository: str, path: str) -> str | None:
        """A file at the head of a repository's default branch; None when it, or the repository, is not to be seen."""


class Premises(Protocol):
    """Where the App is installed, as the forge says it."""

    @property
    def web(self) -> str:
        """The address that people use."""

    def all(self) -> Sequence[Installation]:
        """Every installation."""

    def repositories(self, installation: int) -> Sequence[Repository]:
        """All that an installation sees."""

    def repository(self, installation: int, number: int, name: str = "") -> Repository | None:
        """One of them by its number; `name` is where it probably is."""

    def resend(self, since: str) -> int:
        """Have sent again what could not be delivered since then; how many."""

    @contextmanager
    def visitor(self, place: Repository) -> Iterator[Visitor]:
        """A repository, with connections that end with the block."""

    @contextmanager
    def owner(self, installation: int, login: str) -> Iterator[Owner]:
        """An owner, likewise."""


class Swept(NamedTuple):
    """Where the App is (suspended, too), how many repositories want a visit, how many deliveries GitHub sends again,
    what could not be looked at."""

    installations: tuple[int, ...]
    repositories: int
    resent: int
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Office:
    """What acts on work. `now` gives ISO 8601 times; `paused` is the switch of the process; `action` is our Action as
    repositories may name it, "" where nobody said."""

    premises: Premises
    memory: Memory
    policy: Policy
    detectors: tuple[Detector, ...]
    put: Put
    now: Callable[[], str]
    paused: Callable[[], bool]
    action: str = ""

    def answer(self, work: Work) -> Answer:
        """Do a piece of work. A hint is never believed: its repository is looked up by its number, and read afresh.

        Where something happened to the issue that asks an owner where to start, the whole owner is looked at.
        """
        try:
            if work.kind == "installation" and self._is_gone(work.installation):
                return Done("the App is not there any more; what was kept of it is deleted")
            if work.kind == GO_ON:
                return self._go_on(work.installation)
            if work.kind == "installation" or not work.repository:
                return Done(self.welcome_owner(work.installation))
            name = next((place.name for place in work.hints[-1].places if place.id == work.repository), "")
            place = self.premises.repository(work.installation, work.repository, name)
            if place is None:
                return Done("the App does not see it any more")
            visited = self.visit(place)
            if visited.pilot and any(hint.issue == visited.pilot for hint in work.hints):
                self.put(Hint("sweep", "", "installation", installation=work.installation))
            self._ask_for([place] if visited.more else ())
            return Done("; ".join(visited.notes))
        except LaterError as error:
            return Later(error.until, str(error), "installation")

    def _is_gone(self, installation: int) -> bool:
        """Whether the App was taken out; then what is kept of its repositories is deleted at once."""
        installations = self.premises.all()
        if any(one.id == installation for one in installations):
            return False
        lifecycle.tidy(self.memory, installations, {})
        return True

    def sweep(self) -> Swept:
        """Let everything be visited.

        What is kept of repositories follows them to new names, and is deleted where the App is no more. An
        installation that cannot be looked at just now is told of, and keeps no other waiting.
        """
        installations = self.premises.all()
        seen: dict[int, Sequence[Repository]] = {}
        missed: list[str] = []
        for one in installations:
            try:
                seen |= {} if one.suspended else {one.id: self.premises.repositories(one.id)}
            except NOT_NOW as error:
                missed.append(f"installation {one.id} was not looked at: {error}")
        lifecycle.tidy(self.memory, installations, seen)
        for number in seen:
            self.put(Hint("sweep", "", "installation", installation=number))
        count = sum(self._ask_for(places) for places in seen.values())
        since = datetime.fromisoformat(self.now()) - timedelta(days=RESENT_DAYS)
        resent = 0
        try:
            resent = self.premises.resend(since.strftime("%Y-%m-%dT%H:%M:%SZ"))
        except NOT_NOW as error:
            missed.append(f"no delivery was sent again: {error}")
        return Swept(tuple(one.id for one in installations), count, resent, tuple(missed))

    def visit(self, place: Repository) -> Visited:
        """Visit a repository; the others in which it found something to propose are visited soon.

        So are all of the owner's when this was the last one that nobody had looked at, as after our store was lost.
        """
        lifecycle.keep_up(self.memory, place)
        behind = self._behind(place.installation)
        try:
            with self.premises.visitor(place) as visitor:
                visited = visit(place, visitor, self._shop(place, visitor, behind))
        except UserError as error:
            if not self._is_looked(place):
                self.memory.keep_last(place.id, replace(self.memory.last(place.id), refused=str(error)))
                self._ask_for_all(place, behind)
            raise
        if visited.elsewhere:
            wanted = set(visited.elsewhere)
            self._ask_for([one for one in self.premises.repositories(place.installation) if one.name in wanted])
        self._ask_for_all(place, behind)
        return visited

    def _behind(self, installation: int) -> Sequence[Repository]:
        """The repositories that nobody has looked at to the end, as on the first day, and after our store was lost."""
        known = [one for one in lifecycle.places(self.memory) if one.installation == installation]
        if known and all(self._is_looked(one) for one in known):
            return ()
        return [one for one in self.premises.repositories(installation) if not self._is_looked(one)]

    def _is_looked(self, one: Repository | lifecycle.Kept) -> bool:
        last = self.memory.last(one.id)
        return bool(last.looked or last.refused)

    def _ask_for_all(self, place: Repository, behind: Sequence[Repository]) -> None:
        """What waited for the last first look does not wait for the next sweep."""
        if behind and all(self._is_looked(one) for one in behind):
            self._ask_for([one for one in self.premises.repositories(place.installation) if one.id != place.id])

    def _go_on(self, installation: int) -> Answer:
        """Where heads wait for the hour's calls: visits, as soon as there are some."""
        installed = self.premises.repositories(installation)
        wanted = [one for one in installed if not self._is_looked(one) or self.memory.last(one.id).waiting]
        if not wanted:
            return Done()
        with self.premises.visitor(wanted[0]) as visitor:
            until = visitor.source.low_until()
        return Later(until, NEARLY_SPENT) if until else Done(f"{self._ask_for(wanted)} repositories want a visit")

    def welcome_owner(self, installation: int) -> str:
        """Where the App is new, its owner is asked where to start; every repository is visited once."""
        installed = self.premises.repositories(installation)
        if not installed:
            return "no repository is to be seen"
        login = installed[0].name.partition("/")[0]
        with self.premises.owner(installation, login) as owner:
            chosen, reactions, pilot = welcoming.started(owner, installed)
            effect = welcoming.invite(login, installed, self._glance(owner), pilot, chosen)
        at = effect.repository if effect else pilot.repository if pilot else ""
        place = next((one for one in installed if one.name == at), None)
        if place is not None:
            with self.premises.visitor(place) as visitor:
                if effect is not None:
                    visitor.perform(effect)
                for reaction in reactions:
                    visitor.desk.perform(reaction)
        return f"{self._ask_for(installed)} repositories want a visit"

    def _glance(self, owner: Owner) -> Callable[[Repository], welcoming.Glance]:
        def glance(place: Repository) -> welcoming.Glance:
            """One that cannot be looked at, as one without a commit, is not asked about; its own visit says why."""
            try:
                has_file = owner.file(place.name, configuration.PATH) is not None
                with self.premises.visitor(place) as visitor:
                    lately = visitor.glimpses(welcoming.since(self.now()))
                    return welcoming.Glance(visitor.past(onboarding.BRANCH), has_file, lately)
            except UserError:
                return welcoming.Glance("none", False, ())

        return glance

    def _shop(self, place: Repository, visitor: Visitor, behind: Sequence[Repository]) -> Shop:
        return Shop(
            shared=self._shared,
            collect=lambda place: self._collect(place, visitor, behind),
            episodes=self._episodes,
            welcome=lambda place, found: self._welcome(place, visitor, found),
            paused=self.paused,
            memory=self.memory,
            policy=self.policy,
            detectors=self.detectors,
            now=self.now,
        )

    def _shared(self, place: Repository) -> str | None:
        login = place.name.partition("/")[0]
        with self.premises.owner(place.installation, login) as owner:
            return owner.file(f"{login}/{configuration.SHARED_REPOSITORY}", configuration.SHARED_PATH)

    def _collect(self, place: Repository, visitor: Visitor, behind: Sequence[Repository]) -> Looked:
        """A piece of the evidence: of this repository, then of those that nobody visits any more and that are behind.
        What is left of it is asked for."""
        looks = [look(visitor.source, place, self.memory, MOST, self.now)]
        for other in [one for one in behind if one.archived and one.id != place.id]:
            if (left := MOST - sum(one.heads for one in looks)) > 0:
                looks.append(self._look_in(other, left))
        low = any(one.low for one in looks)
        if low:
            self.put(Hint("sweep", "", GO_ON, installation=place.installation))
        notes = [note for one in looks for note in one.notes]
        whole = all(self._is_looked(one) for one in (place, *behind))
        more = not low and any(one.waiting for one in looks)
        return Looked(sum(one.fresh for one in looks), tuple(notes[:MAX_NOTES]), whole, more)

    def _look_in(self, other: Repository, most: int) -> Piece:
        """A piece of what an archived repository holds. What cannot be looked at is told, and nobody waits for it."""
        try:
            with self.premises.visitor(other) as visitor:
                lines = list(lifecycle.under(visitor.read_ledger().lines, other.name))
                self.memory.keep_ledger(other.name, lines)
                return look(visitor.source, other, self.memory, most, self.now)
        except UserError as error:
            self.memory.keep_last(other.id, Last(refused=str(error)))
            return Piece(notes=(f"{other.name} is left out: {error}",))

    def _episodes(self, owner: str) -> Iterable[Episode]:
        return episodes(self.memory.evidence, owner)

    def _welcome(self, place: Repository, visitor: Visitor, found: Configuration) -> Iterator[Effect]:
        """Before our file is there: the pull that adds it, where somebody asked for it. Then: that pull's end."""
        if found.present:
            effect = welcoming.settled(place, visitor)
        elif not self._is_looked(place) and visitor.past(onboarding.BRANCH) == "open":
            effect = None  # what it shows was made from all the evidence, or will be
        else:
            installed = self.premises.repositories(place.installation)
            login = place.name.partition("/")[0]
            with self.premises.owner(place.installation, login) as owner:
                chosen, _reactions, _pilot = welcoming.started(owner, installed)
            where = Place(self.premises.web, place.name, place.branch, self.action or offer.UNKNOWN)
            runs = list(self._episodes(login))
            effect = welcoming.welcome(
                place, visitor, runs, self.policy, self.detectors, where, self.now(), is_chosen=place.name in chosen
            )
        if effect is not None:
            yield effect

    def _ask_for(self, places: Iterable[Repository]) -> int:
        wanted = [place for place in places if not place.archived]
        for one in wanted:
            where = (Where(one.id, one.name),)
            self.put(Hint("sweep", "", "repository", installation=one.installation, places=where))
        return len(wanted)
