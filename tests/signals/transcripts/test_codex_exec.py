"""`codex exec --json`: items become steps and calls as in a rollout, and a broken line is put together."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.model import Tokens, Trace

Read = Callable[..., Trace]


def event(kind: str, **more: object) -> bytes:
    return json.dumps({"type": kind, **more}).encode() + b"\n"


def item(kind: str, state: str = "completed", key: str = "item_1", **more: object) -> bytes:
    return event(f"item.{state}", item={"id": key, "type": kind, **more})


START = event("thread.started", thread_id="t") + event("turn.started")
LS: dict[str, Any] = {"command": "/bin/bash -lc 'ls -la'", "aggregated_output": "", "status": "in_progress"}


def only(read: Read, *lines: bytes) -> Trace:
    return read(START + b"".join(lines))


def test_an_error_item_is_a_warning_and_a_todo_list_no_call(read: Read) -> None:
    trace = only(
        read,
        item("error", message="Model metadata for `x` not found."),
        item("todo_list", items=[]),
        event("turn.completed", usage={"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 2}),
    )

    assert (trace.steps, trace.end_reason, trace.tokens) == ((), "finished", Tokens(9, 2, 4))


def test_a_refusal_is_no_error(read: Read) -> None:
    trace = only(read, item("command_execution", command="rm -r x", aggregated_output="", status="declined"))

    assert [call.status for call in trace.steps[0].calls] == ["rejected"]


def test_what_is_said_and_called_up_to_an_answer_is_one_step(read: Read, misquoted: Callable[..., list[str]]) -> None:
    failed: dict[str, Any] = {
        "command": "bash -lc 'pytest -q'",
        "aggregated_output": "FAILED a.py::b\n1 failed",
        "exit_code": 1,
    }
    changes = [{"path": "/w/a.py", "kind": "add"}, {"path": "/w/b.py", "kind": "update"}]
    data = START + b"".join([
        item("reasoning", key="i0", text="**Look first**"),
        item("agent_message", key="i1", text="I look"),
        item("command_execution", "started", key="i2", **LS),
        item("command_execution", key="i2", **(LS | {"exit_code": 0, "status": "completed"})),
        item("command_execution", "started", key="i3", **LS),
        item("command_execution", key="i3", status="failed", **failed),
        item("file_change", key="i4", changes=changes, status="completed"),
        item("mcp_tool_call", key="i5", server="docs", tool="find", arguments={"q": "x"}, status="failed",
             error={"message": "no such tool"}),
        item("agent_message", key="i6", text="done"),
        event("turn.completed", usage={}),
    ])  # fmt: skip
    trace = read(data)
    calls = [call for step in trace.steps for call in step.calls]

    assert [(step.quote, len(step.calls)) for step in trace.steps][:2] == [
        ("**Look first**", 1),
        ("/bin/bash -lc 'ls -la'", 1),
    ]
    assert [(call.name, call.kind, call.status) for call in calls] == [
        ("shell", "shell", "ok"),
        ("shell", "shell", "error"),
        ("apply_patch", "edit", "ok"),
        ("mcp__docs__find", "other", "error"),
    ]
    assert (calls[0].command, calls[2].paths, calls[2].creates) == ("ls -la", ("/w/a.py", "/w/b.py"), ("/w/a.py",))
    assert (trace.session, trace.final, trace.end_reason) == ("t", "done", "finished")
    assert misquoted(data, trace) == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([event("turn.completed", usage={})], "finished"),
        ([event("turn.failed", error={"message": "stream disconnected"})], "error"),
        ([event("error", message="You've hit your usage limit")], "limit"),
        ([event("error", message="Reconnecting 1/5"), event("turn.completed", usage={})], "finished"),
        ([item("command_execution", "started", **LS)], "killed"),
        ([item("agent_message", text="done")], "unknown"),
        ([event("turn.completed", usage={})[:-9]], "killed"),
    ],
)
def test_the_end_of_a_run(read: Read, lines: list[bytes], reason: str) -> None:
    assert only(read, *lines).end_reason == reason


def test_a_time_out_is_marked(read: Read) -> None:
    trace = only(read, item("command_execution", command="x", aggregated_output="", exit_code=124, status="failed"))

    assert [call.timed_out for call in trace.steps[0].calls] == [True]


def test_a_string_broken_by_raw_newlines_is_put_together(read: Read, misquoted: Callable[..., list[str]]) -> None:
    whole = item("mcp_tool_call", server="s", tool="find", arguments={}, status="completed",
                 result={"content": [{"type": "text", "text": "first line\nsecond\nthird"}]})  # fmt: skip
    data = START + whole.replace(b"\\n", b"\n") + item("agent_message", key="i2", text="done")
    trace = read(data)

    assert [len(step.calls) for step in trace.steps] == [1, 0]
    assert trace.warnings == ("line 3: a record broken into 3 lines was put together",)
    assert misquoted(data, trace) == []


def test_a_line_cut_off_does_not_swallow_those_behind_it(read: Read) -> None:
    data = START + item("agent_message", text="lost")[:-20] + b"\n" + item("agent_message", key="i2", text="kept")
    trace = read(data)

    assert [step.quote for step in trace.steps] == ["kept"]
    assert trace.warnings
