"""Claude's three formats: what counts as a step, a call and an error, and how a run is said to have ended."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.model import Tokens, Trace

Read = Callable[..., Trace]


def jsonl(*records: dict[str, object]) -> bytes:
    return b"".join(json.dumps({"sessionId": "s", "timestamp": "t", **record}).encode() + b"\n" for record in records)


def asks(text: str) -> dict[str, object]:
    return {"type": "user", "message": {"role": "user", "content": text}}


def says(identity: str, *blocks: dict[str, object], **more: object) -> dict[str, object]:
    message = {"id": identity, "model": "m", "content": list(blocks), "usage": {"input_tokens": 1, "output_tokens": 2}}
    return {"type": "assistant", "message": message, **more}


def text(words: str) -> dict[str, object]:
    return {"type": "text", "text": words}


def uses(identity: str, name: str = "Bash", **given: object) -> dict[str, object]:
    return {"type": "tool_use", "id": identity, "name": name, "input": given}


def gets(identity: str, output: object, error: bool | None = None, result: object = None) -> dict[str, object]:
    block = {"type": "tool_result", "tool_use_id": identity, "content": output, "is_error": error}
    return {"type": "user", "message": {"role": "user", "content": [block]}, "toolUseResult": result or {}}


def interrupts() -> dict[str, object]:
    return {"type": "user", "message": {"role": "user", "content": [text("[Request interrupted by user]")]}}


def test_the_fragments_of_a_message_are_one_step(read: Read) -> None:
    trace = read(jsonl(asks("do"), says("m1", text("I look")), says("m1", uses("t1", command="ls")), gets("t1", "a")))

    assert [(step.quote, [call.name for call in step.calls]) for step in trace.steps] == [("I look", ["Bash"])]
    assert trace.tokens == Tokens(input=1, output=2)


def test_a_copy_of_history_changes_no_count(read: Read) -> None:
    once = jsonl(asks("do"), says("m1", uses("t1", command="ls")), gets("t1", "a"), says("m2", text("done")))
    trace = read(once + once)

    assert (len(trace.steps), len(trace.steps[0].calls), trace.tokens.output) == (2, 1, 4)


def test_a_synthetic_message_is_no_step(read: Read) -> None:
    synthetic = {
        "type": "assistant",
        "message": {"id": "x", "model": "<synthetic>", "content": [text("API Error: 529")]},
    }
    trace = read(jsonl(asks("do"), {**synthetic, "isApiErrorMessage": True}))

    assert (len(trace.steps), trace.end_reason, trace.provider_errors) == (0, "error", 1)


def test_a_refusal_is_no_error(read: Read) -> None:
    refusal = "The user doesn't want to proceed with this tool use. The tool use was rejected"
    trace = read(jsonl(says("m1", uses("t1", command="rm a")), gets("t1", refusal, error=True)))

    assert trace.steps[0].calls[0].status == "rejected"


def test_a_failed_command_tells_its_exit_code_and_its_masked_error(read: Read) -> None:
    output = "Exit code 2\nloading\nerror: cannot find 17 files"
    trace = read(jsonl(says("m1", uses("t1", command="cat a")), gets("t1", output, error=True)))
    call = trace.steps[0].calls[0]

    assert (call.status, call.exit_code, call.error) == ("error", 2, "error: cannot find <N> files")
    assert call.quote == "error: cannot find 17 files"


def test_a_command_that_succeeded_has_exit_code_zero_and_one_in_the_background_none(read: Read) -> None:
    calls = (
        read(
            jsonl(
                says("m1", uses("t1", command="ls"), uses("t2", command="serve")),
                gets("t1", "a"),
                gets("t2", "started", result={"backgroundTaskId": "b"}),
            )
        )
        .steps[0]
        .calls
    )

    assert [call.exit_code for call in calls] == [0, None]


def test_a_time_out_is_an_error_and_settles_no_check(read: Read) -> None:
    result = {"stdout": "", "timedOutAfterMs": 120_000}
    trace = read(
        jsonl(says("m1", uses("t1", command="pytest")), gets("t1", "Command timed out after 2m", True, result))
    )
    call = trace.steps[0].calls[0]

    assert (call.timed_out, call.status, call.check and call.check.outcome) == (True, "error", "none")
    assert call.duration_ms == 120_000


@pytest.mark.parametrize(
    ("said", "after"), [("2m 0.0s ", 120_000), ("2m", 120_000), ("1m 30s", 90_000), ("45s", 45_000), ("a while", None)]
)
def test_after_how_long_a_command_was_killed_is_read_from_the_words_too(
    read: Read, said: str, after: int | None
) -> None:
    trace = read(jsonl(says("m1", uses("t1", command="pytest")), gets("t1", f"Command timed out after {said}", True)))

    assert trace.steps[0].calls[0].duration_ms == after


@pytest.mark.parametrize(
    ("name", "given", "kind"),
    [
        ("Bash", {"command": "sleep 30"}, "poll"),
        ("Bash", {"command": "sleep 5 && ls"}, "shell"),
        ("BashOutput", {"bash_id": "1"}, "poll"),
        ("TaskOutput", {"task_id": "1"}, "poll"),
        ("Read", {"file_path": "/a"}, "read"),
        ("Grep", {"pattern": "x"}, "search"),
        ("WebFetch", {"url": "u"}, "web"),
        ("Task", {"prompt": "p"}, "task"),
        ("NotebookEdit", {"notebook_path": "/n.ipynb"}, "edit"),
        ("mcp__github__search", {}, "other"),
    ],
)
def test_the_kind_of_a_call(read: Read, name: str, given: dict[str, object], kind: str) -> None:
    trace = read(jsonl(says("m1", uses("t1", name, **given))))

    assert trace.steps[0].calls[0].kind == kind


def test_a_write_creates_only_what_was_not_there(read: Read) -> None:
    trace = read(
        jsonl(
            says("m1", uses("t1", "Write", file_path="/new", content="x"), uses("t2", "Write", file_path="/old")),
            gets("t1", "ok", result={"type": "create", "filePath": "/new"}),
            gets("t2", "ok", result={"type": "update", "filePath": "/old"}),
        )
    )

    assert [(call.paths, call.creates) for call in trace.steps[0].calls] == [(("/new",), ("/new",)), (("/old",), ())]


def test_an_image_is_not_kept(read: Read) -> None:
    blob = "iVBORw0KGgo" * 2_000
    image = [{"type": "image", "source": {"type": "base64", "data": blob}}]
    trace = read(jsonl(says("m1", uses("t1", "Read", file_path="/a.png")), gets("t1", image), gets("t9", blob)))

    assert "iVBORw0KGgo" not in repr(trace)


def test_a_compaction_is_counted_and_its_summary_is_no_request(read: Read) -> None:
    summary = {**asks("This session is being continued: fix it"), "isCompactSummary": True}
    trace = read(jsonl({"type": "system", "subtype": "compact_boundary", "uuid": "u"}, summary, asks("go on")))

    assert (trace.compactions, trace.prompt) == (1, "go on")


def test_a_subagents_steps_bear_their_origin(read: Read) -> None:
    trace = read(jsonl(says("m1", text("main")), says("m2", text("side"), isSidechain=True)))

    assert [(step.quote, step.origin) for step in trace.steps] == [("main", "main"), ("side", "subagent")]


ENDS = {
    "finished": [says("m1", text("done"))],
    "finished when a stop hook ran": [
        says("m1", uses("t1")),
        gets("t1", "a"),
        {"type": "system", "subtype": "stop_hook_summary"},
    ],
    "aborted": [says("m1", text("I will")), interrupts()],
    "killed": [says("m1", text("I will")), says("m2", uses("t1"))],
    "unknown when nothing was said after an answer": [says("m1", uses("t1")), gets("t1", "a")],
    "unknown when nobody answered": [asks("do")],
    "finished with a result": [says("m1", uses("t1")), {"type": "result", "subtype": "success", "is_error": False}],
    "error although success": [{"type": "result", "subtype": "success", "is_error": True, "result": "API Error: 500"}],
    "limit": [{"type": "result", "subtype": "error_max_turns", "is_error": False}],
    "limit of money": [{"type": "result", "subtype": "error_during_execution", "terminal_reason": "budget_exhausted"}],
    "aborted while streaming": [
        {"type": "result", "subtype": "error_during_execution", "terminal_reason": "aborted_streaming"}
    ],
    "error": [{"type": "result", "subtype": "error_during_execution", "is_error": True}],
}


@pytest.mark.parametrize(("reason", "records"), ENDS.items(), ids=ENDS.keys())
def test_the_end_of_a_run(read: Read, reason: str, records: list[dict[str, object]]) -> None:
    trace = read(jsonl({"type": "user", "uuid": "u", "message": {"content": "do"}}, *records))

    assert trace.end_reason == reason.split()[0]


def test_a_record_cut_off_at_the_end_was_killed_and_is_told(read: Read) -> None:
    data = jsonl(asks("do"), says("m1", text("done")), asks("more"))[:-20]
    trace = read(data)

    assert trace.end_reason == "killed"
    assert trace.warnings[0].startswith("line 3: ")
    assert trace.warnings[0].endswith("a record was cut off")


def test_a_cut_in_the_middle_does_not_end_the_run(read: Read) -> None:
    data = jsonl(asks("do"), says("m1", text("one")))[:-30] + b"\n" + jsonl(says("m2", text("done")))
    trace = read(data)

    assert (trace.end_reason, len(trace.steps), len(trace.warnings)) == ("finished", 1, 1)


def test_fields_of_an_unexpected_type_cost_only_themselves(read: Read) -> None:
    odd = {"type": "assistant", "timestamp": 5, "message": {"id": 7, "content": ["plain", text("done"), 3]}}
    trace = read(jsonl(asks("do"), odd))

    assert ([step.quote for step in trace.steps], trace.end_reason) == (["plain"], "finished")
    assert trace.warnings == ("1 record(s) with fields of an unexpected type, read without those fields",)


def test_unknown_records_are_counted(read: Read) -> None:
    trace = read(jsonl(asks("do"), {"type": "novelty"}, {"type": "novelty"}, {"type": "progress", "data": {}}))

    assert trace.warnings == ("2 record(s) of unknown type 'novelty' passed over (first on line 2)",)


def test_an_execution_file_gives_cost_tokens_and_its_last_word(read: Read, misquoted: Callable[..., list[str]]) -> None:
    messages = [
        {"type": "system", "subtype": "init", "session_id": "s", "model": "m", "cwd": "/w"},
        asks("fix it"),
        says("m1", text("I start"), uses("t1", command="make test")),
        gets("t1", "Exit code 2\nmake: *** [test] Error 1", error=True),
        says("m2", text("side"), parent_tool_use_id="t0"),
        {
            "type": "result", "subtype": "success", "is_error": False, "result": "All done", "total_cost_usd": 0.5,
            "modelUsage": {"m": {"inputTokens": 5, "cacheReadInputTokens": 7, "outputTokens": 3}},
        },
    ]  # fmt: skip
    data = json.dumps(messages, indent=2).encode()
    trace = read(data, "claude-execution-output.json")

    assert (trace.format, trace.session, trace.cwd, trace.prompt) == ("claude-execution", "s", "/w", "fix it")
    assert (trace.final, trace.cost_usd, trace.tokens) == ("All done", 0.5, Tokens(12, 3, 7))
    assert [(step.origin, len(step.calls)) for step in trace.steps] == [("main", 1), ("subagent", 0)]
    assert misquoted(data, trace) == []


def test_an_execution_file_cut_off_is_read_up_to_there(read: Read, misquoted: Callable[..., list[str]]) -> None:
    messages = [
        {"type": "system", "subtype": "init", "session_id": "s"},
        says("m1", text("one")),
        says("m2", text("two")),
    ]
    data = json.dumps(messages, indent=2).encode()[:-60]
    trace = read(data)

    assert ([step.quote for step in trace.steps], trace.end_reason, len(trace.warnings)) == (["one"], "killed", 1)
    assert misquoted(data, trace) == []
