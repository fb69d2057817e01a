"""Hints in from many threads; written by one thread in one transaction, each then told whether it was new.

The disk is asked once for many deliveries, and still before any of them is acknowledged.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from bot.hosting.hints import Hint

MAX_WAITING = 10_000
MAX_BATCH = 500


class Waiting(NamedTuple):
    """A hint that came at a time, and who is to be told that it is on disk."""

    hint: Hint
    at: float
    told: Future[bool]


class Writer:
    """Calls `write` with what waits; it gives for each whether it was new."""

    def __init__(self, write: Callable[[Sequence[Waiting]], Sequence[bool]]) -> None:
        self._write = write
        self._waiting: queue.Queue[Waiting | None] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    def put(self, hint: Hint, at: float) -> Future[bool]:
        """Done when it is on disk; OSError in it when too many wait."""
        told: Future[bool] = Future()
        try:
            self._waiting.put_nowait(Waiting(hint, at, told))
        except queue.Full:
            told.set_exception(OSError("too many deliveries wait to be written"))
        return told

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            batch = [self._waiting.get()]
            while len(batch) < MAX_BATCH and batch[-1] is not None:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            ending = batch[-1] is None
            # Who hung up in the meantime was told nothing, and will be sent again.
            self._tell([one for one in batch if one is not None and one.told.set_running_or_notify_cancel()])

    def _tell(self, batch: Sequence[Waiting]) -> None:
        if not batch:
            return
        try:
            news = self._write(batch)
        except Exception as error:  # NOTE: whatever it is, nothing of this batch was acknowledged, and the next may go.
            for one in batch:
                one.told.set_exception(error)
            return
        for one, new in zip(batch, news, strict=True):
            one.told.set_result(new)
