"""The same tests written in every format: none is lost, none is told otherwise, each has one id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signals import reports
from bot.signals.reports import cases

Tests = Sequence[tuple[str, str]]

NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=12).map("t".__add__)
TESTS = st.dictionaries(NAMES, st.sampled_from(("passed", "failed", "skipped")), min_size=1, max_size=12)


def tap(tests: Tests) -> str:
    plain = {"passed": "ok", "failed": "not ok", "skipped": "ok"}
    lines = [
        f"{plain[state]} {at} - {name.replace(chr(92), chr(92) * 2).replace('#', chr(92) + '#')}"
        + (" # SKIP no" if state == "skipped" else "")
        for at, (name, state) in enumerate(tests, 1)
    ]
    return "\n".join(["TAP version 14", f"1..{len(tests)}", *lines, ""])


def go_test(tests: Tests) -> str:
    action = {"passed": "pass", "failed": "fail", "skipped": "skip"}
    events = [{"Action": action[state], "Package": "p", "Test": name} for name, state in tests]
    end = {"Action": "fail" if any(state == "failed" for _, state in tests) else "pass", "Package": "p"}
    return "\n".join(json.dumps(event) for event in [*events, end])


def ctrf(tests: Tests) -> str:
    found = [{"name": name, "status": state} for name, state in tests]
    return json.dumps({"results": {"tool": {"name": "t"}, "summary": {}, "tests": found}})


def jest(tests: Tests) -> str:
    found = [{"title": name, "status": state} for name, state in tests]
    suites = [{"name": "a.js", "assertionResults": found}]
    return json.dumps({"numFailedTests": 0, "numTotalTestSuites": 1, "testResults": suites}, ensure_ascii=False)


def pytest_json(tests: Tests) -> str:
    found = [{"nodeid": name, "outcome": state} for name, state in tests]
    return json.dumps({"exitcode": 0, "root": "/", "environment": {}, "summary": {}, "tests": found})


def nunit(tests: Tests) -> str:
    found = [f"<test-case fullname={quoteattr(name)} result='{state.title()}'/>" for name, state in tests]
    return f"<test-run>{''.join(found)}</test-run>"


def xunit(tests: Tests) -> str:
    result = {"passed": "Pass", "failed": "Fail", "skipped": "Skip"}
    found = [f"<test name={quoteattr(name)} result='{result[state]}'/>" for name, state in tests]
    return f"<assemblies timestamp='x'><assembly><collection>{''.join(found)}</collection></assembly></assemblies>"


def trx(tests: Tests) -> str:
    outcome = {"passed": "Passed", "failed": "Failed", "skipped": "NotExecuted"}
    found = [f"<UnitTestResult testName={quoteattr(name)} outcome='{outcome[state]}'/>" for name, state in tests]
    return (
        "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'><Results>"
        f"{''.join(found)}</Results></TestRun>"
    )


WRITERS = {
    "tap": (tap, ""),
    "go-test": (go_test, "p"),
    "ctrf": (ctrf, ""),
    "jest": (jest, "a.js"),
    "pytest-json": (pytest_json, ""),
    "nunit": (nunit, ""),
    "xunit": (xunit, ""),
    "trx": (trx, ""),
}


@pytest.mark.parametrize("name", WRITERS)
@given(tests=TESTS)
def test_no_test_is_lost_in_any_format(name: str, tests: dict[str, str]) -> None:
    write, owner = WRITERS[name]
    report = reports.read(write(list(tests.items())).encode(), "x")
    failed = [cases.test_id(owner, test) for test, state in tests.items() if state == "failed"]
    ran = sum(state != "skipped" for state in tests.values())
    values = {signal.name: signal.value for signal in report.signals if signal.value is not None}

    assert (name, False) == (report.format, report.partial)
    assert failed == [signal.detail for signal in report.signals if signal.name == "test-failed"]
    assert {"tests-run": float(ran), "tests-failed": float(len(failed))} == values
    assert ("fail" if failed else "pass" if ran else "none") == report.outcome


@pytest.mark.parametrize(
    "text",
    [
        "AssertionError: the request timed out",
        "System.TimeoutException : The operation has timed out.",
        "expected timeout to be 5000",
        "Timeout",
    ],
)
def test_a_failure_about_time_is_no_time_out_of_the_test(text: str) -> None:
    assert not cases.is_time_out(text)


@pytest.mark.parametrize(
    "text",
    [
        "Error: Exceeded timeout of 5000 ms for a test.",
        "Error: Test timed out in 5000ms.",
        "Hook timed out in 10000ms.",
        "Failed: Timeout >1.0s",
        "Failed: Timeout (>1.0s) from pytest-timeout.",
        "Timeout of 2000ms exceeded. For async tests and hooks, ensure done() is called",
        "Test timeout of 30000ms exceeded.",
        "test timed out after 50ms",
        "Test 'x' exceeded execution timeout period.",
        "Test exceeded Timeout value of 1000ms",
    ],
)
def test_the_runners_words_for_a_time_out_are_known(text: str) -> None:
    assert cases.is_time_out(text)


@pytest.mark.parametrize(
    ("owner", "name", "expected"),
    [
        ("", "a", "a"),
        ("p", "a", "p::a"),
        ("N.C", "N.C.a", "N.C.a"),
        ("p", "", "p::?"),
        ("p\n", "a\tb", "p::a b"),
        ("", "x" * 400, "x" * 300),
    ],
)
def test_an_id_is_one_line_and_names_its_owner_once(owner: str, name: str, expected: str) -> None:
    assert expected == cases.test_id(owner, name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/a.js", "src/a.js"),
        ("/usr/src/app/a.js", "/usr/src/app/a.js"),
        ("/home/runner/work/shop/shop/src/a.js", "src/a.js"),
        ("/__w/shop/shop/a.js", "a.js"),
        ("/github/workspace/a.js", "a.js"),
        ("D:\\a\\shop\\shop\\src\\a.js", "src/a.js"),
    ],
)
def test_a_files_name_is_the_same_on_every_runner(path: str, expected: str) -> None:
    assert expected == cases.file_name(path)
