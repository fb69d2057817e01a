"""The calls of one installation: writes a second apart, and none at all when the hour's budget is spent.

The last of them are for what cannot wait: a switch that was thrown, a merge to be taken back. Whoever mines asks first.

https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from bot.forge.github.clock import renewed
from bot.forge.github.errors import RateLimitedError

SECONDS = 1.0
RESERVE = 200
"""Calls of the hour that are not for mining: GitHub gives at least 5,000."""


class Pace:
    """Shared by all clients of an installation in this process."""

    def __init__(
        self,
        seconds: float = SECONDS,
        reserve: int = RESERVE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds, self._reserve, self._clock, self._sleep = seconds, reserve, clock, sleep
        self._lock = threading.Lock()
        self._next = 0.0
        self._left: tuple[int, float] | None = None

    def begin(self, *, write: bool) -> None:
        """Wait for our turn to write. RateLimitedError when nothing is left of the budget, until it is renewed."""
        if until := self._below(1):
            raise RateLimitedError(until, "primary")
        if not write or not self._seconds:
            return
        with self._lock:
            now = self._clock()
            at = max(now, self._next)
            self._next = at + self._seconds
        if at > now:
            self._sleep(at - now)

    def low_until(self) -> float:
        """When the budget is renewed (seconds since 1970) if only the reserve is left of it; else 0."""
        return self._below(self._reserve)

    def _below(self, calls: int) -> float:
        left = self._left
        return left[1] if left is not None and left[0] < calls and time.time() < left[1] else 0.0

    def note(self, headers: Mapping[str, str]) -> None:
        """What GitHub says is left of the hour's budget."""
        if headers.get("x-ratelimit-resource", "core") != "core":
            return
        try:
            self._left = (int(headers["x-ratelimit-remaining"]), renewed(headers))
        except (KeyError, ValueError):
            return
