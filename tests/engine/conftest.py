"""Real databases: a SQLite file, and a PostgreSQL server that the tests start once (about a second)."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from bot.engine.inbox import Inbox


@pytest.fixture(scope="session")
def new_database() -> Iterator[Callable[[], str]]:
    """Makes an empty schema on PostgreSQL and gives its URL: to us it is a database, and made in a millisecond."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pgserver", reason="there is no wheel of PostgreSQL for this Python")
    folder = tempfile.mkdtemp(prefix="pg-")  # short: a socket's path has at most 107 bytes
    server = pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # we kill processes here, not the machine
        connection.execute("SELECT pg_reload_conf()")

    def make() -> str:
        name = f"t{uuid4().hex}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")  # type: ignore[call-overload]
        return f"{server.get_uri()}&options=-csearch_path%3D{name}"

    yield make
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/inbox.db"
    made: Callable[[], str] = request.getfixturevalue("new_database")
    return made()


@pytest.fixture
def inbox(url: str) -> Iterator[Inbox]:
    found = Inbox(url)
    yield found
    found.close()
