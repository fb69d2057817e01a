"""Work in, work out: our queue beside DBOS Transact, on SQLite (WAL) and on PostgreSQL; prints what each does.

    python -m bench.engine [--works 1000] [--patience 60]

Each measurement runs in processes and on a database of its own. `put/s`: enqueued one by one by one thread, each on
disk before the next. `drain/s`: those, done by one process with 8 threads; the work does nothing. DBOS looks for work
every 10 ms here, for it takes 8 a look at most. `start`: milliseconds from the enqueuing to the handler, on an idle
worker; both look every 200 ms. `idle %`: of one core, for such a worker with nothing to do. `taken over`: seconds from
kill -9 of the worker that has work in hand until another one, which was there, begins it; DBOS's library leaves that to
Conductor, which is not free software.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.postgresql import postgresql
from bot.engine.inbox import Inbox
from bot.engine.work import Answer, Done, Work
from bot.engine.worker import Settings, Worker
from bot.hosting.hints import Hint, Place

THREADS = 8
POLL = 0.2
POLL_DRAINING = 0.01
SAMPLES = 150
IDLE_SECONDS = 5.0
QUEUE = "bench"
ENGINES = ("ours", "dbos")


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m bench.engine")
    options.add_argument("--works", type=int, default=1_000)
    options.add_argument("--patience", type=float, default=60.0, help="seconds until nobody takes over")
    options.add_argument("--part", choices=["drain", "idle", "work", "put"], help=argparse.SUPPRESS)
    options.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    options.add_argument("--database", help=argparse.SUPPRESS)
    options.add_argument("--notes", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args(arguments)
    if given.part:
        print(json.dumps(PARTS[given.part](KINDS[given.engine](given.database), given)), flush=True)
        os._exit(0)  # some of what is measured leaves threads that do not end
    compare(given.works, given.patience)


def compare(works: int, patience: float) -> None:
    """Print the table."""
    print(f"{works:,} pieces of work; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    print(f"{'engine':<18}{'put/s':>8}{'drain/s':>9}{'start p50':>11}{'p99 ms':>8}{'idle %':>8}{'taken over':>12}")
    with tempfile.TemporaryDirectory() as name, postgresql() as url:
        for engine in ENGINES:
            for where in ("SQLite", "PostgreSQL"):
                fresh = _fresh(Path(name), url, where)
                drained = part("drain", engine, fresh(), works=works)
                idle = part("idle", engine, fresh())
                taken = taken_over(engine, fresh(), Path(name) / f"{engine}-{where}", patience)
                print(
                    f"{engine + ', ' + where:<18}{drained['put']:>8.0f}{drained['drain']:>9.0f}{idle['p50']:>11.0f}"
                    f"{idle['p99']:>8.0f}{idle['cpu']:>8.1f}{taken:>12}",
                    flush=True,
                )


def _fresh(folder: Path, url: str, where: str) -> Callable[[], str]:
    """Gives the URL of an empty database each time it is called."""

    def file() -> str:
        path = folder / f"{uuid4().hex}.db"
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = WAL")  # DBOS leaves the mode as it finds it
        connection.close()
        return f"sqlite:///{path}"

    def database() -> str:
        import psycopg

        made = f"b{uuid4().hex}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {made}")  # type: ignore[call-overload]
        return url.replace("/postgres?", f"/{made}?")

    return file if where == "SQLite" else database


def command(name: str, engine: str, url: str, **more: object) -> list[str]:
    """A part of the measurement, as a process of its own."""
    flags = [text for key, value in more.items() for text in (f"--{key}", str(value))]
    return [sys.executable, "-m", "bench.engine", "--part", name, "--engine", engine, "--database", url, *flags]


def part(name: str, engine: str, url: str, **more: object) -> dict[str, float]:
    """Run a part and give what it found."""
    done = subprocess.run(command(name, engine, url, **more), capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def taken_over(engine: str, url: str, notes: Path, patience: float) -> str:
    """Seconds, or that nobody came."""
    part("put", engine, url)
    processes = []
    try:
        for begun in (1, 1):  # the second one finds nothing to do
            processes.append(
                subprocess.Popen(
                    command("work", engine, url, notes=notes), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
            )
            assert processes[-1].stdout is not None
            processes[-1].stdout.readline()
            wait(lambda: len(_lines(notes)) >= begun, 30)  # noqa: B023
        time.sleep(1.0)
        processes[0].send_signal(signal.SIGKILL)
        killed = time.time()
        wait(lambda: len(_lines(notes)) > 1, patience)
    finally:
        for process in processes:
            process.kill()
            process.wait(20)
    lines = _lines(notes)
    return f"{float(lines[1]) - killed:.1f} s" if len(lines) > 1 else f"not in {patience:.0f} s"


def _lines(notes: Path) -> list[str]:
    return notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []


def wait(true: Callable[[], bool], seconds: float) -> None:
    """Wait for it, and no longer than so long."""
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.01)


class Ours:
    """bot/engine, each piece of work in a repository of its own."""

    def __init__(self, url: str) -> None:
        self._inbox = Inbox(url)
        self._number = 0

    def put(self) -> None:
        self._number += 1
        place = Place(self._number, f"o/r{self._number}")
        hint = Hint("push", f"d{time.time()}", "repository", installation=self._number % 20 + 1, places=(place,))
        self._inbox.put(hint, time.time()).result(30)

    def work(self, do: Callable[[float], None], poll: float) -> None:
        def handler(work: Work) -> Answer:
            do(float(work.hints[0].delivery[1:]))
            return Done()

        Worker(self._inbox, handler, Settings(threads=THREADS, poll=poll), lambda record: None).start()


class Dbos:
    """DBOS Transact as research/stack.md §1.4 wants it: a constant version, an executor of its own, WAL."""

    def __init__(self, url: str) -> None:
        from dbos import DBOSClient

        self._url = url
        self._serve(None, POLL)  # makes the tables
        self._client = DBOSClient(system_database_url=url)

    def put(self) -> None:
        self._client.enqueue({"queue_name": QUEUE, "workflow_name": "visit", "app_version": "bench"}, time.time())

    def work(self, do: Callable[[float], None], poll: float) -> None:
        self._serve(do, poll)

    def _serve(self, do: Callable[[float], None] | None, poll: float) -> None:
        from dbos import DBOS

        DBOS.destroy(destroy_registry=True)
        DBOS(
            config={
                "name": "bench",
                "system_database_url": self._url,
                "application_version": "bench",
                "executor_id": uuid4().hex,
                "log_level": "ERROR",
            }
        )
        if do is None:
            DBOS.launch()
            DBOS.destroy()
            return

        @DBOS.workflow(name="visit")
        def visit(sent: float) -> None:
            do(sent)

        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=THREADS, polling_interval_sec=poll)


KINDS: dict[str, Any] = {"ours": Ours, "dbos": Dbos}


def drain(engine: Ours | Dbos, given: argparse.Namespace) -> dict[str, float]:
    """How many are enqueued and done a second."""
    began = time.perf_counter()
    for _ in range(given.works):
        engine.put()
    put = time.perf_counter() - began
    done: list[float] = []
    began = time.perf_counter()
    engine.work(done.append, POLL_DRAINING)
    wait(lambda: len(done) >= given.works, 300)
    return {"put": given.works / put, "drain": len(done) / (time.perf_counter() - began)}


def idle(engine: Ours | Dbos, given: argparse.Namespace) -> dict[str, float]:
    """How soon a worker that waits begins, and what waiting costs."""
    late: list[float] = []
    engine.work(lambda sent: late.append((time.time() - sent) * 1000), POLL)
    time.sleep(3.0)
    began = time.process_time()
    time.sleep(IDLE_SECONDS)
    spent = time.process_time() - began
    chance = random.Random(1)
    for _ in range(SAMPLES):
        time.sleep(chance.uniform(0.0, 0.1))
        engine.put()
    wait(lambda: len(late) >= SAMPLES, 60)
    late.sort()
    return {"p50": late[len(late) // 2], "p99": late[int(len(late) * 0.99)], "cpu": 100 * spent / IDLE_SECONDS}


def put(engine: Ours | Dbos, given: argparse.Namespace) -> dict[str, float]:
    """Enqueue one."""
    engine.put()
    return {}


def work(engine: Ours | Dbos, given: argparse.Namespace) -> dict[str, float]:
    """Work until killed; each piece of work notes that it was begun and takes longer than anybody waits."""

    def do(_sent: float) -> None:
        with given.notes.open("a") as notes:
            notes.write(f"{time.time()}\n")
        time.sleep(600)

    engine.work(do, POLL)
    print("up", flush=True)
    time.sleep(600)
    return {}


PARTS = {"drain": drain, "idle": idle, "put": put, "work": work}


if __name__ == "__main__":
    main()
