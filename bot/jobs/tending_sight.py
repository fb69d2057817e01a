"""What tending looks at and what it says: one repository as it stands, what is known of it, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from bot.approval.policy import Policy
from bot.approval.switches import Lookup
from bot.hosting.acts import Act
from bot.hosting.pulls import Ground, Pull, Thread
from bot.ledger import ABOUT, Ledger, tier_of
from bot.model import Edit, Effect, Entry, Episode, OpenIssue, OpenPull, Proposal, Turn, branch_of, replace


class Git(Protocol):
    """What is read of a repository's commits."""

    def edits(self, base: str, head: str) -> tuple[Edit, ...] | None:
        """What `head` changes since it left `base`, whole texts; None when that cannot be told."""

    def texts(self, commit: str, paths: Sequence[str]) -> Mapping[str, str | None]:
        """The files at a commit; None = no such file. One that cannot be read is left out."""

    def parent(self, commit: str) -> str:
        """The first parent, "" when it is unknown."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One repository as the forge shows it now: the pulls and issues of ours, and others' issues that bear our hold."""

    repository: str
    ground: Ground
    pulls: Sequence[Pull] = ()
    issues: Sequence[Thread] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside: the repository's ledger, those of its owner together, and this visit's turn.

    `proposals` and `drafts` are the turn's by change id, held ones too; `lookups` are the switches that were looked at
    elsewhere (a repository's own hold issues are read here).
    """

    ledger: Ledger
    policy: Policy
    owner: Ledger = field(default_factory=Ledger)
    proposals: Mapping[str, Proposal] = field(default_factory=dict)
    drafts: Mapping[str, OpenPull | OpenIssue] = field(default_factory=dict)
    episodes: Sequence[Episode] = ()
    turn: Turn | None = None
    lookups: Sequence[Lookup] = ()


@dataclass(slots=True)
class Tended:
    """What is to be remembered, then done. `notes` are for whoever runs the flywheel."""

    entries: list[Entry] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stopped: tuple[str, ...] = ()
    """The switches that stop merges, for the dashboard."""
    merging: set[str] = field(default_factory=set)
    """The changes that are merged by the acts: nothing else may be opened for them before the next look."""


def undo_id(repository: str, change: str) -> str:
    """The id of the pull or issue that takes a merged change back: the same for whoever computes it."""
    return sha256(f"undo\0{repository}\0{change}".encode()).hexdigest()[:12]


def undo_branch(repository: str, detector: str, change: str) -> str:
    """The branch of that pull."""
    return branch_of(f"undo-{detector.replace('/', '-')}", undo_id(repository, change))


@dataclass(frozen=True, slots=True)
class Names:
    """Which thread is about which change: by its branch, which nobody can rename; an issue by its mark or number."""

    branches: Mapping[str, str]
    undoes: Mapping[str, str]
    """Branch or id of a revert, and the change that it takes back."""
    numbers: Mapping[int, str]

    def change(self, pull: Pull) -> str:
        """The change of a pull, "" for a revert."""
        if pull.branch in self.undoes:
            return ""
        known = self.branches.get(pull.branch, "")
        return known or (pull.thread.by_mark if pull.branch.endswith(f"-{pull.thread.by_mark}") else "")

    def of_issue(self, thread: Thread) -> str:
        """The change of an issue, "" for that of a revert and for what is no change."""
        return "" if thread.by_mark in self.undoes else thread.by_mark or self.numbers.get(thread.number, "")

    def undone(self, pull: Pull) -> str:
        """The change that a pull takes back, "" for every other."""
        return self.undoes.get(pull.branch, "")


def names(repository: str, ledger: Ledger) -> Names:
    """The names of everything that a ledger knows."""
    branches: dict[str, str] = {}
    undoes: dict[str, str] = {}
    for change, standing in ledger.changes.items():
        branches[branch_of(standing.last.detector, change)] = change
        undoes[undo_branch(repository, standing.last.detector, change)] = change
        undoes[undo_id(repository, change)] = change
    own = (entry for entry in ledger.entries if entry.event not in ("undoing", "spared", "reverted"))
    numbers = {entry.number: entry.change for entry in own if entry.number}
    return Names(branches, undoes, numbers)


def entry_of(story: Sequence[Entry], event: str, at: str, **more: object) -> Entry:
    """A new line about a change: what was proposed, with its tier as it is now, and what happened."""
    proposed = next(entry for entry in reversed(story) if entry.event in ("proposed", "updated"))
    bare = replace(proposed, at=at, event=event, tier=tier_of(story), reason="", detail="", number=0, head="", by=0)
    return replace(bare, **{"about": 0, **more})


def last_of(story: Sequence[Entry]) -> str:
    """The last event that moved the change on its way, "" when it never began."""
    return next((entry.event for entry in reversed(story) if entry.event not in ABOUT), "")


def is_ours(thread: Thread) -> bool:
    """Whether our App opened it, by its account: a branch, a label, a text can be copied."""
    return thread.author.kind == "ours"
