"""One visit to one repository: look at it as it stands, decide, perform, remember; and which others want one now.

Whatever caused it, a visit does the same: it reads the configuration, collects what ran since the last time, makes a
turn over the owner's evidence, tends what we opened before, and proposes what is new. Twice is the same as once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
from bot.jobs import configuration, withdrawing
from bot.jobs.configuration import Configuration
from bot.jobs.memory import Last, Memory
from bot.jobs.proposing import effect_of, propose
from bot.jobs.tending import tend
from bot.jobs.tending_sight import Git, Known, Sight, Tended
from bot.jobs.turning import Deliberated, deliberate
from bot.jobs.withdrawing import withdraw
from bot.ledger import Ledger, hold_of, moved_by
from bot.model import Detector, Effect, Entry, Episode, Harness, Performed, Proposal, replace


class Remembered(Protocol):
    """A ledger as it was read."""

    @property
    def lines(self) -> Sequence[str]:
        """In their order."""


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


class Hosted(Protocol):
    """One repository on its forge, for one visit."""

    @property
    def desk(self) -> Desk:
        """Pulls and issues."""

    @property
    def git(self) -> Git:
        """Commits."""

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

    def close(self) -> None:
        """Let the connections go."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Until when the runs of a repository were looked at (ISO 8601), and of how many heads there was new evidence."""

    until: str
    heads: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shop:
    """What a visit works with. `collect` brings the evidence of one repository up to date since a time (ISO 8601, "" =
    never looked); `episodes` reads that of an owner; `lookups` are the switches of the process and the owner."""

    open: Callable[[Repository], Hosted]
    shared: Callable[[Repository], str | None]
    collect: Callable[[Repository, Hosted, str], Looked]
    episodes: Callable[[str], Iterable[Episode]]
    lookups: Callable[[Configuration], Sequence[Lookup]]
    memory: Memory
    policy: Policy
    detectors: tuple[Detector, ...]
    now: Callable[[], str]


@dataclass(slots=True)
class Visited:
    """What came of it: notes for whoever runs the flywheel, and the names of repositories that want a visit now."""

    notes: list[str] = field(default_factory=list)
    elsewhere: tuple[str, ...] = ()
    performed: dict[str, Performed] = field(default_factory=dict)


def visit(place: Repository, shop: Shop) -> Visited:
    """Visit a repository. UserError when something there is a person's to mend; what was done until then stands."""
    if place.archived:
        return Visited(["archived: nothing is to be done there"])
    hosted = shop.open(place)
    try:
        return _visit(place, hosted, shop)
    finally:
        hosted.close()


def _visit(place: Repository, hosted: Hosted, shop: Shop) -> Visited:
    visited = Visited()
    last = shop.memory.last(place.id)
    found = configuration.read(hosted.file(configuration.PATH), shop.shared(place), shop.policy)
    visited.notes += [problem.text for problem in found.problems]
    looked = shop.collect(place, hosted, last.looked)
    visited.notes += looked.notes
    remembered = _remembered(place, hosted, shop)
    reason = withdrawing.GONE if not found.present else withdrawing.OBSERVES if _only_looks(found) else ""
    if reason:
        _remember(place, hosted, shop, list(withdraw(place.name, remembered, reason, hosted.perform, shop.now())))
    if not found.present:
        shop.memory.keep_last(place.id, Last(looked.until))
        return visited
    share = _share(place, hosted, shop, found)
    ended = _tend(place, hosted, shop, found, share, remembered, visited)
    if found.proposes:
        _propose(place, hosted, shop, share, ended, visited)
    visited.elsewhere = share.deliberated.elsewhere if looked.heads else ()
    shop.memory.keep_last(place.id, Last(looked.until))
    return visited


def _only_looks(found: Configuration) -> bool:
    """Whether somebody wants it so. A file that cannot be read closes nothing: it is a mistake, not a word."""
    return found.mode == "observe" and not found.problems


