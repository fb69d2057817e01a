"""JUnit XML in its dialects. The fixtures are written here, each after the tool named beside it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Report
from bot.signals import reports
from bot.signals.reports import junit

SHARED = Path(__file__).resolve().parents[3] / "../shared/data/ci/junit-xml"

GREEN = b'<testsuite name="s"><testcase classname="a.B" name="ok" time="0.5"/></testsuite>'
PYTEST = b"""<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="9" time="1.5">
<testcase classname="tests.test_a" name="test_ok" time="0.1"/>
<testcase classname="tests.test_a" name="test_bad" time="0.2"><failure message="AssertionError: 3 != 4">long
text</failure></testcase>
<testcase classname="" name="tests.test_b" time="0"><error message="collection failure">ImportError</error></testcase>
<testcase classname="tests.test_a" name="test_later"><skipped type="pytest.skip" message="no"/></testcase>
</testsuite></testsuites>"""
GOTESTSUM = b"""<testsuites><testsuite name="example.com/pkg" time="0.2"><testcase classname="example.com/pkg"
name="TestA/case_1"><failure message="Failed" type="">    a_test.go:7: boom</failure></testcase></testsuite>
</testsuites>"""
SUREFIRE_FLAKY = b"""<testsuite name="T" time="1,234.5"><properties><property name="p" value="v"/></properties>
<testcase name="sometimes" classname="com.x.T"><flakyFailure message="m"><stackTrace>x</stackTrace></flakyFailure>
</testcase></testsuite>"""
NEXTEST_RERUN = b"""<testsuites><testsuite name="crate"><testcase name="t" classname="crate"><failure message="still"/>
<rerunFailure message="again"/></testcase></testsuite></testsuites>"""
NO_MESSAGE = b"""<testsuite name="s"><testcase name="t" class="C"><failure>

  first telling line
  second</failure></testcase></testsuite>"""
GTEST = b"""<testsuites><testsuite name="S"><testcase name="a" status="run" result="completed" classname="S"/>
<testcase name="b" status="notrun" result="suppressed" classname="S"/></testsuite></testsuites>"""
CTEST = b'<testsuite name="ctest"><testcase name="a" classname="a" status="fail"/></testsuite>'
JEST = b"""<testsuites name="jest tests"><testsuite name="cart"><testcase classname="cart adds" name="cart adds">
<failure>Error:
\x1b[2mexpect(\x1b[22m</failure></testcase></testsuite></testsuites>"""
NESTED = b"""<testsuites><testsuite name="outer"><testsuite name="inner"><testcase name="deep"><failure message="no"/>
</testcase></testsuite><testcase name="shallow"/></testsuite></testsuites>"""
SUITE_ERROR = (
    b'<testsuites><testsuite name="cart.test.js" errors="1"><error message="cannot load"/></testsuite></testsuites>'
)
DOCTYPE = b'<!DOCTYPE testsuite SYSTEM "http://localhost/x.dtd">' + GREEN
LAUGHS = b"""<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuite name="s"><testcase name="t"><failure>&b;</failure></testcase></testsuite>"""
XXE = b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>
<testsuite name="&e;"><testcase name="&e;"/></testsuite>"""


def read(data: bytes) -> Report:
    return junit.read(data, "r.xml")


def details(report: Report, name: str) -> list[str]:
    return [signal.detail for signal in report.signals if signal.name == name]


def value(report: Report, name: str) -> float | None:
    return next((signal.value for signal in report.signals if signal.name == name), None)


def test_a_green_run_passes_and_says_nothing_else() -> None:
    report = read(GREEN)

    assert (report.outcome, details(report, "test-failed"), report.partial, report.warnings) == ("pass", [], False, ())
    assert (value(report, "tests-run"), value(report, "job-duration")) == (1, 500)


@pytest.mark.parametrize("data", [b"<testsuites/>", b'<testsuite name="s" tests="3" failures="2"></testsuite>'])
def test_a_report_without_a_test_case_has_no_outcome(data: bytes) -> None:
    assert read(data).outcome == "none"


def test_only_skipped_tests_are_no_pass() -> None:
    assert read(b'<testsuite><testcase name="t"><skipped/></testcase></testsuite>').outcome == "none"


def test_a_test_that_failed_and_then_passed_is_flaky_and_passed() -> None:
    report = read(SUREFIRE_FLAKY)

    assert (report.outcome, details(report, "test-flaky")) == ("pass", ["com.x.T::sometimes"])
    assert value(report, "job-duration") == 1_234_500


def test_a_rerun_that_failed_again_failed() -> None:
    report = read(NEXTEST_RERUN)

    assert (report.outcome, details(report, "test-failed"), details(report, "test-flaky")) == ("fail", ["crate::t"], [])


def test_pytest_failures_and_collection_errors_are_failures() -> None:
    report = read(PYTEST)

    assert details(report, "test-failed") == ["tests.test_a::test_bad", "pytest::tests.test_b"]
    assert (value(report, "tests-run"), value(report, "tests-failed")) == (3, 2)
    assert value(report, "job-duration") == 1_500


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GOTESTSUM, ["example.com/pkg::TestA/case_1"]),
        (NO_MESSAGE, ["C::t"]),
        (CTEST, ["a"]),
        (JEST, ["cart adds"]),
        (NESTED, ["inner::deep"]),
        (SUITE_ERROR, ["cart.test.js"]),
        (GTEST, []),
        (DOCTYPE, []),
    ],
)
def test_dialects(data: bytes, expected: list[str]) -> None:
    report = read(data)

    assert details(report, "test-failed") == expected
    assert report.outcome == ("fail" if expected else "pass")
    assert not report.partial


