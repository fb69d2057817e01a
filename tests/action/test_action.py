"""The Action's own scripts, run as the runner runs them; and nothing that a stranger writes is pasted into one."""

import json
import re
import shutil

import pytest
import yaml

from tests.action.runner import ACTION, Runner
from tests.cli import EXAMPLES, ROOT

DOCS = (ROOT / "docs" / "action.md").read_text(encoding="utf-8")
WORKFLOWS = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]
TRANSCRIPT = next(path for path in sorted(EXAMPLES.rglob("*.jsonl")) if path.parent.name == "transcripts")


def test_every_input_in_the_docs_is_one_of_the_action_and_every_output_as_well() -> None:
    ours = [
        step
        for workflow in WORKFLOWS
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("OWNER")
    ]

    assert set() == {name for step in ours for name in step["with"]} - set(ACTION["inputs"])
    assert set() == set(re.findall(r"steps\.flywheel\.outputs\.([\w-]+)", DOCS)) - set(ACTION["outputs"])


def test_the_default_only_observes() -> None:
    assert "observe" == ACTION["inputs"]["mode"]["default"]
    assert "true" == ACTION["inputs"]["dry-run"]["default"]


def test_a_mode_that_is_none_is_told(runner: Runner) -> None:
    done = runner.step("install", mode="propose-and-merge")

    assert 2 == done.returncode
    assert {} == runner.outputs()


def test_where_python_is_missing_embed_warns_and_observe_fails(runner: Runner) -> None:
    embed = runner.step("install", mode="embed", python="no-such-python")
    strict = runner.step("install", mode="embed", python="no-such-python", strict="true")
    observe = runner.step("install", python="no-such-python")

    assert [0, 1, 1] == [embed.returncode, strict.returncode, observe.returncode]
    assert "::warning title=flywheel embed::it could not be installed" in embed.stdout
    assert {} == runner.outputs()


def test_embed_makes_a_bundle_that_observe_shows(runner: Runner) -> None:
    (runner.work / "runs").mkdir()
    shutil.copy(TRANSCRIPT, runner.work / "runs" / "a b.jsonl")

    made = runner.step("embed", mode="embed", transcripts="runs\n\n", conclusion="failure", task="issue-1")

    told = runner.outputs()
    assert 0 == made.returncode, made.stderr
    assert "flywheel-bundle" == told["path"]
    assert re.fullmatch(r"flywheel-bundle-7-1-[0-9a-f]{8}", told["artifact"])
    manifest = json.loads((runner.work / told["path"] / "manifest.json").read_text(encoding="utf-8"))
    assert ("o/r", "issue-1", "failure") == (manifest["repository"], manifest["task"], manifest["run"]["conclusion"])
    assert ["transcripts/a-b.jsonl"] == [file["path"] for file in manifest["files"]]

    seen = runner.step("observe")

    assert 0 == seen.returncode, seen.stderr
    assert "1" == runner.outputs()["episodes"]
    assert "1 agent run read" in runner.summary.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "hostile",
    [
        "$(touch pwned)",
        "-x\n--out\n/",
        *(pytest.param(one, marks=pytest.mark.long) for one in ("`touch pwned`", '"; touch pwned; "', "--strict")),
    ],
)
def test_what_an_input_holds_is_never_run(runner: Runner, hostile: str) -> None:
    done = runner.step("embed", mode="embed", task=hostile, agent=hostile, reports=hostile, transcripts=hostile)

    assert 0 == done.returncode, done.stderr
    assert not list(runner.root.rglob("pwned"))
    assert (runner.work / "flywheel-bundle" / "manifest.json").is_file()


def test_embed_fails_no_job_unless_it_is_strict(runner: Runner) -> None:
    lax = runner.step("embed", mode="embed")
    strict = runner.step("embed", mode="embed", strict="true")

    assert [0, 1] == [lax.returncode, strict.returncode]
    assert "::warning title=flywheel embed::flywheel embed: no transcript was found" in lax.stderr


def test_where_nothing_was_downloaded_there_is_nothing_to_observe(runner: Runner) -> None:
    done = runner.step("observe", path="no-such-folder")

    assert 0 == done.returncode, done.stderr
    assert {"episodes": "0"} == runner.outputs()
    assert not runner.summary.exists()


def test_an_input_of_several_lines_makes_no_output(runner: Runner) -> None:
    done = runner.step("embed", mode="embed", path="a\npath=/etc")

    assert 2 == done.returncode
    assert {} == runner.outputs()
