"""The calls of one installation: writes a second apart, and none at all when its budget is nearly spent.

https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#pause-between-mutative-requests
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from bot.forge.github.errors import RateLimitedError

SECONDS = 1.0
RESERVE = 200
"""Calls of the hour that are left for people's other Apps' sake, and for a rollback: GitHub gives at least 5,000."""


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
        """Wait for our turn to write. RateLimitedError when the budget is down to the reserve, until it is renewed."""
        left = self._left
        if left is not None and left[0] < self._reserve and time.time() < left[1]:
            raise RateLimitedError(left[1], "primary")
        if not write or not self._seconds:
            return
        with self._lock:
            now = self._clock()
            at = max(now, self._next)
            self._next = at + self._seconds
        if at > now:
            self._sleep(at - now)

    def note(self, headers: Mapping[str, str]) -> None:
        """What GitHub says is left of the hour's budget."""
        if headers.get("x-ratelimit-resource", "core") != "core":
            return
        try:
            self._left = (int(headers["x-ratelimit-remaining"]), float(headers["x-ratelimit-reset"]))
        except (KeyError, ValueError):
            return
