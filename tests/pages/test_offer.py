"""What a person is offered for a workflow is a workflow, is what the docs show, and opens in GitHub's editor."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from bot.pages.offer import LOCAL_PATH, MAX_LINK, OBSERVE_PATH, local, new_file, observing, steps

OURS = "OWNER/agentic-flywheel@COMMIT"
DOCS = (Path(__file__).resolve().parents[2] / "docs" / "action.md").read_text(encoding="utf-8")


def test_the_docs_show_what_we_offer() -> None:
    assert steps(OURS) in DOCS
    assert observing(OURS, "agent.yml") in DOCS


def test_the_steps_are_two_steps_at_any_depth() -> None:
    for indent in (0, 6):
        found = yaml.safe_load(steps(OURS, indent))

        assert [OURS, "embed"] == [found[0]["uses"], found[0]["with"]["mode"]]
        assert "${{ steps.flywheel.outputs.path }}" == found[1]["with"]["path"]


def test_the_workflow_reads_and_writes_nothing() -> None:
    found = yaml.safe_load(observing(OURS, "agent.yml"))

    assert {} == found["permissions"]
    assert {"actions": "read"} == found["jobs"]["observe"]["permissions"]


@pytest.mark.skipif(shutil.which("zizmor") is None, reason="zizmor is not installed")
def test_zizmor_finds_nothing_in_the_action_that_we_offer(tmp_path: Path) -> None:
    file = tmp_path / LOCAL_PATH
    file.parent.mkdir(parents=True)
    file.write_text(local("octo/agentic-flywheel@" + "1" * 40), encoding="utf-8")

    done = subprocess.run(
        ["zizmor", "--offline", "--no-progress", tmp_path], capture_output=True, text=True, check=False
    )

    assert (0, True) == (done.returncode, "No findings" in done.stdout), done.stdout


def test_the_link_carries_the_file_whole() -> None:
    text = observing(OURS, "agent.yml")

    link = new_file("https://github.com/", "o/r", "release/1 #2", OBSERVE_PATH, text)

    assert "/o/r/new/release%2F1%20%232" == urlsplit(link).path
    assert {"filename": [OBSERVE_PATH], "value": [text]} == parse_qs(urlsplit(link).query)


def test_a_file_too_long_for_a_link_has_none() -> None:
    assert "" == new_file("https://github.com", "o/r", "main", "x", "y" * MAX_LINK)
