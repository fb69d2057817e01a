"""GitHub's runner, as far as a step of action.yml can tell: its folders and files, its environment, its shell."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.cli import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["id"]: step for step in ACTION["runs"]["steps"]}


class Runner:
    """What a step is given; `summary` and `output` are what it told GitHub."""

    def __init__(self, root: Path) -> None:
        self.root, self.work, self.home = root, root / "work", root / "home"
        for folder in (root, self.work, self.home):
            folder.mkdir(exist_ok=True)
        self.output, self.summary = root / "output", root / "summary"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "RUNNER_TEMP": str(root),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_RUN_ID": "7",
            "GITHUB_RUN_ATTEMPT": "1",
        }

    def step(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script with its `env:` as the inputs (or the Action's defaults) say."""
        given = {key: str(one["default"]) for key, one in ACTION["inputs"].items()}
        given |= {key.replace("_", "-"): value for key, value in inputs.items()}
        env = {key: self._value(str(value), given) for key, value in STEPS[name]["env"].items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]],
            cwd=self.work,
            env=self.environment | env,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def outputs(self) -> dict[str, str]:
        """As the runner reads them: the last line of a name counts."""
        lines = self.output.read_text(encoding="utf-8").splitlines() if self.output.exists() else []
        return dict(line.split("=", 1) for line in lines)

    def skipped(self) -> dict[str, int]:
        """The output `skipped-reasons`."""
        told: dict[str, int] = json.loads(self.outputs()["skipped-reasons"])
        return told

    def page(self) -> str:
        """The job's summary."""
        return self.summary.read_text(encoding="utf-8") if self.summary.exists() else ""

    @staticmethod
    def _value(text: str, given: dict[str, str]) -> str:
        expression = re.fullmatch(r"\$\{\{ (?:inputs\.([\w-]+)|steps\.install\.outputs\.python) \}\}", text)
        assert expression, text
        return given[expression[1]] if expression[1] else sys.executable


def workflows(text: str) -> list[dict[Any, Any]]:
    """The workflows that a page of the docs shows."""
    return [yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
