"""tau-bench's runs: one Trace each, with task, repeat and the outcome from the reward."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

from bot.model import Trace
from bot.signals import transcripts


def calls(identity: str, name: str = "get_user") -> dict[str, object]:
    function = {"name": name, "arguments": '{"user_id": "a"}'}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": identity, "function": function}]}


def run(reward: float = 1.0, trial: int = 0, *messages: dict[str, object]) -> dict[str, object]:
    traj = [{"role": "system", "content": "policy"}, {"role": "user", "content": "help"}, *messages]
    return {"task_id": 7, "reward": reward, "info": {}, "traj": traj, "trial": trial}


STOP = {"role": "user", "content": "thanks ###STOP###"}


def read(data: bytes) -> list[Trace]:
    return transcripts.read(io.BytesIO(data), "runs.json")


def test_each_run_is_a_trace_with_task_repeat_and_outcome(misquoted: Callable[..., list[str]]) -> None:
    answer = {"role": "tool", "tool_call_id": "c", "content": "Error: user not found"}
    data = json.dumps(
        [run(1.0, 0, calls("c"), answer, STOP), run(0.0, 1, {"role": "assistant", "content": "Hi"})], indent=2
    )
    found = read(data.encode())

    assert [(trace.task, trace.repeat, trace.outcome, trace.end_reason) for trace in found] == [
        ("7", "0", "pass", "finished"),
        ("7", "1", "fail", "limit"),
    ]
    assert [call.status for trace in found for step in trace.steps for call in step.calls] == ["error"]
    assert [misquoted(data.encode(), trace) for trace in found] == [[], []]


def test_a_model_that_reuses_call_ids_made_every_call() -> None:
    answer = {"role": "tool", "tool_call_id": "c", "content": "ok"}
    (found,) = read(json.dumps([run(1.0, 0, calls("c"), answer, calls("c"), answer)]).encode())

    assert [[call.status for call in step.calls] for step in found.steps] == [["ok"], ["ok"]]


def test_a_file_cut_off_keeps_its_whole_runs() -> None:
    data = json.dumps([run(1.0, 0, STOP), run(0.0, 1, STOP)], indent=2).encode()
    found = read(data[:-40])

    assert [trace.repeat for trace in found] == ["0"]
    assert "bytes lost" in found[0].warnings[0]


def test_the_shown_conversations_are_read(misquoted: Callable[..., list[str]]) -> None:
    shown = "user: Hi\nassistant: Your id?\nuser: none\nassistant: None\ntool: Error: user not found\nassistant: Sorry"
    data = json.dumps({"messages_display": shown}).encode() + b"\n"
    (found,) = read(data)

    assert [[call.status for call in step.calls] for step in found.steps] == [[], ["error"], []]
    assert (found.outcome, found.final, found.prompt) == ("none", "Sorry", "Hi")
    assert misquoted(data, found) == []
