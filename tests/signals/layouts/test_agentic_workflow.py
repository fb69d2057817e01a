"""A run of a GitHub agentic workflow is one attempt of its agent; threat detection and firewall are none."""

import json
from pathlib import Path

import pytest

from bot.model import Episode
from bot.signals.collect import collect
from tests.signals.layouts.conftest import Write, stream

INFO = {
    "engine_id": "claude", "engine_name": "Claude Code", "model": "claude-x", "agent_version": "2.1.0",
    "workflow_name": "Issue triage", "run_id": 77, "run_attempt": "2", "repository": "octo/shop", "sha": "a" * 40,
    "event_name": "issues", "created_at": "2026-01-02T03:04:05Z", "staged": False,
}  # fmt: skip
NOISE = "[DEBUG] Watching settings\n{not json}\nnpm warn exec\n"


def artifacts(write: Write, prefix: str = "", place: str = "runs/77", info: object = INFO) -> None:
    """The artifacts of one run, as `gh run download` lays them out."""
    write(f"{place}/{prefix}activation/aw_info.json", info)
    write(f"{place}/{prefix}activation/prompt.txt", "Triage it")
    write(f"{place}/{prefix}agent/agent-stdio.log", NOISE + stream("ls", "gh issue view 3"))
    write(f"{place}/{prefix}agent/agent_output.json", {"items": [{"type": "add_comment"}], "errors": []})
    write(f"{place}/{prefix}agent/sandbox/agent/logs/session.jsonl", stream("ls"))
    write(f"{place}/{prefix}detection/detection.log", stream("cat prompt.txt", session="threats"))
    write(f"{place}/{prefix}firewall-audit-logs/access.log", "1 TCP_DENIED/403 evil.example:443\n")


def only(path: Path) -> Episode:
    (episode,) = collect([path])
    return episode


@pytest.mark.parametrize("info", [{"engine": "claude"}, {"engine_id": 3, "run_id": 4}, [INFO], "{", {"engine_id": "x"}])
def test_an_info_of_somebody_else_is_left_alone(info: object, write: Write, tmp_path: Path) -> None:
    write("shop/activation/aw_info.json", info)
    write("shop/aw_info.json", info)

    assert [] == list(collect([tmp_path]))


def test_the_artifacts_of_a_run_are_one_episode_of_the_repository(write: Write, tmp_path: Path) -> None:
    artifacts(write)

    episode = only(tmp_path)

    assert ("octo/shop", "octo/shop/Issue-triage/run-77/attempt-2") == (episode.repository, episode.id)
    assert (episode.agent.name, episode.agent.version, episode.agent.model) == ("claude-code", "2.1.0", "claude-x")
    assert (77, 2, "Issue triage", "issues") == (
        episode.run.id,
        episode.run.attempt,
        episode.run.workflow,
        episode.run.event,
    )
    assert ("none", "a" * 40, "") == (episode.outcome, episode.base_sha, episode.head_sha)
    assert episode.trace is not None
    assert ["ls", "gh issue view 3"] == [call.command for step in episode.trace.steps for call in step.calls]


def test_offsets_count_from_the_beginning_of_the_log(write: Write, tmp_path: Path) -> None:
    artifacts(write)
    trace = only(tmp_path).trace

    assert trace is not None
    data = Path(trace.sources[0].path).read_bytes()
    calls = [call for step in trace.steps for call in step.calls]
    assert ["user", "user"] == [json.loads(data[call.start : call.end])["type"] for call in calls]


def test_an_array_on_one_line_ends_where_the_line_ends(write: Write, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in stream("ls").splitlines()]
    write("r/aw_info.json", INFO)
    write("r/agent-stdio.log", NOISE + json.dumps(lines) + "\n[DEBUG] and more\nDone\n")
    trace = only(tmp_path).trace

    assert trace is not None
    assert ("claude-execution", ()) == (trace.format, trace.warnings)


def test_called_workflows_are_attempts_of_their_own(write: Write, tmp_path: Path) -> None:
    artifacts(write, "0a1b2c3d-", info={**INFO, "workflow_name": "One"})
    artifacts(write, "ffff0000-", info={**INFO, "workflow_name": "Two"})

    found = list(collect([tmp_path]))

    assert ["octo/shop/One/run-77/attempt-2/0a1b2c3d", "octo/shop/Two/run-77/attempt-2/ffff0000"] == [
        one.id for one in found
    ]
    assert [2, 2] == [len(one.trace.steps) for one in found if one.trace]


def test_a_log_that_no_reader_knows_is_said(write: Write, tmp_path: Path) -> None:
    write("r/aw_info.json", {**INFO, "engine_id": "custom"})
    write("r/agent-stdio.log", "thinking\n" * 100)

    episode = only(tmp_path)

    assert episode.trace is None
    (signal,) = (signal for signal in episode.signals if signal.name == "unreadable")
    assert "no transcript of a known format" in signal.detail


def test_a_workflow_log_tells_facts_and_no_verdict(write: Write, tmp_path: Path) -> None:
    artifacts(write)
    write(
        "runs/77/workflow-logs/agent/3_Run.txt",
        "2026-01-02T03:04:05.0000000Z ##[error]Process completed with exit code 1.\n",
    )

    episode = only(tmp_path)

    assert "none" == episode.outcome
    assert "job-failed" in [signal.name for signal in episode.signals]
