"""A person sees what was given up, and can have it taken up again."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bot.commands.working import heard_signals, told
from bot.engine.inbox import Inbox
from bot.engine.work import Letter
from bot.hosting.hints import Hint, Place
from tests.cli import flywheel

REASON = "the branch is protected. Let the App push to it."


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    url = f"sqlite:///{tmp_path}/inbox.db"
    monkeypatch.setenv("FLYWHEEL_DATABASE_URL", url)
    found = Inbox(url)
    yield found
    found.close()


def give_up(inbox: Inbox) -> None:
    inbox.put(Hint("push", "d", "ref", installation=1, places=(Place(10, "o/r"),), ref="refs/heads/x"), 1.0).result(10)
    work = inbox.take("a", 9.0, 60.0)
    assert work is not None
    inbox.failed(work, 10.0, REASON)


def test_nothing_was_given_up(inbox: Inbox, tmp_path: Path) -> None:
    assert "given up: 0\n" == flywheel("worker", "--failed", cwd=tmp_path).stdout


def test_what_was_given_up_is_listed_with_its_reason(inbox: Inbox, tmp_path: Path) -> None:
    give_up(inbox)

    lines = flywheel("worker", "--failed", cwd=tmp_path).stdout.splitlines()
    record = json.loads(flywheel("worker", "--failed", "--json", cwd=tmp_path).stdout)

    assert [
        f"1970-01-01T00:00:10+00:00  o/r  {REASON}  (deliveries: 1, attempts: 1)",
        "given up: 1",
    ] == lines
    assert (REASON, "o/r", 0) == (record["failed"][0]["reason"], record["failed"][0]["name"], record["retried"])
    assert {"received": 0, "done": 0, "failed": 1} == inbox.counts()


def test_what_was_given_up_is_taken_up_again(inbox: Inbox, tmp_path: Path) -> None:
    give_up(inbox)

    said = flywheel("worker", "--retry", cwd=tmp_path).stdout

    assert "deliveries taken up again: 1" == said.splitlines()[-1]
    assert inbox.take("a", time.time(), 60.0) is not None


def test_without_credentials_a_worker_takes_nothing(inbox: Inbox, tmp_path: Path) -> None:
    inbox.put(Hint("push", "d", "ref", installation=1, places=(Place(10, "o/r"),)), 1.0).result(10)

    done = flywheel("worker", cwd=tmp_path, check=False)

    assert 2 == done.returncode
    assert "FLYWHEEL_APP_ID" in done.stderr
    assert inbox.take("a", time.time(), 60.0) is not None


@pytest.mark.parametrize(
    ("repository", "kind", "expected"),
    [(7, "repository", "repository 7 of installation 1"), (0, "installation", "installation 1: installation")],
)
def test_what_has_no_name_is_told_by_its_numbers(repository: int, kind: str, expected: str) -> None:
    letter = Letter(1, repository, "", kind, "", 2, 5, 0.0, "x")

    assert [f"1970-01-01T00:00:00+00:00  {expected}  x  (deliveries: 2, attempts: 5)"] == list(
        told([msgspec.to_builtins(letter)])
    )


def test_the_first_signal_is_only_told_and_what_was_before_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with heard_signals() as heard:
        os.kill(os.getpid(), signal.SIGTERM)
        assert [signal.SIGTERM] == heard

    assert before == signal.getsignal(signal.SIGTERM)
