"""Gemini CLI: sessions as documents and as lines, and what the stream printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.model import Tokens, Trace, asdict

Read = Callable[..., Trace]
HEAD = {"sessionId": "s", "projectHash": "h", "startTime": "2026-04-14T00:00:00Z", "kind": "main"}


DENIED = "[Operation Cancelled] Reason: User denied execution."
CANCELLED = "[Operation Cancelled] Reason: Operation cancelled"


def message(kind: str, words: str, key: str, calls: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    told = {"id": key, "timestamp": "2026-04-14T00:00:01Z", "type": kind, "content": words}
    return told | ({"toolCalls": list(calls)} if calls else {}) | more


def call(name: str, status: str = "success", output: str = "", error: str = "", **given: Any) -> dict[str, Any]:
    response = {"error": error} if error else {"output": output}
    answer = [{"functionResponse": {"id": "c", "name": name, "response": response}}]
    done = "2026-04-14T00:00:03Z"
    return {"id": "c", "name": name, "args": given, "status": status, "timestamp": done, "result": answer}


def document(*messages: dict[str, Any], **head: Any) -> bytes:
    return json.dumps(HEAD | head | {"messages": list(messages)}, indent=2).encode()


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_infos_and_warnings_are_no_steps(read: Read) -> None:
    trace = read(document(message("info", "an update", "1"), message("warning", "hm", "2")))

    assert (trace.steps, trace.end_reason) == ((), "unknown")


@pytest.mark.parametrize(
    ("one", "status", "exit_code"),
    [
        (call("run_shell_command", "cancelled", error=DENIED), "rejected", None),
        (call("run_shell_command", "cancelled", error=CANCELLED), "aborted", None),
        (call("run_shell_command", output="Output: a\nExit Code: 2", command="make"), "error", 2),
        (call("run_shell_command", output="Output: a", command="make"), "ok", 0),
        (call("run_shell_command", output="Output: a\nSignal: 9", command="make"), "ok", None),
        (call("read_file", "error", error="File not found", absolute_path="/a"), "error", None),
        (call("run_shell_command", "executing", command="x"), "missing", None),
    ],
)  # fmt: skip
def test_how_a_call_ended(read: Read, one: dict[str, Any], status: str, exit_code: int | None) -> None:
    found = read(document(message("gemini", "I run", "1", (one,)))).steps[0].calls[0]

    assert (found.status, found.exit_code) == (status, exit_code)


def test_a_session_tells_prompt_last_word_tokens_and_paths(read: Read, misquoted: Callable[..., list[str]]) -> None:
    tokens = {"input": 9, "output": 2, "cached": 4, "thoughts": 3, "total": 14}
    data = document(
        message("user", "do it", "1"),
        message("gemini", "I look é", "2", (call("replace", file_path="/w/a.py"),), tokens=tokens, model="m"),
        message("gemini", "done", "3", tokens=tokens),
    )
    trace = read(data)
    (edit,) = trace.steps[0].calls

    assert (trace.prompt, trace.final, trace.end_reason, trace.session) == ("do it", "done", "finished", "s")
    assert (trace.tokens, trace.agent.model) == (Tokens(18, 10, 8), "m")
    assert (edit.kind, edit.paths, edit.duration_ms) == ("edit", ("/w/a.py",), 2000)
    assert misquoted(data, trace) == []


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (message("gemini", "done", "9"), "finished"),
        (message("user", "more", "9"), "unknown"),
        (message("error", "API Error: fetch failed", "9"), "error"),
        (message("error", "You exceeded your current quota", "9"), "limit"),
        (message("info", "Request cancelled.", "9"), "aborted"),
        (message("info", "Checkpoint saved", "9"), "finished"),
        (message("gemini", "", "9", (call("glob", "executing"),)), "killed"),
        (message("gemini", "I look", "9", (call("glob"),)), "unknown"),
    ],
)
def test_the_end_of_a_run(read: Read, last: dict[str, Any], reason: str) -> None:
    assert read(document(message("gemini", "one", "1"), last)).end_reason == reason


def test_a_document_cut_off_was_killed_and_is_told(read: Read) -> None:
    data = document(message("gemini", "one", "1"), message("gemini", "two", "2"))[:-40]
    trace = read(data)

    assert ([step.quote for step in trace.steps], trace.end_reason) == (["one"], "killed")
    assert trace.warnings


def test_in_lines_a_message_with_the_same_id_replaces_and_a_rewind_takes_back(read: Read) -> None:
    data = lines(
        HEAD,
        message("user", "do it", "1"),
        message("gemini", "draft", "2"),
        message("gemini", "spoken", "2", (call("glob"),)),
        message("user", "no", "3"),
        message("gemini", "taken back", "4"),
        {"$rewindTo": "3"},
        {"$set": {"messages": [message("gemini", "spoken", "2"), message("gemini", "kept", "5")]}},
    )
    trace = read(data)

    assert [(step.quote, len(step.calls)) for step in trace.steps] == [("spoken", 1), ("kept", 0)]
    assert (trace.format, trace.warnings) == ("gemini-session", ())


def test_lines_and_document_of_one_session_are_read_alike(read: Read) -> None:
    said = [
        message("user", "do it", "1"),
        message("gemini", "I look", "2", (call("glob"),)),
        message("gemini", "x", "3"),
    ]
    one, two = read(document(*said)), read(lines(HEAD, *said))
    places = ("sources", "steps")

    assert {k: v for k, v in asdict(one).items() if k not in places} == {
        k: v for k, v in asdict(two).items() if k not in places
    }
    assert [step.quote for step in one.steps] == [step.quote for step in two.steps]


def test_a_subagents_session_bears_its_origin(read: Read) -> None:
    assert [step.origin for step in read(document(message("gemini", "one", "1"), kind="subagent")).steps] == [
        "subagent"
    ]


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": "2026-04-14T00:00:01Z", **more}


INIT = event("init", session_id="s", model="m")


def test_the_parts_of_a_text_are_one_step_with_its_calls(read: Read, misquoted: Callable[..., list[str]]) -> None:
    data = lines(
        INIT,
        event("message", role="user", content="do it"),
        event("message", role="assistant", content="I lo", delta=True),
        event("message", role="assistant", content="ok", delta=True),
        event("tool_use", tool_name="run_shell_command", tool_id="c", parameters={"command": "make"}),
        event("tool_result", tool_id="c", status="success", output="boom\nExit Code: 2"),
        event("message", role="assistant", content="done", delta=True),
        event("result", status="success", stats={"input_tokens": 9, "output_tokens": 2, "cached": 4}),
    )
    trace = read(data)
    (one,) = trace.steps[0].calls

    assert [(step.quote, len(step.calls)) for step in trace.steps] == [("I lo", 1), ("done", 0)]
    assert (one.status, one.exit_code, one.command) == ("error", 2, "make")
    assert (trace.prompt, trace.final, trace.end_reason, trace.tokens) == ("do it", "done", "finished", Tokens(9, 2, 4))
    assert misquoted(data, trace) == []


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (event("result", status="success"), "finished"),
        (event("result", status="error", error={"type": "FatalTurnLimitedError", "message": "x"}), "limit"),
        (event("result", status="error", error={"type": "ApiError", "message": "x"}), "error"),
        (event("result", status="error", error={"type": "E", "message": "Reached max session turns"}), "limit"),
        (event("tool_use", tool_name="glob", tool_id="c", parameters={}), "killed"),
        (event("message", role="assistant", content="done"), "unknown"),
    ],
)
def test_the_end_of_a_stream(read: Read, last: dict[str, Any], reason: str) -> None:
    assert read(lines(INIT, last)).end_reason == reason
