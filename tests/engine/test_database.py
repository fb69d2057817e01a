"""A database is opened by many at once, upgraded when it is old, and left alone when it is not ours to change."""

import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bot.engine.database import Database
from bot.engine.inbox import Inbox
from bot.engine.tables import METADATA
from bot.engine.upgrade import HEAD, VERSIONS, upgrade
from bot.errors import UserError
from tests.engine.hints import hint, put

ROOT = Path(__file__).resolve().parents[2]


def execute(url: str, *statements: str) -> None:
    database = Database(url)
    with database.change() as connection:
        for one in statements:
            connection.execute(sa.text(one))
    database.close()


ROUNDS = 12


def opened(urls: list[str], together: Barrier, name: str, told: "Queue[str]") -> None:
    """What one of several processes does that open databases at the same moments."""
    try:
        for url in urls:
            together.wait(60)
            inbox = Inbox(url)
            told.put(str(inbox.put(hint(name), 1.0).result(20)))
            inbox.close()
    except BaseException as error:
        together.abort()
        told.put(repr(error))


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_six_processes_open_new_databases_at_once(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    urls = [f"sqlite:///{tmp_path}/{number}.db" for number in range(ROUNDS)]
    if where == "postgresql":
        urls = [request.getfixturevalue("new_database")() for _ in range(3)]
    forks = multiprocessing.get_context("fork")
    together, told = forks.Barrier(6), forks.Queue()
    processes = [forks.Process(target=opened, args=(urls, together, str(one), told)) for one in range(6)]
    for process in processes:
        process.start()
    found = [told.get(timeout=60) for _ in range(6 * len(urls))]
    for process in processes:
        process.join(60)

    assert {"True"} == set(found)


def test_the_switch_to_write_ahead_waits_for_another_process(tmp_path: Path) -> None:
    path = tmp_path / "inbox.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE something (of_its)")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO something VALUES (1)")
        threading.Timer(0.3, lambda: other.execute("COMMIT")).start()

        Inbox(f"sqlite:///{path}").close()  # SQLite itself says "database is locked" here, at once


def test_the_tables_are_made_as_they_are_described(url: str) -> None:
    database = Database(url)
    upgrade(database)

    with database.look() as connection:
        inspected = sa.inspect(connection)
        made = {table: {one["name"] for one in inspected.get_columns(table)} for table in inspected.get_table_names()}
    database.close()

    assert {table.name: set(table.c.keys()) for table in METADATA.sorted_tables} == {
        name: columns for name, columns in made.items() if name != "flywheel_version"
    }


def test_the_newest_version_is_the_one_that_is_asked_for() -> None:
    assert f"v{len(list(VERSIONS.glob('v*.py')))}" == HEAD


def test_an_older_database_is_upgraded_and_keeps_what_waits(url: str) -> None:
    database = Database(url)
    upgrade(database, "v1")
    database.close()
    waiting = "INSERT INTO delivery (id, installation, repository, kind, subject, hint, received_at) VALUES "
    told = '{"event": "push", "delivery": "d", "kind": "ref"}'.replace(":", "\\:")
    execute(
        url,
        f"{waiting} ('d', 1, 10, 'ref', 'x', '{told}', 5)",
        "INSERT INTO job VALUES (1, 10, 'ref', 'x', 5)",
        "INSERT INTO served VALUES (1, 0)",
    )

    inbox = Inbox(url)
    work = inbox.take("a", 9.0, 60.0)

    assert work is not None
    assert ("x", "push") == (work.subject, work.hints[0].event)
    assert inbox.later(work, 20.0)
    inbox.close()


def test_a_file_from_before_versions_were_kept_is_taken_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/inbox.db"
    database = Database(url)
    upgrade(database, "v1")
    database.close()
    execute(url, "DROP TABLE flywheel_version", "PRAGMA user_version = 1")

    inbox = Inbox(url)

    assert [True] == put(inbox, hint("1"))
    inbox.close()


def test_a_database_of_a_newer_flywheel_is_left_alone(url: str) -> None:
    Inbox(url).close()
    execute(url, "UPDATE flywheel_version SET version_num = 'v99'")

    with pytest.raises(UserError, match="newer flywheel"):
        Inbox(url)


def test_a_file_that_is_no_database_is_the_users_to_mend(tmp_path: Path) -> None:
    path = tmp_path / "inbox.db"
    path.write_text("not a database, and long enough to be looked at as one\n" * 20, encoding="utf-8")

    with pytest.raises(UserError, match="it cannot be our database"):
        Inbox(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(UserError, match="it cannot be our database"):
        Inbox(f"sqlite:///{tmp_path}/file/inbox.db")


def test_tables_of_somebody_else_are_not_touched(new_database: Callable[[], str]) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE job (theirs TEXT)")

    with pytest.raises(UserError, match="it cannot be our database"):
        Inbox(url)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
    assert [("job",)] == found


@pytest.mark.parametrize("prefix", ["postgresql", "postgres", "postgresql+psycopg"])
def test_no_password_is_repeated(prefix: str) -> None:
    with pytest.raises(UserError, match="it cannot be our database") as caught:
        Inbox(f"{prefix}://me:hunter2@127.0.0.1:1/flywheel")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "sqlite:///", "sqlite://", "inbox.db", "mysql://me:hunter2@db/x", "postgresql://me:hunter2@db:port/x"]
)
def test_a_url_of_no_database_that_we_know_is_told_so(url: str) -> None:
    with pytest.raises(UserError, match="FLYWHEEL_DATABASE_URL") as caught:
        Inbox(url)

    assert "hunter2" not in str(caught.value)


def test_a_path_may_hold_what_a_url_may_not(tmp_path: Path) -> None:
    inbox = Inbox(f"sqlite:///{tmp_path}/a ?&%20#.db")
    inbox.close()

    assert ["a ?&%20#.db"] == [path.name for path in tmp_path.iterdir()]


def test_a_server_that_was_restarted_costs_one_error_at_most(new_database: Callable[[], str]) -> None:
    url = new_database()
    inbox = Inbox(url)
    assert [True] == put(inbox, hint("1"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    assert [True] == put(inbox, hint("2"))
    assert inbox.take("a", 9.0, 60.0) is not None
    inbox.close()


def test_neither_the_heart_nor_the_command_line_needs_a_database() -> None:
    code = "import bot.flywheel, bot.__main__, bot.commands.working, sys; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {"sqlalchemy", "alembic", "psycopg"} & set(loaded.split()) == set()
