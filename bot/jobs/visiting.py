"""One visit to one repository: look at it as it stands, decide, perform, remember; and which others want one now.

Whatever caused it, a visit does the same: it reads the configuration, obeys what people did, collects what ran since
the last time, makes a turn over the owner's evidence, tends what we opened before, and proposes what is new. Twice is
the same as once. What people did waits for no evidence; what needs evidence waits until all of it was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot import ledger
from bot.approval.left import as_left
from bot.approval.policy import Policy
from bot.approval.preflight import preflight
from bot.approval.switches import Lookup
from bot.hosting.acts import Act, Acted
from bot.hosting.places import Repository
from bot.hosting.pulls import Ground, Pull, Thread
from bot.jobs import configuration, trialling, withdrawing
from bot.jobs.configuration import Configuration
from bot.jobs.identity import identity
from bot.jobs.lifecycle import under
from bot.jobs.memory import Memory
from bot.jobs.onboarding import PILOT
from bot.jobs.proposing import effect_of, propose
from bot.jobs.tending import heed, tend
from bot.jobs.tending_board import dashboard
from bot.jobs.tending_sight import Git, Known, Sight, Tended
from bot.jobs.tending_watch import incidents
from bot.jobs.turning import Deliberated, deliberate
from bot.jobs.withdrawing import withdraw
from bot.ledger import Ledger, hold_of, moved_by
from bot.model import Detector, Effect, Entry, Episode, Harness, Performed, Proposal, replace

COMPLAINT = identity(configuration.PURPOSE)
"""The issue that says why our file is not obeyed."""


class Remembered(Protocol):
    """A ledger as it was read."""

    @property
    def lines(self) -> Sequence[str]:
        """In their order."""

    @property
    def spoiled(self) -> str:
        """Who else wrote there, and the mend; empty when nobody did."""


class Desk(Protocol):
    """What we opened in a repository, and what is done to it."""

    def ground(self) -> Ground:
        """What the repository allows and demands."""

    def pulls(self) -> Sequence[Pull]:
        """Ours: open ones, and those that ended lately."""

    def issues(self) -> Sequence[Thread]:
        """Ours, and others' that bear our hold."""

    def perform(self, act: Act) -> Acted:
        """Do it, find-or-create."""

    def again(self) -> Desk:
        """The same, looked at afresh."""


class Hosted(Protocol):
    """One repository on its forge, for one visit."""

    @property
    def desk(self) -> Desk:
        """Pulls and issues."""

    @property
    def git(self) -> Git:
        """Commits."""

    @property
    def bench(self) -> trialling.Bench:
        """Where trials run."""

    def file(self, path: str) -> str | None:
        """A file at the head of the default branch; None when there is none."""

    def harness(self) -> Harness:
        """What steers agents there."""

    def perform(self, effect: Effect) -> Performed:
        """Do it, find-or-create."""

    def read_ledger(self) -> Remembered:
        """What the flywheel remembers there."""

    def append_ledger(self, lines: Sequence[str]) -> int:
        """Remember more, each line once."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Of how many heads there was new evidence; `whole` when every repository of the owner has had its first look: a
    turn over a part of the evidence would take back what all of it says. `more` waits to be collected, and can be."""

    heads: int = 0
    notes: tuple[str, ...] = ()
    whole: bool = True
    more: bool = False


@dataclass(frozen=True, slots=True)
class Shop:
    """What a visit works with beside the repository.

    `collect` brings its evidence up to date, a bounded piece of it; `episodes` reads that of an owner; `welcome` is
    what is done where our file is missing, or has just come; `paused` is the switch of the process.
    """

    shared: Callable[[Repository], str | None]
    collect: Callable[[Repository], Looked]
    episodes: Callable[[str], Iterable[Episode]]
    welcome: Callable[[Repository, Configuration], Iterable[Effect]]
    paused: Callable[[], bool]
    memory: Memory
    policy: Policy
    detectors: tuple[Detector, ...]
    now: Callable[[], str]


@dataclass(slots=True)
class Visited:
    """What came of it: notes for whoever runs the flywheel, and the names of repositories that want a visit now.

    `pilot` is the number of the open issue that asks the owner where to start, if it stands here; 0 = it does not.
    With `more` evidence to be collected this repository wants another visit, after those that wait.
    """

    notes: list[str] = field(default_factory=list)
    elsewhere: tuple[str, ...] = ()
    performed: dict[str, Performed] = field(default_factory=dict)
    pilot: int = 0
    more: bool = False


