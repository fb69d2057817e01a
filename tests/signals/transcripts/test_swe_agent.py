"""SWE-agent's trajectories: a step an element, errors in its tools' words, and the limit behind a submission."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.model import Trace

Read = Callable[..., Trace]


def step(action: str, observation: str = "", opened: str = "n/a", **more: object) -> dict[str, object]:
    state = json.dumps({"open_file": opened, "working_dir": "/repo"})
    return {"action": action, "observation": observation, "thought": f"I do {action}", "state": state, **more}


def traj(*steps: dict[str, object], **info: object) -> bytes:
    history = [
        {"role": "system", "content": "policy"},
        {"role": "user", "content": "a demonstration", "is_demo": True},
        {"role": "user", "content": "Mend the shop"},
    ]
    return json.dumps({"environment": "swe_main", "trajectory": steps, "history": history, "info": info}).encode()


def test_an_output_that_only_mentions_an_error_is_no_error(read: Read) -> None:
    source = "def f():\n    raise ValueError('x')\n# Traceback (most recent call last)\n"
    found = read(
        traj(step("cat a.py", source), step("grep -rn Error .", "a.py:2: raise ValueError: command not found?\nb"))
    )

    assert [call.status for one in found.steps for call in one.calls] == ["ok", "ok"]


def test_each_element_is_a_step_with_its_tool(read: Read, misquoted: Callable[[bytes, Trace], list[str]]) -> None:
    data = traj(
        step("create mend.py\n", "[File: /repo/mend.py (1 lines total)]\n1:"),
        step(
            "edit 1:1\nimport x\nend_of_edit", "Your proposed edit has introduced new syntax error(s).", "/repo/mend.py"
        ),
        step(
            "python mend.py", "Traceback (most recent call last):\n  File\nModuleNotFoundError: No module named 'x'\n"
        ),
        step("str_replace_editor view /repo/a.py", "here"),
        step("search_dir total src", "Found 1 matches"),
        step("pytest", "1 failed, 2 passed", execution_time=1.5),
        step("", "Your output was not formatted correctly"),
        step("submit", "diff"),
        exit_status="submitted",
        model_stats={"instance_cost": 0.5, "tokens_sent": 10, "tokens_received": 2},
    )
    found = read(data)
    calls = [call for one in found.steps for call in one.calls]

    assert len(found.steps) == 8
    assert [(call.name, call.kind, call.status) for call in calls] == [
        ("create", "edit", "ok"),
        ("edit", "edit", "error"),
        ("bash", "shell", "error"),
        ("str_replace_editor", "read", "ok"),
        ("search_dir", "search", "ok"),
        ("bash", "shell", "ok"),
        ("submit", "other", "ok"),
    ]
    assert (calls[0].creates, calls[1].paths, calls[5].duration_ms) == (("/repo/mend.py",), ("/repo/mend.py",), 1_500)
    assert calls[5].check is not None
    assert (found.prompt, found.cwd, found.cost_usd, found.tokens.input) == ("Mend the shop", "/repo", 0.5, 10)
    assert misquoted(data, found) == []


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ("submitted", "finished"),
        ("submitted (exit_cost)", "limit"),
        ("exit_context", "limit"),
        ("exit_command_timeout", "timeout"),
        ("exit_format", "error"),
        (None, "killed"),
    ],
)
def test_the_exit_status_says_how_it_ended(read: Read, status: str | None, end: str) -> None:
    assert read(traj(step("ls"), exit_status=status)).end_reason == end


def test_a_command_that_was_stopped_timed_out(read: Read) -> None:
    said = "The command 'sleep 99' was cancelled because it took more than 30 seconds."
    (call,) = read(traj(step("make all", said))).steps[0].calls

    assert (call.status, call.timed_out) == ("error", True)


def test_the_new_layout_names_model_and_task(read: Read) -> None:
    config = {"agent": {"model": {"name": "m"}}, "problem_statement": {"id": "shop-1"}}
    value = {"trajectory": [step("ls", state={"working_dir": "/w"})], "info": {}, "replay_config": json.dumps(config)}
    found = read(json.dumps(value, indent=2).encode())

    assert (found.agent.model, found.task) == ("m", "shop-1")


def test_of_a_retrying_agent_the_chosen_attempt_is_read_else_the_last(
    read: Read, misquoted: Callable[[bytes, Trace], list[str]]
) -> None:
    attempts = [json.loads(traj(step("ls"))), json.loads(traj(step("pwd"), step("submit"), exit_status="submitted"))]
    chosen = read(json.dumps({"attempts": attempts, **attempts[0]}).encode())
    data = json.dumps({"attempts": attempts}, indent=2).encode()
    last = read(data)

    assert [(len(trace.steps), trace.end_reason) for trace in (chosen, last)] == [(1, "killed"), (2, "finished")]
    assert chosen.warnings == ("2 attempt(s) of a retrying agent, the chosen one is read",)
    assert misquoted(data, last) == []
