"""CTRF, jest, vitest and pytest-json-report. The fixtures are written here, after what those tools write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.model import Report
from bot.signals import reports
from bot.signals.reports import ctrf, jest, pytest_json


def details(report: Report, name: str = "test-failed") -> list[str]:
    return [signal.detail for signal in report.signals if signal.name == name]


def value(report: Report, name: str) -> float | None:
    return next((signal.value for signal in report.signals if signal.name == name), None)


def read_ctrf(*tests: dict[str, Any], **summary: Any) -> Report:
    results = {"tool": {"name": "t"}, "summary": summary, "tests": tests}
    return ctrf.read(json.dumps({"reportFormat": "CTRF", "results": results}).encode(), "x")


def read_jest(*suites: dict[str, Any], **run: Any) -> Report:
    return jest.read(json.dumps({"numTotalTestSuites": 1, **run, "testResults": suites}).encode(), "x")


def read_pytest(*tests: dict[str, Any], **run: Any) -> Report:
    return pytest_json.read(json.dumps({"root": "/x", "environment": {}, **run, "tests": tests}).encode(), "x")


@pytest.mark.parametrize(
    "value",
    [
        {"$schema": "x", "properties": {"reportFormat": {"const": "CTRF"}, "results": {}}},
        {"results": [{"tool": {}, "summary": {}}]},
        {"results": {"passed": 1}, "summary": {"tests": 1}},
        {"summary": {"total": 1}, "tests": [{"name": "a"}]},
        {"numFailedTests": 1},
        {"exitcode": 1, "root": "/"},
        [{"reportFormat": "CTRF"}],
    ],
)
def test_other_documents_are_left_alone(value: object) -> None:
    assert reports.sniff(json.dumps(value, indent=1).encode()) not in ("ctrf", "jest", "pytest-json")


@pytest.mark.parametrize("status", ["skipped", "pending"])
def test_ctrf_tests_that_did_not_run_are_no_pass(status: str) -> None:
    assert "none" == read_ctrf({"name": "a", "status": status}).outcome


def test_the_status_other_of_ctrf_is_no_failure() -> None:
    assert [] == details(read_ctrf({"name": "a", "status": "other"}))


@pytest.mark.parametrize(
    ("extra", "expected"), [({"flaky": True}, ["a"]), ({"retries": 2}, ["a"]), ({"retries": 0, "flaky": False}, [])]
)
def test_a_ctrf_test_that_was_retried_and_passed_is_flaky(extra: dict[str, object], expected: list[str]) -> None:
    report = read_ctrf({"name": "a", "status": "passed", **extra})

    assert ("pass", expected) == (report.outcome, details(report, "test-flaky"))


@pytest.mark.parametrize("suite", ["cart > adds", ["cart", "adds"]])
@pytest.mark.parametrize("path", ["src/a.ts", "/home/runner/work/shop/shop/src/a.ts", "D:\\a\\shop\\shop\\src\\a.ts"])
def test_a_ctrf_test_has_the_same_id_on_every_runner(suite: object, path: str) -> None:
    report = read_ctrf({"name": "one", "status": "failed", "suite": suite, "filePath": path})

    assert ["src/a.ts::cart > adds > one"] == details(report)


def test_failures_that_only_the_summary_counts_are_one_and_are_said() -> None:
    report = read_ctrf({"name": "a", "status": "passed"}, failed=2, start=1_700_000_000_000, stop=1_700_000_000_250)

    assert ("fail", ["(run)"], 250.0) == (report.outcome, details(report), value(report, "job-duration"))
    assert "its own summary counts 2 failed, 0 are listed" in report.warnings[0]


def test_todo_and_pending_of_jest_are_no_failure_and_no_pass() -> None:
    tests = [{"title": name, "status": name} for name in ("todo", "pending", "skipped", "disabled")]

    assert "none" == read_jest({"name": "a.js", "status": "passed", "assertionResults": tests}).outcome


def test_a_test_of_jest_is_named_by_its_file_and_titles() -> None:
    test = {
        "ancestorTitles": ["cart", "adds"],
        "title": "one",
        "status": "failed",
        "failureMessages": ["\x1b[31mError: Exceeded timeout of 5000 ms for a test.\x1b[39m\n  at x"],
    }
    report = read_jest({"name": "/home/runner/work/s/s/src/a.js", "assertionResults": [test]}, numFailedTests=1)

    assert (["src/a.js::cart > adds > one"], ()) == (details(report), report.warnings)
    assert ["src/a.js::cart > adds > one"] == details(report, "test-timed-out")
    assert ["Error: Exceeded timeout of 5000 ms for a test."] * 2 == [
        one.pin.quote for one in report.signals if one.pin
    ]


@pytest.mark.parametrize(
    "suite",
    [
        {"name": "a.js", "status": "failed", "message": "Cannot find module 'x'", "assertionResults": []},
        {"testFilePath": "a.js", "testExecError": {"code": "E"}, "failureMessage": "no", "testResults": []},
        {"name": "a.js", "status": "failed", "assertionResults": [{"title": "t", "status": "passed"}]},
    ],
)
def test_a_file_of_tests_that_failed_by_itself_is_a_failure(suite: dict[str, object]) -> None:
    report = read_jest(suite, success=False)

    assert ["a.js"] == details(report)


def test_a_file_of_tests_that_did_not_load_is_cited_by_its_reason() -> None:
    said = "  \x1b[1m● \x1b[22mTest suite failed to run\n\n    Cannot find module './x' from 'a.js'\n"
    suite = {"name": "a.js", "status": "failed", "message": said, "assertionResults": []}

    assert ["Cannot find module './x' from 'a.js'"] == [one.pin.quote for one in read_jest(suite).signals if one.pin]


def test_a_run_of_jest_that_failed_for_its_snapshots_is_a_failure() -> None:
    suite = {"name": "a.js", "status": "passed", "assertionResults": [{"title": "t", "status": "passed"}]}

    assert ["(run)"] == details(read_jest(suite, success=False, numFailedTests=0))


def test_an_interrupted_run_of_jest_is_no_pass() -> None:
    suite = {"name": "a.js", "status": "passed", "assertionResults": [{"title": "t", "status": "passed"}]}
    report = read_jest(suite, success=True, wasInterrupted=True)

    assert ("none", True) == (report.outcome, report.partial)


@pytest.mark.parametrize(
    "tries", [{"invocations": 2}, {"retryReasons": ["Error"]}, {"failureMessages": ["Error: x\n    at a.js:3"]}]
)
def test_a_test_of_jest_or_vitest_that_passed_when_it_was_tried_again_is_flaky(tries: dict[str, object]) -> None:
    test = {"title": "t", "status": "passed", **tries}
    report = read_jest(
        {"name": "a.js", "assertionResults": [test], "endTime": 1_700_000_001_000.5}, startTime=1_700_000_000_000
    )

    assert ("pass", ["a.js::t"]) == (report.outcome, details(report, "test-flaky"))


@pytest.mark.parametrize("outcome", ["skipped", "xfailed"])
def test_skips_and_expected_failures_of_pytest_are_no_failure(outcome: str) -> None:
    assert ("none", []) == (
        read_pytest({"nodeid": "a", "outcome": outcome}, exitcode=0).outcome,
        details(read_pytest({"nodeid": "a", "outcome": outcome}, exitcode=0)),
    )


def test_errors_of_set_up_and_collection_are_failures() -> None:
    report = read_pytest(
        {"nodeid": "a.py::a", "outcome": "error", "setup": {"outcome": "failed", "crash": {"message": "no db"}}},
        exitcode=1,
        duration=0.5,
        summary={"error": 1},
        collectors=[{"nodeid": "b.py", "outcome": "failed", "longrepr": "ImportError: x"}],
    )

    assert (["b.py", "a.py::a"], ()) == (details(report), report.warnings)
    assert 500.0 == value(report, "job-duration")


@pytest.mark.parametrize(("code", "expected"), [(1, "fail"), (2, "none"), (3, "fail"), (4, "fail"), (0, "pass")])
def test_the_exit_code_of_pytest_is_believed(code: int, expected: str) -> None:
    report = read_pytest({"nodeid": "a", "outcome": "passed"}, exitcode=code)

    assert (expected, code == 2) == (report.outcome, report.partial)


def test_a_test_of_pytest_that_passed_when_it_ran_again_is_flaky() -> None:
    phases = {"setup": {"outcome": "passed"}, "call": {"outcome": "passed"}}
    report = read_pytest({"nodeid": "a", "outcome": "rerun", **phases}, exitcode=0)

    assert ("pass", ["a"]) == (report.outcome, details(report, "test-flaky"))


def test_what_is_no_test_is_read_over() -> None:
    for read in (read_ctrf, read_pytest):
        assert "none" == read({"name": 7}, {}).outcome
    assert "none" == read_jest({"assertionResults": [{}, {"status": []}]}).outcome
