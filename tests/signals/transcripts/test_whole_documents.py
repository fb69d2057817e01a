"""Whole documents of five formats: whatever the bytes, no crash, no silent loss, and no quote that is not there."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.model import Trace
from bot.signals import transcripts

OURS = ("atif", "swe-agent", "mini-swe-agent", "openhands-v0", "openhands-v1")
Misquoted = Callable[[bytes, Trace], list[str]]

CALL = {"tool_call_id": "a", "function_name": "Bash", "arguments": {"command": "make"}}
RESULT = {"source_call_id": "a", "content": "Exit code: 2\nboom \u2028 é"}
ATIF = {
    "schema_version": "ATIF-v1.8", "session_id": "s", "agent": {"name": "a", "version": "1"}, "steps": [
        {"step_id": 1, "source": "user", "message": "Mend it"},
        {"step_id": 2, "source": "agent", "message": "I é build", "tool_calls": [CALL],
         "observation": {"results": [RESULT]}},
        {"step_id": 3, "source": "agent", "message": [{"type": "text", "text": "All mended."}]},
    ],
    "final_metrics": {"total_cost_usd": 0.1},
    "subagent_trajectories": [{"steps": [{"step_id": 1, "source": "agent", "message": "deep"}]}],
}  # fmt: skip
TRAJ = {
    "environment": "swe_main", "trajectory": [
        {"action": "open a.py 3", "observation": "[File: /a.py]", "thought": "Look", "state": '{"working_dir": "/w"}'},
        {"action": "pytest", "observation": "1 failed", "thought": "I té st", "state": {"open_file": "/w/a.py"}},
        {"action": "submit", "observation": "diff", "thought": "Done", "state": ""},
    ],
    "history": [{"role": "user", "content": "Mend it"}], "info": {"exit_status": "submitted"},
}  # fmt: skip
MINI = {
    "info": {"mini_version": "1.9", "exit_status": "Submitted"}, "messages": [
        {"role": "system", "content": "x"}, {"role": "user", "content": "Mend it"},
        {"role": "assistant", "content": "I é look\n```bash\nls -la\n```"},
        {"role": "user", "content": "<returncode>1</returncode>\n<output>\nno é\n</output>"},
        {"role": "assistant", "content": "I try", "tool_calls": [
            {"id": "c", "function": {"name": "bash", "arguments": '{"command": "make"}'}}]},
        {"role": "tool", "tool_call_id": "c", "content": "boom", "extra": {"returncode": 2, "timestamp": 1.7e9}},
    ],
    "trajectory_format": "mini-swe-agent-1",
}  # fmt: skip
OLD = [
    {"id": 0, "timestamp": "t", "source": "user", "message": "", "action": "message", "args": {"content": "Mend it"}},
    {"id": 1, "timestamp": "t", "source": "agent", "message": "", "action": "run",
     "args": {"command": "make é", "thought": "I build"}, "tool_call_metadata": {"model_response": {"id": "r"}}},
    {"id": 2, "timestamp": "t", "source": "agent", "message": "", "cause": 1, "observation": "run", "content": "boom",
     "extras": {"metadata": {"exit_code": 2}}},
    {"id": 3, "timestamp": "t", "source": "agent", "message": "", "action": "finish",
     "args": {"final_thought": "Done"}},
]  # fmt: skip
OUTPUT = {"instance_id": "x", "test_result": {}, "instruction": "Mend it", "history": OLD, "error": None}
NEW = [
    {"id": "a", "timestamp": "t", "source": "agent", "thought": [{"text": "I build"}], "action": {"command": "make é"},
     "tool_name": "terminal", "tool_call_id": "c", "llm_response_id": "r", "kind": "ActionEvent"},
    {"id": "b", "timestamp": "t", "source": "environment", "tool_call_id": "c", "observation": {
        "content": [{"text": "boom"}], "exit_code": 2}, "kind": "ObservationEvent"},
    {"id": "d", "timestamp": "t", "source": "agent", "llm_message": {"content": [{"text": "Done"}]},
     "kind": "MessageEvent"},
]  # fmt: skip
VALUES: list[object] = [ATIF, TRAJ, MINI, OLD, OUTPUT, NEW]


def jsonl(records: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


VALID = {
    **{
        f"{name} {'compact' if indent is None else 'pretty'}": json.dumps(
            value, indent=indent, ensure_ascii=indent is None
        ).encode()
        for name, value in [("atif", ATIF), ("swe-agent", TRAJ), ("mini", MINI), ("old", OLD), ("new", NEW)]
        for indent in (None, 2)
    },
    "output": jsonl([OUTPUT, OUTPUT]),  # type: ignore[list-item]
    "events": jsonl(NEW),  # type: ignore[arg-type]
}


def read(data: bytes) -> list[Trace]:
    return transcripts.read(io.BytesIO(data), "a")


@pytest.mark.parametrize("name", VALID)
def test_cut_off_anywhere_a_file_loses_nothing_silently(name: str, misquoted: Misquoted) -> None:
    data = VALID[name]
    whole = [(step.start, step.quote) for trace in read(data) for step in trace.steps]
    rows = name in ("output", "events")
    ends = {place for place in range(len(data)) if rows and b"\n" in data[max(0, place - 1) : place + 1]}
    for end in range(len(data.rstrip())):
        try:
            found = read(data[:end])
        except UserError:
            continue
        steps = [(step.start, step.quote) for trace in found for step in trace.steps]

        assert {start for start, _quote in steps} <= {start for start, _quote in whole}
        assert end in ends or any(trace.warnings for trace in found), end
        assert [misquoted(data[:end], trace) for trace in found] == [[]] * len(found)
        assert {trace.sources[0].size for trace in found} == {end}


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
    b",",
    b'{"role":',
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound file with a few ranges cut out, doubled, or replaced by junk."""
    data = draw(st.sampled_from(list(VALID.values())))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        kept = data[start:end] if draw(st.booleans()) else b""
        data = data[:start] + draw(st.sampled_from(JUNK)) + kept + data[end:]
    return data


