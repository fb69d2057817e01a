"""A trial of a Terminal-Bench run is one attempt; what its verdict does not say, nobody guesses."""

from pathlib import Path

import pytest

from bot.model import Episode
from bot.signals.collect import collect
from tests.signals.layouts.conftest import Write, stream

TRIAL = "hello.1-of-2.2026-01-02__03-04-05"


def result(resolved: bool | None, mode: str = "unset") -> dict[str, object]:
    """`results.json` of a trial."""
    return {
        "id": "0", "trial_name": TRIAL, "task_id": "hello", "instruction": "Say hello", "is_resolved": resolved,
        "failure_mode": mode, "parser_results": {"test_a": "passed" if resolved else "failed"},
        "total_input_tokens": 0, "total_output_tokens": 0, "trial_started_at": "2026-01-02T03:04:06",
    }  # fmt: skip


def run(write: Write, resolved: bool | None = True, mode: str = "unset") -> None:
    """A run of one trial."""
    write("runs/r1/run_metadata.json", {"run_id": "r1", "dataset_name": "tb-core", "agent_name": "claude-code",
                                        "model_name": "anthropic/claude-x"})  # fmt: skip
    write("runs/r1/results.json", {"results": [result(resolved, mode)], "n_resolved": 1, "n_unresolved": 0})
    write(f"runs/r1/hello/{TRIAL}/results.json", result(resolved, mode))
    write(f"runs/r1/hello/{TRIAL}/agent-logs/claude.jsonl", stream("ls"))
    write(f"runs/r1/hello/{TRIAL}/sessions/agent.log", "$ ls\n")
    write(
        f"runs/r1/hello/{TRIAL}/sessions/junit.xml", '<testsuite><testcase name="a"><failure/></testcase></testsuite>'
    )


def only(path: Path) -> Episode:
    (episode,) = collect([path])
    return episode


def test_a_repository_with_a_folder_named_results_is_left_alone(write: Write, tmp_path: Path) -> None:
    write("shop/results/results.json", {"results": [1, 2], "n": 3})
    write("shop/results/other/results.json", {"task_id": 3, "is_resolved": True})

    assert [] == [one for one in collect([tmp_path]) if one.joined == "layout"]


@pytest.mark.parametrize(
    ("resolved", "mode", "outcome"),
    [(True, "agent_timeout", "pass"), (False, "unset", "fail"), (None, "agent_timeout", "none")],
)
def test_only_what_the_trial_resolved_is_an_outcome(
    resolved: bool | None, mode: str, outcome: str, write: Write, tmp_path: Path
) -> None:
    run(write, resolved, mode)

    episode = only(tmp_path / "runs")

    assert outcome == episode.outcome
    assert ("tb-core", "hello", f"tb-core/hello/r1/{TRIAL}") == (episode.repository, episode.task, episode.id)
    assert (episode.agent.name, episode.agent.model) == ("claude-code", "claude-x")
    assert episode.trace is not None
    assert len(episode.reports) == 1


def test_a_runs_own_list_of_trials_is_no_attempt_but_alone_it_is_read(write: Write, tmp_path: Path) -> None:
    run(write)
    write("alone/x/results.json", {"results": [result(True)], "n_resolved": 1, "n_unresolved": 0})

    assert 1 == len(list(collect([tmp_path / "runs"])))
    assert 1 == len(list(collect([tmp_path / "alone"])))


@pytest.mark.parametrize("given", ["runs", "runs/r1", "runs/r1/hello", f"runs/r1/hello/{TRIAL}"])
def test_an_attempt_has_the_same_name_wherever_one_looks_from(given: str, write: Write, tmp_path: Path) -> None:
    run(write)

    assert only(tmp_path / given).id == f"tb-core/hello/r1/{TRIAL}"
