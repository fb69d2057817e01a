"""`flywheel sweep`: everything the App sees, visited once; what each visit came to, as one record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from bot.engine.answers import Again, handled
from bot.engine.work import Answer, Done, Failed, Work

EVERY_SECONDS = 3600.0
"""How often a server sweeps by itself: webhooks only make it sooner."""
LEASE_SECONDS = 3600.0


class Office(Protocol):
    """What acts (bot/jobs/office.py has the whole)."""

    def sweep(self) -> tuple[int, int]:
        """Put a visit to everything into the queue."""

    def answer(self, work: Work) -> Answer:
        """Do a piece of work."""


class Inbox(Protocol):
    """The queue (bot/engine/inbox.py has the whole)."""

    def take(self, holder: str, at: float, seconds: float) -> Work | None:
        """The next work."""

    def done(self, work: Work, at: float) -> bool:
        """End it well."""

    def failed(self, work: Work, at: float, reason: str) -> bool:
        """End it badly."""

    def later(self, work: Work, until: float, *, counted: bool = False, whole: bool = False) -> bool:
        """Give it back."""

    def swept(self, at: float) -> None:
        """Remember that everything was looked at."""


def sweep(office: Office, inbox: Inbox, *, queue: bool = False, now: Callable[[], float] = time.time) -> dict[str, Any]:
    """Sweep, and unless somebody else does (`queue`) work off all there is: what was deferred is left to the next one.

    The record: repositories, resent, visited, deferred, failed (lines that say what is to be mended), notes.
    """
    repositories, resent = office.sweep()
    record: dict[str, Any] = {"repositories": repositories, "resent": resent, "visited": 0, "deferred": 0}
    failed: list[str] = []
    notes: list[str] = []
    while not queue and (work := inbox.take("sweep", now(), LEASE_SECONDS)) is not None:
        answer = handled(office.answer, work, now)
        name = next((place.name for hint in work.hints for place in hint.places), str(work.installation))
        match answer:
            case Done():
                inbox.done(work, now())
                record["visited"] += work.kind != "installation"
                notes += [f"{name}: {answer.note}"] if answer.note else []
            case Failed():
                inbox.failed(work, now(), answer.reason)
                failed.append(f"{name}: {answer.reason}")
            case _:
                inbox.later(work, answer.until, counted=isinstance(answer, Again))
                record["deferred"] += 1
                notes.append(f"{name}: {answer.reason}")
    inbox.swept(now())
    return {**record, "failed": failed, "notes": notes}
