"""TAP 12 to 14. The fixtures are written here, after Perl's Test::More, node's runner and node-tap."""

from __future__ import annotations

import pytest

from bot.model import Report
from bot.signals import reports
from bot.signals.reports import tap

NODE = b"""TAP version 13
# Subtest: cart
    # Subtest: adds \\# one
    ok 1 - adds \\# one
      ---
      duration_ms: 0.9
      ...
    # Subtest: pays
    not ok 2 - pays
      ---
      failureType: 'testTimeoutFailure'
      error: 'test timed out after 50ms'
      stack: |-
        not ok 9 - a line of the block
      ...
    1..2
not ok 1 - cart
  ---
  failureType: 'subtestsFailed'
  ...
# Subtest: later
    not ok 1 - unfinished
    1..1
not ok 2 - later # TODO some day
ok 3 - windows # SKIP not here
1..3
# tests 5
# fail 1
# duration_ms 152.5
"""
BRACES = b"""TAP version 14
ok 1 - first {
    ok 1 - inner
    1..1
}
not ok 2 - second {
    not ok 1 - inner
    1..1
}
1..2
# time=28.5ms
"""


def read(data: bytes) -> Report:
    return tap.read(data, "x")


def details(report: Report, name: str) -> list[str]:
    return [signal.detail for signal in report.signals if signal.name == name]


@pytest.mark.parametrize(
    "data",
    [
        b"ok, let us see\n1..2 is a range\n",
        b"1..3\n",
        b"ok 1\nok 2\n",
        b"a log\n" * 30 + b"1..1\nok 1 - x\n",
        b"# TAP version 13 is what we write\n",
    ],
)
def test_prose_and_logs_are_not_taken_for_tap(data: bytes) -> None:
    assert "tap" != reports.sniff(data)


@pytest.mark.parametrize("data", [b"1..1\nok 1\n", b"\n> x@1.0.0 test\n> tape\n\nTAP version 13\n# a\nok 1 a\n1..1\n"])
def test_tap_is_known_with_or_without_its_version(data: bytes) -> None:
    assert ("tap", "pass") == (reports.sniff(data), read(data).outcome)


@pytest.mark.parametrize("line", [b"not ok 1 - x # TODO later", b"ok 1 - x # SKIP no", b"ok 1 # skipped: no"])
def test_todo_and_skip_are_no_failure_and_no_pass(line: bytes) -> None:
    report = read(b"1..1\n" + line + b"\n")

    assert ("none", []) == (report.outcome, details(report, "test-failed"))


def test_an_unexpected_success_of_a_todo_is_no_failure() -> None:
    assert [] == details(read(b"1..1\nok 1 - x # TODO\n"), "test-failed")


@pytest.mark.parametrize("name", [b"fix # todolist", b"issue \\# TODO", b"see #skip-link"])
def test_what_only_looks_like_a_directive_excuses_nothing(name: bytes) -> None:
    assert "fail" == read(b"1..1\nnot ok 1 - " + name + b"\n").outcome


def test_subtests_count_and_the_one_that_timed_out_is_named() -> None:
    report = read(NODE)

    assert ["cart > pays"] == details(report, "test-failed")
    assert ["cart > pays"] == details(report, "test-timed-out")
    assert {"tests-run": 2.0, "tests-failed": 1.0, "job-duration": 152.0} == {
        signal.name: signal.value for signal in report.signals if signal.value is not None
    }
    assert not report.partial


def test_subtests_in_braces_belong_to_the_test_above() -> None:
    report = read(BRACES)

    assert (["second > inner"], False) == (details(report, "test-failed"), report.partial)


def test_a_failure_printed_below_a_test_that_is_ok_is_none() -> None:
    report = read(b"1..1\n    not ok 1 - printed by the tool under test\n    1..1\nok 1 - tool\n")

    assert ("none", []) == (report.outcome, details(report, "test-failed"))


def test_a_test_that_failed_above_passing_subtests_failed() -> None:
    report = read(b"1..1\n    ok 1 - a\n    1..1\nnot ok 1 - hook\n")

    assert ["hook"] == details(report, "test-failed")


def test_bailing_out_is_a_failure() -> None:
    report = read(b"1..3\nok 1 - a\nBail out! No database.\n")
    pins = [signal.pin.quote for signal in report.signals if signal.pin]

    assert ("fail", ["(run)"], ["Bail out! No database."]) == (report.outcome, details(report, "test-failed"), pins)


@pytest.mark.parametrize("plan", [b"1..3", b"1..1", b""])
def test_another_number_of_tests_than_planned_is_no_pass(plan: bytes) -> None:
    report = read(plan + b"\nok 1 - a\nok 2 - b\n")

    assert ("none", True) == (report.outcome, report.partial)


def test_a_plan_that_skips_all_is_no_pass() -> None:
    report = read(b"TAP version 13\n1..0 # SKIP no database\n")

    assert ("none", False) == (report.outcome, report.partial)


def test_two_streams_behind_each_other_are_read_as_one() -> None:
    assert "pass" == read(b"TAP version 13\n1..1\nok 1 - a\nTAP version 13\nok 1 - b\n1..1\n").outcome


def test_a_failure_that_only_the_summary_counts_is_one() -> None:
    assert ["(run)"] == details(read(b"TAP version 13\n1..1\nok 1 - a\n# fail 1\n"), "test-failed")