@pytest.mark.parametrize(
    ("data", "quote"),
    [(PYTEST, "AssertionError: 3 != 4"), (NO_MESSAGE, "t"), (GOTESTSUM, "Failed"), (NESTED, "no")],
)
def test_a_failure_is_pinned_to_the_bytes_that_say_it(data: bytes, quote: str) -> None:
    report = read(b"\n\n" + data)
    pin = next(signal.pin for signal in report.signals if signal.name == "test-failed")

    assert pin is not None
    assert pin.quote == quote
    assert quote in (b"\n\n" + data)[pin.start : pin.end].decode()


@pytest.mark.parametrize("data", [LAUGHS, XXE])
def test_entities_are_refused_and_never_expanded(data: bytes) -> None:
    report = read(data)

    assert (report.outcome, report.partial) == ("none", True)
    assert "refused" in report.warnings[0]


@pytest.mark.parametrize("length", range(len(PYTEST)))
def test_a_cut_off_report_is_never_a_pass(length: int) -> None:
    report = read(PYTEST[:length])

    assert report.partial
    assert report.outcome == ("fail" if length > PYTEST.index(b"3 != 4") + 7 else "none")


def test_control_characters_and_broken_utf8_are_read_over() -> None:
    data = (
        b'<testsuite><testcase name="\xff\xfe"/><testcase name="b"><error>\x00\x1b[31mno</error></testcase></testsuite>'
    )

    assert [case.state for case in junit.cases(data)] == ["passed", "failed"]


def test_utf16_is_read() -> None:
    assert read(GREEN.decode().encode("utf-16")).outcome == "pass"


def test_too_deep_and_too_large_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nest deeper" in read(b"<testsuite>" * 5_000).warnings[0]
    monkeypatch.setattr(junit, "SIZE_CAP", 10)

    report = read(GREEN)

    assert (report.outcome, details(report, "unreadable")[0][:11]) == ("none", "larger than")


@given(st.binary(max_size=300))
def test_arbitrary_bytes_do_not_crash(data: bytes) -> None:
    assert read(data).outcome in ("none", "pass", "fail")
    assert read(b"<testsuite><testcase name='a'>" + data).partial


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data absent")
def test_every_shared_junit_file_counts_as_a_raw_iteration_does() -> None:
    seen = 0
    for path in sorted(item for item in SHARED.rglob("*") if item.is_file()):
        data = path.read_bytes()
        report = reports.read(data, path.name)
        if report.format != "junit":
            continue
        seen += 1
        for signal in report.signals:
            if signal.pin is not None:
                assert signal.pin.quote in data[signal.pin.start : signal.pin.end].decode("utf-8", "replace")
        try:
            root = ElementTree.fromstring(data)
        except ElementTree.ParseError:
            assert report.partial
            continue
        raw = [item for item in root.iter() if item.tag.rpartition("}")[2] == "testcase"]
        assert (path.name, len(junit.cases(data))) == (path.name, len(raw))
        assert not report.partial
    assert seen >= 55
