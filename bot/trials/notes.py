"""What the ledger's entries of trials carry, to JSON and back: the registration, a batch, the figures of a result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from bot.errors import UserError
from bot.model import Entry
from bot.trials import design
from bot.trials.accounts import Account
from bot.trials.design import Design
from bot.trials.forecast import Scores

NOISE = "noise"
"""The name that an A/A trial bears instead of a change's id: both its arms are the control."""

T = TypeVar("T")


class Work(msgspec.Struct, frozen=True):
    """How often a task is to be run in each arm."""

    task: str
    control: int
    treated: int


class Batch(msgspec.Struct, frozen=True):
    """What one run of the user's workflow is to do: the work, and so many sealed tasks `repeats` times in both arms."""

    trial: str
    number: int
    stage: int = 1
    work: tuple[Work, ...] = ()
    guards: int = 0
    repeats: int = 0
    attempt: int = 1

    @property
    def id(self) -> str:
        """What the name of the workflow run ends with."""
        return self.ids[-1]

    @property
    def ids(self) -> tuple[str, ...]:
        """The same for every attempt at this batch so far."""
        return tuple(f"{self.trial}.{self.number}.{attempt + 1}" for attempt in range(self.attempt))

    @property
    def runs(self) -> int:
        """Agent runs in both arms."""
        return sum(one.control + one.treated for one in self.work) + 2 * self.guards * self.repeats


class Figures(msgspec.Struct, frozen=True):
    """A result in figures. `fixes` and `breaks` hold what was predicted beside what was seen, in the open tasks and,
    for breaks, in the sealed ones too; `broken` names open tasks only, `sealed_broken` counts the others.

    `noise` are the shares of failing tasks "fixed" and of passing ones "broken" by nothing: of an A/A trial alone.
    """

    trial: str
    e_value: float
    harm: float
    p: float
    tasks: int
    runs: int
    usd: float
    delta: float
    interval: tuple[float, float]
    guards: int = 0
    guard_lower: float | None = None
    missing: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    sealed_broken: int = 0
    dropped: int = 0
    fixes: Account | None = None
    breaks: Account | None = None
    scores: tuple[Scores, Scores] | None = None
    noise: tuple[float, float] | None = None
    refused: bool = False
    """It speaks of sealed tasks, said by whoever holds their texts; nothing ran."""
    sentinels: Account | None = None
    """The registered sentinels as if each had been said to break."""


def written(what: Design | Batch | Figures) -> str:
    """The JSON of one of them."""
    plain = design.told(what) if isinstance(what, Design) else what
    return msgspec.json.encode(plain).decode()


def registration(entry: Entry) -> Design | None:
    """The registration that an entry holds; None when it is no such entry, or was altered."""
    if entry.event != "registered":
        return None
    try:
        return design.read(entry.detail.encode(), "ledger")
    except UserError:
        return None


def control_of(entry: Entry) -> str:
    """The control commit of a registration; "" for what is none."""
    made = registration(entry)
    return made.control_sha if made else ""


def batch(entry: Entry) -> Batch | None:
    """The batch that an entry announces; None when it is no such entry."""
    return _read(entry, "dispatched", Batch)


def figures(entry: Entry) -> Figures | None:
    """The figures of a result; None when it is no such entry, or one without (`flywheel trial` on somebody's desk)."""
    return _read(entry, "trialled", Figures)


def of(entries: Iterable[Entry], change: str, revision: str) -> list[Entry]:
    """The entries of the trial of one revision, in order."""
    events = ("registered", "dispatched", "trialled")
    return [one for one in entries if (one.change, one.revision) == (change, revision) and one.event in events]


def _read(entry: Entry, event: str, kind: type[T]) -> T | None:
    if entry.event != event or not entry.detail:
        return None
    try:
        return msgspec.json.decode(entry.detail, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
