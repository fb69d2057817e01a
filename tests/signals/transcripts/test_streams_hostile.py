"""Six agents' formats: whatever the bytes, no crash, no silent loss, and no quote that is not there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.model import Trace
from bot.signals import transcripts
from bot.signals.transcripts.lines import Lines

Misquoted = Callable[[bytes, Trace], list[str]]
Record = dict[str, object]

COPILOT: list[Record] = [
    {"type": kind, "data": data, "id": "e", "timestamp": "2026-06-23T23:33:08.406Z", "parentId": None}
    for kind, data in [
        ("session.start", {"sessionId": "s", "version": 1, "producer": "copilot-agent", "context": {"cwd": "/w"}}),
        ("user.message", {"content": "do it"}),
        ("assistant.message", {"messageId": "m1", "content": "I look \u2028 é", "outputTokens": 3, "toolRequests": [
            {"toolCallId": "c", "name": "bash", "arguments": {"command": "make \\ \"é\""}}]}),
        ("tool.execution_start", {"toolCallId": "c", "toolName": "bash", "arguments": {"command": "make"}}),
        ("tool.execution_complete", {"toolCallId": "c", "success": False, "error": {"message": "boom", "code": "x"}}),
        ("assistant.message", {"messageId": "m2", "content": "done", "toolRequests": []}),
        ("session.shutdown", {"shutdownType": "routine", "modelMetrics": {"m": {"usage": {"inputTokens": 1}}}}),
    ]
]  # fmt: skip
EXEC: list[Record] = [
    {"type": "thread.started", "thread_id": "t"},
    {"type": "item.completed", "item": {"id": "i0", "type": "reasoning", "text": "Hm é"}},
    {"type": "item.started", "item": {"id": "i1", "type": "command_execution", "command": "bash -lc 'ls \"a\"'"}},
    {"type": "item.completed", "item": {
        "id": "i1", "type": "command_execution", "command": "bash -lc 'ls \"a\"'", "aggregated_output": "boom",
        "exit_code": 1, "status": "failed"}},
    {"type": "item.completed", "item": {"id": "i2", "type": "agent_message", "text": "done"}},
    {"type": "turn.completed", "usage": {"input_tokens": 1}},
]  # fmt: skip
CALL: Record = {
    "id": "c", "name": "run_shell_command", "args": {"command": "make \"é\""}, "status": "success", "timestamp": "t",
    "result": [{"functionResponse": {"id": "c", "response": {"output": "boom\nExit Code: 2"}}}],
}  # fmt: skip
MESSAGES: list[Record] = [
    {"id": "1", "timestamp": "t", "type": "user", "content": [{"text": "do it"}]},
    {"id": "2", "timestamp": "t", "type": "gemini", "content": "I look é", "toolCalls": [CALL], "tokens": {"input": 1}},
    {"id": "3", "timestamp": "t", "type": "gemini", "content": "done", "thoughts": [{"subject": "Hm"}]},
]
HEAD: Record = {"sessionId": "s", "projectHash": "h", "startTime": "t"}
GEMINI_LINES: list[Record] = [HEAD, *MESSAGES, {"$set": {"lastUpdated": "t"}}]
GEMINI_STREAM: list[Record] = [
    {"type": "init", "timestamp": "t", "session_id": "s", "model": "m"},
    {"type": "message", "timestamp": "t", "role": "assistant", "content": "I look é", "delta": True},
    {"type": "tool_use", "timestamp": "t", "tool_name": "glob", "tool_id": "c", "parameters": {"pattern": "*"}},
    {"type": "tool_result", "timestamp": "t", "tool_id": "c", "status": "error", "error": {"message": "boom"}},
    {"type": "result", "timestamp": "t", "status": "success", "stats": {"input_tokens": 1}},
]
TOOL: Record = {
    "type": "tool", "callID": "c", "tool": "bash", "id": "p", "messageID": "m",
    "state": {"status": "completed", "input": {"command": "make \"é\""}, "output": "boom", "metadata": {"exit": 2}},
}  # fmt: skip
EXPORT: list[Record] = [
    {"info": {"role": "user"}, "parts": [{"type": "text", "text": "do it"}]},
    {"info": {"role": "assistant", "tokens": {"input": 1}}, "parts": [{"type": "text", "text": "I look é"}, TOOL]},
    {"info": {"role": "assistant", "finish": "stop"}, "parts": [{"type": "text", "text": "done"}]},
]
OPENCODE_STREAM: list[Record] = [
    {"type": kind, "timestamp": 1_776_105_641_967, "sessionID": "ses_1", "part": part}
    for kind, part in [
        ("step_start", {"type": "step-start"}),
        ("text", {"type": "text", "text": "I look é"}),
        ("tool_use", TOOL),
        ("step_finish", {"type": "step-finish", "reason": "stop", "tokens": {"input": 1}, "cost": 0.5}),
    ]
]
CURSOR: list[Record] = [
    {"type": "system", "subtype": "init", "apiKeySource": "login", "session_id": "s", "permissionMode": "default"},
    {"type": "assistant", "session_id": "s", "message": {"content": [{"type": "text", "text": "I look é"}]}},
    {"type": "tool_call", "subtype": "started", "session_id": "s", "call_id": "c", "tool_call": {
        "shellToolCall": {"args": {"command": "make"}}}},
    {"type": "tool_call", "subtype": "completed", "session_id": "s", "call_id": "c", "tool_call": {
        "shellToolCall": {"args": {"command": "make"}, "result": {"success": {"exitCode": 1, "stdout": "boom"}}}}},
    {"type": "result", "subtype": "success", "session_id": "s", "is_error": False, "result": "done"},
]  # fmt: skip


def jsonl(records: list[Record]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


STREAMS: dict[str, list[Record]] = {
    "copilot-events": COPILOT, "codex-exec": EXEC, "gemini-session": GEMINI_LINES, "gemini-stream-json": GEMINI_STREAM,
    "opencode-stream": OPENCODE_STREAM, "cursor-stream": CURSOR,
}  # fmt: skip
DOCUMENTS: dict[str, Record] = {
    "gemini-session": HEAD | {"messages": MESSAGES},
    "opencode": {"info": {"id": "ses_1", "directory": "/w"}, "messages": EXPORT},
}
VALID = [
    *[(name, jsonl(records)) for name, records in STREAMS.items()],
    *[(name, json.dumps(one, indent=indent).encode()) for name, one in DOCUMENTS.items() for indent in (None, 2)],
    *[(name, json.dumps(one, indent=2, ensure_ascii=False).encode()) for name, one in DOCUMENTS.items()],
]
READERS = {form.name: form.read for form in transcripts.FORMATS if form.name in {name for name, _data in VALID}}
JUNK = [b"", b"\0", b"\n", b'"', b"{", b"}", b"[", b"]", b"\xff", b"\\ud83c", b"null", b"1e999", b"}{", b",", b"\\"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with a few ranges cut out, doubled, or replaced by junk."""
    _name, data = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        kept = data[start:end] if draw(st.booleans()) else b""
        data = data[:start] + draw(st.sampled_from(JUNK)) + kept + data[end:]
    return data


