"""What of a failed log matters, and its key."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signals.reports.excerpt import excerpt

SHARED = Path(__file__).resolve().parents[3] / "../shared/data/ci"
GREEN = "start\nDownloading x 10%\ncompiling /tmp/a1/x.c\ncompiling /tmp/a1/y.c\n12 tests ok\ndone in 3s\n"
RED = "start\nDownloading y 20%\ncompiling /tmp/b2/y.c\ncompiling /tmp/b2/x.c\n{}\ndone in 9s\n"


def key(line: str) -> str:
    return excerpt(RED.format(line).encode(), GREEN.encode()).key


def test_lines_that_differ_only_in_order_times_and_paths_do_not_matter() -> None:
    found = excerpt(RED.format("x.c:3:4: error: no such thing").encode(), GREEN.encode())

    assert (found.intervals, found.evidence) == (((5, 5),), 5)


def test_a_message_keeps_its_stack_though_the_passing_log_has_the_same_frames() -> None:
    frames = "\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)"
    fail = f"ok\njava.lang.IllegalStateException: new\n{frames}\nbye\n"
    against = f"ok\njava.lang.IllegalStateException: 'old'\n{frames}\nbye\n".replace("Illegal", "Other")

    assert excerpt(fail.encode(), against.encode()).intervals == ((2, 4),)


def test_what_the_tool_calls_information_is_no_evidence() -> None:
    fail = b"[INFO] BUILD FAILURE\n[INFO] errors were found elsewhere\n[ERROR] A.java:[3,4] cannot find symbol\n"

    assert excerpt(fail, b"[INFO] BUILD SUCCESS\n").intervals == ((3, 3),)


def test_without_anything_telling_the_whole_difference_is_kept() -> None:
    assert excerpt(b"a\nnew one\nb\n\n\nnew two\n", b"a\nb\n").intervals == ((2, 2), (6, 6))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("src/a.ts(1,2): error TS2322: Type 'x'", "/work/lib/b.ts(30,4): error TS2322: Type 'y'"),
        ("FAILED tests/test_a.py::test_b - assert 3 == 4", "FAILED tests/test_a.py::test_b - assert 12 == 7"),
        ("/work/x.c:3:4: error: no such thing", "/tmp/q/x.c:99:1: error: no such thing"),
    ],
)
def test_equal_causes_have_equal_keys(one: str, other: str) -> None:
    assert key(one) == key(other)
    assert key(one).startswith("v1-")


def test_different_rules_and_tests_have_different_keys() -> None:
    said = [
        "a.ts(1,2): error TS2322: no",
        "a.ts(1,2): error TS2345: no",
        "FAILED tests/test_a.py::test_b - no",
        "FAILED tests/test_a.py::test_c - no",
        "KeyError: 'x'",
        "ValueError: 'x'",
    ]

    assert len({key(line) for line in said}) == len(said)


def test_a_rule_beats_a_test_beats_a_message_beats_a_summary() -> None:
    said = ["Found 3 errors", "ValueError: x", "FAILED tests/test_a.py::test_b", "a.py:1:2: E501 Line too long"]
    kinds = [excerpt(RED.format("\n".join(said[: n + 1])).encode(), GREEN.encode()).kind for n in range(4)]

    assert kinds == ["summary", "message", "test", "rule"]


def test_with_and_without_a_passing_log_the_key_is_the_same() -> None:
    fail = RED.format("FAILED tests/test_a.py::test_b").encode()

    assert excerpt(fail, None).key == excerpt(fail, GREEN.encode()).key


def test_an_empty_log_has_no_key() -> None:
    assert (excerpt(b"", None).key, excerpt(b"", b"x").intervals) == ("", ())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_whatever_ends_them(end: str) -> None:
    fail = RED.format("ValueError: x").replace("\n", end).encode()

    assert excerpt(fail, GREEN.encode()).intervals == ((5, 5),)


@given(st.binary(max_size=300), st.one_of(st.none(), st.binary(max_size=300)))
def test_intervals_stand_in_order_within_the_log(fail: bytes, against: bytes | None) -> None:
    found = excerpt(fail, against)
    flat = [line for interval in found.intervals for line in interval]

    assert flat == sorted(flat)
    assert all(1 <= line <= len(fail.splitlines()) for line in flat)
    assert (found.evidence > 0) == bool(found.key)


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data absent")
def test_the_labelled_pairs_hold_the_bars() -> None:
    from bench import logs

    scores = [logs.score(case, logs.ours(case)) for case in logs.cases(SHARED / "cidiff")]

    assert (sum(item.kept for item in scores), sum(item.intervals for item in scores)) == (30, 30)
    assert mean(item.recall for item in scores) >= 0.95
    assert mean(item.precision for item in scores) >= 0.75
    assert min(item.recall for item in scores) >= 0.5


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data absent")
def test_plain_logs_of_travis_and_jenkins_have_keys() -> None:
    logs = [path.read_bytes() for path in sorted((SHARED / "travis-logs").rglob("*.log"))]
    keys = [excerpt(log, None).key for log in logs]

    assert [bool(key) for key in keys] == [bool(log.strip()) for log in logs]
