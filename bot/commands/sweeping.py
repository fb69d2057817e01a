"""`flywheel sweep`: everything the App sees, visited once; what each visit came to, as one record."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, Protocol

from bot.engine.answers import Again, handled
from bot.engine.keeping import LEASE_SECONDS, keeping
from bot.engine.work import Answer, Done, Failed, Later, Work

EVERY_SECONDS = 3600.0
"""How often a server sweeps by itself: webhooks only make it sooner."""
LEFT_SECONDS = 60.0
"""What is put off is left to the next sweep, however soon it could go on: a sweep comes to its end."""


class Swept(Protocol):
    """What a sweep found, and put there."""

    @property
    def installations(self) -> Collection[int]:
        """Where the App is."""

    @property
    def repositories(self) -> int:
        """How many want a visit."""

    @property
    def resent(self) -> int:
        """How many deliveries GitHub sends again."""

    @property
    def missed(self) -> Sequence[str]:
        """What could not be looked at."""


class Office(Protocol):
    """What acts (bot/jobs/office.py has the whole)."""

    def sweep(self) -> Swept:
        """Put a visit to everything into the queue."""

    def answer(self, work: Work) -> Answer:
        """Do a piece of work."""


class Inbox(Protocol):
    """The queue (bot/engine/inbox.py has the whole)."""

    def take(self, holder: str, at: float, seconds: float) -> Work | None:
        """The next work."""

    def renew(self, work: Work, at: float, seconds: float) -> bool:
        """Keep it longer; whether it is still ours."""

    def done(self, work: Work, at: float) -> bool:
        """End it well."""

    def failed(self, work: Work, at: float, reason: str) -> bool:
        """End it badly."""

    def later(self, work: Work, until: float, *, counted: bool = False, whole: bool = False) -> bool:
        """Give it back."""

    def swept(self, at: float) -> None:
        """Remember that everything was looked at."""

    def keep_only(self, installations: Collection[int], before: float) -> int:
        """Drop what was known of others before that time."""


def sweep(office: Office, inbox: Inbox, *, queue: bool = False, now: Callable[[], float] = time.time) -> dict[str, Any]:
    """Sweep, and unless somebody else does (`queue`) work off all there is: what was deferred is left to the next one.

    The record: repositories, resent, visited, deferred, failed (lines that say what is to be mended), notes.
    """
    begun = now()
    swept = office.sweep()
    inbox.keep_only(swept.installations, begun)
    record: dict[str, Any] = {"repositories": swept.repositories, "resent": swept.resent, "visited": 0, "deferred": 0}
    record |= {"failed": list(swept.missed), "notes": []}
    while not queue and (work := inbox.take("sweep", now(), LEASE_SECONDS)) is not None:
        name = next((place.name for hint in work.hints for place in hint.places), str(work.installation))
        with keeping(inbox, work, LEASE_SECONDS, partial(_note, record["notes"], name), now):
            answer = handled(office.answer, work, now)
        _end(inbox, work, name, answer, now(), record)
    inbox.swept(now())
    return record


def _end(inbox: Inbox, work: Work, name: str, answer: Answer | Again, at: float, record: dict[str, Any]) -> None:
    match answer:
        case Done():
            inbox.done(work, at)
            record["visited"] += work.kind != "installation"
            record["notes"] += [f"{name}: {answer.note}"] if answer.note else []
            return
        case Failed():
            inbox.failed(work, at, answer.reason)
            record["failed"].append(f"{name}: {answer.reason}")
            return
        case Later():
            inbox.later(work, max(answer.until, at + LEFT_SECONDS), whole=answer.scope == "installation")
        case Again():
            inbox.later(work, answer.until, counted=True)
    record["deferred"] += 1
    record["notes"].append(f"{name}: {answer.reason}")


def _note(notes: list[str], name: str, what: str, why: str) -> None:
    notes.append(f"{name}: {what}: {why}")
