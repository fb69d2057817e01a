"""Cursor's stream: texts and calls become steps, a text that is printed again as a whole counts once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.model import Tokens, Trace

Read = Callable[..., Trace]


def event(kind: str, subtype: str | None = None, **more: Any) -> bytes:
    record = {"type": kind, "session_id": "s", **more} | ({"subtype": subtype} if subtype else {})
    return json.dumps(record).encode() + b"\n"


INIT = event("system", "init", apiKeySource="login", cwd="/w", model="m", permissionMode="default")


def says(words: str, **more: Any) -> bytes:
    return event("assistant", message={"role": "assistant", "content": [{"type": "text", "text": words}]}, **more)


def tool(subtype: str, name: str, key: str = "c1", result: dict[str, Any] | None = None, **given: Any) -> bytes:
    body = {"args": given} | ({"result": result} if result is not None else {})
    return event("tool_call", subtype, call_id=key, tool_call={f"{name}ToolCall": body})


def only(read: Read, *lines: bytes) -> Trace:
    return read(INIT + b"".join(lines))


def test_a_text_printed_in_pieces_and_once_more_counts_once(read: Read) -> None:
    trace = only(read, says("I lo", timestamp_ms=1), says("ok", timestamp_ms=2), says("I look"))

    assert [step.quote for step in trace.steps] == ["I lo"]
    assert trace.final == "I look"


@pytest.mark.parametrize(
    ("result", "status", "exit_code", "timed_out"),
    [
        ({"rejected": {"reason": "no"}}, "rejected", None, False),
        ({"success": {"exitCode": 0, "stdout": "a"}}, "ok", 0, False),
        ({"success": {"exitCode": 2, "stderr": "boom"}}, "error", 2, False),
        ({"failure": {"exitCode": 1, "stdout": "boom"}}, "error", 1, False),
        ({"error": {"errorMessage": "no such file"}}, "error", None, False),
        ({"timeout": {"stdout": ""}}, "error", None, True),
    ],
)
def test_how_a_call_ended(
    read: Read, result: dict[str, Any], status: str, exit_code: int | None, timed_out: bool
) -> None:
    begun, done = tool("started", "shell", command="make"), tool("completed", "shell", result=result, command="make")
    (call,) = only(read, begun, done).steps[0].calls

    assert (call.name, call.command) == ("shell", "make")
    assert (call.status, call.exit_code, call.timed_out) == (status, exit_code, timed_out)


def test_what_is_said_and_called_up_to_an_answer_is_one_step(read: Read, misquoted: Callable[..., list[str]]) -> None:
    done = {"success": {"exitCode": 0, "stdout": "1 passed", "executionTime": 12}}
    data = INIT + b"".join([
        event("user", message={"role": "user", "content": [{"type": "text", "text": "do it"}]}),
        says("I look"),
        tool("started", "read", path="/w/a.py"),
        tool("completed", "read", result={"success": {"content": "x"}}, path="/w/a.py"),
        tool("started", "shell", "c2", command="pytest | tail"),
        tool("completed", "shell", "c2", done, command="pytest | tail"),
        says("done"),
        event("result", "success", is_error=False, result="done",
              usage={"inputTokens": 5, "outputTokens": 2, "cacheReadTokens": 4, "cacheWriteTokens": 0}),
    ])  # fmt: skip
    trace = read(data)
    look, check = (call for step in trace.steps for call in step.calls)

    assert [(step.quote, len(step.calls)) for step in trace.steps] == [("I look", 1), ("pytest | tail", 1), ("done", 0)]
    assert (look.kind, look.paths, check.duration_ms) == ("read", ("/w/a.py",), 12)
    assert check.check is not None
    assert check.check.outcome == "pass"
    assert (trace.prompt, trace.final, trace.end_reason, trace.tokens) == ("do it", "done", "finished", Tokens(9, 2, 4))
    assert (trace.session, trace.cwd, trace.agent.model) == ("s", "/w", "m")
    assert misquoted(data, trace) == []


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (event("result", "success", is_error=False, result="x"), "finished"),
        (event("result", "error", is_error=True, result="boom"), "error"),
        (event("result", "error", is_error=True, result="You've hit your usage limit"), "limit"),
        (tool("started", "shell", command="x"), "killed"),
        (says("done"), "unknown"),
    ],
)
def test_the_end_of_a_run(read: Read, last: bytes, reason: str) -> None:
    assert only(read, last).end_reason == reason


def test_a_call_id_with_a_raw_newline_is_put_together(read: Read) -> None:
    begun = tool("started", "shell", "call_1\nfc_2", command="x").replace(b"\\n", b"\n")
    trace = only(read, begun, tool("completed", "shell", "call_1\nfc_2", {"success": {}}, command="x"))

    assert [[call.status for call in step.calls] for step in trace.steps] == [["ok"]]


def test_a_tool_of_another_server_has_its_own_name(read: Read) -> None:
    call = {"mcpToolCall": {"args": {"name": "docs-find", "toolName": "find", "args": {"q": "x"}}}}
    trace = only(read, event("tool_call", "started", call_id="c", tool_call=call))

    assert [call.name for call in trace.steps[0].calls] == ["find"]