@st.composite
def reshaped(draw: st.DrawFn) -> bytes:
    """Sound JSON with values of the wrong shape."""
    value = json.loads(json.dumps(draw(st.sampled_from(VALUES))))
    odd = [
        None,
        True,
        0,
        -1,
        1e300,
        10**40,
        "",
        "x",
        [],
        {},
        [None],
        ["x"],
        {"type": 3},
        [{"text": 1}],
        [[[]]],
        "\ud83c",
    ]
    for _ in range(draw(st.integers(1, 4))):
        spot = value
        while isinstance(spot, dict | list) and spot:
            key = draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
            if not isinstance(spot[key], dict | list) or draw(st.booleans()):
                spot[key] = json.loads(json.dumps(draw(st.sampled_from(odd))))
                break
            spot = spot[key]
    return json.dumps(value, indent=draw(st.sampled_from([None, 1]))).encode()


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=250, deadline=None)
@given(data=st.one_of(st.binary(max_size=200), damaged(), reshaped()))
def test_no_reader_crashes_or_misquotes(name: str, misquoted: Misquoted, data: bytes) -> None:
    reader = next(form.read for form in transcripts.FORMATS if form.name == name)
    found = reader(transcripts.Lines(io.BytesIO(data)), "a")

    assert [misquoted(data, trace) for trace in found] == [[]] * len(found)
    assert {(trace.sources[0].size, trace.format) for trace in found} == {(len(data), name)}


@settings(max_examples=250, deadline=None)
@given(data=damaged())
@example(data=VALID["old compact"].replace(b'"id": 0', b'"id":1e9990'))
@example(data=VALID["atif compact"].replace(b"0.1", b"1e999"))
@example(data=VALID["swe-agent compact"].replace(b'"swe_main"', b"1e999"))
def test_what_is_no_sound_json_is_never_read_silently(data: bytes) -> None:
    if _is_sound(data) or all(_is_sound(line) for line in data.split(b"\n") if line.strip()):
        return
    try:
        found = read(data)
    except UserError:
        return

    assert any(trace.warnings for trace in found)


def _is_sound(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return False
    return True


def counted(form: str, data: bytes) -> tuple[int, int]:
    """Steps and calls of a file, counted without any code of ours."""
    if form == "openhands-v1" and not data.startswith(b'{"id"'):
        return 0, 0
    if form == "openhands-v1":
        events = [json.loads(line) for line in data.split(b"\n") if line]
        made = [event for event in events if event["kind"] == "ActionEvent"]
        return len({event["llm_response_id"] for event in made}), len(made)
    if form == "openhands-v0":
        lines = [json.loads(line) for line in data.split(b"\n") if line] if data[:1] == b"{" else []
        runs = [line["history"] for line in lines] or [json.loads(data)]
        made = [event for run in runs for event in run if event.get("action") not in (None, *NO_ACTION)]
        made = [event for event in made if event["action"] != "message" or event.get("source") == "agent"]
        return len(made), sum(event["action"] != "message" for event in made)
    value = json.loads(data)
    if form == "swe-agent":
        return len(value["trajectory"]), sum(bool(step["action"].strip()) for step in value["trajectory"])
    if form == "mini-swe-agent":
        messages = value if isinstance(value, list) else value["messages"]
        said = [message["content"] for message in messages if message["role"] == "assistant"]
        return len(said), sum(len(re.findall(r"```\w+\n", text)) == 1 for text in said)
    steps = [step for step in value["steps"] if step["source"] == "agent" and not step.get("is_copied_context")]
    return len(steps), sum(len(step.get("tool_calls") or ()) or in_text(step["message"]) for step in steps)


NO_ACTION = ("system", "recall", "change_agent_state")


def in_text(said: str) -> int:
    if not said.startswith("{"):
        return said.count("<function=")
    try:
        value = json.loads(said)
    except ValueError:
        return 0
    return len(value.get("commands", ())) + bool(value.get("task_complete"))


def test_every_shared_file_has_the_steps_and_calls_that_are_counted_by_hand(
    shared: Path, manifest: list[dict[str, str]]
) -> None:
    wrong = []
    for row in manifest:
        if row["expect"] not in OURS:
            continue
        data = (shared / row["path"]).read_bytes()
        steps = [step for trace in read(data) for step in trace.steps]
        found = (len(steps), sum(len(step.calls) for step in steps))
        if found != counted(row["expect"], data):
            wrong.append((row["path"], counted(row["expect"], data), found))

    assert wrong == []


def test_every_shared_file_of_these_formats_may_be_cut_anywhere(
    shared: Path, manifest: list[dict[str, str]], misquoted: Misquoted
) -> None:
    rows = [row for row in manifest if row["expect"] in OURS]
    for row in rows:
        data = (shared / row["path"]).read_bytes()
        for part in range(1, 8):
            end = len(data) * part // 8
            try:
                found = read(data[:end])
            except UserError:
                continue

            assert any(trace.warnings for trace in found), (row["path"], end)
            assert [misquoted(data[:end], trace) for trace in found] == [[]] * len(found)
    assert len(rows) == 28
