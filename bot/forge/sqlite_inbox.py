"""An Inbox in one SQLite file: each hint is on disk before anybody is told so.

WAL mode: many processes of one host may share the file, on no network file system (https://sqlite.org/wal.html).
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bot.errors import UserError
from bot.forge.inbox import Work
from bot.hosting.hints import Hint

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
    attempts INTEGER NOT NULL DEFAULT 0, holder TEXT NOT NULL DEFAULT '', ended_at REAL NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON delivery (installation, repository, kind, subject, received_at)
    WHERE state = 'received';
CREATE INDEX IF NOT EXISTS ended ON delivery (ended_at) WHERE state <> 'received';
CREATE TABLE IF NOT EXISTS job (
    installation INTEGER NOT NULL, repository INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    first REAL NOT NULL, PRIMARY KEY (installation, repository, kind, subject)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS next ON job (installation, first);
CREATE TABLE IF NOT EXISTS busy (
    installation INTEGER NOT NULL, repository INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    holder TEXT NOT NULL, until REAL NOT NULL, PRIMARY KEY (installation, repository)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS served (installation INTEGER PRIMARY KEY, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS longest_ago ON served (at);
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, at REAL NOT NULL);
"""
PUT = """
INSERT INTO delivery (id, installation, repository, kind, subject, hint, received_at)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'), json_extract(value, '$[6]')
FROM json_each(?) WHERE 1
ON CONFLICT (id) DO UPDATE SET state = 'received', attempts = 0, holder = '', ended_at = 0, reason = ''
WHERE state = 'failed' RETURNING id
"""
"""One statement for a whole batch: each one more would wait for the interpreter's lock while the server is busy."""
PUT_JOBS = """
INSERT OR IGNORE INTO job SELECT installation, repository, kind, subject, received_at FROM delivery
WHERE id IN (SELECT value FROM json_each(?)) ORDER BY received_at
"""
PUT_SERVED = """
INSERT OR IGNORE INTO served SELECT installation, 0 FROM delivery WHERE id IN (SELECT value FROM json_each(?))
"""
NEXT = """
SELECT job.installation, repository, kind, subject FROM served CROSS JOIN job ON job.installation = served.installation
WHERE NOT EXISTS (
    SELECT 1 FROM busy WHERE busy.installation = job.installation AND busy.repository = job.repository AND until > ?)
ORDER BY served.at, first LIMIT 1
"""
"""The oldest job of the installation that was served longest ago, in a repository where nobody is at work."""
OF_KEY = "state = 'received' AND installation = ? AND repository = ? AND kind = ? AND subject = ?"
ROWS = f"SELECT id, hint, attempts FROM delivery WHERE {OF_KEY} ORDER BY received_at, id"  # noqa: S608 (ours, all of it)
FIRST = f"SELECT min(received_at) FROM delivery WHERE {OF_KEY}"  # noqa: S608
HOLD = f"UPDATE delivery SET holder = ?, attempts = attempts + 1 WHERE {OF_KEY}"  # noqa: S608
GIVE_UP = f"UPDATE delivery SET state = 'failed', ended_at = ?, reason = ? WHERE {OF_KEY} AND attempts >= ?"  # noqa: S608
END = """
UPDATE delivery SET state = ?, ended_at = ?, reason = ?
WHERE id = ? AND state = 'received' AND holder = ? AND attempts <= ?
"""
DROP_JOB = "DELETE FROM job WHERE installation = ? AND repository = ? AND kind = ? AND subject = ?"
MOVE_JOB = "UPDATE job SET first = ? WHERE installation = ? AND repository = ? AND kind = ? AND subject = ?"
FREE = "DELETE FROM busy WHERE installation = ? AND repository = ? AND kind = ? AND subject = ? AND holder = ?"
OF_INSTALLATION = tuple(f"DELETE FROM {name} WHERE installation = ?" for name in ("served", "job", "busy"))  # noqa: S608

_Key = tuple[int, int, str, str]


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
        """As `Inbox` says. What killed its worker MAX_ATTEMPTS times is left to a person, as failed."""
        with self._transaction() as cursor:
            while key := cursor.execute(NEXT, (at,)).fetchone():
                _give_up(cursor, key, at)
                rows = cursor.execute(ROWS, key).fetchall()
                if not rows:
                    _settle(cursor, key)
                    continue
                cursor.execute(HOLD, (holder, *key))
                cursor.execute("INSERT OR REPLACE INTO busy VALUES (?, ?, ?, ?, ?, ?)", (*key, holder, at + seconds))
                cursor.execute("INSERT OR REPLACE INTO served VALUES (?, ?)", (key[0], at))
                hints = tuple(msgspec.json.decode(row[1], type=Hint) for row in rows)
                return Work(key[0], key[1], key[2], key[3], hints, holder, 1 + max(row[2] for row in rows))
        return None

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
            for statement in OF_INSTALLATION:
                cursor.execute(statement, (installation,))
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
            if news:
                ids = msgspec.json.encode(news).decode()
                self._writers.execute(PUT_JOBS, (ids,))
                self._writers.execute(PUT_SERVED, (ids,))
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

    def _end(self, work: Work, at: float, state: str, reason: str) -> bool:
        key: _Key = (work.installation, work.repository, work.kind, work.subject)
        rows = [(state, at, reason, hint.delivery, work.holder, work.attempts) for hint in work.hints]
        with self._transaction() as cursor:
            ours = cursor.executemany(END, rows).rowcount > 0
            cursor.execute(FREE, (*key, work.holder))
            _settle(cursor, key)
        return ours

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
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")  # one fsync a commit, none lost with the power
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait for another process that is switching just now, so we do."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _give_up(cursor: sqlite3.Cursor, key: _Key, at: float) -> None:
    said = f"its worker ended {MAX_ATTEMPTS} times without an answer"
    cursor.execute(GIVE_UP, (at, said, *key, MAX_ATTEMPTS))


def _settle(cursor: sqlite3.Cursor, key: _Key) -> None:
    """Make the job of a key what its waiting deliveries say: gone without any, else as old as the first of them."""
    first = cursor.execute(FIRST, key).fetchone()[0]
    if first is None:
        cursor.execute(DROP_JOB, key)
    else:
        cursor.execute(MOVE_JOB, (first, *key))


def _row(hint: Hint, at: float) -> tuple[str, int, int, str, str, str, float]:
    data = msgspec.json.encode(hint).decode()
    return hint.delivery, hint.installation, hint.repository, hint.kind, hint.subject, data, at
