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
from bot.hosting.hints import Hint
from bot.hosting.hints import Place as Where
from bot.hosting.places import Installation, Repository
from bot.jobs import configuration, lifecycle, onboarding, welcoming
from bot.jobs.collecting import collect_head
from bot.jobs.collecting_source import Source
from bot.jobs.configuration import Configuration
from bot.jobs.evidence import episodes
from bot.jobs.heads import finished_heads
from bot.jobs.memory import Last, Memory
from bot.jobs.visiting import Hosted, Looked, Shop, Visited, visit
from bot.model import Detector, Effect, Episode
from bot.pages import offer
from bot.pages.onboarding import Place

MAX_NOTES = 20
RESENT_DAYS = 3
"""GitHub sends again what is at most so old:
https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks"""

NEARLY_SPENT = "the hour's calls are nearly spent"
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
            if work.kind == "installation" or not work.repository:
                return Done(self.welcome_owner(work.installation))
            name = next((place.name for place in work.hints[-1].places if place.id == work.repository), "")
            place = self.premises.repository(work.installation, work.repository, name)
            if place is None:
                return Done("the App does not see it any more")
            visited = self.visit(place)
            if visited.pilot and any(hint.issue == visited.pilot for hint in work.hints):
                self.put(Hint("sweep", "", "installation", installation=work.installation))
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
        """Visit a repository; the others in which it found something to propose are visited soon."""
        behind = self._catch_up(place)
        with self.premises.visitor(place) as visitor:
            visited = visit(place, visitor, self._shop(place, visitor))
        visited.notes += behind
        if visited.elsewhere:
            wanted = set(visited.elsewhere)
            self._ask_for([one for one in self.premises.repositories(place.installation) if one.name in wanted])
        return visited

    def _catch_up(self, place: Repository) -> list[str]:
        """Look at those repositories of the owner that nobody has looked at, as after our store was lost: a turn over
        a part of the evidence takes back what all of it says. What could not be looked at is told."""
        memory, installation = self.memory, place.installation
        known = [one.id for one in lifecycle.places(memory) if one.installation == installation]
        if known and all(memory.last(one).looked for one in known if one != place.id):
            return []
        notes: list[str] = []
        for other in self.premises.repositories(installation):
            if other.id == place.id or memory.last(other.id).looked:
                continue
            try:
                with self.premises.visitor(other) as visitor:
                    looked = self._collect(other, visitor, "")
                    memory.keep_ledger(other.name, list(lifecycle.under(visitor.read_ledger().lines, other.name)))
            except UserError as error:
                notes.append(f"{other.name} is left out: {error}")
                continue
            memory.keep_last(other.id, Last(looked.until))
        return notes

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
            has_file = owner.file(place.name, configuration.PATH) is not None
            with self.premises.visitor(place) as visitor:
                lately = visitor.glimpses(welcoming.since(self.now()))
                return welcoming.Glance(visitor.past(onboarding.BRANCH), has_file, lately)

        return glance

    def _shop(self, place: Repository, visitor: Visitor) -> Shop:
        return Shop(
            shared=self._shared,
            collect=lambda place, since: self._collect(place, visitor, since),
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

    def _collect(self, place: Repository, visitor: Visitor, since: str) -> Looked:
        """The evidence of every head whose runs have ended since then; what was left out is said."""
        if _spare(visitor.source, since):
            return Looked(since, 0, (NEARLY_SPENT,))
        seen = finished_heads(visitor.source, since)
        notes: list[str] = []
        fresh = 0
        for done, head in enumerate(seen.heads):
            if _spare(visitor.source, since):
                waiting = f"{len(seen.heads) - done} heads wait: {NEARLY_SPENT}"
                return Looked(since, fresh, (waiting, *notes[: MAX_NOTES - 1]))
            found = collect_head(visitor.source, place, head.sha, self.memory.evidence, self.now())
            fresh += found.status == "stored"
            notes += [f"{head.sha[:12]}: left out: {one}" for one in found.left_out]
        if seen.left_out:
            notes.append(f"{seen.left_out} heads were left out: too many at once")
        return Looked(seen.until, fresh, tuple(notes[:MAX_NOTES]))

    def _episodes(self, owner: str) -> Iterable[Episode]:
        return episodes(self.memory.evidence, owner)

    def _welcome(self, place: Repository, visitor: Visitor, found: Configuration) -> Iterator[Effect]:
        """Before our file is there: the pull that adds it, where somebody asked for it. Then: that pull's end."""
        if found.present:
            effect = welcoming.settled(place, visitor)
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


def _spare(source: Source, since: str) -> bool:
    """Whether the calls that are left are not for mining. LaterError where nobody has looked before: what is decided
    from a part of the evidence would take back what all of it says."""
    until = source.low_until()
    if until and not since:
        raise LaterError(NEARLY_SPENT, until)
    return bool(until)