def visit(place: Repository, hosted: Hosted, shop: Shop) -> Visited:
    """Visit a repository. UserError when something there is a person's to mend; what was done until then stands."""
    if place.archived:
        return Visited(["archived: nothing is to be done there"])
    return _Visit(place, hosted, shop).make()


@dataclass(slots=True)
class _Share:
    """A repository's share in a turn, decided as people left it."""

    deliberated: Deliberated
    episodes: list[Episode]
    proposals: list[Proposal]


@dataclass(slots=True)
class _Visit:
    """One visit on its way."""

    place: Repository
    hosted: Hosted
    shop: Shop
    done: Visited = field(default_factory=Visited)
    mine: Ledger = field(default_factory=Ledger)
    """What the ledger of this repository remembers, as of now."""

    def make(self) -> Visited:
        place, shop = self.place, self.shop
        found = configuration.read(self.hosted.file(configuration.PATH), shop.shared(place), shop.policy)
        self.done.notes += [*found.notes, *(problem.text for problem in found.problems)]
        spoiled = self._read()
        if spoiled and found.present:
            self._perform([configuration.unremembered(place.name, spoiled)])
            self.done.notes.append(spoiled)
            return self.done
        issues = self.hosted.desk.issues()
        complained = any(one.by_mark == COMPLAINT and one.state == "open" for one in issues)
        self.done.pilot = next((one.number for one in issues if one.by_mark == PILOT and one.state == "open"), 0)
        self._perform(configuration.effects(place.name, found, open_now=complained))
        if found.present:
            self._perform(shop.welcome(place, found))
        if reason := _why_withdrawn(found):
            self._remember(list(withdraw(place.name, self.mine, reason, self.hosted.perform, shop.now())))
        sight = self._heed(found, issues) if found.present else None
        looked = shop.collect(place)
        self.done.notes += looked.notes
        self.done.more = looked.more
        if not found.present:  # the pull that asks shows what was found
            self._perform(shop.welcome(place, found))
        if sight is not None and looked.whole:
            share = self._take_part(found, self._look() if looked.heads else sight)
            self.done.elsewhere = share.deliberated.elsewhere if looked.heads else ()
        return self.done

    @property
    def owner(self) -> str:
        return self.place.name.partition("/")[0]

    def _heed(self, found: Configuration, issues: Sequence[Thread]) -> Sight:
        """What people did is obeyed before any evidence is looked at; what stands then."""
        desk = self.hosted.desk
        sight = Sight(self.place.name, desk.ground(), desk.pulls(), issues)
        known = Known(self.mine, found.policy, lookups=tuple(lookups(found, paused=self.shop.paused())))
        heeded = heed(sight, known, self.hosted.git, self.shop.now())
        self._carry_out(heeded)
        return self._look() if heeded.entries or heeded.acts or heeded.effects else sight

    def _look(self) -> Sight:
        """The repository afresh."""
        desk = self.hosted.desk.again()
        return Sight(self.place.name, desk.ground(), desk.pulls(), desk.issues())

    def _take_part(self, found: Configuration, sight: Sight) -> _Share:
        """Tend first, then try, then propose: what people did since the last visit binds what is new."""
        ground, pulls, issues = sight.ground, sight.pulls, sight.issues
        share = self._share(found, ground)
        tended = self._tend(found, share, sight)
        remembered, off = self.shop.memory.ledgers(self.owner), preflight(ground)
        share.proposals = [_as_left(one, remembered, off) for one in share.proposals]
        if found.trials is not None and not found.pause:
            self._try(found, ground, share, pulls)
        if found.proposes:
            ended = {one.change for one in tended.entries if one.event in ledger.ENDED | ledger.WENT_IN}
            ended |= tended.merging
            if self._propose(share, ended):  # so that a new pull has its check from the first moment
                self._tend(found, share, Sight(self.place.name, ground, self.hosted.desk.again().pulls(), issues))
        if found.dashboard:
            off, at = preflight(ground), self.shop.now()
            known = self._known(found, share)
            self._perform([dashboard(self.place.name, known, self.mine, off, tended.stopped, at)])
        return share

    def _share(self, found: Configuration, ground: Ground) -> _Share:
        """The turn. The runs of an incident are for trials: mined, they would teach us our own mistake."""
        shop = self.shop
        episodes = list(shop.episodes(self.owner))
        remembered = shop.memory.ledgers(self.owner)
        failed_by_us = incidents(remembered, episodes)
        mined = [one for one in episodes if one.id not in failed_by_us]
        tasks = trialling.texts(self._tasks(found))
        made = deliberate(mined, self.hosted.harness(), remembered, found.policy, shop.detectors, shop.now(), tasks)
        off = preflight(ground)
        proposals = [_as_left(one, remembered, off) for one in (*made.proposals, *made.held)]
        return _Share(made, episodes, proposals)

    def _known(self, found: Configuration, share: _Share) -> Known:
        return Known(
            ledger=self.mine,
            policy=found.policy,
            owner=self.shop.memory.ledgers(self.owner),
            proposals={one.modification.id: one for one in share.proposals},
            drafts={one.modification.id: effect_of(one, share.deliberated.evidence) for one in share.proposals},
            episodes=share.episodes,
            turn=share.deliberated.turn,
            lookups=tuple(lookups(found, paused=self.shop.paused())),
        )

    def _tend(self, found: Configuration, share: _Share, sight: Sight) -> Tended:
        """What we opened before: it is remembered what became of it, then acted upon."""
        tended = tend(sight, self._known(found, share), self.hosted.git, self.shop.now())
        self._carry_out(tended)
        return tended

    def _carry_out(self, tended: Tended) -> None:
        self.done.notes += [note for note in tended.notes if note not in self.done.notes]
        self._remember(tended.entries)
        for act in tended.acts:
            acted = self.hosted.desk.perform(act)
            if acted.status == "refused":
                self.done.notes.append(f"{type(act).__name__}: {acted.detail}")
        self._perform(tended.effects)

    def _tasks(self, found: Configuration) -> str | None:
        """The list of held-out tasks, where trials are wanted."""
        return self.hosted.file(found.trials.tasks) if found.trials is not None else None

    def _try(self, found: Configuration, ground: Ground, share: _Share, pulls: Sequence[Pull]) -> None:
        if found.trials is None:
            return
        proposals = {one.modification.id: one for one in share.proposals}
        tasks = self._tasks(found)
        sight = trialling.Sight(self.place.name, ground, pulls, proposals, share.episodes, tasks)
        mine, desk = self.shop.memory.ledgers(self.owner), self.hosted.desk
        tried = trialling.try_changes(
            sight, found.trials, mine, desk, self.hosted.bench, self._remember, self.shop.now()
        )
        self.done.notes += tried.notes
        self._perform(tried.effects)

    def _propose(self, share: _Share, ended: Collection[str]) -> bool:
        """What is new, or has new evidence; what has just come to an end waits for the next visit. Whether a pull or an
        issue was opened."""
        remembered = self.shop.memory.ledgers(self.owner)
        wanted = [one for one in share.proposals if not one.decision.held and one.modification.id not in ended]
        evidence = share.deliberated.evidence
        done = propose(wanted, {self.place.name: self.hosted}, evidence, remembered, self.shop.now())
        self.done.performed |= done.performed
        self.done.notes += [one.detail for one in done.performed.values() if one.status == "refused"]
        self._remember(done.entries)
        return any(one.status == "created" for one in done.performed.values())

    def _perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            done = self.hosted.perform(effect)
            self.done.performed[effect.change] = done
            if done.status == "refused":
                self.done.notes.append(done.detail)

    def _read(self) -> str:
        """What is remembered here; who else wrote to it, and the mend."""
        found = self.hosted.read_ledger()
        lines = list(under(found.lines, self.place.name))
        self.shop.memory.keep_ledger(self.place.name, lines)
        self.mine = ledger.fold(lines)
        return found.spoiled

    def _remember(self, entries: Sequence[Entry]) -> None:
        """The branch first: it is the authority."""
        if entries:
            self.hosted.append_ledger([ledger.encode(entry) for entry in entries])
            self._read()


def lookups(found: Configuration, *, paused: bool) -> Iterator[Lookup]:
    """The switches that are not issues. A file that cannot be read is a look-up that failed, and stops merges."""
    yield Lookup("process", "merges", paused)
    thrown = None if found.problems else found.pause
    yield Lookup("owner", "merges", thrown)
    yield Lookup("repository", "merges", thrown)
    if found.pause_rollbacks:
        yield Lookup("repository", "rollbacks", thrown=True)


def _why_withdrawn(found: Configuration) -> str:
    """Whether somebody wants everything closed. A file that cannot be read closes nothing: it is a mistake, no word."""
    if not found.present:
        return withdrawing.GONE
    return withdrawing.OBSERVES if found.mode == "observe" and not found.problems else ""


def _as_left(proposal: Proposal, remembered: Ledger, off: Sequence[str]) -> Proposal:
    """What people made of it before counts more than what the evidence says now."""
    change = proposal.modification
    story = remembered.story(change.id)
    held = hold_of(story) is not None
    decided = as_left(proposal.decision, change.revision, moved_by(story), held=held, off=off)
    return replace(proposal, decision=decided)
