"""Hints in, each written down once before anybody is told so; work out, one key at a time, until it is done.

`Inbox` is all that the server and the worker know. `SqliteInbox` keeps it in one file in WAL mode: many processes of
one host may share it, on no network file system (https://sqlite.org/wal.html). Several hosts want another Inbox (DBOS
on PostgreSQL, design.md §8) behind the same few verbs. All that is lost with the file is found again by the sweep.

A delivery is `received`, then `done` or `failed`. Sent again it is only taken up again when it had failed. Hints of one
(installation, repository, kind, subject) are one piece of work; a repository has one piece of work in hand at a time.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from bot.errors import UserError
from bot.forge.webhook import Hint

VERSION = 1
MAX_WAITING = 10_000
MAX_BATCH = 500
MAX_ATTEMPTS = 5
MAX_REASON = 500
BUSY_SECONDS = 10.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    id TEXT PRIMARY KEY, installation INTEGER NOT NULL, repository INTEGER NOT NULL, kind TEXT NOT NULL,
    subject TEXT NOT NULL, hint TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'received', received_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, holder TEXT NOT NULL DEFAULT '', held_until REAL NOT NULL DEFAULT 0,
    ended_at REAL NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON delivery (installation, repository, kind, subject, received_at)
    WHERE state = 'received';
CREATE INDEX IF NOT EXISTS held ON delivery (installation, repository, held_until) WHERE state = 'received';
CREATE INDEX IF NOT EXISTS ended ON delivery (ended_at) WHERE state <> 'received';
CREATE TABLE IF NOT EXISTS served (installation INTEGER PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, at REAL NOT NULL);
"""
PUT = """
INSERT INTO delivery (id, installation, repository, kind, subject, hint, received_at)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'), json_extract(value, '$[6]')
FROM json_each(?) WHERE 1
ON CONFLICT (id) DO UPDATE SET state = 'received', attempts = 0, holder = '', held_until = 0, ended_at = 0
WHERE state = 'failed' RETURNING id
"""
"""One statement for a whole batch: each one more would wait for the interpreter's lock while the server is busy."""
NEXT = """
SELECT installation, repository, kind, subject, min(received_at) AS first FROM delivery AS one
WHERE state = 'received' AND NOT EXISTS (
    SELECT 1 FROM delivery AS other WHERE other.state = 'received' AND other.installation = one.installation
    AND other.repository = one.repository AND other.held_until > ?)
GROUP BY installation, repository, kind, subject
ORDER BY coalesce((SELECT at FROM served WHERE served.installation = one.installation), 0), first
LIMIT 1
"""
OF_KEY = "state = 'received' AND installation = ? AND repository = ? AND kind = ? AND subject = ?"


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


