"""Linters and type checkers: what fails the tool fails here, and a warning that fails nothing does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Report
from bot.signals import reports
from bot.signals.reports.linters import LINTERS

SHARED = Path(__file__).resolve().parents[3] / "../shared/data/ci/tool-output/teaguesterling+duck_hunt"
BIN = Path(sys.executable).parent


def eslint(*severities: int, fatal: bool = False) -> bytes:
    messages = [{"ruleId": None if fatal else "no-console", "severity": one, "message": "No."} for one in severities]
    return json.dumps([{"filePath": "/home/runner/work/shop/shop/src/a.js", "messages": messages}]).encode()


def mypy(severity: str, code: str | None = "assignment") -> bytes:
    record = {"file": "a.py", "line": 1, "column": 0, "message": "x", "hint": None, "code": code, "severity": severity}
    return json.dumps(record).encode() + b"\n"


def pyright(*severities: str) -> bytes:
    found = [{"file": "/a.py", "severity": one, "message": "m", "rule": "reportX"} for one in severities]
    return json.dumps({"version": "1.1.414", "generalDiagnostics": found, "summary": {}}, indent=4).encode()


def counts(report: Report) -> dict[str, float | None]:
    return {signal.name: signal.value for signal in report.signals if signal.name.startswith("lints-")}


@pytest.mark.parametrize(
    ("data", "name", "warned"),
    [
        (eslint(), "eslint", 0),
        (eslint(1, 1), "eslint", 2),
        (mypy("note"), "mypy", 1),
        (pyright(), "pyright", 0),
        (pyright("warning", "information"), "pyright", 2),
        (
            b'[{"source": "a.css", "errored": false, "warnings": [{"severity": "warning", "text": "t"}]}]',
            "stylelint",
            1,
        ),
        (b'[{"file": "D", "level": "style", "code": "DL3001", "message": "m"}]', "hadolint", 1),
        (b'{"metadata": {"rubocop_version": "1"}, "files": [{"path": "a.rb", "offenses": []}]}', "rubocop", 0),
        (b'[{"filepath": "q.sql", "violations": [{"code": "LT01", "warning": true}]}]', "sqlfluff", 1),
        (b'{\n "errors": [], "generated_at": "x", "metrics": {}, "results": []}', "bandit", 0),
    ],
)
def test_warnings_that_do_not_fail_the_tool_are_no_failure(data: bytes, name: str, warned: int) -> None:
    report = reports.read(data, "r.json")

    assert (name, "pass", False) == (report.format, report.outcome, report.partial)
    assert {"lints-failed": 0.0, "lints-warned": float(warned)} == counts(report)


@pytest.mark.parametrize("data", [b"[]", b"{}", b"", b'[{"file": "a", "line": 1}]', b'{"files": []}'])
def test_what_any_tool_may_have_written_is_nobodys(data: bytes) -> None:
    assert reports.sniff(data, "eslint.json") == reports.UNKNOWN


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (eslint(2, 1, 2), "no-console src/a.js"),
        (eslint(2, 2, fatal=True), "parse-error src/a.js"),
        (mypy("error") + mypy("note") + mypy("error"), "assignment a.py"),
        (mypy("error", None) * 2, "parse-error a.py"),
        (pyright("error", "warning", "error"), "reportX /a.py"),
    ],
)
def test_a_rule_is_counted_once_a_file(data: bytes, detail: str) -> None:
    report = reports.read(data, "r.json")
    first = report.signals[0]

    assert ("fail", "lint-failed", detail, 2.0) == (report.outcome, first.name, first.detail, first.value)
    assert first.pin is not None
    assert first.pin.quote == data[first.pin.start : first.pin.end].decode()


@pytest.mark.parametrize("how", ["json", "json-lines"])
def test_what_this_ruff_writes(tmp_path: Path, how: str) -> None:
    (tmp_path / "a.py").write_text("import os\nimport sys\n")
    told = [str(BIN / "ruff"), "check", "--isolated", "--select=F", "--no-cache", "--output-format", how, "a.py"]
    ran = subprocess.run(told, cwd=tmp_path, capture_output=True, check=False)
    report = reports.read(ran.stdout, "ruff.json")

    assert (1, "ruff", "fail") == (ran.returncode, report.format, report.outcome)
    assert f"F401 {tmp_path / 'a.py'}" == report.signals[0].detail
    assert {"lints-failed": 2.0, "lints-warned": 0.0} == counts(report)


def test_what_this_mypy_writes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('x: int = "a"\n')
    told = [str(BIN / "mypy"), "--output", "json", f"--cache-dir={tmp_path / 'cache'}", "a.py"]
    ran = subprocess.run(told, cwd=tmp_path, capture_output=True, check=False)
    report = reports.read(ran.stdout, "mypy.jsonl")

    assert (1, "mypy", "fail") == (ran.returncode, report.format, report.outcome)
    assert "assignment a.py" == report.signals[0].detail


# Counted by reading each file: findings that fail the tool, and those that do not.
BY_HAND = {
    "test/samples/linting_tools/eslint_output.json": ("eslint", 5, 3),
    "test/samples/linting_tools/shellcheck_output.json": ("shellcheck", 7, 0),
    "test/samples/linting_tools/bandit_output.json": ("bandit", 5, 0),
    "workspace/bandit_sample.json": ("bandit", 4, 0),
    "workspace/rubocop_sample.json": ("rubocop", 4, 0),
    "workspace/stylelint_sample.json": ("stylelint", 3, 2),
    "workspace/swiftlint_sample.json": ("swiftlint", 2, 3),
    "workspace/hadolint_sample.json": ("hadolint", 9, 1),
    "workspace/ktlint_sample.json": ("ktlint", 9, 0),
    "workspace/sqlfluff_sample.json": ("sqlfluff", 13, 0),
}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
@pytest.mark.parametrize(("name", "told"), BY_HAND.items(), ids=BY_HAND)
def test_the_collected_samples(name: str, told: tuple[str, int, int]) -> None:
    data = (SHARED / name).read_bytes()
    report = reports.read(data, name)
    lints = counts(report)

    assert told == (report.format, lints["lints-failed"], lints["lints-warned"])
    assert ("fail", ()) == (report.outcome, report.warnings)


def test_a_cut_report_fails_for_what_it_shows_and_never_passes() -> None:
    whole = eslint(2, 2)
    passed = eslint(1, 1)

    assert "fail" == reports.read(whole[:-30], "r.json").outcome
    assert "none" == reports.read(passed[:-1], "r.json").outcome
    assert reports.read(passed[:-1], "r.json").partial


def test_other_text_between_the_lines_is_counted_as_lost() -> None:
    report = reports.read(mypy("error") + b"Found 1 error in 1 file\n", "r.jsonl")

    assert ("fail", True) == (report.outcome, report.partial)
    assert "23 bytes lost" in report.warnings[0]


def test_records_of_another_kind_are_passed_over_and_said() -> None:
    data = b'[{"filePath": "a.js", "messages": []}, {"filePath": "b.js"}, 7]'
    report = reports.read(data, "r.json")

    assert "none" == report.outcome
    assert "1 of 2 records" in report.warnings[0]


@given(st.sampled_from(LINTERS), st.binary(max_size=200))
def test_any_bytes_give_a_report(linter: object, data: bytes) -> None:
    for reader in (found for found in LINTERS if found is linter):
        report = reader.read(data, "x")

        assert (reader.name, len(data)) == (report.format, report.source.size)


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8)), min_size=1, max_size=30))
def test_no_finding_is_lost(found: list[tuple[str, str, str]]) -> None:
    place = {"row": 1, "column": 1}
    records = [
        {"code": code, "end_location": place, "filename": file, "location": place, "message": said}
        for code, file, said in found
    ]
    report = reports.read(json.dumps(records).encode(), "r.json")
    told = sum(signal.value or 0 for signal in report.signals if signal.name == "lint-failed")

    assert ("ruff", "fail", ()) == (report.format, report.outcome, report.warnings)
    assert len(found) == told == counts(report)["lints-failed"]
