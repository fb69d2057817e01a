"""X1 on bundles as a run leaves them: the job's log, not the manifest, shows that the agent never ran."""

import json
from pathlib import Path

import pytest

from bot.model import Exclusion
from bot.signals.collect import collect
from bot.traces.gate import gate, recall

STAMP = "2026-06-21T17:19:57.{:07}Z "
SESSION = {"sessionId": "s", "cwd": "/w", "version": "2.1.0", "gitBranch": "x", "isSidechain": False, "userType": "e"}


def log(*lines: str) -> str:
    head = ["Current runner version: '2.329.0'", "##[group]Run ./agent.sh", "./agent.sh", "##[endgroup]"]
    tail = ["##[error]Process completed with exit code 127.", "Cleaning up orphan processes"]
    return "".join(f"{STAMP.format(place)}{line}\n" for place, line in enumerate((*head, *lines, *tail)))


def said(text: str, number: int) -> dict[str, object]:
    message = {"role": "assistant", "id": f"m{number}", "content": [{"type": "text", "text": text}]}
    return {**SESSION, "type": "assistant", "uuid": f"a{number}", "message": message}


def ran(command: str, output: str) -> list[dict[str, object]]:
    use = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": command}}
    answer = {"type": "tool_result", "tool_use_id": "t1", "content": output, "is_error": True}
    return [
        {**SESSION, "type": "assistant", "uuid": "u1", "message": {"role": "assistant", "id": "m0", "content": [use]}},
        {**SESSION, "type": "user", "uuid": "u2", "message": {"role": "user", "content": [answer]}},
    ]


def bundle(folder: Path, job: str, *records: dict[str, object]) -> Exclusion | None:
    (folder / "reports").mkdir(parents=True)
    (folder / "transcripts").mkdir()
    manifest = {"flywheel_bundle": 1, "repository": "o/r", "pull": 1, "run": {"conclusion": "failure"}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "reports" / "job.log").write_text(job)
    if records:
        (folder / "transcripts" / "s.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    episodes = list(collect([folder]))

    [found] = [gate(episode, recall(episodes)) for episode in episodes]
    return found


@pytest.mark.parametrize(
    ("lines", "records"),
    [
        (("FAILED tests/test_a.py::test_a - assert 1 == 2",), []),
        (("/w/run.sh: line 1: claude: command not found",), ran("claude --version", "claude: command not found")),
        (("the test prints: pnpm: command not found",), []),
    ],
    ids=["a failing test and no transcript", "an agent that worked and called another", "another program is missing"],
)
def test_an_agent_that_ran_or_might_have_is_judged(tmp_path, lines, records):
    found = bundle(tmp_path / "run", log(*lines), *records)

    assert found is None


@pytest.mark.parametrize(
    "line",
    [
        "/home/runner/work/_temp/7e1c.sh: line 1: claude: command not found",
        "bash: mini: command not found",
        "Error: spawn codex ENOENT",
        "npm error 404 Not Found - GET https://registry.npmjs.org/@openai/codex",
        "error: externally-managed-environment",
    ],
)
def test_a_log_that_shows_a_missing_agent_or_a_failed_install_is_read(tmp_path, line):
    found = bundle(tmp_path / "run", log(line))

    assert found is not None
    assert found.code == "X1 never-started"


def test_a_session_that_holds_one_refusal_and_no_call_never_started(tmp_path):
    found = bundle(tmp_path / "run", log("Invalid request"), said("Not logged in. Please run /login", 1))

    assert found is not None
    assert (found.code, found.detail) == ("X1 never-started", "the transcript holds one step of the agent and no call")