class SqliteInbox:
    """An Inbox in one SQLite file. UserError when the file cannot be one.

    Whatever waits is written by one thread in one transaction and one fsync, so that the disk is asked once for many
    deliveries and still before any of them is acknowledged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._waiting: queue.Queue[tuple[Hint, float, Future[bool]] | None] = queue.Queue(MAX_WAITING)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._own, self._writers = _connect(path), _connect(path)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"{path}: it cannot be our database ({error}). Name another FLYWHEEL_DATABASE_URL."
            ) from error
        self._thread = threading.Thread(target=self._write_all, name="inbox", daemon=True)
        self._thread.start()

    def put(self, hint: Hint, at: float) -> Future[bool]:
        """As `Inbox` says."""
        future: Future[bool] = Future()
        try:
            self._waiting.put_nowait((hint, at, future))
        except queue.Full:
            future.set_exception(OSError("too many deliveries wait to be written"))
        return future

    def take(self, holder: str, at: float, seconds: float) -> Work | None:
        """As `Inbox` says."""
        with self._transaction() as cursor:
            self._give_up(cursor, at)
            key = cursor.execute(NEXT, (at,)).fetchone()
            if key is None:
                return None
            installation, repository, kind, subject, _first = key
            cursor.execute(
                f"UPDATE delivery SET holder = ?, held_until = ?, attempts = attempts + 1 WHERE {OF_KEY}",  # noqa: S608
                (holder, at + seconds, installation, repository, kind, subject),
            )
            cursor.execute("INSERT OR REPLACE INTO served VALUES (?, ?)", (installation, at))
            rows = cursor.execute(
                f"SELECT hint, attempts FROM delivery WHERE {OF_KEY} ORDER BY received_at, id",  # noqa: S608
                (installation, repository, kind, subject),
            ).fetchall()
        hints = tuple(msgspec.json.decode(row[0], type=Hint) for row in rows)
        return Work(installation, repository, kind, subject, hints, holder, max(row[1] for row in rows))

    def done(self, work: Work, at: float) -> bool:
        """As `Inbox` says."""
        return self._end(work, at, "done", "")

    def failed(self, work: Work, at: float, reason: str) -> bool:
        """As `Inbox` says."""
        return self._end(work, at, "failed", reason[:MAX_REASON])

    def swept(self, at: float) -> None:
        """As `Inbox` says."""
        self._mark("sweep", at)

    def last_sweep(self) -> float | None:
        """As `Inbox` says."""
        with self._lock:
            row = self._own.execute("SELECT at FROM mark WHERE name = 'sweep'").fetchone()
        return float(row[0]) if row else None

    def check(self, at: float) -> None:
        """As `Inbox` says."""
        self._mark("check", at)

    def counts(self) -> Mapping[str, int]:
        """As `Inbox` says."""
        with self._lock:
            rows = self._own.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall()
        return {"received": 0, "done": 0, "failed": 0, **dict(rows)}

    def forget(self, before: float) -> int:
        """As `Inbox` says."""
        with self._transaction() as cursor:
            return cursor.execute("DELETE FROM delivery WHERE state <> 'received' AND ended_at < ?", (before,)).rowcount

    def forget_installation(self, installation: int) -> int:
        """As `Inbox` says."""
        with self._transaction() as cursor:
            cursor.execute("DELETE FROM served WHERE installation = ?", (installation,))
            return cursor.execute("DELETE FROM delivery WHERE installation = ?", (installation,)).rowcount

    def close(self) -> None:
        """As `Inbox` says."""
        self._waiting.put(None)
        self._thread.join()
        self._own.close()
        self._writers.close()

    def _prepare(self) -> None:
        version = self._own.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise UserError(f"{self._path}: it was made by a newer flywheel. Upgrade, or name another database.")
        self._own.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

    def _write_all(self) -> None:
        """The writer's thread: takes all that waits, writes it, and only then says so."""
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
            self._write([one for one in batch if one is not None and one[2].set_running_or_notify_cancel()])

    def _write(self, batch: Sequence[tuple[Hint, float, Future[bool]]]) -> None:
        if not batch:
            return
        try:
            self._writers.execute("BEGIN IMMEDIATE")
            rows = msgspec.json.encode([_row(hint, at) for hint, at, _future in batch]).decode()
            news = {row[0] for row in self._writers.execute(PUT, (rows,)).fetchall()}
            self._writers.execute("COMMIT")
        except Exception as error:  # NOTE: whatever it is, nothing of this batch was acknowledged, and the next may go.
            if self._writers.in_transaction:
                self._writers.execute("ROLLBACK")
            for _hint, _at, future in batch:
                future.set_exception(error)
            return
        for hint, _at, future in batch:
            future.set_result(hint.delivery in news)
            news.discard(hint.delivery)

    def _give_up(self, cursor: sqlite3.Cursor, at: float) -> None:
        """What killed its worker again and again is for a person to look at."""
        cursor.execute(
            "UPDATE delivery SET state = 'failed', ended_at = ?, reason = ? "
            "WHERE state = 'received' AND attempts >= ? AND held_until <= ?",
            (at, f"its worker ended {MAX_ATTEMPTS} times without an answer", MAX_ATTEMPTS, at),
        )

    def _end(self, work: Work, at: float, state: str, reason: str) -> bool:
        ids = [(state, at, reason, hint.delivery, work.holder, work.attempts) for hint in work.hints]
        with self._transaction() as cursor:
            cursor.executemany(
                "UPDATE delivery SET state = ?, ended_at = ?, reason = ?, held_until = 0 "
                "WHERE id = ? AND state = 'received' AND holder = ? AND attempts <= ?",
                ids,
            )
            return cursor.rowcount > 0

    def _mark(self, name: str, at: float) -> None:
        with self._transaction() as cursor:
            cursor.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (name, at))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            cursor = self._own.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # one fsync a commit, none lost with the power
    return connection


def _row(hint: Hint, at: float) -> tuple[str, int, int, str, str, str, float]:
    data = msgspec.json.encode(hint).decode()
    return hint.delivery, hint.installation, hint.repository, hint.kind, hint.subject, data, at
