"""What happened to held-out tasks goes in, entry by entry; which of them may still be looked at, and what rotates, out.

A task that was looked at often has been learned (research/mining.md §4.6): 20 looks in a quarter and it goes to the
mining pool for good; a quarter of the sealed list is exchanged every month; whatever never was looked at is in the mix.
A look is one change's trial on one task. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from bot.trials.design import ordered

LOOKS = 20
ROTATED = 0.25
UNSEEN = 0.25
"""The share of a trial's guard set that no trial has seen, as long as there are such tasks."""


class Entry(msgspec.Struct, frozen=True):
    """A task was sealed, looked at by the trial of a change, or retired into the mining pool."""

    at: str
    kind: Literal["sealed", "looked", "retired"]
    task: str
    change: str = ""


class Held(msgspec.Struct, frozen=True):
    """The sealed tasks, in the order they were sealed, with their looks in this quarter; and all that was ever seen.

    `retired` are never sealed again.
    """

    looks: Mapping[str, int]
    seen: frozenset[str]
    retired: frozenset[str]

    @property
    def spent(self) -> tuple[str, ...]:
        """The sealed tasks whose looks of the quarter are used up: they are to be retired."""
        return tuple(task for task, looks in self.looks.items() if looks >= LOOKS)


def fold(entries: Iterable[Entry], now: str) -> Held:
    """The state at `now`: entries in any order, told twice or not; a retired task stays retired."""
    told = sorted((entry for entry in set(entries) if entry.at <= now), key=lambda entry: (entry.at, entry.task))
    retired = frozenset(entry.task for entry in told if entry.kind == "retired")
    sealed = dict.fromkeys(entry.task for entry in told if entry.kind == "sealed" and entry.task not in retired)
    looked = {(entry.task, entry.change): entry.at for entry in told if entry.kind == "looked"}
    recent = [task for (task, _), at in looked.items() if quarter(at) == quarter(now)]
    return Held(
        looks={task: recent.count(task) for task in sealed},
        seen=frozenset(task for task, _ in looked),
        retired=retired,
    )


def choose(held: Held, count: int, seed: str) -> tuple[str, ...]:
    """The guard set of one trial, by the seed: a quarter of it unseen, the rest with looks left; fewer if there are."""
    usable = [task for task in ordered(tuple(held.looks), seed) if held.looks[task] < LOOKS]
    unseen = [task for task in usable if task not in held.seen]
    first = unseen[: math.ceil(UNSEEN * count)]
    others = [task for task in usable if task not in first]
    return ordered((*first, *others)[:count], seed)


def rotate(held: Held, fresh: Sequence[str], entries: Iterable[Entry], now: str, seed: str) -> tuple[Entry, ...]:
    """What is due at `now`: spent tasks retire at once; once a month a quarter of the list, the most looked at first.

    As many of `fresh` come in as go out; none that ever was retired, or looked at. Without fresh tasks only what is
    spent goes, and the list shrinks.
    """
    new = [task for task in ordered(fresh, seed) if task not in held.retired | held.seen | held.looks.keys()]
    rotated = any(entry.kind == "retired" and entry.at[:7] == now[:7] and not entry.change for entry in entries)
    wanted = 0 if rotated else min(math.ceil(ROTATED * len(held.looks)), len(new))
    by_looks = sorted(ordered(tuple(held.looks), seed), key=lambda task: -held.looks[task])
    out = dict.fromkeys((*held.spent, *by_looks[:wanted]))
    gone = tuple(Entry(now, "retired", task, "spent" if task in held.spent else "") for task in out)
    return (*gone, *(Entry(now, "sealed", task) for task in new[: len(out)]))


def quarter(at: str) -> tuple[str, int]:
    """Year and quarter of an ISO date; a date without a month is in the first."""
    month = at[5:7]
    return at[:4], (int(month) - 1) // 3 if month.isdecimal() else 0
