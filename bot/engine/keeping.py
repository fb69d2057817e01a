"""A piece of work in hand, and its lease stays ours for as long as the block lasts: renewed thrice in its time.

What is killed stops renewing, so that whoever comes next may begin its work anew when the lease has ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from bot.engine.answers import where
from bot.engine.work import Work

LEASE_SECONDS = 30.0

Clock = Callable[[], float]


class Leases(Protocol):
    """What is asked of the queue (bot/engine/inbox.py has the whole)."""

    def renew(self, work: Work, at: float, seconds: float) -> bool:
        """Keep it longer; whether it is still ours."""


@contextmanager
def keeping(
    inbox: Leases, work: Work, seconds: float, say: Callable[[str, str], object], now: Clock = time.time
) -> Iterator[None]:
    """Renew the lease of work in a thread of its own. `say` hears (what, why) of what could not be renewed."""
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(seconds / 3):
            try:
                ours = inbox.renew(work, now(), seconds)
            except Exception as error:  # NOTE: a database that is away comes back; there are two more times.
                say("cannot renew", where(error))
                continue
            if not ours:
                if not ended.is_set():
                    say("lost", "its lease had ended, and somebody else took it")
                return

    keeper = threading.Thread(target=keep, name="keep", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
