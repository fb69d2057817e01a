"""SWE-bench, Terminal-Bench and Harbor: no verdict is no failure, and running out of time is none either."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Report
from bot.signals import reports
from bot.signals.reports import swe_bench, trials

OUTCOMES = Path(__file__).resolve().parents[3] / "../shared/data/outcomes/terminal-bench-0.1.1.csv"


def read(value: object, name: str = "result.json") -> Report:
    return reports.read(json.dumps(value, indent=4).encode(), name)


def told(report: Report, name: str) -> list[tuple[bool, str]]:
    return [(signal.held, signal.detail) for signal in report.signals if signal.name == name]


def trial(resolved: bool | None, mode: str = "unset", **tests: str) -> dict[str, Any]:
    return {
        "id": "8227",
        "trial_name": "fix-git.1-of-1",
        "task_id": "fix-git",
        "instruction": "Mend it.",
        "is_resolved": resolved,
        "failure_mode": mode,
        "parser_results": tests or None,
        "total_input_tokens": 10,
        "total_output_tokens": 5,
    }


@pytest.mark.parametrize("mode", ["parse_error", "test_timeout", "unknown_agent_error", "agent_installation_failed"])
def test_a_trial_without_a_verdict_is_no_failure(mode: str) -> None:
    report = read(trial(None, mode))

    assert ("terminal-bench-results", "none") == (report.format, report.outcome)
    assert [(True, mode.replace("_", "-"))] == told(report, "trial-ended")
    assert [] == told(report, "task-resolved")


def test_a_trial_that_ran_out_of_time_may_have_passed() -> None:
    report = read(trial(True, "agent_timeout", test_a="passed"))

    assert ("pass", [(True, "agent-timeout")]) == (report.outcome, told(report, "trial-ended"))
    assert [] == told(report, "infrastructure")


def test_a_failed_trial_says_which_tests_failed() -> None:
    report = read(trial(False, test_a="passed", test_b="failed"))
    failed = next(signal for signal in report.signals if signal.name == "test-failed")

    assert ("fail", [(False, "fix-git")]) == (report.outcome, told(report, "task-resolved"))
    assert ("test_b", "test_b") == (failed.detail, failed.pin and failed.pin.quote)
    assert {"tests-run": 2.0, "tests-failed": 1.0, "tokens": 15.0} == {
        signal.name: signal.value for signal in report.signals if signal.value is not None
    }


def test_a_missing_agent_is_the_machines_fault() -> None:
    assert [(True, "agent-installation-failed")] == told(
        read(trial(False, "agent_installation_failed")), "infrastructure"
    )


@pytest.mark.skipif(not OUTCOMES.exists(), reason="the shared data is not here")
def test_every_public_verdict_is_told_as_it_was() -> None:
    wrong = []
    verdicts: dict[str, bool | None] = {"pass": True, "fail": False, "none": None}
    with OUTCOMES.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for verdict, mode in sorted({(row["verdict"], row["failure_mode"]) for row in rows}):
        report = read(trial(verdicts[verdict], mode))
        if verdict != report.outcome or bool(told(report, "trial-ended")) != (mode != "unset"):
            wrong.append((verdict, mode))

    assert [] == wrong
    assert (2800, 175) == (len(rows), sum(row["verdict"] == "none" for row in rows))


def test_a_run_of_several_trials_has_no_outcome_of_its_own() -> None:
    run = {"id": "x", "results": [trial(True), trial(False), trial(None, "parse_error")], "n_resolved": 1}
    report = read(run)

    assert ("terminal-bench-results", "none") == (report.format, report.outcome)
    assert [(True, "fix-git"), (False, "fix-git"), (False, "fix-git (not judged)")] == told(report, "task-resolved")


def harbor(reward: object = None, exception: str = "") -> dict[str, Any]:
    return {
        "id": "1",
        "task_name": "hello",
        "trial_name": "hello__abc",
        "agent_result": {"n_input_tokens": 2_000_100, "n_output_tokens": 20, "cost_usd": 0.25},
        "verifier_result": None if reward is None else {"rewards": {"reward": reward}},
        "exception_info": {"exception_type": exception, "exception_message": "m"} if exception else None,
    }


@pytest.mark.parametrize(
    ("value", "outcome", "ended", "infrastructure"),
    [
        (harbor(), "none", [], []),
        (harbor(0.7), "none", [], []),
        (harbor("high"), "none", [], []),
        (harbor(None, "AgentTimeoutError"), "none", [(True, "agent-timeout")], []),
        (
            harbor(None, "EnvironmentStartTimeoutError"),
            "none",
            [(True, "environment-start-timeout")],
            [(True, "environment-start-timeout")],
        ),
        (harbor(1), "pass", [], []),
        (harbor(1.0, "AgentTimeoutError"), "pass", [(True, "agent-timeout")], []),
        (harbor(0.0), "fail", [], []),
    ],
)
def test_harbor_is_judged_by_its_reward(value: object, outcome: str, ended: object, infrastructure: object) -> None:
    report = read(value)

    assert ("harbor-result", outcome) == (report.format, report.outcome)
    assert (ended, infrastructure) == (told(report, "trial-ended"), told(report, "infrastructure"))


def test_harbor_tells_what_it_spent() -> None:
    spent = {signal.name: signal.value for signal in read(harbor(1)).signals if signal.name in ("tokens", "cost")}

    assert {"tokens": 2_000_120.0, "cost": 0.25} == spent


def test_a_job_lists_its_trials_by_reward() -> None:
    stats = {"n_trials": 3, "evals": {"a": {"reward_stats": {"reward": {"1.0": ["x", "y"], "0.0": ["z"]}}}}}
    report = read({"id": "j", "started_at": "t", "n_total_trials": 3, "stats": stats})

    assert ("harbor-result", "none") == (report.format, report.outcome)
    assert [(True, "x"), (True, "y"), (False, "z")] == told(report, "task-resolved")


@pytest.mark.parametrize(
    ("data", "name", "outcome"),
    [
        (b"1.0\n", "trial/verifier/reward.txt", "pass"),
        (b"0", "reward.txt", "fail"),
        (b"1", "trials.zip!reward.txt", "pass"),
        (b'{"reward": 1, "speed": 0.5}', "verifier/reward.json", "pass"),
        (b'{\n  "reward": 0.5\n}', "any.json", "none"),
    ],
)
def test_a_reward(data: bytes, name: str, outcome: str) -> None:
    report = reports.read(data, name)

    assert ("reward", outcome) == (report.format, report.outcome)


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"1.0\n", "VERSION"), (b"1.0.2", "reward.txt"), (b"", "reward.txt"), (b'{"reward": "gold"}', "reward.json")],
)
def test_a_number_elsewhere_is_no_reward(data: bytes, name: str) -> None:
    assert reports.UNKNOWN == reports.sniff(data, name)


def instance(resolved: bool | None, applied: bool = True, **ends: list[str]) -> dict[str, Any]:
    status = {
        "FAIL_TO_PASS": {"success": ends.get("fixed", []), "failure": ends.get("unfixed", [])},
        "PASS_TO_PASS": {"success": ends.get("kept", []), "failure": ends.get("broken", [])},
    }
    value = {"patch_is_None": False, "patch_exists": True, "patch_successfully_applied": applied}
    return {"django__django-1": value | ({} if resolved is None else {"resolved": resolved}) | {"tests_status": status}}


def test_an_instance_tells_what_it_fixed_and_what_it_broke() -> None:
    report = read(instance(False, fixed=["a"], unfixed=["b"], kept=["c"], broken=["d"]))

    assert ("swe-bench", "fail", [(False, "django__django-1")]) == (
        report.format,
        report.outcome,
        told(report, "task-resolved"),
    )
    assert [(True, "b"), (True, "d")] == told(report, "test-failed")
    assert [(True, "d")] == told(report, "test-regressed")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (instance(None), "none"),
        (instance(True, fixed=["a"]), "pass"),
        (instance(False, applied=False), "fail"),
        (instance(True) | {"other": {"resolved": False, "patch_exists": True}}, "none"),
    ],
)
def test_only_one_judged_instance_is_an_outcome(value: object, outcome: str) -> None:
    assert ("swe-bench", outcome) == (read(value).format, read(value).outcome)


def test_a_run_lists_its_instances_by_fate() -> None:
    run = {
        "total_instances": 5,
        "submitted_instances": 4,
        "resolved_instances": 1,
        "resolved_ids": ["a"],
        "unresolved_ids": ["b"],
        "empty_patch_ids": ["c"],
        "error_ids": ["d"],
        "completed_ids": ["a", "b"],
        "incomplete_ids": ["e"],
    }
    report = read(run)

    assert ("swe-bench", "none") == (report.format, report.outcome)
    assert [(True, "a"), (False, "b"), (False, "c"), (False, "d (not judged)")] == told(report, "task-resolved")


def test_a_run_of_one_instance_is_one_attempt() -> None:
    run = {"total_instances": 300, "submitted_instances": 1, "resolved_ids": ["a"], "incomplete_ids": ["b", "c"]}

    assert ("swe-bench", "pass") == (read(run).format, read(run).outcome)


@pytest.mark.parametrize("value", [trial(True, test_a="passed"), harbor(1), instance(True, fixed=["a"])])
def test_a_cut_result_is_no_pass(value: object) -> None:
    whole = json.dumps(value).encode()

    assert {"none"} == {reports.read(whole[:end], "r.json").outcome for end in range(len(whole))}


KEYS = ["is_resolved", "failure_mode", "parser_results", "results", "task_id", "verifier_result", "rewards", "reward"]
KEYS += ["exception_info", "exception_type", "stats", "evals", "reward_stats", "n_total_trials", "tests_status"]
KEYS += ["FAIL_TO_PASS", "failure", "success", "resolved", "submitted_instances", "resolved_ids", "agent_result"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)
READERS = st.sampled_from([swe_bench.read, trials.read_terminal_bench, trials.read_harbor, trials.read_reward])


@given(READERS, VALUES)
def test_any_shape_gives_a_report(reader: Any, value: object) -> None:
    assert reader(json.dumps(value).encode(), "x").outcome in ("pass", "fail", "none")


@given(READERS, st.binary(max_size=200))
def test_any_bytes_give_a_report(reader: Any, data: bytes) -> None:
    assert len(data) == reader(data, "x").source.size
