"""Guards as they come out of a produced branch: run by /bin/sh with Claude Code's payloads, and removed byte for byte.

The payloads have the shapes of https://code.claude.com/docs/en/hooks.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    command = ["git", "-C", str(directory), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Project:
    """A checkout of one produced branch, and a Claude Code that runs its hooks."""

    def __init__(self, checkout: Path, temporary: Path) -> None:
        self.checkout = checkout
        self.temporary = temporary
        self.hooks = json.loads((checkout / ".claude" / "settings.json").read_text(encoding="utf-8"))["hooks"]

    def send(self, event: str, tool: str = "", **payload: Any) -> list[dict[str, Any]]:
        """What the hooks of an event answer, as JSON; nothing for a silent one."""
        given = {"session_id": "s1", "cwd": str(self.checkout), "hook_event_name": event, **payload}
        if tool:
            given["tool_name"] = tool
        answers = []
        for group in self.hooks.get(event, []):
            names = group.get("matcher", "")
            if tool and names and tool not in names.split("|"):
                continue
            for hook in group["hooks"]:
                if "flywheel" not in hook["command"]:
                    continue
                done = subprocess.run(
                    ["/bin/sh", "-c", hook["command"]],
                    input=json.dumps(given),
                    cwd=self.checkout,
                    env={
                        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                        "CLAUDE_PROJECT_DIR": str(self.checkout),
                        "TMPDIR": str(self.temporary),
                    },
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, done.stderr
                assert done.stderr == ""
                if done.stdout.strip():
                    answers.append(json.loads(done.stdout))
        return answers

    def edit(self, path: str) -> list[dict[str, Any]]:
        given = {"file_path": str(self.checkout / path), "old_string": "a", "new_string": "b"}
        denied = self.send("PreToolUse", "Edit", tool_input=given)
        if denied:
            return denied
        return self.send("PostToolUse", "Edit", tool_input=given, tool_response={"filePath": given["file_path"]})

    def red(self) -> list[dict[str, Any]]:
        error = (
            "Exit code 1\n==== FAILURES ====\nFAILED tests/test_rates.py::test_rounds - assert 1 == 2\n1 failed in 0.1s"
        )
        return self.send("PostToolUseFailure", "Bash", tool_input={"command": "pytest -q"}, error=error)

    def green(self) -> list[dict[str, Any]]:
        response = {"stdout": "5 passed in 0.1s", "stderr": "", "interrupted": False}
        return self.send("PostToolUse", "Bash", tool_input={"command": "pytest -q"}, tool_response=response)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guards")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "bot", "run", "--json"], cwd=folder, env=env, check=True, capture_output=True)
    return folder / "flywheel-out"


def branches(out: Path, detector: str) -> list[tuple[Path, str]]:
    """(bare repository, branch) of every change against a detector."""
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    changes = [change for change in run["modifications"] if change["detector"] == detector and change["branch"]]
    bare = [out / "repos" / (change["repository"].replace("/", "__") + ".git") for change in changes]
    return [(path, change["branch"]) for path, change in zip(bare, changes, strict=True)]


def project(out: Path, detector: str, tmp_path: Path) -> Project:
    bare, branch = branches(out, detector)[0]
    checkout = tmp_path / "a project"
    git(tmp_path, "clone", "-q", "-b", branch, str(bare), str(checkout))
    (tmp_path / "tmp").mkdir()
    return Project(checkout, tmp_path / "tmp")


def test_the_finish_guard_leaves_an_ordinary_session_alone(out: Path, tmp_path: Path) -> None:
    here = project(out, "finishes-on-red", tmp_path)

    assert here.send("UserPromptSubmit", prompt="Round half up in the rates") == []
    assert here.edit("parcel/rates.py") == []
    assert here.green() == []
    assert here.send("Stop", stop_hook_active=False) == []
    assert git(here.checkout, "status", "--porcelain") == ""


def test_the_finish_guard_sends_back_on_red_at_most_twice(out: Path, tmp_path: Path) -> None:
    here = project(out, "finishes-on-red", tmp_path)
    here.send("UserPromptSubmit", prompt="- round half up\n- keep the zone table")
    here.edit("parcel/rates.py")
    here.red()

    (first,) = here.send("Stop", stop_hook_active=False)

    assert first["decision"] == "block"
    assert "round half up" in first["reason"]
    assert "parcel/rates.py" in first["reason"]
    assert here.send("Stop", stop_hook_active=True) == []
    blocks = []
    for _ in range(5):
        here.edit("parcel/rates.py")
        here.red()
        blocks += here.send("Stop", stop_hook_active=False)
    assert len(blocks) == 1


def test_the_loop_guard_speaks_then_pauses_until_a_check_has_run(out: Path, tmp_path: Path) -> None:
    here = project(out, "edits-without-progress", tmp_path)
    said: list[dict[str, Any]] = []
    for _ in range(12):
        said += here.edit("src/lib/holds.ts")
        here.red()
        if said:
            break
    assert "Reconsider" in said[0]["hookSpecificOutput"]["additionalContext"]

    said = [answer for _ in range(6) for answer in here.edit("src/lib/holds.ts")]
    assert said[-1]["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert here.edit("src/lib/dates.ts") == []
    here.red()
    assert here.edit("src/lib/holds.ts") == []
    here.green()
    assert [answer for _ in range(4) for answer in here.edit("src/lib/holds.ts")] == []


def test_a_guard_that_is_switched_off_says_nothing(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = project(out, "finishes-on-red", tmp_path)
    here.edit("parcel/rates.py")
    here.red()
    hook = here.hooks["Stop"][-1]["hooks"][0]["command"]
    payload = json.dumps({"session_id": "s1", "hook_event_name": "Stop", "stop_hook_active": False})
    env = {"PATH": os.environ["PATH"], "CLAUDE_PROJECT_DIR": str(here.checkout), "TMPDIR": str(here.temporary)}

    off = subprocess.run(
        ["/bin/sh", "-c", hook],
        input=payload,
        env={**env, "FLYWHEEL_FINISH_GUARD": "off"},
        capture_output=True,
        text=True,
        check=True,
    )
    on = subprocess.run(["/bin/sh", "-c", hook], input=payload, env=env, capture_output=True, text=True, check=True)

    assert off.stdout == ""
    assert "block" in on.stdout


@pytest.mark.parametrize("detector", ["finishes-on-red", "edits-without-progress", "command-times-out"])
def test_reverting_the_commit_gives_the_tree_of_before(out: Path, tmp_path: Path, detector: str) -> None:
    for number, (bare, branch) in enumerate(branches(out, detector)):
        checkout = tmp_path / str(number)
        git(tmp_path, "clone", "-q", "-b", branch, str(bare), str(checkout))
        before = git(checkout, "rev-parse", "HEAD~1^{tree}")

        git(checkout, "revert", "--no-edit", "HEAD")

        assert git(checkout, "rev-parse", "HEAD^{tree}") == before
