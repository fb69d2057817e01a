"""The run's page shows the summary; what follows in the workflow gets figures."""

from pathlib import Path

import pytest

from bot.commands.acting import act
from bot.errors import UserError
from tests.cli import EXAMPLES, flywheel


def test_without_a_run_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no run yet"):
        act(tmp_path, {})


def test_a_run_is_shown_and_counted(tmp_path: Path) -> None:
    flywheel("run", EXAMPLES, "--out", "out", "--json", cwd=tmp_path)
    told = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), "GITHUB_OUTPUT": str(tmp_path / "output")}

    text = act(tmp_path / "out", told)

    assert text == (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "120 agent runs read" in text
    figures = dict(line.split("=") for line in (tmp_path / "output").read_text(encoding="utf-8").splitlines())
    assert "120" == figures["episodes"]
    assert int(figures["actionable"]) > 0
    assert int(figures["modifications"]) > 0
