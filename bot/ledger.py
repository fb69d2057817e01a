"""Ledger entries to lines of JSON and back, and the fold that says how each change stands; no file, no clock here.

A line is one object with `v` (schema version) and the fields of `model.Entry`. Lines of a later version, and damaged
lines, are kept as they are by whoever writes the file and counted here: nothing is lost, nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from msgspec.structs import fields

from bot.model import Entry, TrialResult, asdict

VERSION = 1
MAX_LINE = 1 << 20
LATER = frozenset(
    {"category", "model", "watch", "aftermath", "trial", "detail", "number", "head", "by", "about", "same"}
)
"""Fields that came after the first release: written only when they say something, so its lines stay as they are."""
ENDED = frozenset({"dismissed", "withdrawn", "reverted"})
OPEN = frozenset({"proposed", "updated", "frozen"})
WENT_IN = frozenset({"merged", "completed", "watched", "undoing", "spared"})
PEOPLE = frozenset({"promoted", "demoted", "held", "resumed", "approved", "settled", "commanded"})
ABOUT = frozenset({"registered", "dispatched", "trialled", "integrity", "rerun"}) | PEOPLE
"""Events that tell something of a change and leave it where it stands."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one change stands: its last entry, the entry that proposed or last updated it, and its first."""

    first: Entry
    last: Entry
    proposed: Entry

    @property
    def is_open(self) -> bool:
        """Proposed and not ended by a person or by us."""
        return self.last.event in OPEN

    @property
    def went_in(self) -> bool:
        """Merged, or done by a person, and not taken back."""
        return self.last.event in WENT_IN


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the flywheel remembers: every change by id, how many lines could not be read, and all entries in order."""

    changes: Mapping[str, Standing] = field(default_factory=dict)
    unread: int = 0
    entries: tuple[Entry, ...] = ()

    def remembered(self) -> frozenset[tuple[str, str]]:
        """(repository, detector) of every change that went in: failures of that kind since then count double."""
        merged = (standing.last for standing in self.changes.values() if standing.went_in)
        return frozenset((entry.repository, entry.detector) for entry in merged)

    def story(self, change: str) -> tuple[Entry, ...]:
        """Everything that happened to a change, in order."""
        return tuple(entry for entry in self.entries if entry.change == change)

    def trial(self, change: str, revision: str) -> TrialResult:
        """What the last trial of this revision said; `none` without one, or for a word of a later version."""
        of_revision = (
            one.trial
            for one in reversed(self.entries)
            if (one.event, one.change, one.revision) == ("trialled", change, revision)
        )
        last = next(of_revision, "none")
        return next((known for known in get_args(TrialResult) if known == last), "none")


def encode(entry: Entry) -> str:
    """One line, its keys in a fixed order, without its line end."""
    said = {name: value for name, value in asdict(entry).items() if value or name not in LATER}
    return json.dumps({"v": VERSION, **said}, ensure_ascii=True, separators=(",", ":"))


def decode(line: str) -> Entry | None:
    """The entry of one line; None for an empty, damaged or foreign one."""
    if not line.strip() or len(line) > MAX_LINE:
        return None
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or read.pop("v", None) != VERSION:
        return None
    kinds = {one.name: one.type for one in fields(Entry)}
    if set(read) - set(kinds) or any(type(value) is not kinds[name] for name, value in read.items()):
        return None
    try:
        return Entry(**read)
    except TypeError:
        return None


def fold(lines: Iterable[str]) -> Ledger:
    """Replay the lines in order. A change proposed again after its end starts a new first entry."""
    changes: dict[str, Standing] = {}
    entries: list[Entry] = []
    unread = 0
    for line in lines:
        entry = decode(line)
        if entry is None:
            unread += bool(line.strip())
            continue
        entries.append(entry)
        if entry.event in ABOUT:
            continue
        known = changes.get(entry.change)
        if known is None or (known.last.event in ENDED and entry.event == "proposed"):
            changes[entry.change] = Standing(entry, entry, entry)
            continue
        proposed = entry if entry.event in {"proposed", "updated"} else known.proposed
        changes[entry.change] = Standing(known.first, entry, proposed)
    return Ledger(changes, unread, tuple(entries))


def dismissal_holds(standing: Standing | None, failed_now: int) -> bool:
    """A remembered *no* holds until the failure comes back at twice the evidence (design.md, rule 9)."""
    if standing is None or standing.last.event != "dismissed":
        return False
    return failed_now < 2 * max(standing.proposed.failed, 1)


def hold_of(story: Iterable[Entry]) -> Entry | None:
    """The hold that stands on a change, whatever happened to it since; None when nothing holds it."""
    last = None
    for entry in story:
        last = entry if entry.event == "held" else None if entry.event == "resumed" else last
    return last


def moved_by(story: Iterable[Entry]) -> Entry | None:
    """The last word of people, or of an obstacle, about the tier: a `promoted` or `demoted` entry, or None.

    What was demoted stays so when it is proposed anew; what was promoted has to be promoted again.
    """
    last = None
    for entry in story:
        if entry.event in ("promoted", "demoted"):
            last = entry
        elif entry.event == "proposed" and last is not None and last.event == "promoted":
            last = None
    return last


def tier_of(story: Iterable[Entry]) -> str:
    """The tier that a change has now, "" when it was never proposed."""
    says = ("proposed", "updated", "promoted", "demoted")
    return next((entry.tier for entry in reversed(tuple(story)) if entry.event in says), "")
