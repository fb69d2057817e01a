"""What every reader of test reports promises: no crash on any bytes, no pass from a file that was cut off."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Report
from bot.signals import reports
from bot.signals.reports import ctrf, go_test, jest, junit, nunit, pytest_json, tap, trx, xunit

Reader = Callable[[bytes, str], Report]

JEST_TESTS = [
    {"ancestorTitles": ["cart"], "title": "adds", "status": "passed", "failureMessages": []},
    {"ancestorTitles": ["cart"], "title": "pays", "status": "failed", "failureMessages": ["Error: no\n at x"]},
]
RED: dict[str, bytes] = {
    "junit": b'<testsuites><testsuite name="s"><testcase name="a"/><testcase name="b"><failure message="no"/>'
    b"</testcase></testsuite></testsuites>",
    "nunit": b'<test-run id="2" failed="1"><test-suite result="Failed" name="s"><test-case fullname="s.a" '
    b'result="Passed"/><test-case fullname="s.b" result="Failed"><failure><message>no</message></failure></test-case>'
    b"</test-suite></test-run>",
    "xunit": b'<assemblies timestamp="x"><assembly name="s.dll" failed="1"><collection><test name="s.a" result="Pass"/>'
    b'<test name="s.b" result="Fail"><failure><message>no</message></failure></test></collection></assembly>'
    b"</assemblies>",
    "trx": b'<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results><UnitTestResult '
    b'testName="a" outcome="Passed"/><UnitTestResult testName="b" outcome="Failed"><Output><ErrorInfo><Message>no'
    b"</Message></ErrorInfo></Output></UnitTestResult></Results></TestRun>",
    "ctrf": json.dumps(
        {
            "reportFormat": "CTRF",
            "results": {
                "tool": {"name": "t"},
                "summary": {"tests": 2, "failed": 1},
                "tests": [{"name": "a", "status": "passed"}, {"name": "b", "status": "failed", "message": "no"}],
            },
        }
    ).encode(),
    "jest": json.dumps(
        {
            "numFailedTests": 1,
            "numTotalTestSuites": 1,
            "success": False,
            "testResults": [{"name": "/src/cart.test.js", "status": "failed", "assertionResults": JEST_TESTS}],
        }
    ).encode(),
    "pytest-json": json.dumps(
        {
            "exitcode": 1,
            "root": "/x",
            "environment": {},
            "summary": {"passed": 1, "failed": 1},
            "tests": [
                {"nodeid": "a.py::a", "outcome": "passed"},
                {"nodeid": "a.py::b", "outcome": "failed", "call": {"outcome": "failed", "longrepr": "no"}},
            ],
        },
        indent=1,
    ).encode(),
    "go-test": b"""{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"B"}
{"Action":"output","Package":"p","Test":"B","Output":"    b_test.go:7: no\\n"}
{"Action":"fail","Package":"p","Test":"B"}
{"Action":"fail","Package":"p"}
""",
    "tap": b"TAP version 14\n1..2\nok 1 - a\nnot ok 2 - b\n  ---\n  message: 'no'\n  ...\n",
}
GREEN: dict[str, bytes] = {
    "junit": b'<testsuite name="s"><testcase name="a"/></testsuite>',
    "nunit": b'<test-run id="2" failed="0"><test-suite result="Passed"><test-case fullname="a" result="Passed"/>'
    b"</test-suite></test-run>",
    "xunit": b'<assemblies timestamp="x"><assembly><collection><test name="a" result="Pass"/></collection></assembly>'
    b"</assemblies>",
    "trx": b'<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results><UnitTestResult '
    b'testName="a" outcome="Passed"/></Results></TestRun>',
    "ctrf": b'{"results": {"tool": {"name": "t"}, "summary": {"failed": 0}, "tests": [{"name": "a", "status": '
    b'"passed"}]}}',
    "jest": b'{"numFailedTests": 0, "numTotalTestSuites": 1, "success": true, "testResults": [{"name": "a.js", '
    b'"status": "passed", "assertionResults": [{"title": "a", "status": "passed"}]}]}',
    "pytest-json": b'{"exitcode": 0, "root": "/x", "environment": {}, "summary": {"passed": 1}, "tests": [{"nodeid": '
    b'"a.py::a", "outcome": "passed"}]}',
    "go-test": b'{"Action":"pass","Package":"p","Test":"A"}\n{"Action":"pass","Package":"p"}\n',
    "tap": b"TAP version 14\nok 1 - a\n1..1\n",
}
READERS: dict[str, Reader] = {
    module.NAME: module.read for module in (junit, nunit, xunit, trx, ctrf, jest, pytest_json, go_test, tap)
}
NAMES = sorted(READERS)


def failed(report: Report) -> list[str]:
    return [signal.detail for signal in report.signals if signal.name == "test-failed"]


@pytest.mark.parametrize("name", NAMES)
def test_a_green_report_is_recognised_and_passes(name: str) -> None:
    report = reports.read(GREEN[name], "misleading.txt")

    assert (name, "pass", [], False, ()) == (
        report.format,
        report.outcome,
        failed(report),
        report.partial,
        report.warnings,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_red_report_names_its_one_failure_and_cites_it(name: str) -> None:
    report = reports.read(b"\n" + RED[name], "misleading.txt")
    pins = [signal.pin for signal in report.signals if signal.name == "test-failed"]

    assert (name, "fail", 1, False, ()) == (
        report.format,
        report.outcome,
        len(pins),
        report.partial,
        report.warnings,
    )
    for pin in pins:
        assert pin is not None
        assert pin.quote in (b"\n" + RED[name])[pin.start : pin.end].decode()


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_off_report_is_never_a_pass(name: str) -> None:
    whole = len(RED[name].rstrip())
    outcomes = {READERS[name](RED[name][:length], "x").outcome for length in range(whole)}

    assert "pass" not in outcomes


@pytest.mark.parametrize("name", [name for name in NAMES if name != "go-test"])
def test_a_cut_off_green_report_is_partial_and_no_pass(name: str) -> None:
    whole = len(GREEN[name].rstrip())
    for length in range(1, whole):
        report = READERS[name](GREEN[name][:length], "x")

        assert (length, "none", True) == (length, report.outcome, report.partial)
        assert report.warnings


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_and_utf16_are_read(name: str, encoding: str) -> None:
    report = reports.read(RED[name].decode().encode(encoding), "x")

    assert (name, "fail", 1) == (report.format, report.outcome, len(failed(report)))


@pytest.mark.parametrize("name", NAMES)
@given(noise=st.binary(max_size=120), at=st.integers(0, 2_000), length=st.integers(0, 40))
def test_damaged_bytes_crash_nothing(name: str, noise: bytes, at: int, length: int) -> None:
    at %= len(RED[name])
    damaged = RED[name][:at] + noise + RED[name][at + length :]

    for data in (noise, damaged, RED[name] + noise):
        report = READERS[name](data, "x")
        assert report.outcome in ("pass", "fail", "none")
        for signal in report.signals:
            assert len(signal.detail.splitlines()) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_what_is_too_large_is_not_read_and_says_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("dotnet", "junit", "json_text", "lines"):
        monkeypatch.setattr(f"bot.signals.reports.{module}.SIZE_CAP", 10)

    report = READERS[name](RED[name], "x")

    assert ("none", ["unreadable"]) == (report.outcome, [signal.name for signal in report.signals])
    assert report.warnings
