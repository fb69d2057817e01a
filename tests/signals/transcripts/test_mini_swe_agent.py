"""mini-swe-agent's trajectories, from a bare list of messages to tool calls."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.model import Check, Trace

Read = Callable[..., Trace]
HEAD = [{"role": "system", "content": "One bash block."}, {"role": "user", "content": "Mend the shop"}]


def says(command: str) -> dict[str, object]:
    return {"role": "assistant", "content": f"THOUGHT: I try.\n\n```bash\n{command}\n```"}


def saw(code: int, output: str) -> dict[str, object]:
    return {"role": "user", "content": f"<returncode>{code}</returncode>\n<output>\n{output}\n</output>"}


def file(messages: list[dict[str, object]], form: str = "mini-swe-agent-1", **info: object) -> bytes:
    info = {"mini_version": "1.9", "config": {"model": {"model_name": "m"}}, **info}
    return json.dumps({"info": info, "messages": [*HEAD, *messages], "trajectory_format": form}, indent=2).encode()


def test_a_list_of_messages_of_another_agent_is_left_alone() -> None:
    from bot.signals import transcripts

    data = json.dumps([*HEAD, {"role": "assistant", "content": "```python\nprint()\n```"}]).encode()

    assert transcripts.sniff(data) == "unknown"


def test_the_return_code_tells_errors(read: Read, misquoted: Callable[[bytes, Trace], list[str]]) -> None:
    data = file(
        [says("ls"), saw(0, "a.py"), says("pytest"), saw(1, "FAILED a.py::b\n1 failed"), says("echo DONE"), saw(0, "")],
        exit_status="Submitted",
        submission="diff",
        model_stats={"instance_cost": 0.1},
    )
    found = read(data)
    calls = [call for step in found.steps for call in step.calls]

    assert [(call.command, call.status, call.exit_code) for call in calls] == [
        ("ls", "ok", 0),
        ("pytest", "error", 1),
        ("echo DONE", "ok", 0),
    ]
    assert calls[1].check == Check("fail", ("a.py::b",))
    assert (found.end_reason, found.prompt, found.cost_usd, found.agent.model) == (
        "finished",
        "Mend the shop",
        0.1,
        "m",
    )
    assert misquoted(data, found) == []


def test_two_commands_at_once_are_refused_and_none_is_run(read: Read) -> None:
    both = {"role": "assistant", "content": "```bash\nls\n```\nand\n```bash\npwd\n```"}
    found = read(file([both, {"role": "user", "content": "EXACTLY ONE action, please"}, says("ls"), saw(0, "")]))

    assert [len(step.calls) for step in found.steps] == [0, 1]


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("Submitted", "finished"),
        ("LimitsExceeded", "limit"),
        ("TimeExceeded", "timeout"),
        ("UserInterruption", "aborted"),
        ("RepeatedFormatError", "error"),
        ("APIError", "error"),
        (None, "killed"),
    ],
)
def test_the_exit_status_says_how_it_ended(read: Read, status: str | None, end: str) -> None:
    assert read(file([says("ls")], exit_status=status)).end_reason == end


def test_tool_calls_and_their_answers_are_read(read: Read, misquoted: Callable[[bytes, Trace], list[str]]) -> None:
    call = {"id": "c1", "function": {"name": "bash", "arguments": '{"command": "make"}'}}
    data = file(
        [
            {"role": "assistant", "content": None, "tool_calls": [call], "extra": {"timestamp": 1.7e9, "response": {
                "model": "m2", "usage": {"prompt_tokens": 9, "completion_tokens": 2}}}},
            {"role": "tool", "tool_call_id": "c1", "content": "boom", "extra": {"returncode": 2}},
            {"role": "exit", "content": "", "extra": {"exit_status": "LimitsExceeded", "submission": ""}},
        ],
        "mini-swe-agent-1.1",
    )  # fmt: skip
    found = read(data)

    assert [(one.command, one.status, one.exit_code) for one in found.steps[0].calls] == [("make", "error", 2)]
    assert (found.end_reason, found.tokens.input, found.started[:10]) == ("limit", 9, "2023-11-14")
    assert misquoted(data, found) == []


def test_turns_in_the_shape_of_responses_are_read(read: Read) -> None:
    made = {"type": "function_call", "call_id": "c1", "name": "bash", "arguments": '{"command": "ls"}'}
    said = {"type": "message", "content": [{"type": "output_text", "text": "I look."}]}
    answer = {"type": "function_call_output", "call_id": "c1", "output": "x", "extra": {"returncode": 0}}
    found = read(file([{"object": "response", "output": [said, made]}, answer], "mini-swe-agent-1.1"))

    assert [(one.command, one.status) for one in found.steps[0].calls] == [("ls", "ok")]
    assert found.steps[0].quote == "I look."


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"role": "user", "content": "Command not executed. The user rejected your command."}, "rejected"),
        ({"role": "user", "content": "stop", "extra": {"interrupt_type": "UserInterruption"}}, "aborted"),
        ({"role": "user", "content": "bad", "extra": {"interrupt_type": "FormatError"}}, "error"),
        (
            {"role": "user", "content": "", "extra": {"returncode": -1, "exception_info": "action was not executed"}},
            "aborted",
        ),
    ],
)
def test_a_command_that_was_not_carried_out_says_why(read: Read, answer: dict[str, object], status: str) -> None:
    assert [call.status for call in read(file([says("rm -rf /"), answer])).steps[0].calls] == [status]


def test_a_provider_that_failed_is_told(read: Read) -> None:
    assert read(file([says("ls")], exit_status="RateLimitError")).provider_errors == 1
