"""The reports of both arms become one results file, whatever wrote them, and what is missing is `none`."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.trying import trial
from bot.errors import UserError
from bot.jobs.arms import read
from bot.trials.results import Run, from_reports

RESULT = {"trial_uri": "file:///x", "task_checksum": "0", "agent_info": {"name": "a"}, "exception_info": None}


def harbor(arm: Path, task: str, number: int, reward: float | None) -> None:
    """A trial's folder as Harbor leaves it; one without a reward was killed before the verifier."""
    trial = arm / "2026-11-24__job" / f"{task}__{number}"
    (trial / "verifier").mkdir(parents=True)
    rewards = {"verifier_result": {"rewards": {"reward": reward}}} if reward is not None else {}
    named = {"task_name": task, "trial_name": trial.name}
    (trial / "result.json").write_text(json.dumps({**RESULT, **named, **rewards}))
    if reward is not None:
        (trial / "verifier" / "reward.txt").write_text(f"{reward}")


def terminal_bench(arm: Path, task: str, number: int, resolved: bool | None) -> None:
    trial = arm / "run" / task / f"{task}.{number}-of-3.run"
    trial.mkdir(parents=True)
    told = {"task_id": task, "trial_name": trial.name, "is_resolved": resolved, "failure_mode": "unset"}
    (trial / "results.json").write_text(json.dumps(told))


def junit(path: Path, **tests: str) -> None:
    inner = {"pass": "", "fail": "<failure message='no'/>", "skip": "<skipped/>"}
    path.parent.mkdir(parents=True, exist_ok=True)
    cases = "".join(f"<testcase classname='t' name='{name}'>{inner[end]}</testcase>" for name, end in tests.items())
    path.write_text(f"<testsuite name='s'>{cases}</testsuite>")


def ctrf(path: Path, **tests: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [{"name": name, "status": status, "duration": 1} for name, status in tests.items()]
    path.write_text(
        json.dumps({"reportFormat": "CTRF", "results": {"tool": {"name": "x"}, "summary": {}, "tests": told}})
    )


def outcomes(runs: tuple[Run, ...], task: str, arm: str) -> list[str]:
    return sorted(run.outcome for run in runs if (run.task, run.arm) == (task, arm))


def test_a_folder_without_arms_is_refused_with_the_mend(tmp_path: Path) -> None:
    junit(tmp_path / "one" / "junit.xml", a="pass")
    with pytest.raises(UserError, match="no report there tells of a task"):
        read(tmp_path)
    junit(tmp_path / "control" / "junit.xml", a="pass")
    with pytest.raises(UserError, match="nothing was told of the arm treated"):
        read(tmp_path)


def test_a_trial_without_a_verdict_is_no_failure(tmp_path: Path) -> None:
    for number, reward in enumerate((1.0, 0.0, None)):
        harbor(tmp_path / "control", "sort", number, reward)
        terminal_bench(tmp_path / "treated", "sort", number, (True, False, None)[number])
    runs, warnings = read(tmp_path)

    assert outcomes(runs, "sort", "control") == outcomes(runs, "sort", "treated") == ["fail", "none", "pass"]
    assert len({run.repeat for run in runs if run.arm == "control"}) == 3
    assert warnings == ()


def test_every_test_of_a_report_is_a_task_and_what_a_repeat_lacks_has_no_verdict(tmp_path: Path) -> None:
    junit(tmp_path / "control" / "1" / "junit.xml", a="pass", b="fail", c="skip")
    junit(tmp_path / "control" / "2" / "junit.xml", a="pass", b="pass")
    (tmp_path / "control" / "2" / "notes.txt").write_text("hello\n")
    junit(tmp_path / "treated" / "1.xml", a="pass", b="pass", c="pass")
    junit(tmp_path / "treated" / "2.xml", a="fail", b="pass", c="pass")
    runs, warnings = read(tmp_path)

    assert outcomes(runs, "t::c", "control") == ["none", "none"]
    assert outcomes(runs, "t::a", "treated") == ["fail", "pass"]
    assert {run.repeat for run in runs} == {"1", "2"}
    assert len(runs) == 12
    assert warnings == ("1 files tell of no task in an arm and were left out: control/2/notes.txt",)


def test_a_report_that_was_cut_off_loses_no_run(tmp_path: Path) -> None:
    for arm in ("control", "treated"):
        junit(tmp_path / arm / "1.xml", a="pass", b="pass", c="pass")
    whole = (tmp_path / "treated" / "1.xml").read_bytes()
    (tmp_path / "treated" / "1.xml").write_bytes(whole[: whole.index(b"name='c'")])
    runs, _ = read(tmp_path)

    assert outcomes(runs, "t::c", "treated") == ["none"]
    assert outcomes(runs, "t::b", "treated") == ["pass"]


def test_sets_and_stages_stand_beside_the_arm(tmp_path: Path) -> None:
    for arm in ("control", "treated"):
        ctrf(tmp_path / "guard" / arm / "1.json", a="passed", b="other")
        ctrf(tmp_path / arm / "stage-2" / "1.json", c="failed")
    runs, _ = read(tmp_path)

    assert {(run.task, run.set, run.stage, run.outcome) for run in runs} == {
        ("a", "guard", 1, "pass"),
        ("b", "guard", 1, "none"),
        ("c", "targeted", 2, "fail"),
    }


def test_a_zip_says_the_same_as_its_folder(tmp_path: Path) -> None:
    for number in range(3):
        harbor(tmp_path / "in" / "control", "sort", number, 0.0)
        harbor(tmp_path / "in" / "treated", "sort", number, 1.0)
        junit(tmp_path / "in" / "guard" / "control" / f"{number}.xml", a="pass", b="fail")
        junit(tmp_path / "in" / "guard" / "treated" / f"{number}.xml", a="pass", b="fail")
    shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "in")
    folder, zipped = read(tmp_path / "in"), read(tmp_path / "all.zip")

    assert [(r.task, r.arm, r.outcome, r.set) for r in zipped[0]] == [
        (r.task, r.arm, r.outcome, r.set) for r in folder[0]
    ]
    assert trial(tmp_path / "all.zip", 0.1)["delta"] == 1.0


@given(
    st.lists(
        st.tuples(*(st.sampled_from("ab") for _ in range(3)), st.sampled_from(("pass", "fail", "none"))), max_size=20
    )
)
def test_nothing_that_was_told_is_lost(told: list[tuple[str, str, str, str]]) -> None:
    arms = {"a": "control", "b": "treated"}
    rows = [Run(task, arms[arm], repeat, outcome) for task, arm, repeat, outcome in told]  # type: ignore[arg-type]
    if {run.arm for run in rows} != set(arms.values()):
        with pytest.raises(UserError):
            from_reports(rows, "x")
        return
    made = {(run.task, run.arm, run.repeat): run.outcome for run in from_reports(rows, "x")}

    for run in rows:
        same = [r.outcome for r in rows if (r.task, r.arm, r.repeat) == (run.task, run.arm, run.repeat)]
        expected = "fail" if "fail" in same else "none" if "none" in same else "pass"
        assert made[run.task, run.arm, run.repeat] == expected
