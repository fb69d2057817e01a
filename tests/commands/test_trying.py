"""From a design to a registration to an answer, over files as a user keeps them."""

import json
from pathlib import Path

import pytest

from bot.commands.trying import register, trial
from bot.errors import UserError

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
