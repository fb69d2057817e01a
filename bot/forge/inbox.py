"""What the server and a worker know of the store between them: hints go in once, work comes out until it is done.

A delivery is `received`, then `done` or `failed`. Sent again it is only taken up again when it had failed. Hints of one
(installation, repository, kind, subject) are one piece of work; a repository has one piece of work in hand at a time.
All that is lost with a store is found again by the sweep.

bot/forge/sqlite_inbox.py keeps it in a file. Several hosts want another one (DBOS on PostgreSQL, design.md §8) behind
the same few verbs.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Protocol

import msgspec

from bot.hosting.hints import Hint


class Work(msgspec.Struct, frozen=True):
    """All hints of one key, oldest first, held by `holder` until its lease ends; `attempts` counts this one."""

    installation: int
    repository: int
    kind: str
    subject: str
    hints: tuple[Hint, ...]
    holder: str
    attempts: int


class Inbox(Protocol):
    """What the server writes and a worker works off. Times are seconds since 1970."""

    def put(self, hint: Hint, at: float) -> Future[bool]:
        """Done when it is on disk: True when there is something new to do, False for one that was known."""

    def take(self, holder: str, at: float, seconds: float) -> Work | None:
        """The next work, ours until `at` + `seconds`; None when all is done or in hand. `holder` is one per process."""

    def done(self, work: Work, at: float) -> bool:
        """End it well. False when the lease had ended and it is no longer ours."""

    def failed(self, work: Work, at: float, reason: str) -> bool:
        """End it badly, to be seen by a person and taken up again when GitHub sends it again."""

    def swept(self, at: float) -> None:
        """Remember that everything GitHub holds was looked at."""

    def last_sweep(self) -> float | None:
        """When that was; None for never."""

    def check(self, at: float) -> None:
        """Raise when nothing can be written."""

    def counts(self) -> Mapping[str, int]:
        """Deliveries by state."""

    def forget(self, before: float) -> int:
        """Drop what ended before then, and say how much that was."""

    def forget_installation(self, installation: int) -> int:
        """Drop all that is known of an installation that is gone, and say how much that was."""

    def close(self) -> None:
        """Write what waits, and let go."""
