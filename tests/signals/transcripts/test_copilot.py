"""GitHub Copilot CLI's events: messages become steps, what tools said is told once, borders say how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.model import Tokens, Trace

Read = Callable[..., Trace]


def event(kind: str, at: int = 0, agent: str = "", **data: object) -> bytes:
    record = {"type": kind, "data": data, "id": "e", "timestamp": f"2026-06-23T23:33:{at:02}.000Z", "parentId": None}
    return json.dumps(record | ({"agentId": agent} if agent else {})).encode() + b"\n"


START = event(
    "session.start",
    sessionId="s",
    version=1,
    producer="copilot-agent",
    copilotVersion="1.0.64",
    context={"cwd": "/w", "branch": "main"},
)


def says(words: str, *calls: tuple[str, str, dict[str, object]], key: str = "m1", **more: object) -> bytes:
    requests = [{"toolCallId": call, "name": name, "arguments": given} for call, name, given in calls]
    data: dict[str, Any] = {
        "messageId": key,
        "model": "m",
        "content": words,
        "toolRequests": requests,
        "outputTokens": 5,
    }
    return event("assistant.message", **(data | more))


def begins(call: str, name: str = "bash", at: int = 1, **given: object) -> bytes:
    return event("tool.execution_start", at, toolCallId=call, toolName=name, arguments=given)


def gets(call: str, output: str = "", at: int = 3, **more: object) -> bytes:
    data: dict[str, Any] = {"toolCallId": call, "success": True, "result": {"content": output}}
    return event("tool.execution_complete", at, **(data | more))


def only(read: Read, *lines: bytes) -> Trace:
    return read(START + b"".join(lines))


def test_hooks_repeat_and_a_message_seen_twice_counts_once(read: Read) -> None:
    hook = event("hook.start", hookType="preToolUse", input={"toolName": "bash"})
    trace = only(read, says("hi"), says("hi"), hook, event("session.info", message="x"))

    assert (len(trace.steps), trace.warnings) == (1, ())


def test_a_refusal_is_no_error(read: Read) -> None:
    trace = only(
        read,
        says("I run", ("c1", "bash", {"command": "rm -r x"})),
        gets(
            "c1", success=False, result=None, error={"message": "The user rejected this tool call", "code": "rejected"}
        ),
    )

    assert [call.status for call in trace.steps[0].calls] == ["rejected"]


def test_a_message_and_its_calls_are_one_step(read: Read, misquoted: Callable[..., list[str]]) -> None:
    data = START + b"".join([
        event("user.message", content="do it"),
        says("I look", ("c1", "bash", {"command": "pytest -q"}), ("c2", "view", {"path": "/w/a.py"})),
        begins("c1", command="pytest -q"),
        begins("c2", "view", path="/w/a.py"),
        gets("c1", "FAILED a.py::b - x\n1 failed\n<shellId: 0 completed with exit code 1>"),
        gets("c2", success=False, result=None, error={"message": "Path does not exist", "code": "failure"}),
        says("done", key="m2"),
        event("assistant.turn_end", turnId="1"),
    ])  # fmt: skip
    trace = read(data)
    first, second = trace.steps[0].calls

    assert [(step.quote, len(step.calls)) for step in trace.steps] == [("I look", 2), ("done", 0)]
    assert (first.exit_code, first.status, first.duration_ms) == (1, "error", 2000)
    assert first.check is not None
    assert (first.check.outcome, first.check.failing) == ("fail", ("a.py::b",))
    assert (second.kind, second.paths, second.status, second.error) == (
        "read",
        ("/w/a.py",),
        "error",
        "Path does not exist",
    )
    assert (trace.prompt, trace.final, trace.end_reason) == ("do it", "done", "finished")
    assert (trace.session, trace.cwd, trace.branch, trace.agent.version) == ("s", "/w", "main", "1.0.64")
    assert misquoted(data, trace) == []


def test_a_subagents_steps_bear_their_origin_and_leave_the_last_word(read: Read) -> None:
    inner = event("assistant.message", agent="a", messageId="m2", content="inner", toolRequests=[])
    trace = only(read, says("outer"), inner)

    assert [step.origin for step in trace.steps] == ["main", "subagent"]
    assert trace.final == "outer"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([event("session.shutdown", shutdownType="routine")], "finished"),
        ([event("session.shutdown", shutdownType="error")], "error"),
        ([event("abort", reason="user_initiated")], "aborted"),
        ([event("abort", reason="user_initiated"), event("session.shutdown", shutdownType="routine")], "aborted"),
        ([event("session.error", errorType="quota", message="x")], "error"),
        ([event("session.error", message="You have exceeded your quota")], "limit"),
        ([event("session.task_complete", summary="all done", success=True)], "finished"),
        ([event("assistant.turn_end")], "finished"),
        ([begins("c9", command="x")], "killed"),
        ([event("user.message", content="more")], "unknown"),
    ],
)
def test_the_end_of_a_run(read: Read, lines: list[bytes], reason: str) -> None:
    assert only(read, says("one"), *lines).end_reason == reason


def test_the_shutdown_tells_all_tokens_and_compactions_are_counted(read: Read) -> None:
    used = {"m": {"usage": {"inputTokens": 9, "outputTokens": 2, "cacheReadTokens": 4}}}
    trace = only(
        read,
        says("one"),
        event("session.compaction_complete", success=True),
        event("session.shutdown", shutdownType="routine", modelMetrics=used),
    )

    assert (trace.tokens, trace.compactions) == (Tokens(9, 2, 4), 1)


def test_without_a_shutdown_only_what_was_written_is_known(read: Read) -> None:
    assert only(read, says("one"), says("two", key="m2")).tokens == Tokens(0, 10, 0)
