"""ATIF trajectories of every version: agents' steps, calls with their results, subagents, copied context."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.model import Trace

Read = Callable[..., Trace]


def trajectory(*steps: dict[str, Any], version: str = "ATIF-v1.7", **root: Any) -> bytes:
    numbered = [{"step_id": number, **step} for number, step in enumerate(steps, 1)]
    agent = {"name": "demo", "version": "2", "model_name": "m"}
    return json.dumps({"schema_version": version, "session_id": "s", "agent": agent, "steps": numbered} | root).encode()


def agent(
    said: str = "", calls: list[Any] | None = None, results: list[Any] | None = None, **more: Any
) -> dict[str, Any]:
    step: dict[str, Any] = {"source": "agent", "message": said, **more}
    if calls is not None:
        step["tool_calls"] = [
            {"tool_call_id": key, "function_name": name, "arguments": given} for key, name, given in calls
        ]
    return step | ({"observation": {"results": results}} if results is not None else {})


USER = {"source": "user", "message": "Mend the shop"}


def test_copied_context_and_other_speakers_are_no_steps(read: Read) -> None:
    found = read(
        trajectory({"source": "system", "message": "x"}, USER, agent("old", is_copied_context=True), agent("new"))
    )

    assert ([step.quote for step in found.steps], found.prompt) == (["new"], "Mend the shop")


@pytest.mark.parametrize("version", [f"ATIF-v1.{minor}" for minor in range(9)])
def test_every_version_is_read(read: Read, version: str) -> None:
    assert len(read(trajectory(USER, agent("hi"), version=version)).steps) == 1


def test_results_find_their_calls(read: Read, misquoted: Callable[[bytes, Trace], list[str]]) -> None:
    calls = [("a", "Bash", {"command": "make"}), ("b", "Read", {"file_path": "x.py"}), ("c", "search_web", {"q": "y"})]
    results = [
        {"source_call_id": "b", "content": [{"type": "text", "text": "lines"}, {"type": "image"}]},
        {"source_call_id": "a", "content": "Exit code: 2\nmake: *** no rule"},
    ]
    data = trajectory(USER, agent("I build", calls, results))
    found = read(data)

    assert [(call.kind, call.status, call.exit_code) for call in found.steps[0].calls] == [
        ("shell", "error", 2),
        ("read", "ok", None),
        ("other", "missing", None),
    ]
    assert found.steps[0].calls[2].command == '{"q":"y"}'
    assert misquoted(data, found) == []


def test_one_look_answers_several_commands(read: Read) -> None:
    calls = [("a", "bash_command", {"keystrokes": "ls\n"}), ("b", "bash_command", {"keystrokes": ""})]
    found = read(trajectory(USER, agent("", calls, [{"content": "a.py"}])))

    assert [(call.kind, call.status) for call in found.steps[0].calls] == [("shell", "ok"), ("poll", "ok")]


@pytest.mark.parametrize(
    "extra", [{"tool_result_is_error": True}, {"is_error": True}, {"exit_code": 1}, {"status": "failed"}]
)
def test_what_converters_say_of_failure_is_believed(read: Read, extra: dict[str, Any]) -> None:
    results = [{"source_call_id": "a", "content": "no", "extra": extra}]

    assert read(trajectory(agent("", [("a", "x", {})], results))).steps[0].calls[0].status == "error"


def test_a_file_that_speaks_of_exit_codes_is_no_failed_read(read: Read) -> None:
    results = [{"source_call_id": "a", "content": "Exit code: 2\nCommand timed out"}]

    assert read(trajectory(agent("", [("a", "Read", {"file_path": "log"})], results))).steps[0].calls[0].status == "ok"


def test_calls_in_the_text_count_when_there_are_no_others(read: Read) -> None:
    said = "I look.\n<function=execute_bash>\n<parameter=command>ls -l</parameter>\n</function>"
    typed = json.dumps({"analysis": "x", "commands": [{"keystrokes": "pwd\n"}], "task_complete": True})
    found = read(trajectory(agent(said, None, [{"content": "a"}]), agent(typed, None, [{"content": "/w"}])))

    assert [[(call.name, call.command) for call in step.calls] for step in found.steps] == [
        [("execute_bash", "ls -l")],
        [("bash_command", "pwd\n"), ("mark_task_complete", "")],
    ]
    assert found.end_reason == "finished"


def test_embedded_subagents_are_steps_of_subagents(read: Read, misquoted: Callable[[bytes, Trace], list[str]]) -> None:
    inner = json.loads(trajectory({"source": "user", "message": "part"}, agent("deep")))
    data = trajectory(USER, agent("I delegate"), subagent_trajectories=[inner | {"trajectory_id": "t"}])
    found = read(data)

    assert [(step.origin, step.quote) for step in found.steps] == [("main", "I delegate"), ("subagent", "deep")]
    assert (found.prompt, found.final) == ("Mend the shop", "I delegate")
    assert misquoted(data, found) == []


def test_a_document_whose_version_comes_last_is_known(read: Read) -> None:
    value = json.loads(trajectory(USER, agent("x" * 70_000)))
    value["agent"]["extra"] = {"cwd": "/app"}
    data = json.dumps({"steps": value.pop("steps"), **value}, indent=1).encode()
    found = read(data)

    assert (found.format, found.cwd, len(found.steps)) == ("atif", "/app", 1)


def test_a_continuation_is_told(read: Read) -> None:
    found = read(trajectory(agent("x"), continued_trajectory_ref="trajectory.cont-1.json"))

    assert "goes on in another file" in found.warnings[0]
