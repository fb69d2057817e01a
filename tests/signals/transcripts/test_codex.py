"""Codex's rollouts, old and new: responses become steps, replayed history is left out."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.model import Tokens, Trace

Read = Callable[..., Trace]

OWN = "019f17a5-6d3f-7470-9097-c70f6cefe936"
OLDER = "019f0000-0000-7470-9097-c70f6cefe936"
YOUNGER = "019f17a9-9c58-7092-9809-00ac55858042"


def line(kind: str, at: str = "2026-06-30T08:33:39.451Z", **payload: object) -> bytes:
    return json.dumps({"timestamp": at, "type": kind, "payload": payload}).encode() + b"\n"


def meta(identity: str = OWN, **more: object) -> bytes:
    return line("session_meta", id=identity, cwd="/w", cli_version="0.142.0", **more)


def item(kind: str, **more: object) -> bytes:
    return line("response_item", type=kind, **more)


def says(words: str) -> bytes:
    return item("message", role="assistant", content=[{"type": "output_text", "text": words}])


def asks(words: str) -> bytes:
    return item("message", role="user", content=[{"type": "input_text", "text": words}])


def runs(call_id: str, name: str = "exec_command", **arguments: object) -> bytes:
    return item("function_call", name=name, call_id=call_id, arguments=json.dumps(arguments))


def gets(call_id: str, output: object) -> bytes:
    return item("function_call_output", call_id=call_id, output=output)


def event(kind: str, **more: object) -> bytes:
    return line("event_msg", type=kind, **more)


def only(read: Read, *lines: bytes) -> Trace:
    return read(meta() + b"".join(lines))


def test_what_one_response_says_and_calls_is_one_step(read: Read) -> None:
    trace = only(
        read,
        asks("do it"),
        item("reasoning", summary=[], encrypted_content="gAAAA"),
        says("I look"),
        event("agent_message", message="I look"),
        runs("c1", cmd="ls"),
        runs("c2", cmd="pwd"),
        gets("c1", "Process exited with code 0\nOutput:\na"),
        gets("c2", "Process exited with code 0\nOutput:\n/w"),
        event(
            "token_count", info={"total_token_usage": {"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 2}}
        ),
        says("done"),
        event("task_complete", last_agent_message="done"),
    )

    assert [(step.quote, len(step.calls)) for step in trace.steps] == [("I look", 2), ("done", 0)]
    assert (trace.end_reason, trace.final, trace.prompt, trace.tokens) == ("finished", "done", "do it", Tokens(9, 2, 4))


@pytest.mark.parametrize(
    ("output", "status", "exit_code"),
    [
        ("Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 1\nOutput:\nboom", "error", 1),
        ("Exit code: 0\nWall time: 1 seconds\nOutput:\nExit code: 9", "ok", 0),
        ('{"output":"boom","metadata":{"exit_code":3,"duration_seconds":0.1}}', "error", 3),
        ([{"type": "input_text", "text": "Exit code: 4"}], "error", 4),
        ({"content": "no", "success": False}, "error", None),
        ("apply_patch verification failed: Failed to find expected lines", "error", None),
        ("exec command rejected by user", "rejected", None),
        ("aborted by user after 3.2s", "aborted", None),
        ("Process running with session ID 7\nOutput:\n", "ok", None),
        ("command timed out after 1000 milliseconds", "error", None),
    ],
)
def test_how_a_call_ended(read: Read, output: object, status: str, exit_code: int | None) -> None:
    call = only(read, runs("c1", cmd="x"), gets("c1", output)).steps[0].calls[0]

    assert (call.status, call.exit_code) == (status, exit_code)


def test_a_time_out_is_marked(read: Read) -> None:
    calls = only(
        read, runs("c1", cmd="x"), gets("c1", "command timed out"), runs("c2"), gets("c2", "Exit code: 124")
    ).steps

    assert [step.calls[0].timed_out for step in calls] == [True, True]


def test_old_rollouts_told_the_exit_code_in_an_event(read: Read) -> None:
    end = event("exec_command_end", call_id="c1", exit_code=5, stdout="boom")
    call = only(read, runs("c1", cmd="x"), end, gets("c1", "boom")).steps[0].calls[0]

    assert (call.status, call.exit_code) == ("error", 5)


def test_looking_at_a_process_is_a_poll_and_typing_is_none(read: Read) -> None:
    looks = runs("c1", "write_stdin", session_id=7, chars="")
    types = runs("c2", "write_stdin", session_id=7, chars="y\n")
    trace = only(read, looks, types, runs("c3", "wait_agent"), runs("c4", cmd="sleep 20"))

    assert [call.kind for call in trace.steps[0].calls] == ["poll", "shell", "poll", "poll"]


PATCH = "*** Begin Patch\n*** Add File: a.py\n+x\n*** Update File: b.py\n*** Move to: c.py\n*** End Patch"


@pytest.mark.parametrize(
    "call",
    [
        item("custom_tool_call", name="apply_patch", call_id="c1", input=PATCH),
        runs("c1", "apply_patch", input=PATCH),
        item("function_call", name="apply_patch", call_id="c1", arguments={"patch": PATCH}),
        item("function_call", name="apply_patch", call_id="c1", arguments=PATCH),
        runs("c1", "shell", command=["bash", "-lc", f"apply_patch <<'EOF'\n{PATCH}\nEOF"]),
    ],
    ids=["custom", "arguments", "object", "no-json", "shell"],
)
def test_a_patch_names_its_files(read: Read, call: bytes) -> None:
    (found,) = only(read, call).steps[0].calls

    assert (found.kind, found.paths, found.creates) == ("edit", ("a.py", "b.py", "c.py"), ("a.py",))


def test_a_compaction_counts_none_of_the_history_it_repeats(read: Read) -> None:
    history = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "old"}]}]
    trace = only(read, says("one"), line("compacted", message="", replacement_history=history), says("two"))

    assert ([step.quote for step in trace.steps], trace.compactions) == (["one", "two"], 1)


def test_a_fork_does_not_count_its_parents_items(read: Read) -> None:
    trace = only(
        read,
        meta(OLDER),
        event("task_started", turn_id=OLDER),
        says("the parent's"),
        runs("c0", cmd="ls"),
        event("task_started", turn_id=YOUNGER),
        says("its own"),
    )

    assert ([step.quote for step in trace.steps], trace.session) == (["its own"], OWN)


def test_a_replay_without_turn_ids_ends_where_time_goes_on(read: Read) -> None:
    later = line("response_item", at="2026-06-30T08:34:00Z", type="message", role="assistant", content="its own")
    trace = only(read, meta(OLDER), says("the parent's"), later)

    assert [step.quote for step in trace.steps] == ["its own"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([says("done")], "finished"),
        ([says("done"), event("turn_aborted", reason="interrupted")], "aborted"),
        ([event("error", message="stream disconnected")], "error"),
        ([event("error", message="You've hit your usage limit")], "limit"),
        ([runs("c1", cmd="x")], "killed"),
        ([runs("c1", cmd="x"), gets("c1", "Exit code: 0")], "unknown"),
        ([event("task_complete"), event("task_started"), asks("more")], "unknown"),
    ],
)
def test_the_end_of_a_run(read: Read, lines: list[bytes], reason: str) -> None:
    assert only(read, asks("do"), *lines).end_reason == reason


def test_the_oldest_rollouts_are_bare_items(read: Read, misquoted: Callable[..., list[str]]) -> None:
    records = [
        {"id": "old", "timestamp": "2025-05-01T00:00:00Z", "instructions": None, "git": {"branch": "main"}},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "do"}]},
        {"type": "local_shell_call", "call_id": "c1", "action": {"type": "exec", "command": ["bash", "-lc", "pytest"]}},
        {"type": "function_call_output", "call_id": "c1", "output": '{"output":"1 failed","metadata":{"exit_code":1}}'},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "red"}]},
    ]
    data = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    trace = read(data)
    (call,) = trace.steps[0].calls

    assert (trace.session, trace.branch, len(trace.steps), trace.end_reason) == ("old", "main", 2, "finished")
    assert (call.command, call.status, call.check and call.check.outcome) == ("pytest", "error", "fail")
    assert misquoted(data, trace) == []


def test_injected_words_are_no_request(read: Read) -> None:
    trace = only(
        read, asks("<environment_context>x</environment_context>"), asks("# AGENTS.md instructions"), asks("do")
    )

    assert trace.prompt == "do"


def test_a_damaged_line_costs_only_what_is_damaged(read: Read, misquoted: Callable[..., list[str]]) -> None:
    data = meta() + says("one")[:-40] + says("two") + b"\0" * 40 + says("three").replace(b"three", b"th\\ud83cree")
    trace = read(data)

    assert len(trace.steps) == 1
    assert trace.steps[0].quote == "two"
    assert any("bytes lost" in warning for warning in trace.warnings)
    assert misquoted(data, trace) == []
