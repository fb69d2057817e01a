"""One repository's runs since the last look in, a bounded piece of its evidence collected out; what is left is kept.

The newest heads come first. A look that was cut off goes on where it was; the next one begins when it is at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.hosting.places import Repository
from bot.jobs.collecting import collect_head
from bot.jobs.collecting_source import Source
from bot.jobs.heads import finished_heads
from bot.jobs.memory import Last, Memory

EPOCH = "1970-01-01T00:00:00Z"
"""Until when a repository was looked at in which nothing has ended yet."""
NEARLY_SPENT = "the hour's calls are nearly spent"


@dataclass(frozen=True, slots=True)
class Piece:
    """How many heads were looked at, of how many there was new evidence, how many wait; `low` when they wait for the
    hour's calls. What was left out is said."""

    heads: int = 0
    fresh: int = 0
    waiting: int = 0
    low: bool = False
    notes: tuple[str, ...] = ()


def look(source: Source, place: Repository, memory: Memory, most: int, now: Callable[[], str]) -> Piece:
    """Collect at most `most` heads, and remember how far that is. `now` gives ISO 8601 times.

    An error passes through; what was collected before it is not collected again.
    """
    last = memory.last(place.id)
    notes: list[str] = []
    if not last.waiting:
        if source.low_until():
            return Piece(low=not last.looked, notes=(NEARLY_SPENT,))
        seen = finished_heads(source, last.looked)
        last = Last(last.looked, tuple(head.sha for head in seen.heads), seen.until)
        notes += [f"{seen.left_out} heads were left out: too many at once"] if seen.left_out else []
    todo = last.waiting[:most]
    done = fresh = 0
    try:
        for sha in todo:
            if source.low_until():
                break
            found = collect_head(source, place, sha, memory.evidence, now())
            done += 1
            fresh += found.status == "stored"
            notes += [f"{sha[:12]}: left out: {one}" for one in found.left_out]
    finally:
        left = last.waiting[done:]
        memory.keep_last(place.id, Last(last.looked, left, last.until) if left else Last(last.until or EPOCH))
    low = done < len(todo)
    if left:
        notes.insert(0, f"{len(left)} heads wait{f': {NEARLY_SPENT}' if low else ''}")
    return Piece(done, fresh, len(left), low, tuple(notes))
