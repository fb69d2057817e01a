"""Formats are told apart by what a file holds, never by its name."""

from __future__ import annotations

import io

import pytest

from bot.errors import UserError
from bot.signals import transcripts

OURS = {form.name for form in transcripts.FORMATS}

STRANGERS = {
    "iflow": b'{"uuid":"26ce631f-b136","parentUuid":null,"sessionId":"session-5de701fc-7454-4858-a249-95cac4fd3b51",'
    b'"timestamp":"t","type":"user","isSidechain":false,"message":{"role":"user","content":"hi"}}\n',
    "qwen": b'{"uuid":"a","parentUuid":null,"sessionId":"b","timestamp":"t","type":"user","message":{"role":"user",'
    b'"parts":[{"text":"hi"}]}}\n',
    "qwen after its telemetry": b'{"uuid":"a","parentUuid":null,"sessionId":"b","timestamp":"t","type":"system",'
    b'"subtype":"ui_telemetry","systemPayload":{}}\n{"uuid":"c","parentUuid":"a","sessionId":"b","timestamp":"t",'
    b'"type":"assistant","message":{"role":"model","parts":[{"text":"hi"}]}}\n',
    "amp": b'{"type":"system","subtype":"init","cwd":"/a","session_id":"T-1234","tools":[],"mcp_servers":[]}\n',
    "pi": b'{"type":"session","version":3,"id":"a","cwd":"/a"}\n{"type":"message","id":"b","message":{}}\n',
    "tau2": b'{"timestamp":"t","info":{},"tasks":[],"simulations":[]}',
    "cline": b'[{"ts":1,"type":"say","say":"text","text":"hi"}]',
    "grok": b'{"type":"system","content":"You are Grok"}\n{"type":"user","content":[{"type":"text","text":"a"}]}\n',
    "json": b'{"a": 1}',
    "list": b"[1, 2]",
    "scalar": b"42",
    "text": b"not json {{ at all",
    "empty": b"",
    "gzip": b"\x1f\x8b\x08\x00\x00",
    "zip": b"PK\x03\x04",
}


@pytest.mark.parametrize("head", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_stranger_is_unknown_whatever_it_is_called(head: bytes) -> None:
    found = transcripts.sniff(head, "claude-execution-output.json")

    assert found == "unknown"


OWN = {
    "claude-code-session": b'{"parentUuid":null,"sessionId":"a","type":"user","message":{"role":"user","content":"hi"},'
    b'"uuid":"b","timestamp":"t"}\n',
    "claude-stream-json": b'{"type":"system","subtype":"init","session_id":"a","tools":[],"claude_code_version":"2"}\n',
    "claude-execution": b'[\n  {\n    "type": "system",\n    "subtype": "init",\n    "session_id": "a"\n  }\n]',
    "copilot-events": b'{"type":"session.start","data":{"sessionId":"a","producer":"copilot-agent"}}\n',
    "gemini-session": b'{"sessionId":"a","projectHash":"b","messages":[{"type":"user","content":"hi"}]}',
    "cursor-stream": b'{"type":"system","subtype":"init","apiKeySource":"login","cwd":"/a","session_id":"b",'
    b'"model":"c","permissionMode":"default"}\n{"type":"tool_call","subtype":"started","session_id":"b"}\n',
    "codex-exec": b'{"type":"thread.started","thread_id":"a"}\n{"type":"turn.started"}\n',
    "opencode-stream": b'{"type":"step_start","sessionID":"ses_1","part":{}}\n',
    "gemini-stream-json": b'{"type":"init","timestamp":"t","session_id":"a","model":"m"}\n',
    "opencode": b'{\n  "info": {\n    "id": "ses_1"\n  },\n  "messages": []\n}\n',
    "codex-rollout": b'{"timestamp":"t","type":"session_meta","payload":{"id":"a","cwd":"/a"}}\n',
    "atif": b'{"schema_version": "ATIF-v1.6", "session_id": "a", "agent": {"name": "b", "version": "1"}, "steps": []}',
    "swe-agent": b'{"environment": "swe_main", "trajectory": [{"action": "ls", "observation": ""}], "history": []}',
    "mini-swe-agent": b'{"info": {"mini_version": "2.0.0"}, "messages": [], "trajectory_format": "mini-swe-agent-1.1"}',
    "openhands-v0": b'[{"id":0,"timestamp":"t","source":"user","message":"hi","action":"message","args":{}}]',
    "openhands-v1": b'{"id":"a","timestamp":"t","source":"agent","thought":[],"kind":"ActionEvent"}\n',
    "tau-bench": b'[{"task_id": 0, "reward": 1.0, "info": {}, "traj": [], "trial": 0}]',
}


@pytest.mark.parametrize(("name", "head"), OWN.items(), ids=OWN.keys())
def test_each_format_is_known_by_its_first_record(name: str, head: bytes) -> None:
    found = [transcripts.sniff(head), transcripts.sniff(b"\xef\xbb\xbf" + head), transcripts.sniff(head[:-2])]

    assert found == [name] * 3


def test_the_first_rollouts_had_a_bare_head() -> None:
    head = b'{"id":"a","timestamp":"t","instructions":null}\n{"type":"message","role":"user","content":[]}\n'

    assert transcripts.sniff(head) == "codex-rollout"


def test_a_head_cut_inside_its_first_record_is_still_known() -> None:
    head = b'{"sessionId":"a","type":"user","timestamp":"t","message":{"role":"user","content":"' + b"x" * 70_000

    assert transcripts.sniff(head[:4_096]) == "claude-code-session"


@pytest.mark.parametrize(("data", "why"), [(b"", "empty"), (b"\x1f\x8b\x08", "gzip"), (b"words", "no transcript")])
def test_what_is_no_transcript_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(UserError, match=rf"^a\.bin: .*{why}.*\. .+"):
        transcripts.read(io.BytesIO(data), "a.bin")
