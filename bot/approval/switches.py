"""Takes what was looked up of the kill switches and returns whether merges, and whether rollbacks, must stop.

Two switches: `merges` may be thrown by anyone who may triage, and a look-up that failed counts as thrown; `rollbacks`
only by a writer, and a look-up that failed does not count: nobody can freeze a bad prompt in place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from bot.hosting.people import Actor

Place = Literal["process", "owner", "repository"]
PLACES: tuple[Place, ...] = ("process", "owner", "repository")


class Lookup(msgspec.Struct, frozen=True):
    """One look at one switch. `thrown` None = the look-up failed. `by` is None where the place itself is the authority:
    a variable of the process, a file on the default branch. `template` = a label that came with an issue."""

    place: Place
    what: Literal["merges", "rollbacks"]
    thrown: bool | None
    by: Actor | None = None
    template: bool = False


class Stopped(msgspec.Struct, frozen=True):
    """Why merges and rollbacks must stop (empty = they may go on), and what was ignored, to be said once."""

    merges: tuple[str, ...] = ()
    rollbacks: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def stopped(lookups: Iterable[Lookup]) -> Stopped:
    """The stop that all look-ups together demand; a place nobody looked at is a failed look-up."""
    looked = list(lookups)
    seen = {one.place for one in looked if one.what == "merges"}
    merges = [f"{place}: not looked up" for place in PLACES if place not in seen]
    rollbacks: list[str] = []
    ignored: list[str] = []
    for one in looked:
        who = f"by {one.by.id}" if one.by is not None else "set"
        if one.thrown is None and one.what == "merges":
            merges.append(f"{one.place}: look-up failed")
        if not one.thrown:
            continue
        if not _may(one):
            ignored.append(f"{one.place}: {one.what} {who}, without the role for it")
        elif one.what == "merges":
            merges.append(f"{one.place}: {who}")
        else:
            rollbacks.append(f"{one.place}: {who}")
    return Stopped(tuple(merges), tuple(rollbacks), tuple(ignored))


def _may(lookup: Lookup) -> bool:
    """Whether whoever threw it may. A known insider's care counts; a role that is unknown stops merges only."""
    if lookup.by is None:
        return not lookup.template
    if lookup.what == "rollbacks":
        return lookup.by.kind == "human" and lookup.by.reaches("write")
    return lookup.by.reaches("triage") or (lookup.by.role == "unknown" and not lookup.template)
