"""The App as `flywheel serve` runs it, on the stand-in: a server hears deliveries, and workers act on them."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import uvicorn

from bot.engine.inbox import Inbox
from bot.engine.worker import Settings, Worker
from bot.forge.server import app as server
from tests.app.small import At
from tests.github.hooks import Delivery, Mangle

PATIENCE = 180.0
POLL = 0.02


def twice_and_shuffled(seed: int) -> Mangle:
    """Each delivery two times, in any order."""
    chance = random.Random(seed)

    def mangle(waiting: Sequence[Delivery]) -> Sequence[Delivery]:
        return chance.sample([*waiting, *waiting], 2 * len(waiting))

    return mangle


@dataclass
class Ear:
    """A server that listens at `url`, and its inbox."""

    at: At
    inbox: Inbox
    url: str
    log: list[Mapping[str, object]] = field(default_factory=list)

    def live(self) -> None:
        """From now on whatever happens is delivered at once."""
        self.at.github.begin(self.url)

    def hold(self) -> None:
        """From now on what happens waits."""
        self.at.github.begin()

    def deliver(self, mangle: Mangle = tuple) -> int:
        """Deliver what waits; how many events that were."""
        hook = self.at.world.hook
        count, before = len(hook.waiting), (hook.url, hook.mangle)
        hook.url, hook.mangle = self.url, mangle
        self.at.github.tell()
        hook.url, hook.mangle = before
        return count

    def settle(self, mangle: Mangle = tuple) -> None:
        """Deliver, and let the workers act, until nothing waits and nothing is to be done."""
        until = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 3:
            assert time.monotonic() < until, self.inbox.counts()
            told = self.deliver(mangle)
            idle = not told and self.inbox.oldest(time.time() + 3600.0) is None
            quiet = quiet + 1 if idle else 0
            time.sleep(POLL)


@contextmanager
def listening(at: At) -> Iterator[Ear]:
    """The server, on a free port, and its inbox; nobody works yet."""
    with closing(at.app.inbox()) as inbox, closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        ear = Ear(at, inbox, f"http://127.0.0.1:{door.getsockname()[1]}/webhook")
        secrets = [at.world.hook.secret.encode()]
        made = server(secrets, inbox, app_id=at.world.app_id, log=ear.log.append)
        running = uvicorn.Server(uvicorn.Config(made, access_log=False, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield ear
        finally:
            at.world.hook.on = False
            running.should_exit = True
            thread.join()


@contextmanager
def working(ear: Ear, threads: int = 1) -> Iterator[Worker]:
    """A worker of the same process; what failed there fails the test."""
    records: list[Mapping[str, object]] = []
    office = ear.at.app.office(ear.inbox)
    worker = Worker(ear.inbox, office.answer, Settings(threads=threads, poll=POLL), records.append)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()
        worker.join()
    assert [] == [one for one in records if one.get("answer", "done") != "done"]
