"""From a design to a registration to an answer, over files as a user keeps them."""

import json
from pathlib import Path

import pytest

from bot.commands.trying import register, trial
from bot.errors import UserError
from bot.pages.screen import show_record

GUARDS = {"salt": "0123456789abcdef", "tasks": [f"g{n}" for n in range(30)]}
DESIGN = {
    "change": "c1",
    "targeted": [f"t{n}" for n in range(10)],
    "guard": GUARDS["tasks"],
    "salt": GUARDS["salt"],
    "control_sha": "a" * 40,
    "treated_sha": "b" * 40,
    "seed": "s",
}


def files(folder: Path) -> tuple[Path, Path, Path]:
    """Results, registration and sealed list."""
    rows = [
        f"{task},{arm},{k},{outcome},{of_set}"
        for of_set, tasks in (("targeted", DESIGN["targeted"]), ("guard", DESIGN["guard"]))
        for task in tasks
        for arm in ("control", "treated")
        for outcome in ["pass" if of_set == "guard" or arm == "treated" else "fail"]
        for k in range(3)
    ]
    results, design, made, sealed = (
        folder / name for name in ("results.csv", "design.json", "made.json", "sealed.json")
    )
    results.write_text("task,arm,repeat,outcome,set\n" + "\n".join(rows) + "\n")
    design.write_text(json.dumps(DESIGN))
    made.write_text(json.dumps(register(design)))
    sealed.write_text(json.dumps(GUARDS))
    return results, made, sealed


def test_a_registered_trial_is_confirmed_without_deviations(tmp_path: Path) -> None:
    results, made, sealed = files(tmp_path)
    said = trial(results, registration=made, sealed=sealed)

    assert (said["result"], said["deviations"], said["due"]) == ("confirmed", [], [])
    assert not any("registered" in one for one in said["limits"])
    assert any("not registered" in one for one in trial(results)["limits"])
    json.dumps(said, allow_nan=False)


def test_another_margin_than_the_registered_one_is_refused(tmp_path: Path) -> None:
    results, made, sealed = files(tmp_path)

    assert trial(results, 0.10, made)["result"] == "confirmed"
    with pytest.raises(UserError, match=r"--margin 0.2: 0.1 was registered"):
        trial(results, 0.20, made)
    with pytest.raises(UserError, match="belongs to a registration"):
        trial(results, sealed=sealed)
    with pytest.raises(UserError, match="no registration"):
        trial(results, registration=sealed)
    with pytest.raises(UserError, match="not a design"):
        register(sealed)


def test_a_trial_that_compares_nothing_has_no_delta_and_shows_why_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "control.csv").write_text("task,arm,repeat,outcome\nt,control,1,pass\n")
    said = trial(tmp_path / "control.csv")
    show_record(said)
    shown = capsys.readouterr().out

    assert said["delta"] is None
    assert shown.splitlines()[1].startswith("missing")
    assert "no task has judged runs in both arms" in " ".join(shown.split())
    assert not any(name in shown for name in ("e value", "interval", "delta", "regressions", "  -"))


def test_a_regression_shows_first_what_it_was_said_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        f"t{n},{arm},{k},{outcome}"
        for n in range(10)
        for arm, outcome in (("control", "pass"), ("treated", "fail"))
        for k in range(3)
    ]
    (tmp_path / "harm.csv").write_text("task,arm,repeat,outcome\n" + "\n".join(rows) + "\n")
    said = trial(tmp_path / "harm.csv")
    show_record(said)
    names = [line[:16].strip() for line in capsys.readouterr().out.splitlines()]

    assert said["result"] == "regression"
    assert said["harm"] >= 20
    assert [name for name in names if name][:5] == ["result", "e value", "harm", "missing", "limits"]


def test_the_harm_to_the_guard_set_is_shown_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, _, _ = files(tmp_path)
    text = results.read_text()
    worse = "\n".join(
        line.replace("pass,guard", "fail,guard") if ",treated," in line else line for line in text.split("\n")
    )
    results.write_text(worse)
    said = trial(results)
    show_record(said)

    assert capsys.readouterr().out.splitlines()[3].startswith("guard harm")
    assert (said["result"], said["guard"]["harm"] >= 20, said["harm"] < 20) == ("regression", True, True)
