"""A trial of a Harbor job is one attempt, judged by its verifier alone and counted once."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from bot.model import Episode
from bot.signals.bundle import open_source
from bot.signals.collect import collect
from tests.signals.layouts.conftest import Write, atif, stream

CTRF = {"results": {"tool": {"name": "pytest"}, "summary": {"tests": 1, "passed": 0, "failed": 1, "pending": 0,
        "skipped": 0, "other": 0, "start": 0, "stop": 1},
        "tests": [{"name": "t", "status": "failed", "duration": 1}]}}  # fmt: skip


def result(reward: float | None = 1.0, **more: object) -> dict[str, object]:
    """`result.json` of a trial."""
    return {
        "id": "0", "task_name": "hello-world", "trial_name": "hello-world__abc123", "trial_uri": "file:///x",
        "task_id": {"path": "tasks/hello-world"}, "source": "terminal-bench@2.0", "task_checksum": "c",
        "agent_info": {"name": "claude-code", "version": "2.1", "model_info": {"name": "claude-x", "provider": "p"}},
        "agent_result": {"n_input_tokens": 5, "n_output_tokens": 1, "cost_usd": 0.5},
        "verifier_result": None if reward is None else {"rewards": {"reward": reward}},
        "exception_info": None, "started_at": "2026-01-02T03:04:05", **more,
    }  # fmt: skip


def job(write: Write, place: str = "jobs/j1", reward: float | None = 1.0) -> Path:
    """A job of one trial, whose run is told twice."""
    write(f"{place}/config.json", {"job_name": "j1", "jobs_dir": "jobs", "agents": [], "datasets": []})
    write(f"{place}/result.json", {"id": "1", "n_total_trials": 1, "stats": {"n_trials": 1, "evals": {}}})
    write(f"{place}/job.log", "started\n")
    trial = f"{place}/hello-world__abc123"
    write(f"{trial}/result.json", result(reward))
    write(f"{trial}/config.json", {"trial_name": "hello-world__abc123", "task": {}, "trials_dir": place})
    write(f"{trial}/agent/trajectory.json", atif("ls", "make"))
    write(f"{trial}/agent/claude-code.txt", "npm warn something\n" + stream("ls", "make"))
    write(f"{trial}/verifier/reward.txt", "1\n")
    write(f"{trial}/verifier/ctrf.json", CTRF)
    write(f"{trial}/artifacts/junit.xml", '<testsuite><testcase name="a"><failure/></testcase></testsuite>')
    return write(f"{trial}/agent/setup/stdout.txt", "hi").parents[4]


def only(path: Path) -> Episode:
    (episode,) = collect([path])
    return episode


@pytest.mark.parametrize("content", [
    {"task_name": "x", "trial_name": "y"},
    {"status": "ok", "verifier_result": 1, "agent_info": 2},
    [result()],
    "{" * 5_000,
    b"\xff\xfe\0",
])  # fmt: skip
def test_a_result_of_somebody_else_is_left_alone(content: object, write: Write, tmp_path: Path) -> None:
    write("shop/t/r/result.json", content)
    write("shop/t/r/agent/s.jsonl", stream("ls"))

    assert [("shop", "folder")] == [(one.repository, one.joined) for one in collect([tmp_path]) if one.trace]


def test_a_repository_that_has_a_folder_agent_is_left_alone(write: Write, tmp_path: Path) -> None:
    write("shop/config.json", {"trial_name": "free for 30 days"})
    write("shop/agent/readme.txt", "x")

    assert [] == list(collect([tmp_path]))


def test_a_trial_is_one_episode_of_its_dataset(write: Write) -> None:
    episode = only(job(write))

    assert ("terminal-bench-2.0", "hello-world", "pass") == (episode.repository, episode.task, episode.outcome)
    assert episode.id == "terminal-bench-2.0/hello-world/j1/hello-world__abc123"
    assert (episode.agent.name, episode.agent.version, episode.agent.model) == ("claude-code", "2.1", "claude-x")
    assert (episode.joined, episode.run.created_at) == ("layout", "2026-01-02T03:04:05")
    assert sorted(path.rpartition("/")[2] for path in episode.reports) == ["ctrf.json", "result.json"]


def test_a_run_that_is_told_twice_is_counted_once_in_the_agents_own_words(write: Write) -> None:
    trace = only(job(write)).trace

    assert trace is not None
    assert (trace.format, [call.command for step in trace.steps for call in step.calls]) == (
        "claude-stream-json",
        ["ls", "make"],
    )
    stream = open_source(trace.sources[0].path)
    assert stream is not None
    with stream:
        data = stream.read()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (trace.sources[0].sha256, trace.sources[0].size)
    assert ["assistant", "assistant"] == [json.loads(data[step.start : step.end])["type"] for step in trace.steps]


def test_failed_tests_are_no_verdict_when_the_verifier_gave_none(write: Write) -> None:
    path = job(write, reward=None)
    write("jobs/j1/hello-world__abc123/verifier/reward.txt", "0.4")

    episode = only(path)

    assert "none" == episode.outcome
    assert ["t"] == [signal.detail for signal in episode.signals if signal.name == "test-failed"]


def test_a_killed_trial_has_its_configuration_and_no_outcome(write: Write) -> None:
    path = job(write)
    trial = path / "j1" / "hello-world__abc123"
    (trial / "result.json").unlink()
    (trial / "verifier" / "reward.txt").unlink()

    episode = only(path)

    assert ("harbor", "hello-world", "none") == (episode.repository, episode.task, episode.outcome)


def test_continuations_are_one_run_and_a_shortened_context_is_a_helpers(write: Write, tmp_path: Path) -> None:
    write("j/t__1/result.json", result(0.0))
    write("j/t__1/agent/trajectory.json", atif("a", "b"))
    write("j/t__1/agent/trajectory.cont-1.json", atif("c"))
    write("j/t__1/agent/trajectory.summarization-1-summary.json", atif("s", session="s1-summarization-1"))
    trace = only(tmp_path).trace

    assert trace is not None
    assert [("main", "a"), ("main", "b"), ("main", "c"), ("subagent", "s")] == [
        (step.origin, call.command) for step in trace.steps for call in step.calls
    ]


@pytest.mark.parametrize("given", ["jobs", "jobs/j1", "jobs/j1/hello-world__abc123"])
def test_an_attempt_has_the_same_name_wherever_one_looks_from(given: str, write: Write, tmp_path: Path) -> None:
    job(write)

    assert only(tmp_path / given).id == "terminal-bench-2.0/hello-world/j1/hello-world__abc123"


def test_a_zipped_job_is_read_trial_by_trial(write: Write, tmp_path: Path) -> None:
    path = job(write)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(path).as_posix())

    episode = only(tmp_path / "a.zip")

    assert ("terminal-bench-2.0/hello-world/j1/hello-world__abc123", "pass") == (episode.id, episode.outcome)
    assert episode.trace is not None
    assert open_source(episode.trace.sources[0].path) is not None