@st.composite
def reshaped(draw: st.DrawFn) -> bytes:
    """Valid JSON with values of the wrong shape."""
    records = json.loads(json.dumps(draw(st.sampled_from([*STREAMS.values(), *([one] for one in DOCUMENTS.values())]))))
    odd: st.SearchStrategy[object] = st.sampled_from(
        [None, True, 0, -1, 1e300, 10**40, "", "x", [], {}, [None], ["x"], {"type": 3}, [[[]]]]
    )
    for _ in range(draw(st.integers(1, 3))):
        spot = draw(st.sampled_from(records))
        while isinstance(spot, (dict, list)) and spot:
            key = draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
            if not isinstance(spot[key], (dict, list)) or draw(st.booleans()):
                spot[key] = json.loads(json.dumps(draw(odd)))
                break
            spot = spot[key]
    return jsonl(records)


@pytest.mark.parametrize(("name", "data"), VALID, ids=[f"{name}-{place}" for place, (name, _) in enumerate(VALID)])
def test_the_valid_files_are_known_and_read_without_a_warning(name: str, data: bytes, misquoted: Misquoted) -> None:
    (trace,) = transcripts.read(io.BytesIO(data), "a")

    assert (trace.format, transcripts.sniff(data[:4_096]), trace.warnings) == (name, name, ())
    assert sum(len(step.calls) for step in trace.steps) == 1
    assert misquoted(data, trace) == []


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), mutated(), reshaped()))
def test_sniffing_and_reading_never_crash(data: bytes) -> None:
    name = transcripts.sniff(data)
    try:
        found = transcripts.read(io.BytesIO(data), "a")
    except UserError:
        assert name == "unknown"
        return

    assert {trace.format for trace in found} == {name}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@settings(max_examples=200, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), mutated(), reshaped()))
