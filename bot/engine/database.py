"""A database's URL in, transactions out: in `change` one at a time of all processes, in `look` as many as there are.

SQLite: WAL mode, one fsync a commit, on one host and no network file system (https://sqlite.org/wal.html). PostgreSQL:
an advisory lock that ends with its transaction (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS)
is to all processes what BEGIN IMMEDIATE is in SQLite. So the same few statements are right on both, and no two of them
race; a transaction here takes milliseconds, what is done for its work takes seconds.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import UserError

BUSY_SECONDS = 10.0
STATEMENT_SECONDS = 30
MAX_CONNECTIONS = 40
LOCK = 7_305_789_414
"""Any number, the same in all processes."""
POSTGRESQL = ("postgresql", "postgresql+psycopg", "postgres")
SQLITE = ("sqlite", "sqlite+pysqlite")


class Database:
    """Connections to one database. UserError when the URL names none."""

    def __init__(self, url: str) -> None:
        parsed = _parsed(url)
        self.is_file = parsed.drivername in SQLITE
        self.name = str(parsed.database) if self.is_file else parsed.render_as_string(hide_password=True)
        """The file, or the URL without its password; for people."""
        self._turn = threading.Lock()
        self._engine = _file(Path(str(parsed.database))) if self.is_file else _server(parsed)

    @contextmanager
    def change(self) -> Iterator[sa.Connection]:
        """A transaction that nobody else's runs beside; kept when the block ends well, else undone.

        The threads of one process wait for each other here, which costs the database nothing.
        """
        with self._turn, self._engine.begin() as connection:
            if not self.is_file:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            yield connection

    @contextmanager
    def look(self) -> Iterator[sa.Connection]:
        """A connection to read with; nobody waits for it."""
        with self._engine.connect() as connection:
            yield connection.execution_options(only_looks=True)

    def close(self) -> None:
        """Let all connections go."""
        self._engine.dispose()


def _parsed(url: str) -> sa.URL:
    """The URL. NOTE: it may hold a password, so it is not repeated."""
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        parsed = sa.URL.create("unreadable")
    if parsed.drivername in SQLITE and url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return sa.URL.create("sqlite", database=url.removeprefix("sqlite:///"))
    if parsed.drivername in POSTGRESQL:
        return parsed.set(drivername="postgresql+psycopg")
    raise UserError(
        "FLYWHEEL_DATABASE_URL: it names no database that we know. "
        "Set it to sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME, or unset it."
    )


def _file(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        hide_parameters=True,
        pool_size=MAX_CONNECTIONS,
    )

    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # Python's sqlite3 begins nothing by itself; `begun` does
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")  # one fsync a commit, none lost with the power

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        looks = connection.get_execution_options().get("only_looks")
        connection.exec_driver_sql("BEGIN" if looks else "BEGIN IMMEDIATE")

    return engine


def _server(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"connect_timeout": 5, "application_name": "flywheel"},
        hide_parameters=True,
        pool_size=4,
        max_overflow=MAX_CONNECTIONS,
        pool_pre_ping=True,  # a server that was restarted in the meantime costs nobody an error
    )

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.autocommit = True
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET {name} = '{STATEMENT_SECONDS}s'")
        connection.autocommit = False

    return engine


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


def mended(name: str, error: SQLAlchemyError | OSError) -> UserError:
    """What to tell a person whose database could not be opened; only the driver's first line, which quotes no login."""
    said = str(getattr(error, "orig", None) or error).strip().split("\n", 1)[0]
    return UserError(f"{name}: it cannot be our database ({said}). Name another FLYWHEEL_DATABASE_URL.")
