"""OpenHands before and after 1.0: events in lists, lines and folders; actions find what came of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.model import Step, Trace
from bot.signals import transcripts
from bot.signals.transcripts.openhands_v1 import conversation, read_folder

Read = Callable[..., Trace]
Misquoted = Callable[[bytes, Trace], list[str]]


def old(number: int, source: str = "agent", **event: Any) -> dict[str, Any]:
    return {"id": number, "timestamp": f"2025-01-01T00:00:{number:02}", "source": source, "message": "", **event}


def action(number: int, kind: str, response: str = "", **args: Any) -> dict[str, Any]:
    metadata = {"function_name": f"tool_{kind}", "tool_call_id": f"c{number}", "model_response": {"id": response}}
    return old(number, action=kind, args=args, tool_call_metadata=metadata)


def saw(cause: int, kind: str, content: str, code: int | None = None, **extras: Any) -> dict[str, Any]:
    more = {"metadata": {"exit_code": code, "working_dir": "/w"}} if code is not None else {}
    return old(cause + 50, cause=cause, observation=kind, content=content, extras={**more, **extras})


RUN = [
    old(0, action="system", args={"openhands_version": "0.58.0"}),
    old(1, "user", action="message", args={"content": "Mend the shop"}),
    action(2, "run", "r1", command="ls", thought="I look and read"),
    action(3, "read", "r1", path="/w/a.py"),
    saw(3, "read", "text"),
    saw(2, "run", "a.py", 0),
    action(4, "run", "r2", command="pytest"),
    saw(4, "run", "FAILED a.py::b - 1 failed", 1),
    action(5, "edit", "r3", path="/w/new.py"),
    saw(5, "edit", "done", prev_exist=False, old_content=None),
    action(6, "edit", "r4", path="/w/a.py"),
    saw(6, "error", "No replacement was performed"),
    action(7, "run", "r5", command="python -m http.server"),
    saw(7, "run", "[The command has no new output after 30 seconds.]", -1),
    action(8, "finish", "r6", final_thought="All mended."),
]


def test_actions_of_one_answer_are_one_step(read: Read, misquoted: Misquoted) -> None:
    data = json.dumps(RUN, indent=1).encode()
    found = read(data)
    calls = [call for step in found.steps for call in step.calls]

    assert [len(step.calls) for step in found.steps] == [2, 1, 1, 1, 1, 1]
    assert [(call.kind, call.status, call.timed_out) for call in calls] == [
        ("shell", "ok", False),
        ("read", "ok", False),
        ("shell", "error", False),
        ("edit", "ok", False),
        ("edit", "error", False),
        ("shell", "ok", True),
        ("other", "ok", False),
    ]
    assert (calls[3].creates, found.cwd, found.agent.version) == (("/w/new.py",), "/w", "0.58.0")
    assert (found.end_reason, found.final, found.prompt) == ("finished", "All mended.", "Mend the shop")
    assert (found.warnings, misquoted(data, found)) == ((), [])


def test_a_person_at_the_sandbox_is_no_agent(read: Read) -> None:
    found = read(json.dumps([RUN[1], old(2, "user", action="run", args={"command": "ls"})]).encode())

    assert found.steps == ()


def test_an_answer_whose_action_is_missing_is_told(read: Read) -> None:
    found = read(json.dumps([RUN[1], saw(9, "run", "x", 0)]).encode())

    assert found.warnings == ("1 answer(s) to calls that the file does not hold",)


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (None, "finished"),
        ("RuntimeError: Agent reached maximum iteration in headless mode.", "limit"),
        ("AgentStuckInLoopError: Agent got stuck in a loop", "error"),
    ],
)
def test_each_line_of_an_output_file_is_a_run(error: str | None, end: str, misquoted: Misquoted) -> None:
    line = {"instance_id": "shop-1", "test_result": {"git_patch": ""}, "instruction": "Mend it", "history": RUN}
    line |= {"metrics": {"accumulated_cost": 0.2}, "error": error, "report": {"resolved": False}}
    data = b"".join(json.dumps(line | {"instance_id": f"shop-{place}"}).encode() + b"\n" for place in (1, 2))
    found = transcripts.read(io.BytesIO(data), "output.jsonl")

    assert [(trace.task, trace.end_reason, trace.outcome, trace.cost_usd) for trace in found] == [
        ("shop-1", end, "fail", 0.2),
        ("shop-2", end, "fail", 0.2),
    ]
    assert [misquoted(data, trace) for trace in found] == [[], []]


def test_the_first_versions_had_neither_ids_nor_sources() -> None:
    history = [
        {"content": "Mend it", "action": "message"},
        {"command": "ls", "thought": "I look", "action": "run"},
        {"content": "a.py", "command": "ls", "exit_code": 2, "observation": "run"},
        {"outputs": {}, "thought": "Mended.", "action": "finish"},
    ]
    issue = {"owner": "o", "repo": "r", "number": 5}
    flat = {"issue": issue, "issue_type": "issue", "instruction": "Mend it", "history": history, "success": True}
    paired = flat | {"history": [[history[0], {"observation": "null", "content": ""}], [history[1], history[2]]]}
    data = json.dumps(flat).encode() + b"\n" + json.dumps(paired).encode()
    found = transcripts.read(io.BytesIO(data), "output.jsonl")

    assert [[call.status for step in trace.steps for call in step.calls] for trace in found] == [
        ["error", "ok"],
        ["error"],
    ]
    assert [(trace.task, trace.outcome) for trace in found] == [("o/r#5", "pass")] * 2


# --- since 1.0 --------------------------------------------------------------------------------------------------------


def new(number: int, kind: str, source: str = "environment", **event: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "timestamp": f"2026-01-01T00:00:{number:02}", "source": source, **event, "kind": kind}


def acts(number: int, tool: str, response: str, **given: Any) -> dict[str, Any]:
    body = {"thought": [{"type": "text", "text": f"Step {number}"}], "action": {**given, "kind": "Action"}}
    return new(
        number, "ActionEvent", "agent", **body, tool_name=tool, tool_call_id=f"c{number}", llm_response_id=response
    )


def result(number: int, **seen: Any) -> dict[str, Any]:
    observation = {"content": [{"type": "text", "text": "out"}], "kind": "Observation", **seen}
    return new(
        number + 20, "ObservationEvent", observation=observation, tool_call_id=f"c{number}", action_id=f"e{number}"
    )


STATS = {"usage_to_metrics": {"default": {"accumulated_cost": 0.5, "accumulated_token_usage": {"prompt_tokens": 7}}}}
EVENTS = [
    new(0, "SystemPromptEvent", "agent", system_prompt={"type": "text", "text": "You are"}),
    new(
        1, "MessageEvent", "user", llm_message={"role": "user", "content": [{"type": "text", "text": "Mend the shop"}]}
    ),
    acts(2, "terminal", "r1", command="pytest", timeout=None),
    acts(3, "file_editor", "r1", command="create", path="/w/a.py"),
    result(2, exit_code=1),
    result(3, prev_exist=False, old_content=None),
    acts(4, "file_editor", "r2", command="str_replace", path="/w/a.py"),
    new(30, "AgentErrorEvent", "agent", error="bad arguments", tool_call_id="c4", tool_name="file_editor"),
    acts(5, "terminal", "r3", command="rm -rf /"),
    new(31, "UserRejectObservation", rejection_reason="no", tool_call_id="c5", action_id="e5"),
    new(32, "Condensation", forgotten_event_ids=["e2"]),
    acts(6, "terminal", "r4", command=""),
    new(33, "ConversationStateUpdateEvent", key="stats", value=STATS),
    acts(7, "finish", "r5", message="All mended."),
    result(7),
    new(34, "ConversationStateUpdateEvent", key="execution_status", value="finished"),
]


def jsonl(events: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


@pytest.mark.parametrize(
    "data", [jsonl(EVENTS), json.dumps(EVENTS, indent=1).encode(), json.dumps({"items": EVENTS}).encode()]
)
def test_events_of_the_sdk_are_read(read: Read, misquoted: Misquoted, data: bytes) -> None:
    found = read(data)
    calls = [call for step in found.steps for call in step.calls]

    assert [len(step.calls) for step in found.steps] == [2, 1, 1, 1, 1]
    assert [(call.kind, call.status) for call in calls] == [
        ("shell", "error"),
        ("edit", "ok"),
        ("edit", "error"),
        ("shell", "rejected"),
        ("poll", "missing"),
        ("other", "ok"),
    ]
    assert (calls[1].creates, found.compactions, found.cost_usd, found.tokens.input) == (("/w/a.py",), 1, 0.5, 7)
    assert (found.end_reason, found.final, found.prompt) == ("finished", "All mended.", "Mend the shop")
    assert (found.warnings, misquoted(data, found)) == ((), [])


@pytest.mark.parametrize(
    ("event", "end"),
    [
        (new(40, "ConversationStateUpdateEvent", key="execution_status", value="stuck"), "error"),
        (new(40, "ConversationErrorEvent", code="MaxIterationsReached", detail="500"), "limit"),
        (new(40, "ConversationErrorEvent", code="LLMRateLimitError", detail="429"), "error"),
        (new(40, "PauseEvent", "user"), "aborted"),
    ],
)
def test_how_a_conversation_ended(read: Read, event: dict[str, Any], end: str) -> None:
    found = read(jsonl([*EVENTS[:6], event]))

    assert (found.end_reason, found.provider_errors) == (end, 1 if "RateLimit" in str(event) else 0)


def test_a_folder_of_events_is_one_conversation(misquoted: Misquoted) -> None:
    state = {"id": "conversation", "agent": {"llm": {"model": "m"}}, "workspace": {"working_dir": "/w"}}
    files = {"c/base_state.json": json.dumps(state, indent=1).encode()}
    for place, event in enumerate(EVENTS):
        files[f"c/events/event-{place:05}-x.json"] = json.dumps(event, indent=1).encode()
    found = read_folder((path, io.BytesIO(data)) for path, data in reversed(list(files.items())))
    whole = read_folder([("events.jsonl", io.BytesIO(jsonl(EVENTS)))])

    assert [source.path for source in found.sources] == list(files)
    assert [[call.status for call in step.calls] for step in found.steps] == [
        [call.status for call in step.calls] for step in whole.steps
    ]
    assert (found.session, found.cwd, found.agent.model, found.warnings) == ("conversation", "/w", "m", ())
    cited = [item for step in found.steps for item in (step, *step.calls)]
    as_steps = [(item.source, Step(item.start, item.end, item.quote)) for item in cited]
    assert [misquoted(files[found.sources[at].path], Trace("", (), (step,))) for at, step in as_steps] == [[]] * len(
        cited
    )


def test_a_kind_of_event_that_nobody_knows_is_told(read: Read) -> None:
    found = read(jsonl([*EVENTS[:4], new(40, "HookExecutionEvent"), new(41, "FutureEvent"), new(42, "FutureEvent")]))

    assert found.warnings == ("2 event(s) of unknown kind 'FutureEvent' passed over",)


def test_the_files_of_a_conversation_are_known_by_their_place() -> None:
    paths = [
        "c/base_state.json",
        "c/events/event-00001-x.json",
        "events.jsonl",
        "c/events/notes.json",
        "c/event-1.json",
    ]

    assert [conversation(path) for path in paths] == ["c", "c", "", "", ""]
    assert [conversation(path.removeprefix("c/")) for path in paths[:2]] == [".", "."]


def test_a_run_that_its_own_guard_stopped_says_so(read: Read) -> None:
    stuck = old(60, "environment", observation="error", content="AgentStuckInLoopError: Agent got stuck in a loop")
    state = old(61, "environment", observation="agent_state_changed", extras={"agent_state": "error"})
    before = read(json.dumps([*RUN[:3], stuck, state]).encode())
    status = new(40, "ConversationStateUpdateEvent", key="execution_status", value="stuck")
    since = read(jsonl([*EVENTS[:6], status]))
    went_on = read(jsonl([*EVENTS[:6], status, {**status, "value": "running"}, EVENTS[6]]))

    assert [(found.guard, found.end_reason) for found in (before, since, went_on)] == [
        ("loop", "error"), ("loop", "error"), ("", "unknown"),
    ]  # fmt: skip
    assert [call.status for call in before.steps[0].calls] == ["missing"]


def test_an_evaluation_of_the_sdk_keeps_its_events_in_lines(misquoted: Misquoted) -> None:
    line = {"instance_id": "shop-1", "attempt": 2, "test_result": {}, "metadata": {"llm": {"model": "m"}}}
    data = jsonl([{**line, "history": EVENTS, "error": None}])
    (found,) = transcripts.read(io.BytesIO(data), "output.jsonl")

    assert (found.task, found.repeat, found.end_reason, found.agent.model) == ("shop-1", "2", "finished", "m")
    assert [len(step.calls) for step in found.steps] == [2, 1, 1, 1, 1]
    assert misquoted(data, found) == []
