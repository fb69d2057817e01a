"""Work is begun by one, ends once, and is never lost: not by errors, not by a stop, not by kill -9."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.engine.answers import BACKOFF_SECONDS
from bot.engine.inbox import MAX_ATTEMPTS, Inbox
from bot.engine.work import Answer, Done, Failed, Handler, Later, Work
from bot.engine.worker import Chore, Settings, Worker
from bot.errors import UserError
from tests.engine.hints import hint, put

ROOT = Path(__file__).resolve().parents[2]
SECRET = "ghp_" + "x" * 36
KILLED = """
import fcntl, sys, time
from bot.commands.working import log, work
from bot.engine.inbox import Inbox
from bot.engine.work import Done
from bot.engine.worker import Settings, Worker
url, folder = sys.argv[1:]
def note(text):
    with open(f"{folder}/notes", "a") as notes:
        notes.write(text + "\\n")
def handler(found):
    with open(f"{folder}/{found.repository}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("two at once")
        time.sleep(0.03)
        note(",".join(one.delivery for one in found.hints))
    return Done()
inbox = Inbox(url)
print("up", flush=True)
work(Worker(inbox, handler, Settings(threads=3, lease=3.0, poll=0.05), log))
inbox.close()
"""


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.worker.PATIENCE", (0.1, 0.1))
    monkeypatch.setattr("bot.engine.worker.AWAY_SECONDS", 0.1)


@contextmanager
def working(inbox: Any, handler: Handler, **settings: Any) -> Iterator[list[Mapping[str, Any]]]:
    """A worker at work while the block runs; what it logged."""
    logged: list[Mapping[str, Any]] = []
    worker = Worker(inbox, handler, Settings(**{"poll": 0.02, **settings}), logged.append)
    worker.start()
    try:
        yield logged
    finally:
        worker.stop()
        worker.join()


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for it to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def answered(logged: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in logged if one["what"] == "worked"]


def worked(inbox: Inbox, handler: Handler, **settings: Any) -> Mapping[str, Any]:
    """What is logged of the next piece of work."""
    with working(inbox, handler, **settings) as logged:
        until(lambda: answered(logged))
    return answered(logged)[0]


def test_what_is_done_is_done_once_and_told(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2"))
    seen: list[Work] = []

    def handler(work: Work) -> Answer:
        seen.append(work)
        return Done("a pull\nof ours")

    told = worked(inbox, handler)

    assert [("1", "2")] == [tuple(one.delivery for one in work.hints) for work in seen]
    assert {"received": 0, "done": 2, "failed": 0} == inbox.counts()
    assert ("done", "a pull of ours", 10, "repository", 2, 1) == tuple(
        told[name] for name in ("answer", "why", "repository", "kind", "deliveries", "attempts")
    )


@pytest.mark.parametrize("raised", [True, False])
def test_what_a_person_can_mend_is_a_dead_letter_without_secrets(inbox: Inbox, raised: bool) -> None:
    put(inbox, hint("1"))

    def handler(_work: Work) -> Answer:
        text = f".github/flywheel.yml: not\nvalid, {SECRET}. Mend it."
        if raised:
            raise UserError(text)
        return Failed(text)

    told = worked(inbox, handler, redact=lambda text: text.replace(SECRET, "[redacted]"))

    expected = ".github/flywheel.yml: not valid, [redacted]. Mend it."
    assert [expected, "failed", expected] == [inbox.letters(9)[0].reason, told["answer"], told["why"]]


def test_what_raises_is_tried_again_later_and_its_words_are_told_to_nobody(inbox: Inbox) -> None:
    put(inbox, hint("1"))

    def handler(_work: Work) -> Answer:
        raise RuntimeError(SECRET)

    before = time.time()
    told = worked(inbox, handler)

    assert "again" == told["answer"]
    assert re.fullmatch(r"RuntimeError at handler:\d+", told["why"])
    assert inbox.take("a", before + BACKOFF_SECONDS[0] - 1, 60.0) is None
    work = inbox.take("a", time.time() + BACKOFF_SECONDS[0] + 1, 60.0)
    assert work is not None
    assert 2 == work.attempts


def test_what_raises_each_time_is_a_dead_letter(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    for _attempt in range(MAX_ATTEMPTS - 1):
        work = inbox.take("a", 9.0, 60.0)
        assert work is not None
        inbox.later(work, 0.0, counted=True)

    def handler(_work: Work) -> Answer:
        raise RuntimeError

    told = worked(inbox, handler)

    assert "failed" == told["answer"]
    assert re.fullmatch(rf"RuntimeError at handler:\d+, {MAX_ATTEMPTS} times", inbox.letters(9)[0].reason)


def test_a_handler_that_answers_nothing_or_wants_to_exit_ends_no_thread(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2", repository=11), hint("3", repository=12))

    def handler(work: Work) -> Any:
        if work.repository == 10:
            sys.exit("enough")
        return None if work.repository == 11 else Done()

    with working(inbox, handler) as logged:
        until(lambda: len(answered(logged)) == 3)

    assert ["again", "again", "done"] == [one["answer"] for one in answered(logged)]


def test_a_limit_of_an_installation_is_waited_for_without_sleeping(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2", repository=11), hint("3", repository=12, installation=2))
    limit = time.time() + 3600

    def handler(work: Work) -> Answer:
        return Done() if work.installation == 2 else Later(limit, "rate limit", "installation")

    with working(inbox, handler) as logged:
        until(lambda: len(answered(logged)) == 2)
        time.sleep(0.2)

    assert {("later", 1), ("done", 2)} == {(one["answer"], one["installation"]) for one in answered(logged)}
    assert 2 == len(answered(logged))
    work = inbox.take("a", limit + 1, 60.0)
    assert work is not None
    assert 1 == work.attempts


def test_a_lease_is_renewed_while_its_handler_runs(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    running = threading.Event()

    def handler(_work: Work) -> Answer:
        running.set()
        time.sleep(3.0)
        return Done()

    with working(inbox, handler, lease=1.2) as logged:
        assert running.wait(20)
        taken = []
        for _ in range(25):
            taken.append(inbox.take("another", time.time(), 60.0))
            time.sleep(0.1)
        until(lambda: answered(logged))

    assert {None} == set(taken)
    assert "lost" not in answered(logged)[0]


def test_what_another_took_over_is_told_as_lost_and_not_ended_twice(inbox: Inbox) -> None:
    put(inbox, hint("1"))

    def handler(_work: Work) -> Answer:
        assert inbox.take("another", time.time() + 3600, 60.0) is not None
        return Done()

    told = worked(inbox, handler)

    assert told["lost"]
    assert 1 == inbox.counts()["received"]


def test_a_stop_ends_what_is_in_hand_and_begins_nothing(inbox: Inbox) -> None:
    put(inbox, *(hint(str(number), repository=number) for number in range(1, 6)))
    running, go = threading.Event(), threading.Event()
    logged: list[Mapping[str, Any]] = []

    def handler(_work: Work) -> Answer:
        running.set()
        go.wait(20)
        return Done()

    worker = Worker(inbox, handler, Settings(threads=1), logged.append)
    worker.start()
    assert running.wait(20)
    worker.stop()
    worker.stop()
    go.set()
    worker.join()

    assert {"received": 4, "done": 1, "failed": 0} == inbox.counts()
    assert ["started", "worked", "stopped"] == [one["what"] for one in logged if one["what"] != "chore"]
    assert inbox.take("a", time.time(), 60.0) is not None


class Away:
    """A database that is away at first, behind the real one's verbs."""

    def __init__(self, inbox: Inbox, verb: str, times: int) -> None:
        self._inbox, self._verb, self.times = inbox, verb, times

    def __getattr__(self, name: str) -> Any:
        if name == self._verb and self.times:
            self.times -= 1
            raise OSError(SECRET)
        return getattr(self._inbox, name)


@pytest.mark.parametrize(("verb", "times"), [("take", 1), ("done", 2), ("claim", 1)])
def test_a_database_that_was_away_costs_no_work(inbox: Inbox, verb: str, times: int) -> None:
    put(inbox, hint("1"))

    with working(Away(inbox, verb, times), lambda _work: Done()) as logged:
        until(lambda: answered(logged))

    assert 1 == inbox.counts()["done"]
    assert SECRET not in json.dumps(logged)


def test_an_answer_that_cannot_be_written_is_begun_again_when_its_lease_has_ended(inbox: Inbox) -> None:
    put(inbox, hint("1"))

    told = worked(Away(inbox, "done", 3), lambda _work: Done())  # type: ignore[arg-type]

    assert told["lost"]
    assert inbox.take("a", time.time() + 3600, 60.0) is not None


def test_a_chore_is_done_by_one_worker_and_again_soon_when_it_failed(inbox: Inbox) -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise RuntimeError(SECRET)

    chores = (Chore("sweep", 3600.0, lambda: done.append("sweep")), Chore("fails", 3600.0, fails))
    with (
        working(inbox, lambda _work: Done(), chores=chores),
        working(inbox, lambda _work: Done(), chores=chores) as two,
    ):
        until(lambda: {"sweep", "fails"} <= set(done))
        time.sleep(0.2)

    assert ["fails", "sweep"] == sorted(done)
    assert SECRET not in json.dumps(two)
    assert [False, True] == [inbox.claim("fails", time.time() + after, 3600.0) for after in (200.0, 301.0)]
    assert not inbox.claim("sweep", time.time() + 3000, 3600.0)


def test_old_ends_are_forgotten_by_the_worker(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    work = inbox.take("a", 9.0, 60.0)
    assert work is not None
    inbox.done(work, 9.0)

    with working(inbox, lambda _work: Done()):
        until(lambda: inbox.counts()["done"] == 0)


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KILLED, url, str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "up\n" == process.stdout.readline()
    return process


def test_workers_that_are_killed_lose_nothing_and_no_two_work_on_one_repository(url: str, tmp_path: Path) -> None:
    inbox = Inbox(url)
    names = iter(range(10_000))
    told = []
    processes = [start(url, tmp_path) for _ in range(2)]
    for _kill in range(4):
        began = inbox.counts()["done"]
        while inbox.counts()["done"] < began + 60:
            told += [str(next(names)) for _ in range(12)]
            put(inbox, *(hint(name, repository=number) for number, name in enumerate(told[-12:], 1)))
        processes[0].send_signal(signal.SIGKILL)
        processes.pop(0).communicate(timeout=20)
        processes.append(start(url, tmp_path))

    until(lambda: inbox.counts()["received"] == 0, 60)
    said = []
    for process in processes:
        process.send_signal(signal.SIGTERM)
        said.append(process.communicate(timeout=20)[1])
    notes = (tmp_path / "notes").read_text(encoding="utf-8").split("\n")[:-1]
    done = [name for line in notes for name in line.split(",")]

    assert [0, 0] == [process.returncode for process in processes]
    assert {"received": 0, "done": len(told), "failed": 0} == inbox.counts()
    assert "two at once" not in notes
    assert set(told) == set(done)
    assert len(notes) <= len(set(notes)) + 4 * 3  # a kill repeats what three threads had in hand, at most
    assert {"started", "worked", "stopped"} <= {json.loads(line)["what"] for line in said[0].splitlines()}
    inbox.close()


def test_a_second_signal_ends_a_worker_that_does_not_come_to_its_end(url: str, tmp_path: Path) -> None:
    inbox = Inbox(url)
    put(inbox, hint("1"))
    code = KILLED.replace("time.sleep(0.03)", "note('begun'); time.sleep(60)")
    process = subprocess.Popen([sys.executable, "-c", code, url, str(tmp_path)], cwd=ROOT, stderr=subprocess.PIPE)
    until((tmp_path / "notes").exists)
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.0)

    process.send_signal(signal.SIGTERM)

    assert -signal.SIGTERM == process.wait(20)
    process.communicate()
    assert inbox.take("a", time.time() + 10, 60.0) is not None
    inbox.close()