@dataclass(slots=True)
class _Share:
    """A repository's share in a turn, decided as people left it."""

    deliberated: Deliberated
    episodes: list[Episode]
    ground: Ground
    proposals: list[Proposal]


def _remembered(place: Repository, hosted: Hosted, shop: Shop) -> Ledger:
    lines = hosted.read_ledger().lines
    shop.memory.keep_ledger(place.name, lines)
    return ledger.fold(lines)


def _share(place: Repository, hosted: Hosted, shop: Shop, found: Configuration) -> _Share:
    episodes = list(shop.episodes(_owner(place)))
    remembered = shop.memory.ledgers(_owner(place))
    harness, ground = hosted.harness(), hosted.desk.ground()
    deliberated = deliberate(episodes, harness, remembered, found.policy, shop.detectors, shop.now())
    off = preflight(ground)
    proposals = [_as_left(one, remembered, off) for one in (*deliberated.proposals, *deliberated.held)]
    return _Share(deliberated, episodes, ground, proposals)


def _as_left(proposal: Proposal, remembered: Ledger, off: Sequence[str]) -> Proposal:
    """What people made of it before counts more than what the evidence says now."""
    change = proposal.modification
    story = remembered.story(change.id)
    held = hold_of(story) is not None
    decided = as_left(proposal.decision, change.revision, moved_by(story), held=held, off=off)
    return replace(proposal, decision=decided)


def _tend(
    place: Repository,
    hosted: Hosted,
    shop: Shop,
    found: Configuration,
    share: _Share,
    remembered: Ledger,
    visited: Visited,
) -> frozenset[str]:
    """What we opened before: it is remembered what became of it, then acted upon. Returns the changes that ended."""
    sight = Sight(place.name, share.ground, hosted.desk.pulls(), hosted.desk.issues())
    known = Known(
        ledger=remembered,
        policy=found.policy,
        owner=shop.memory.ledgers(_owner(place)),
        proposals={one.modification.id: one for one in share.proposals},
        drafts={one.modification.id: effect_of(one, share.deliberated.evidence) for one in share.proposals},
        episodes=share.episodes,
        turn=share.deliberated.turn,
        lookups=shop.lookups(found),
    )
    tended = tend(sight, known, hosted.git, shop.now())
    visited.notes += tended.notes
    _remember(place, hosted, shop, tended.entries)
    _perform(hosted, tended, visited)
    return frozenset(entry.change for entry in tended.entries if entry.event in ledger.ENDED | ledger.WENT_IN)


def _perform(hosted: Hosted, tended: Tended, visited: Visited) -> None:
    for act in tended.acts:
        acted = hosted.desk.perform(act)
        if acted.status == "refused":
            visited.notes.append(f"{type(act).__name__}: {acted.detail}")
    for effect in tended.effects:
        visited.performed[effect.change] = hosted.perform(effect)


def _propose(
    place: Repository, hosted: Hosted, shop: Shop, share: _Share, ended: frozenset[str], visited: Visited
) -> None:
    """What is new, or has new evidence; what has just come to an end waits for the next visit."""
    remembered = shop.memory.ledgers(_owner(place))
    wanted = [one for one in share.proposals if not one.decision.held and one.modification.id not in ended]
    done = propose(wanted, {place.name: hosted}, share.deliberated.evidence, remembered, shop.now())
    visited.performed |= done.performed
    visited.notes += [one.detail for one in done.performed.values() if one.status == "refused"]
    _remember(place, hosted, shop, done.entries)


def _remember(place: Repository, hosted: Hosted, shop: Shop, entries: Sequence[Entry]) -> None:
    """The branch first: it is the authority."""
    if not entries:
        return
    hosted.append_ledger([ledger.encode(entry) for entry in entries])
    shop.memory.keep_ledger(place.name, hosted.read_ledger().lines)


def _owner(place: Repository) -> str:
    return place.name.partition("/")[0]
