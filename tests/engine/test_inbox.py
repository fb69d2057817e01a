"""What was acknowledged is there after any crash, is worked on by one at a time, and ends once; on both databases."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from bot.engine.inbox import MAX_ATTEMPTS, Inbox
from bot.hosting.hints import Hint
from tests.engine.hints import hint, put

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys
from bot.engine.inbox import Inbox
from bot.hosting.hints import Hint
inbox = Inbox(sys.argv[1])
for number in range(int(sys.argv[2])):
    new = inbox.put(Hint("push", f"d{number}", "ref"), 1.0).result()
    print(f"d{number}", new, flush=True)
inbox.close()
"""
TAKER = """
import sys
from bot.engine.inbox import Inbox
inbox = Inbox(sys.argv[1])
while work := inbox.take(sys.argv[2], 10.0, 60.0):
    print(work.repository, flush=True)
    assert inbox.done(work, 11.0)
inbox.close()
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_an_empty_inbox_gives_no_work(inbox: Inbox) -> None:
    assert inbox.take("a", 0.0, 60.0) is None
    assert {"received": 0, "done": 0, "failed": 0} == inbox.counts()


def test_a_delivery_is_new_once(inbox: Inbox) -> None:
    assert [True, False, False] == put(inbox, hint("1"), hint("1"), hint("1"))


def test_a_hundred_of_one_delivery_at_once_are_one(inbox: Inbox) -> None:
    with ThreadPoolExecutor(20) as pool:
        news = list(pool.map(lambda _n: inbox.put(hint("1"), 1.0).result(10), range(100)))

    assert 1 == sum(news)
    assert 1 == inbox.counts()["received"]


def test_a_delivery_that_is_done_stays_done_when_it_is_sent_again(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    work = inbox.take("a", 1.0, 60.0)
    assert work is not None
    assert inbox.done(work, 2.0)

    assert [False] == put(inbox, hint("1"))
    assert inbox.take("a", 3.0, 60.0) is None


def test_a_delivery_that_failed_is_taken_up_when_it_is_sent_again(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    work = inbox.take("a", 1.0, 60.0)
    assert work is not None
    assert inbox.failed(work, 2.0, "GitHub said 404")
    assert inbox.take("a", 3.0, 60.0) is None

    assert [True] == put(inbox, hint("1"))
    assert inbox.take("a", 4.0, 60.0) is not None


def test_hints_of_one_repository_are_one_piece_of_work(inbox: Inbox) -> None:
    hints = [hint("1"), hint("2", repository=11), hint("3", pull=4), Hint("push", "4", "ref", "", 1, hint("1").places)]
    put(inbox, *hints)

    first = inbox.take("a", 9.0, 60.0)

    assert first is not None
    assert (hints[0], hints[2], hints[3]) == first.hints


def test_hints_of_no_repository_are_one_by_what_they_are_about(inbox: Inbox) -> None:
    put(inbox, *(Hint("installation", name, "installation", installation=1) for name in "ab"))
    put(inbox, Hint("x", "c", "unknown", installation=2), hint("d", installation=1))

    found = [inbox.take("a", 9.0, 60.0) for _ in range(4)]

    assert ["installation", "repository", "unknown"] == sorted(one.kind for one in found if one)


def test_a_repository_has_one_piece_of_work_in_hand(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2", repository=11))
    first, second = (inbox.take(name, 9.0, 60.0) for name in "ab")
    put(inbox, hint("3", pull=4))

    assert first is not None
    assert second is not None
    assert {10, 11} == {first.repository, second.repository}
    assert inbox.take("c", 9.0, 60.0) is None


def test_what_comes_while_its_key_is_in_hand_is_the_next_work(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    first = inbox.take("a", 9.0, 60.0)
    assert first is not None
    put(inbox, hint("2"))
    assert inbox.done(first, 10.0)

    second = inbox.take("a", 11.0, 60.0)

    assert second is not None
    assert ("2",) == tuple(one.delivery for one in second.hints)


def test_a_loud_installation_does_not_starve_a_quiet_one(inbox: Inbox) -> None:
    loud = [hint(f"loud{number}", repository=number, installation=1) for number in range(50)]
    put(inbox, *loud, hint("quiet", repository=99, installation=2))

    taken = [inbox.take("a", 100.0 + number, 60.0) for number in range(2)]

    assert {1, 2} == {work.installation for work in taken if work}


def test_the_work_of_a_dead_worker_is_anothers_when_its_lease_ends(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    first = inbox.take("a", 1.0, 60.0)
    assert first is not None

    assert inbox.take("b", 60.0, 60.0) is None
    second = inbox.take("b", 62.0, 60.0)
    assert second is not None
    assert 2 == second.attempts
    assert not inbox.done(first, 63.0)
    assert inbox.done(second, 64.0)


def test_work_that_kills_its_workers_is_left_to_a_person(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    for attempt in range(MAX_ATTEMPTS):
        assert inbox.take("a", attempt * 100.0, 60.0) is not None

    put(inbox, hint("2"))
    newer = inbox.take("a", 1000.0, 60.0)

    assert newer is not None
    assert (("2",), 1) == (tuple(one.delivery for one in newer.hints), newer.attempts)
    assert [MAX_ATTEMPTS] == [one.attempts for one in inbox.letters(9)]


def test_what_a_gone_installation_left_is_forgotten_and_a_new_one_is_not(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2", repository=11), hint("3", repository=12, installation=2))
    inbox.put(hint("4", repository=13, installation=3), 5.0).result(10)

    assert 0 == inbox.keep_only([2], 1.0)
    assert 2 == inbox.keep_only([2], 5.0)
    assert 2 == inbox.counts()["received"]


def test_old_ends_are_forgotten_and_nothing_that_waits(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2", repository=11))
    work = inbox.take("a", 1.0, 60.0)
    assert work is not None
    inbox.done(work, 2.0)

    assert 1 == inbox.forget(3.0, 3.0)
    assert 1 == inbox.counts()["received"]


def test_the_last_sweep_is_remembered(inbox: Inbox) -> None:
    assert inbox.last_sweep() is None

    inbox.swept(12.5)

    assert 12.5 == inbox.last_sweep()


def test_what_was_acknowledged_before_kill_9_is_there(url: str) -> None:
    told = set()
    for _kill in range(3):
        process = start(WRITER, url, 100_000)
        assert process.stdout is not None
        for _line in range(60):
            told.add(process.stdout.readline().split()[0])
        process.send_signal(signal.SIGKILL)
        told |= {line.split()[0] for line in process.stdout.read().splitlines() if line.endswith(("True", "False"))}
        process.wait(10)

    inbox = Inbox(url)

    work = inbox.take("a", 9.0, 60.0)
    assert work is not None
    assert told <= {one.delivery for one in work.hints}
    assert len(told) >= 60
    inbox.close()


def test_of_two_processes_one_is_told_that_a_delivery_is_new(url: str) -> None:
    processes = [start(WRITER, url, 200) for _ in range(2)]

    lines = [line for process in processes for line in process.communicate(timeout=60)[0].splitlines()]

    assert 400 == len(lines)
    assert {f"d{number}" for number in range(200)} == {line.split()[0] for line in lines if line.endswith("True")}
    assert 200 == sum(line.endswith("True") for line in lines)


def test_two_processes_share_the_work_and_do_none_twice(url: str) -> None:
    inbox = Inbox(url)
    put(inbox, *(hint(str(number), repository=number, installation=number % 7) for number in range(1, 101)))

    processes = [start(TAKER, url, name) for name in ("a", "b")]
    lines = [line for process in processes for line in process.communicate(timeout=60)[0].splitlines()]

    while work := inbox.take("c", 10.0, 60.0):  # a taker ends when all that waits is in the other's hand
        lines.append(str(work.repository))
        inbox.done(work, 11.0)
    assert sorted(map(str, range(1, 101))) == sorted(lines)
    inbox.close()


def test_after_a_write_that_fails_the_next_one_goes(inbox: Inbox) -> None:
    spoilt = Hint("push", None, "ref")  # type: ignore[arg-type]

    with pytest.raises(IntegrityError):
        inbox.put(spoilt, 1.0).result(10)
    assert [True] == put(inbox, hint("1"))


def test_closing_writes_what_waits(url: str) -> None:
    inbox = Inbox(url)
    futures = [inbox.put(hint(str(number)), 1.0) for number in range(1000)]
    inbox.close()

    assert all(future.result(0) for future in futures)
    assert not any(thread.name == "inbox" for thread in threading.enumerate())


def test_a_backlog_does_not_slow_the_taking(inbox: Inbox) -> None:
    for number in range(5_000):
        future = inbox.put(
            hint(str(number), repository=number % 500 + 1, pull=number, installation=number % 20 + 1), 1.0
        )
    future.result(30)

    began = time.monotonic()
    for number in range(20):
        work = inbox.take("a", 10.0 + number, 60.0)
        assert work is not None
        assert inbox.done(work, 10.0 + number)

    assert time.monotonic() - began < 5


def test_what_failed_leaves_its_repository_to_the_next(inbox: Inbox) -> None:
    put(inbox, hint("1", pull=3))
    first = inbox.take("a", 9.0, 60.0)
    assert first is not None
    put(inbox, hint("2", pull=4))
    assert inbox.failed(first, 10.0, "x" * 10_000)

    second = inbox.take("a", 11.0, 60.0)

    assert second is not None
    assert ("2",) == tuple(one.delivery for one in second.hints)
    assert {"received": 1, "done": 0, "failed": 1} == inbox.counts()


def test_the_sweep_asks_for_what_waits_already_in_vain(inbox: Inbox) -> None:
    assert [True, False, True] == put(inbox, hint("1"), hint("", pull=4), hint("", repository=11))
    work = inbox.take("a", 9.0, 60.0)
    assert work is not None
    assert 10 == work.repository

    assert [True, False] == put(inbox, hint(""), hint(""))  # what is in hand was begun before
    assert inbox.done(work, 10.0)
    assert [False, True] == put(inbox, hint(""), hint("", repository=12))


def test_what_no_delivery_caused_is_work_as_any(inbox: Inbox) -> None:
    put(inbox, hint(""), hint("1"))

    work = inbox.take("a", 9.0, 60.0)

    assert work is not None
    assert ["", "1"] == [one.delivery for one in work.hints]
    assert inbox.done(work, 10.0)
    assert {"received": 0, "done": 2, "failed": 0} == inbox.counts()
    assert [True] == put(inbox, hint(""))


def test_what_is_put_off_is_not_begun_before_and_costs_no_attempt(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2", repository=11))
    for number in range(MAX_ATTEMPTS + 1):
        work = inbox.take("a", 10.0 + number, 60.0)
        assert work is not None
        assert (10, 1) == (work.repository, work.attempts)
        assert inbox.later(work, 11.0 + number)
    work = inbox.take("a", 20.0, 60.0)
    assert work is not None
    assert inbox.later(work, 100.0)
    assert [True] == put(inbox, hint("3"))  # no news lets it begin sooner

    other, none, after = (inbox.take("a", at, 60.0) for at in (21.0, 99.0, 100.0))

    assert other is not None
    assert 11 == other.repository
    assert none is not None  # the other's lease has ended by then
    assert 11 == none.repository
    assert after is not None
    assert (10, 2) == (after.repository, len(after.hints))


def test_what_is_tried_again_is_counted(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    for number in range(MAX_ATTEMPTS):
        work = inbox.take("a", 10.0 + number, 60.0)
        assert work is not None
        assert number + 1 == work.attempts
        assert inbox.later(work, 0.0, counted=True)

    assert inbox.take("a", 20.0, 60.0) is None
    assert 1 == inbox.counts()["failed"]


def test_a_limit_puts_off_an_installation_and_no_other(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2", repository=11), hint("3", repository=12, installation=2))
    first = inbox.take("a", 9.0, 60.0)
    assert first is not None
    assert 1 == first.installation
    assert inbox.later(first, 100.0, whole=True)

    second, third = inbox.take("a", 10.0, 60.0), inbox.take("a", 99.0, 60.0)
    assert second is not None
    assert 2 == second.installation
    assert third is not None  # the second's lease ended
    assert 2 == third.installation
    assert inbox.done(third, 99.0)
    after = inbox.take("a", 100.0, 60.0)
    assert after is not None
    assert 1 == after.installation


def test_a_lease_that_is_renewed_does_not_end(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    work = inbox.take("a", 1.0, 60.0)
    assert work is not None
    assert inbox.renew(work, 50.0, 60.0)
    assert inbox.take("b", 100.0, 60.0) is None

    second = inbox.take("b", 111.0, 60.0)

    assert second is not None
    assert not inbox.renew(work, 112.0, 60.0)
    assert not inbox.later(work, 0.0)
    assert inbox.done(second, 113.0)


def test_one_process_that_lost_its_work_to_itself_does_not_end_it(inbox: Inbox) -> None:
    put(inbox, hint("1"))
    first, second = inbox.take("a", 1.0, 60.0), inbox.take("a", 100.0, 60.0)
    assert first is not None
    assert second is not None

    assert not inbox.failed(first, 101.0, "late")
    assert inbox.done(second, 102.0)


def test_dead_letters_are_shown_and_taken_up_again(inbox: Inbox) -> None:
    put(inbox, hint("1"), hint("2"), hint("3", repository=11))
    for at, reason in ((9.0, "first"), (10.0, "second")):
        work = inbox.take("a", at, 60.0)
        assert work is not None
        inbox.failed(work, at, reason)

    letters = inbox.letters(10)
    assert [("o/r11", 1, "second"), ("o/r10", 2, "first")] == [
        (one.name, one.deliveries, one.reason) for one in letters
    ]
    assert 1 == len(inbox.letters(1))
    assert 3 == inbox.retry()
    assert [] == inbox.letters(10)
    work = inbox.take("a", 20.0, 60.0)
    assert work is not None
    assert 1 == work.attempts


def test_a_chore_falls_to_one_of_all(inbox: Inbox) -> None:
    assert [True, False, False, True] == [inbox.claim("sweep", at, 60.0) for at in (1.0, 1.0, 60.0, 61.0)]
    assert inbox.claim("forget", 1.0, 60.0)

    inbox.owe("sweep", 70.0, 60.0)

    assert [False, True] == [inbox.claim("sweep", at, 60.0) for at in (69.0, 70.0)]


def test_a_chore_that_twenty_ask_for_at_once_falls_to_one(inbox: Inbox) -> None:
    with ThreadPoolExecutor(20) as pool:
        ours = list(pool.map(lambda _n: inbox.claim("sweep", 1.0, 60.0), range(20)))

    assert 1 == sum(ours)


def test_the_oldest_work_that_could_be_begun_is_told(inbox: Inbox) -> None:
    assert inbox.oldest(9.0) is None
    put(inbox, hint("1"), hint("2", repository=11))
    assert 0.0 == inbox.oldest(9.0)
    work = inbox.take("a", 9.0, 60.0)
    assert work is not None
    inbox.later(work, 50.0)

    assert [1.0, 0.0] == [inbox.oldest(at) for at in (10.0, 50.0)]


def test_what_ended_is_forgotten_in_chunks_and_failures_later(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.inbox.CHUNK", 2)
    put(inbox, *(hint(str(number)) for number in range(5)), hint("f", repository=11))
    for at in (9.0, 10.0):
        work = inbox.take("a", at, 60.0)
        assert work is not None
        inbox.done(work, at) if work.repository == 10 else inbox.failed(work, at, "x")

    assert 0 == inbox.forget(9.0, 10.0)
    assert 5 == inbox.forget(11.0, 10.0)
    assert {"received": 0, "done": 0, "failed": 1} == inbox.counts()


def by_ci(delivery: str, **more: str) -> Hint:
    """What a check that ends causes."""
    return Hint("check_run", delivery, "head", installation=1, places=hint("").places, sha="a" * 40, **more)  # type: ignore[arg-type]


@pytest.fixture
def patient(url: str) -> Iterator[Inbox]:
    with closing(Inbox(url, burst=30.0)) as found:
        yield found


def told(inbox: Inbox, at: float, *hints: Hint) -> None:
    for one in hints:
        inbox.put(one, at).result(10)


def begun(inbox: Inbox, at: float) -> list[str]:
    """The deliveries of the work that is begun then."""
    work = inbox.take("a", at, 60.0)
    return [one.delivery for one in work.hints] if work else []


@pytest.mark.parametrize(
    "one",
    [
        hint("1"),
        by_ci("1", action="rerequested"),
        Hint("sweep", "", "repository", installation=1, places=hint("").places),
        Hint("installation", "1", "installation", installation=1, sender_type="Bot"),
    ],
)
def test_what_somebody_waits_for_is_begun_at_once(patient: Inbox, one: Hint) -> None:
    told(patient, 100.0, one)

    assert patient.take("a", 100.0, 60.0)


@pytest.mark.parametrize("one", [by_ci("1"), msgspec.structs.replace(hint("1"), sender_type="Bot")])
def test_what_can_wait_is_begun_a_little_later_with_all_that_came_after_it(patient: Inbox, one: Hint) -> None:
    told(patient, 100.0, one)
    told(patient, 120.0, by_ci("2"))

    assert [] == begun(patient, 129.0)
    assert ["1", "2"] == begun(patient, 130.0)


def test_a_person_takes_along_what_can_wait_and_is_not_put_off_by_it(patient: Inbox) -> None:
    told(patient, 100.0, by_ci("1"))
    told(patient, 110.0, hint("2"))
    told(patient, 111.0, by_ci("3"))

    assert ["1", "2", "3"] == begun(patient, 111.0)


def test_what_ci_says_during_a_visit_is_a_burst_of_its_own_and_a_person_ends_it(patient: Inbox) -> None:
    told(patient, 100.0, hint("1"))
    first = patient.take("a", 100.0, 60.0)
    assert first
    told(patient, 101.0, by_ci("2"))
    assert patient.done(first, 102.0)
    assert [] == begun(patient, 130.0)
    second = patient.take("a", 131.0, 60.0)
    assert second
    told(patient, 132.0, by_ci("3"), hint("4"), by_ci("5"))
    assert patient.done(second, 133.0)

    assert ["3", "4", "5"] == begun(patient, 133.0)


def test_what_was_put_off_for_longer_is_brought_forward_by_nobody(patient: Inbox) -> None:
    told(patient, 100.0, hint("1"))
    first = patient.take("a", 100.0, 60.0)
    assert first
    assert patient.later(first, 400.0)
    told(patient, 101.0, hint("2"), by_ci("3"))

    assert [] == begun(patient, 399.0)
    assert ["1", "2", "3"] == begun(patient, 400.0)


def test_a_stream_of_what_can_wait_keeps_nothing_from_being_begun(patient: Inbox) -> None:
    taken = []
    for second in range(0, 200, 5):
        told(patient, float(second), by_ci(str(second)))
        work = patient.take("a", float(second), 60.0)
        if work:
            taken.append(second)
            assert patient.done(work, second + 1.0)

    assert [30, 65, 100, 135, 170] == taken
