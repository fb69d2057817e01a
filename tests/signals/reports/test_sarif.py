"""SARIF: an error that is new, undecided by nobody and unsuppressed fails; all else is left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signals import reports
from bot.signals.reports import sarif

SCHEMA = Path(__file__).resolve().parents[3] / "../shared/data/ci/sarif"
ERROR = {"ruleId": "R1", "level": "error", "message": {"text": "Bad."}}


def log(*results: dict[str, Any], rules: list[dict[str, Any]] | None = None, **run: object) -> bytes:
    tool = {"driver": {"name": "x", "rules": rules or []}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": list(results), **run}]}).encode()


def test_a_schema_is_no_log() -> None:
    if not SCHEMA.exists():
        pytest.skip("the shared data is not here")

    assert [reports.UNKNOWN] == [reports.sniff(path.read_bytes()) for path in SCHEMA.rglob("*.json")]


@pytest.mark.parametrize(
    "result",
    [
        {"ruleId": "R1", "level": "note", "message": {"text": "m"}},
        {"ruleId": "R1", "level": "warning", "message": {"text": "m"}},
        {"ruleId": "R1", "message": {"text": "the default level is a warning"}},
        {"ruleId": "R1", "kind": "pass", "message": {"text": "m"}},
        {"ruleId": "R1", "kind": "review", "level": "error", "message": {"text": "m"}},
        ERROR | {"suppressions": [{"kind": "inSource"}]},
        ERROR | {"suppressions": [{"kind": "external", "status": "accepted"}]},
        ERROR | {"baselineState": "unchanged"},
        ERROR | {"baselineState": "absent"},
    ],
)
def test_what_is_no_failure(result: dict[str, Any]) -> None:
    report = reports.read(log(result), "r.sarif")

    assert ("sarif", "pass", ()) == (report.format, report.outcome, report.warnings)
    assert [] == [signal for signal in report.signals if signal.name == "lint-failed"]


@pytest.mark.parametrize(
    "result",
    [
        ERROR,
        ERROR | {"suppressions": []},
        ERROR | {"suppressions": [{"kind": "external", "status": "underReview"}]},
        ERROR | {"baselineState": "new"},
        ERROR | {"baselineState": "updated"},
        ERROR | {"kind": "fail"},
    ],
)
def test_what_is_a_failure(result: dict[str, Any]) -> None:
    report = reports.read(log(result), "r.sarif")

    assert "fail" == report.outcome
    assert ("lint-failed", "R1", 1.0) == (report.signals[0].name, report.signals[0].detail, report.signals[0].value)


RULE = {"id": "R1", "defaultConfiguration": {"level": "error"}, "messageStrings": {"m": {"text": "Said by rule."}}}
OVERRIDE = {"descriptor": {"id": "R1"}, "configuration": {"level": "note"}}


@pytest.mark.parametrize(
    ("result", "run", "outcome"),
    [
        ({"ruleId": "R1"}, {}, "fail"),
        ({"ruleId": "R1/1"}, {}, "fail"),
        ({"ruleIndex": 0}, {}, "fail"),
        ({"rule": {"index": 0}}, {}, "fail"),
        ({"rule": {"id": "R1"}}, {}, "fail"),
        ({"ruleIndex": -1}, {}, "pass"),
        ({"ruleId": "R1", "level": "none"}, {}, "pass"),
        ({"ruleId": "R1"}, {"invocations": [{"ruleConfigurationOverrides": [OVERRIDE]}]}, "pass"),
    ],
)
def test_a_rule_gives_the_level(result: dict[str, Any], run: dict[str, Any], outcome: str) -> None:
    report = reports.read(log(result | {"message": {"id": "m"}}, rules=[RULE], **run), "r.sarif")

    assert outcome == report.outcome
    assert all(signal.pin.quote == "Said by rule." for signal in report.signals if signal.pin)


@pytest.mark.parametrize(
    ("results", "invocation", "outcome"),
    [
        ([ERROR], {"executionSuccessful": True, "exitCode": 0}, "pass"),
        ([ERROR], {"executionSuccessful": True, "exitCode": 1}, "fail"),
        ([ERROR | {"level": "warning"}], {"executionSuccessful": True, "exitCode": 2}, "fail"),
        ([], {"executionSuccessful": True, "exitCode": 1}, "none"),
        ([], {"executionSuccessful": False}, "none"),
        ([ERROR], {"executionSuccessful": False}, "fail"),
        ([], {"executionSuccessful": True}, "pass"),
    ],
)
def test_the_tools_own_word_goes_first(results: list[Any], invocation: dict[str, Any], outcome: str) -> None:
    report = reports.read(log(*results, invocations=[invocation]), "r.sarif")

    assert outcome == report.outcome
    assert (outcome == "none") == bool(report.warnings)


def test_a_tool_that_came_to_no_end_has_no_verdict() -> None:
    report = reports.read(b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}}]}', "r.sarif")

    assert ("sarif", "none") == (report.format, report.outcome)
    assert "no results" in report.warnings[0]


@pytest.mark.parametrize(
    "location",
    [
        {"uri": "file:///home/runner/work/shop/shop/src/a%20b.js"},
        {"uri": "src/a%20b.js", "uriBaseId": "%SRCROOT%"},
        {"index": 0},
    ],
)
def test_paths_are_those_of_the_repository(location: dict[str, Any]) -> None:
    result = ERROR | {"locations": [{"physicalLocation": {"artifactLocation": location}}]}
    report = reports.read(log(result, artifacts=[{"location": {"uri": "src/a%20b.js"}}]), "r.sarif")

    assert "R1 src/a b.js" == report.signals[0].detail


def test_what_this_ruff_writes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\nimport sys\n")
    told = [str(Path(sys.executable).parent / "ruff"), "check", "--isolated", "--select=F", "--no-cache"]
    ran = subprocess.run([*told, "--output-format=sarif", "a.py"], cwd=tmp_path, capture_output=True, check=False)
    report = reports.read(ran.stdout, "ruff.sarif")
    first = report.signals[0]

    assert ("sarif", "fail", ()) == (report.format, report.outcome, report.warnings)
    assert (f"F401 {tmp_path / 'a.py'}", 2.0) == (first.detail, first.value)
    assert first.pin is not None
    assert "`os` imported but unused" == first.pin.quote


def test_a_cut_log_fails_for_what_it_shows_and_never_passes() -> None:
    assert "fail" == reports.read(log(ERROR)[:-3], "r.sarif").outcome
    assert "none" == reports.read(log()[:-1], "r.sarif").outcome


KEYS = ["tool", "driver", "rules", "id", "results", "level", "message", "text", "rule", "index", "invocations"]
KEYS += ["ruleId", "ruleIndex", "locations", "suppressions", "status", "exitCode", "extensions", "kind"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["R1", "error", "fail", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.lists(VALUES, max_size=3))
def test_any_shape_gives_a_report(runs: list[object]) -> None:
    assert "sarif" == sarif.read(json.dumps({"version": "2.1.0", "runs": runs}).encode(), "x").format


@given(st.binary(max_size=200))
def test_any_bytes_give_a_report(data: bytes) -> None:
    assert "none" == sarif.read(data, "x").outcome


@given(st.lists(st.sampled_from(["error", "warning", "note", "none"]), max_size=30))
def test_every_result_is_counted(levels: list[str]) -> None:
    report = reports.read(log(*(ERROR | {"level": level} for level in levels)), "r.sarif")
    counts = {signal.name: signal.value for signal in report.signals}

    assert levels.count("error") == counts["lints-failed"]
    assert levels.count("warning") + levels.count("note") == counts["lints-warned"]
