"""Every report of JSON or XML, with a range of it overwritten: what is no sound file is never read in silence."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals import reports
from tests.signals.reports.test_guard_log import ERROR, PAUSE
from tests.signals.reports.test_linters import eslint, mypy, pyright
from tests.signals.reports.test_truncated import RED

PLACE = {"row": 1, "column": 1}
DOCUMENTS: dict[str, object] = {
    "sarif": {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [
        {"ruleId": "R1", "level": "error", "message": {"text": "Bad."}}]}]},
    "ruff": [{"code": "F401", "end_location": PLACE, "filename": "a.py", "location": PLACE, "message": "unused"}],
    "shellcheck": [{"file": "a.sh", "line": 1, "endLine": 1, "level": "error", "code": 2086, "message": "m"}],
    "hadolint": [{"file": "D", "line": 1, "level": "error", "code": "DL3001", "message": "m"}],
    "bandit": {"errors": [], "generated_at": "x", "metrics": {}, "results": [
        {"test_id": "B101", "filename": "a.py", "issue_text": "m", "issue_severity": "LOW"}]},
    "rubocop": {"metadata": {"rubocop_version": "1"}, "files": [{"path": "a.rb", "offenses": [
        {"severity": "error", "cop_name": "Lint/X", "message": "m"}]}]},
    "stylelint": [{"source": "a.css", "errored": True, "warnings": [{"severity": "error", "rule": "x", "text": "t"}]}],
    "swiftlint": [{"file": "a.swift", "rule_id": "x", "reason": "m", "severity": "Error"}],
    "sqlfluff": [{"filepath": "q.sql", "violations": [{"code": "LT01", "warning": False}]}],
    "ktlint": [{"file": "a.kt", "errors": [{"line": 1, "column": 1, "message": "m", "rule": "r"}]}],
    "markdownlint": [{"fileName": "a.md", "lineNumber": 1, "ruleNames": ["MD001"], "ruleDescription": "m"}],
    "terminal-bench-results": {"task_id": "t", "is_resolved": False, "failure_mode": "unset", "parser_results": {}},
    "harbor-result": {"trial_name": "t__1", "task_name": "t", "verifier_result": {"rewards": {"reward": 0.0}}},
    "reward": {"reward": 0.5},
    "swe-bench": {"a__b-1": {"patch_successfully_applied": True, "resolved": False, "tests_status": {
        "FAIL_TO_PASS": {"success": [], "failure": ["t"]}}}},
}  # fmt: skip
SAMPLES = (
    {name: data for name, data in RED.items() if name != "tap"}
    | {name: json.dumps(value, indent=1).encode() for name, value in DOCUMENTS.items()}
    | {"eslint": eslint(2, 1), "mypy": mypy("error") * 2, "pyright": pyright("error"), "guard-log": PAUSE + ERROR}
)
TEXTS = {"tap", "patch", "github-job-log"}
"""Formats of which every line is a record, and none is damaged."""
MIXED = {"go-test"}
"""Here a line without a brace is what a build printed, so that an event which lost its beginning may look like one."""
READERS = {form.name: form.read for form in reports.FORMATS}
PADDING = b"\0 \t\r\n"
JUNK = st.sampled_from([b"", b"\0" * 9, b'"', b"{", b"}", b"[", b"]", b"<", b"&", b",", b"</a>", b'{"a":', b"\\"])


def sound(name: str, data: bytes) -> bool:
    """Whether the standard library can read all of it; NULs around a record are padding, and hold nothing."""
    try:
        if data.strip(PADDING)[:1] == b"<":
            ElementTree.fromstring(data.strip(PADDING))
        elif name in ("go-test", "mypy", "guard-log"):
            [json.loads(line.strip(PADDING)) for line in data.split(b"\n") if line.strip(PADDING)]
        else:
            json.loads(data.strip(PADDING))
    except (ValueError, ElementTree.ParseError):
        return False
    return True


@pytest.mark.parametrize("name", sorted(READERS.keys() - TEXTS))
def test_a_sound_file_is_known_and_read_without_a_warning(name: str) -> None:
    report = reports.read(SAMPLES[name], "x")

    assert (report.format, report.warnings, sound(name, SAMPLES[name])) == (name, (), True)


@pytest.mark.parametrize("name", sorted(READERS.keys() - TEXTS - MIXED))
@settings(max_examples=60, deadline=None)
@given(data=st.data(), junk=JUNK, length=st.integers(0, 30))
def test_damage_is_told_and_is_never_a_pass(name: str, data: st.DataObject, junk: bytes, length: int) -> None:
    whole = SAMPLES[name]
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + junk + whole[at + length :]
    if sound(name, damaged):
        return
    report = READERS[name](damaged, "x")

    assert report.warnings
    assert report.outcome != "pass"
