"""An inbox and a handler in, its work done by so many threads until told to stop; a record for the log of each.

A thread takes one piece of work at a time and nothing beforehand, so that all there is to give back at a stop is what
was taken and not begun. While a handler runs its lease is renewed.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import uuid4

from bot.engine.answers import Again, handled, line, where
from bot.engine.keeping import LEASE_SECONDS, keeping
from bot.engine.work import Answer, Done, Failed, Handler, Later, Work

POLL_SECONDS = 0.2
CHORES_SECONDS = 15.0
CHORE_AGAIN_SECONDS = 300.0
AWAY_SECONDS = 5.0
PATIENCE = (1.0, 4.0)
"""How long a database that is away is waited for, before work is taken; and before an answer is left to the end of its
lease."""
DAY = 86_400.0
KEEP_DONE, KEEP_FAILED = 7 * DAY, 30 * DAY
"""How long ends are remembered. GitHub sends what is younger than three days again when it is asked to:
https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks"""

Log = Callable[[Mapping[str, object]], None]


class Inbox(Protocol):
    """What a worker asks of the queue (bot/engine/inbox.py has the whole)."""

    def take(self, holder: str, at: float, seconds: float) -> Work | None:
        """The next work, ours until `at` + `seconds`."""

    def renew(self, work: Work, at: float, seconds: float) -> bool:
        """Keep it longer; whether it is still ours."""

    def done(self, work: Work, at: float) -> bool:
        """End it well; whether it was still ours."""

    def failed(self, work: Work, at: float, reason: str) -> bool:
        """End it badly."""

    def later(self, work: Work, until: float, *, counted: bool = False, whole: bool = False) -> bool:
        """Give it back."""

    def claim(self, name: str, at: float, every: float) -> bool:
        """Whether a chore falls to us now."""

    def owe(self, name: str, at: float, every: float) -> None:
        """Let a chore fall to somebody at `at`."""

    def forget(self, done_before: float, failed_before: float) -> int:
        """Drop old ends."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that one worker of all does every so many seconds, whatever the inbox holds."""

    name: str
    every: float
    do: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a worker works, times in seconds. `redact` takes out of a reason what nobody may read in a log."""

    threads: int = 1
    lease: float = LEASE_SECONDS
    poll: float = POLL_SECONDS
    chores: Sequence[Chore] = ()
    redact: Callable[[str], str] = str


class Worker:
    """Threads at work on one inbox, from `start` until `stop`; `join` waits for what was in hand then."""

    def __init__(self, inbox: Inbox, handler: Handler, settings: Settings, log: Log) -> None:
        self.name = f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid4().hex[:8]}"
        self._inbox, self._handler, self._settings, self._log = inbox, handler, settings, log
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._threads = [self._thread(self._work) for _ in range(settings.threads)]
        self._chores = self._thread(self._do_chores)

    def start(self) -> None:
        """Begin."""
        self._say("started", threads=self._settings.threads)
        for thread in (*self._threads, self._chores):
            thread.start()

    def stop(self) -> None:
        """Take nothing more; not to be called by a signal, which may come while an event of ours is locked."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until all that was in hand has ended; a chore is waited for a little, for it begins anew anyway."""
        for thread in self._threads:
            thread.join()
        self._chores.join(5.0)
        self._say("stopped")

    def _thread(self, target: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=target, name=target.__name__.strip("_"), daemon=True)

    def _work(self) -> None:
        while (work := self._next()) is not None:
            if self._stopping.is_set():
                self._end(work, Later(0.0, "we stop"), time.monotonic())
                return
            began = time.monotonic()
            with keeping(self._inbox, work, self._settings.lease, partial(self._say_why, work)):
                answer = handled(self._handler, work, time.time)
            self._end(work, answer, began)

    def _next(self) -> Work | None:
        """The next work; None at a stop. One thread looks, the others wait behind it: many idle as cheaply as one."""
        with self._turn:
            while not self._stopping.is_set():
                try:
                    work = self._inbox.take(self.name, time.time(), self._settings.lease)
                except Exception as error:  # NOTE: a database that is away comes back, and nothing is in our hand.
                    self._say("cannot take", why=where(error))
                    self._stopping.wait(AWAY_SECONDS)
                    continue
                if work is not None:
                    return work
                self._stopping.wait(self._settings.poll)
        return None

    def _end(self, work: Work, answer: Answer | Again, began: float) -> None:
        """Write an answer down and tell it. What cannot be written is begun again when its lease has ended."""
        why = line(answer.note if isinstance(answer, Done) else answer.reason, self._settings.redact)
        told = {"answer": type(answer).__name__.lower(), "why": why, "ms": round((time.monotonic() - began) * 1000)}
        for pause in (*PATIENCE, 0.0):
            try:
                ours = self._written(work, answer, why)
                break
            except Exception as error:  # NOTE: as above.
                told["trouble"] = where(error)
                time.sleep(pause)
        else:
            ours = False
        self._say("worked", work, **told, **({} if ours else {"lost": True}))

    def _written(self, work: Work, answer: Answer | Again, why: str) -> bool:
        match answer:
            case Done():
                return self._inbox.done(work, time.time())
            case Failed():
                return self._inbox.failed(work, time.time(), why)
            case Later():
                return self._inbox.later(work, answer.until, whole=answer.scope == "installation")
            case Again():
                return self._inbox.later(work, answer.until, counted=True)

    def _say_why(self, work: Work, what: str, why: str) -> None:
        self._say(what, work, why=why)

    def _do_chores(self) -> None:
        forgetting = Chore("forget", DAY, self._forget)
        while not self._stopping.is_set():
            for chore in (*self._settings.chores, forgetting):
                if not self._stopping.is_set():
                    self._do(chore)
            self._stopping.wait(CHORES_SECONDS)

    def _do(self, chore: Chore) -> None:
        began = time.monotonic()
        try:
            if not self._inbox.claim(chore.name, time.time(), chore.every):
                return
            try:
                chore.do()
            except BaseException:
                self._inbox.owe(chore.name, time.time() + min(CHORE_AGAIN_SECONDS, chore.every), chore.every)
                raise
        except Exception as error:  # NOTE: a chore that fails, or a database that is away, stops no work.
            self._say("chore failed", chore=chore.name, why=where(error))
            return
        self._say("chore", chore=chore.name, ms=round((time.monotonic() - began) * 1000))

    def _forget(self) -> None:
        now = time.time()
        self._inbox.forget(now - KEEP_DONE, now - KEEP_FAILED)

    def _say(self, what: str, work: Work | None = None, **more: object) -> None:
        about: dict[str, object] = {}
        if work is not None:
            about = {name: getattr(work, name) for name in ("installation", "repository", "kind", "attempts")}
            about |= {"subject": line(work.subject, self._settings.redact), "deliveries": len(work.hints)}
        self._log({"at": round(time.time(), 3), "worker": self.name, "what": what, **about, **more})
