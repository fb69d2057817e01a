"""`flywheel worker`: an inbox and what acts on its work in; works until told to stop, or shows what was given up.

The inbox and the worker are given from outside (`bot/__main__.py` wires them): this knows only signals and words.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from bot.engine.work import Letter

SIGNALS = (signal.SIGTERM, signal.SIGINT)
MAX_LISTED = 1_000


class Worker(Protocol):
    """What is asked of a worker (bot/engine/worker.py has the whole)."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Take nothing more."""

    def join(self) -> None:
        """Wait until what was in hand has ended."""


class Inbox(Protocol):
    """What is asked of the inbox (bot/engine/inbox.py has the whole)."""

    def letters(self, limit: int) -> Sequence[Letter]:
        """The dead letters, newest first."""

    def retry(self) -> int:
        """Take all of them up again."""


def work(worker: Worker) -> None:
    """Work until SIGTERM or SIGINT, then end what is in hand."""
    with heard_signals() as heard, at_work(worker):
        while not heard:
            time.sleep(0.2)


@contextmanager
def at_work(worker: Worker | None) -> Iterator[None]:
    """A worker at work while the block runs; none where there is none."""
    if worker is None:
        yield
        return
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        worker.join()


@contextmanager
def heard_signals() -> Iterator[list[int]]:
    """The first SIGTERM or SIGINT only says so, in the list; a second one ends the process as it always did."""
    before = {one: signal.getsignal(one) for one in SIGNALS}
    heard: list[int] = []

    def hear(number: int, _frame: object) -> None:
        heard.append(number)
        signal.signal(number, before[signal.Signals(number)])

    for one in SIGNALS:
        signal.signal(one, hear)
    try:
        yield heard
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def failed(inbox: Inbox) -> list[dict[str, Any]]:
    """The dead letters as records, newest first, a thousand at most."""
    return [msgspec.to_builtins(letter) for letter in inbox.letters(MAX_LISTED)]


def told(letters: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each dead letter."""
    for one in letters:
        ended = datetime.fromtimestamp(one["ended_at"], UTC).isoformat(timespec="seconds")
        about = one["name"] or f"repository {one['repository']} of installation {one['installation']}"
        if not one["repository"]:
            about = f"installation {one['installation']}: {one['kind']} {one['subject']}".rstrip()
        yield f"{ended}  {about}  {one['reason']}  (deliveries: {one['deliveries']}, attempts: {one['attempts']})"


def log(record: Mapping[str, object]) -> None:
    """One line of JSON on standard error; one that cannot be written ends no work."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(json.dumps(record, ensure_ascii=True) + "\n")
        sys.stderr.flush()