def test_no_reader_crashes_on_the_bytes_of_another(
    reader: Callable[[Lines, str], list[Trace]], data: bytes, misquoted: Misquoted
) -> None:
    found = reader(Lines(io.BytesIO(data)), "a")

    assert [misquoted(data, trace) for trace in found] == [[]] * len(found)
    assert all(trace.sources[0].size == len(data) for trace in found)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(STREAMS)), st.data(), st.integers(0, 400),
    st.sampled_from([b"\0", b'"', b"\xff", b"}{", b"\n", b"\n\n"]),
)  # fmt: skip
def test_damage_to_one_line_leaves_the_others_and_is_told(name: str, data: st.DataObject, at: int, junk: bytes) -> None:
    lines = jsonl(STREAMS[name]).splitlines(keepends=True)
    whole = READERS[name](Lines(io.BytesIO(b"".join(lines))), "a")[0]
    place = data.draw(st.integers(0, len(lines) - 1))
    at = min(at, len(lines[place]) - 1)
    lines[place] = lines[place][:at] + junk + lines[place][at:]
    (trace,) = READERS[name](Lines(io.BytesIO(b"".join(lines))), "a")

    if len(trace.steps) != len(whole.steps):
        assert trace.warnings
    assert len(trace.steps) >= len(whole.steps) - 1


@pytest.mark.parametrize("damaged", [b'"id": "i1", "\xfftype": "', b'"id": "i1", "type": "}{'])
def test_an_item_whose_type_was_damaged_is_told(damaged: bytes) -> None:
    lines = jsonl(STREAMS["codex-exec"]).splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"id": "i1", "type": "', damaged)
    (trace,) = READERS["codex-exec"](Lines(io.BytesIO(b"".join(lines))), "a")

    assert "line 4" in trace.warnings[0]


def test_an_event_whose_type_was_damaged_is_told() -> None:
    data = jsonl(STREAMS["copilot-events"]).replace(b"assistant.message", b"assistant.}{message")
    (trace,) = READERS["copilot-events"](Lines(io.BytesIO(data)), "a")

    assert "assistant.}{message" in trace.warnings[0]


@pytest.mark.parametrize("name", STREAMS)
def test_a_spliced_and_a_cut_line_are_told(name: str) -> None:
    lines = jsonl(STREAMS[name]).splitlines(keepends=True)
    spliced = [lines[0], lines[1][: len(lines[1]) // 2] + lines[2], *lines[3:], lines[-1][:-4]]
    (trace,) = READERS[name](Lines(io.BytesIO(b"".join(spliced))), "a")
    said = " ".join(trace.warnings)

    assert "line 2: " in said
    assert f"line {len(lines)}: " in said
