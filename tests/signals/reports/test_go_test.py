"""What `go test -json` writes. The fixtures are written here, each after the situation named beside it."""

from __future__ import annotations

import json

import pytest

from bot.model import Report
from bot.signals import reports
from bot.signals.reports import go_test


def stream(*events: str) -> bytes:
    """Events in short: `action`, `action test`, `action test|output`, of the package `p`."""
    lines = []
    for event in events:
        action, _, rest = event.partition(" ")
        test, _, output = rest.partition("|")
        record = {"Action": action, "Package": "p", "Test": test, "Output": output.replace("\\n", "\n")}
        lines.append(json.dumps({key: value for key, value in record.items() if value}))
    return "\n".join(lines).encode() + b"\n"


def details(report: Report, name: str) -> list[str]:
    return [signal.detail for signal in report.signals if signal.name == name]


def read(data: bytes) -> Report:
    return go_test.read(data, "x")


@pytest.mark.parametrize(
    "data",
    [
        b'{"Action":"opened","Package":"p"}\n',
        b'{"Action":"start"}\n',
        b'{"type":"tool","text":"{\\"Action\\":\\"run\\",\\"Package\\":\\"p\\"}"}\n',
        b'["Action"]\n',
    ],
)
def test_other_records_with_an_action_are_not_taken_for_it(data: bytes) -> None:
    assert reports.sniff(data) != "go-test"


def test_output_before_and_between_the_events_is_no_damage() -> None:
    data = b"go: downloading example.com/x v1.0.0\n" + stream("run A", "pass A") + b"noise\n" + stream("pass")

    assert "go-test" == reports.sniff(data)
    assert ("pass", ()) == (read(data).outcome, read(data).warnings)


def test_a_package_without_tests_is_no_pass() -> None:
    assert "none" == read(stream("start", "output |?   \tp\t[no test files]\\n", "skip")).outcome


def test_skipped_tests_alone_are_no_pass() -> None:
    assert "none" == read(stream("run A", "skip A", "pass")).outcome


def test_a_package_that_did_not_end_is_no_pass() -> None:
    report = read(stream("run A", "pass A"))

    assert ("none", True) == (report.outcome, report.partial)


def test_subtests_and_their_parent_fail_each_under_the_id_that_junit_gives_them() -> None:
    report = read(stream("run A", "run A/x", "fail A/x", "fail A", "fail"))

    assert ["p::A", "p::A/x"] == details(report, "test-failed")


def test_a_build_that_failed_is_the_package_once_and_cites_the_compiler() -> None:
    data = (
        b'{"ImportPath":"p [p.test]","Action":"build-output","Output":"# p [p.test]\\n"}\n'
        b'{"ImportPath":"p [p.test]","Action":"build-output","Output":"./a.go:3:1: undefined: x\\n"}\n'
        b'{"ImportPath":"p [p.test]","Action":"build-fail"}\n'
        b'{"Action":"start","Package":"p"}\n'
        b'{"Action":"output","Package":"p","Output":"FAIL\\tp [build failed]\\n"}\n'
        b'{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}\n'
    )
    report = read(data)
    quotes = [signal.pin.quote for signal in report.signals if signal.pin]

    assert (["p"], ["./a.go:3:1: undefined: x"]) == (details(report, "test-failed"), quotes)


def test_a_build_that_failed_without_a_test_run_is_a_failure() -> None:
    data = b'{"ImportPath":"p/q","Action":"build-fail"}\n'

    assert ["p/q"] == details(read(data), "test-failed")


def test_an_old_go_tells_of_a_failed_build_in_plain_text() -> None:
    data = b"# p\n./a.go:3:1: undefined: x\nFAIL\tp [build failed]\n" + stream("run A", "pass A", "pass").replace(
        b'"p"', b'"q"'
    )

    assert ["p"] == details(read(data), "test-failed")


def test_a_test_that_never_ended_bears_its_packages_failure() -> None:
    report = read(stream("run A", "pass A", "run B", "run C", "pause C", "output B|panic: boom\\n", "fail"))

    assert ["p::B"] == details(report, "test-failed")


def test_a_failure_outside_all_tests_is_the_packages() -> None:
    report = read(stream("run A", "pass A", "output |panic: in TestMain\\n", "fail"))

    assert ["p"] == details(report, "test-failed")
    assert ["panic: in TestMain"] == [signal.pin.quote for signal in report.signals if signal.pin]


def test_a_time_out_is_said_of_the_tests_that_were_running() -> None:
    report = read(stream("run A", "fail A", "run B", "output B|panic: test timed out after 1s\\n", "fail"))

    assert (["p::A", "p::B"], ["p::B"]) == (details(report, "test-failed"), details(report, "test-timed-out"))


def test_one_failure_among_repetitions_of_one_run_is_a_failure() -> None:
    report = read(stream("run A", "fail A", "run A", "pass A", "fail"))

    assert (["p::A"], []) == (details(report, "test-failed"), details(report, "test-flaky"))


def test_a_test_that_passed_when_its_package_ran_again_is_flaky() -> None:
    report = read(stream("run A", "fail A", "run B", "pass B", "fail", "run A", "pass A", "pass"))

    assert ("pass", [], ["p::A"]) == (
        report.outcome,
        details(report, "test-failed"),
        details(report, "test-flaky"),
    )


def test_a_damaged_line_makes_the_report_partial() -> None:
    report = read(stream("run A", "pass A", "pass") + b'{"Action":"fa')

    assert ("none", True) == (report.outcome, report.partial)


def test_duration_is_from_the_first_time_to_the_last() -> None:
    data = (
        b'{"Time":"2024-01-01T00:00:00.123456789Z","Action":"run","Package":"p","Test":"A"}\n'
        b'{"Time":"2024-01-01T00:00:02.123456789Z","Action":"pass","Package":"p","Elapsed":9}\n'
    )

    assert [2_000.0] == [signal.value for signal in read(data).signals if signal.name == "job-duration"]


WHOLE = b'{"Time":"t","Action":"fail","Package":"p","Test":"B"}'


@pytest.mark.parametrize("damaged", [WHOLE[:-9], WHOLE[5:]], ids=["its end", "its beginning"])
def test_an_event_that_lost_a_part_is_told_with_its_bytes(damaged: bytes) -> None:
    report = read(damaged + b'\n{"Action":"pass","Package":"p"}\n')

    assert (report.outcome, report.partial) == ("none", True)
    assert f"1 lines are no whole events, {len(damaged)} bytes lost, first on line 1" in report.warnings[0]
