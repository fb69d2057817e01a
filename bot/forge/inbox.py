"""What the server knows of the queue between it and the workers; bot/engine/inbox.py keeps it in a database."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Protocol

from bot.hosting.hints import Hint


class Inbox(Protocol):
    """What the server writes down and tells. Times are seconds since 1970."""

    def put(self, hint: Hint, at: float) -> Future[bool]:
        """Done when it is on disk: True when there is something new to do, False for one that was known."""

    def last_sweep(self) -> float | None:
        """When everything GitHub holds was last looked at; None for never."""

    def check(self, at: float) -> None:
        """Raise when nothing can be written."""

    def counts(self) -> Mapping[str, int]:
        """Deliveries by state."""

    def oldest(self, at: float) -> float | None:
        """Since when the oldest work waits that could be begun, or is in hand; None for none."""
