"""Whatever the bytes: no crash but a UserError, no silent loss, and no quote that is not there."""

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

SESSION = [
    {"type": "user", "sessionId": "s", "timestamp": "t", "message": {"content": "do it"}},
    {
        "type": "assistant", "sessionId": "s", "uuid": "u1",
        "message": {"id": "m1", "model": "m", "content": [
            {"type": "text", "text": "I run the tests \u2028"},
            {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "cd a && pytest | tail"}},
        ], "usage": {"input_tokens": 3, "output_tokens": 1}},
    },
    {
        "type": "user", "sessionId": "s", "toolUseResult": {"stdout": "x", "interrupted": False},
        "message": {"content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "Exit code 1\nFAILED a.py::b", "is_error": True},
        ]},
    },
    {"type": "system", "subtype": "compact_boundary", "sessionId": "s", "uuid": "c"},
    {"type": "result", "subtype": "success", "is_error": False, "usage": {"input_tokens": 3}, "total_cost_usd": 0.1},
]  # fmt: skip
ROLLOUT = [
    {"timestamp": "t", "type": kind, "payload": payload}
    for kind, payload in [
        ("session_meta", {"id": "a", "cwd": "/w", "git": {"branch": "b"}}),
        ("event_msg", {"type": "token_count", "info": {"total_token_usage": {}}}),
        ("response_item", {
            "type": "function_call", "name": "shell", "call_id": "c",
            "arguments": '{"command":["bash","-lc","ls \\"a\\""]}',
        }),
        ("response_item", {
            "type": "function_call_output", "call_id": "c",
            "output": '{"output":"say \\"no\\"","metadata":{"exit_code":1}}',
        }),
        ("turn_context", {"turn_id": "x", "model": "m"}),
        ("response_item", {
            "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}],
        }),
    ]
]  # fmt: skip
TAU = [
    {"task_id": 1, "reward": 1.0, "info": {}, "trial": 0, "traj": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "Error: x"},
        {"role": "user", "content": "###STOP###"},
    ]},
]  # fmt: skip


def jsonl(records: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


VALID = {
    "session": jsonl(SESSION),
    "execution": json.dumps([SESSION[0] | {"session_id": "s"}, *SESSION[1:]], indent=2)
    .replace('"sessionId"', '"sid"')
    .encode(),
    "rollout": jsonl(ROLLOUT),
    "tau": json.dumps(TAU, indent=1).encode(),
    "few-shot": jsonl([{"messages_display": "user: a\nassistant: b\nassistant: None\ntool: Error: c"}] * 2),
}
READERS = [form.read for form in transcripts.FORMATS]

JUNK = [
    b"",
    b"\0",
    b"\n",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b"\xff",
    b"\\ud83c",
    b"null",
    b"1e999",
    b"-1",
    b'{"type":',
    b",",
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file with a few ranges cut out, doubled, or replaced by junk."""
    data = draw(st.sampled_from(list(VALID.values())))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        data = (
            data[:start] + draw(st.sampled_from(JUNK)) + (data[start:end] if draw(st.booleans()) else b"") + data[end:]
        )
    return data


@st.composite
def reshaped(draw: st.DrawFn) -> bytes:
    """Valid JSON with values of the wrong shape."""
    records = json.loads(json.dumps(draw(st.sampled_from([SESSION, ROLLOUT, TAU]))))
    odd = st.sampled_from(
        [None, True, 0, -1, 1e300, 10**40, "", "x", [], {}, [None], ["x"], {"type": 3}, [{"text": 1}], [[[]]]]
    )
    for _ in range(draw(st.integers(1, 3))):
        spot = draw(st.sampled_from(records))
        while isinstance(spot, (dict, list)) and spot:
            key = draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
            if not isinstance(spot[key], (dict, list)) or draw(st.booleans()):
                spot[key] = json.loads(json.dumps(draw(odd)))
                break
            spot = spot[key]
    return json.dumps(records).encode() if records and "task_id" in (records[0] or {}) else jsonl(records)


def test_the_valid_files_are_known(read: Callable[..., Trace]) -> None:
    known = {name: transcripts.sniff(data) for name, data in VALID.items()}

    assert known == {
        "session": "claude-code-session", "execution": "claude-execution", "rollout": "codex-rollout",
        "tau": "tau-bench", "few-shot": "tau-bench",
    }  # fmt: skip


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


@pytest.mark.parametrize("reader", READERS, ids=[form.name for form in transcripts.FORMATS])
@settings(max_examples=150, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), mutated(), reshaped()))
def test_no_reader_crashes_on_the_bytes_of_another(
    reader: Callable[[Lines, str], list[Trace]], data: bytes, misquoted: Callable[[bytes, Trace], list[str]]
) -> None:
    found = reader(Lines(io.BytesIO(data)), "a")

    assert [misquoted(data, trace) for trace in found] == [[]] * len(found)
    assert all(trace.sources[0].size == len(data) for trace in found)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(SESSION) - 1), st.integers(0, 200), st.sampled_from([b"\0", b'"', b"\xff", b"}{", b"\n"]))
def test_damage_to_one_line_leaves_the_other_lines_and_is_told(place: int, at: int, junk: bytes) -> None:
    lines = jsonl(SESSION).splitlines(keepends=True)
    whole = transcripts.read(io.BytesIO(b"".join(lines)), "a")[0]
    at = min(at, len(lines[place]) - 1)
    lines[place] = lines[place][:at] + junk + lines[place][at:]
    data = b"".join(lines)
    if transcripts.sniff(data) == "unknown":
        return
    (trace,) = transcripts.read(io.BytesIO(data), "a")

    # Damage inside a key makes another key, which nobody can tell; so steps are compared, not what they hold.
    if len(trace.steps) != len(whole.steps):
        assert trace.warnings
    if place != 1:
        assert len(trace.steps) == 1
