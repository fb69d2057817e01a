"""OpenCode: the export of a session, and what its run printed; subagents join their parent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.model import Tokens, Trace
from bot.signals.transcripts.joining import join

Read = Callable[..., Trace]
SPENT = {"input": 5, "output": 2, "reasoning": 1, "cache": {"read": 4, "write": 3}}


def part(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": "prt_1", "sessionID": "ses_1", "messageID": "msg_1", **more}


def tool(
    name: str, status: str = "completed", key: str = "c1", exit_code: int | None = None, **more: Any
) -> dict[str, Any]:
    state = {"status": status, "time": {"start": 1000, "end": 3500}, "metadata": {"exit": exit_code}, **more}
    return part("tool", callID=key, tool=name, state=state)


def says(*parts: dict[str, Any], finish: str = "tool-calls", **more: Any) -> dict[str, Any]:
    info = {
        "role": "assistant",
        "modelID": "m",
        "cost": 0.25,
        "tokens": SPENT,
        "finish": finish,
        "time": {"created": 1},
    }
    return {"info": info | more, "parts": list(parts)}


def asks(words: str) -> dict[str, Any]:
    return {"info": {"role": "user", "time": {"created": 1_776_105_641_982}}, "parts": [part("text", text=words)]}


def export(*messages: dict[str, Any], indent: int | None = 2, **more: Any) -> bytes:
    info = {"id": "ses_1", "directory": "/w", "version": "1.4.3", "time": {"created": 1_776_105_641_967}} | more
    return json.dumps({"info": info, "messages": list(messages)}, indent=indent).encode()


def test_the_summary_of_a_compaction_is_no_step(read: Read) -> None:
    compacts = {"info": {"role": "user"}, "parts": [part("compaction", auto=True)]}
    sums_up, goes_on = says(part("text", text="we did"), summary=True), says(part("text", text="onward"))
    trace = read(export(asks("do"), compacts, sums_up, goes_on))

    assert ([step.quote for step in trace.steps], trace.compactions) == (["onward"], 1)


@pytest.mark.parametrize(
    ("one", "status", "exit_code", "timed_out"),
    [
        (tool("bash", "error", error="The user rejected permission to use this tool"), "rejected", None, False),
        (tool("bash", "error", error="Tool execution aborted"), "aborted", None, False),
        (tool("bash", "error", error="boom"), "error", None, False),
        (tool("bash", output="boom", exit_code=2), "error", 2, False),
        (tool("bash", output="fine", exit_code=0), "ok", 0, False),
        (tool("bash", output="x\nbash tool terminated command after exceeding timeout 60000 ms"), "error", None, True),
        (tool("bash", "running"), "missing", None, False),
    ],
)
def test_how_a_call_ended(read: Read, one: dict[str, Any], status: str, exit_code: int | None, timed_out: bool) -> None:
    (call,) = read(export(asks("do"), says(one))).steps[0].calls

    assert (call.status, call.exit_code, call.timed_out) == (status, exit_code, timed_out)


@pytest.mark.parametrize("indent", [2, None])
def test_a_message_is_a_step_with_its_calls(
    read: Read, misquoted: Callable[..., list[str]], indent: int | None
) -> None:
    data = export(
        asks("do it"),
        says(part("reasoning", text="Hm é"), tool("edit", input={"filePath": "/w/a.py"}),
             tool("bash", key="c2", input={"command": "pytest -q"}, output="FAILED a.py::b", exit_code=1)),
        says(part("text", text="done"), finish="stop"),
        indent=indent,
    )  # fmt: skip
    trace = read(data)
    edit, check = trace.steps[0].calls

    assert [(step.quote, len(step.calls)) for step in trace.steps] == [("Hm é", 2), ("done", 0)]
    assert (edit.kind, edit.paths, edit.duration_ms) == ("edit", ("/w/a.py",), 2500)
    assert check.check is not None
    assert (check.check.outcome, check.check.failing) == ("fail", ("a.py::b",))
    assert (trace.prompt, trace.final, trace.end_reason) == ("do it", "done", "finished")
    assert (trace.tokens, trace.cost_usd, trace.agent.model) == (Tokens(24, 6, 8), 0.5, "m")
    assert trace.started == "2026-04-13T18:40:41.967Z"
    assert misquoted(data, trace) == []


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (says(finish="stop"), "finished"),
        (says(finish="length"), "limit"),
        (says(finish="tool-calls"), "unknown"),
        (says(error={"name": "MessageAbortedError", "data": {"message": "x"}}), "aborted"),
        (says(error={"name": "APIError", "data": {"message": "Bad request"}}), "error"),
        (says(error={"name": "APIError", "data": {"message": "Rate limit exceeded"}}), "limit"),
        (says(tool("bash", "running")), "killed"),
        (asks("more"), "unknown"),
    ],
)
def test_the_end_of_a_run(read: Read, last: dict[str, Any], reason: str) -> None:
    assert read(export(asks("do"), last)).end_reason == reason


def test_a_subagents_session_joins_its_parent(read: Read) -> None:
    parent = read(export(asks("do"), says(part("text", text="done"), finish="stop")), "a.json")
    child = read(export(asks("look"), says(part("text", text="inner"), finish="stop"), id="ses_2", parentID="ses_1"))
    (joined,) = join([child, parent])

    assert [(step.quote, step.origin) for step in joined.steps] == [("done", "main"), ("inner", "subagent")]
    assert (joined.prompt, joined.final) == ("do", "done")


def event(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, "timestamp": 1_776_105_641_967, "sessionID": "ses_1", **more}).encode() + b"\n"


BEGIN = event("step_start", part=part("step-start"))


def test_what_stands_between_two_borders_is_one_step(read: Read, misquoted: Callable[..., list[str]]) -> None:
    data = b"".join([
        BEGIN,
        event("text", part=part("text", text="I look")),
        event("tool_use", part=tool("bash", input={"command": "make"}, output="boom", exit_code=2)),
        event("step_finish", part=part("step-finish", reason="tool-calls", cost=0.5, tokens=SPENT)),
        BEGIN,
        event("text", part=part("text", text="done")),
        event("step_finish", part=part("step-finish", reason="stop", cost=0.5, tokens=SPENT)),
    ])  # fmt: skip
    trace = read(data)
    (call,) = trace.steps[0].calls

    assert [(step.quote, len(step.calls)) for step in trace.steps] == [("I look", 1), ("done", 0)]
    assert (call.status, call.exit_code, call.command) == ("error", 2, "make")
    assert (trace.final, trace.end_reason, trace.tokens, trace.cost_usd) == ("done", "finished", Tokens(24, 6, 8), 1.0)
    assert misquoted(data, trace) == []


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (event("step_finish", part=part("step-finish", reason="stop")), "finished"),
        (event("step_finish", part=part("step-finish", reason="length")), "limit"),
        (event("error", error={"name": "UnknownError", "data": {"message": "x"}}), "error"),
        (event("text", part=part("text", text="and so")), "killed"),
    ],
)
def test_the_end_of_a_stream(read: Read, last: bytes, reason: str) -> None:
    assert read(BEGIN + last).end_reason == reason
