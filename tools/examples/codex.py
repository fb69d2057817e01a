"""A story goes in; a Codex rollout (JSON lines) comes out."""

from __future__ import annotations

import json
from typing import Any

from tools.examples.claude import Clock, line
from tools.examples.dice import Dice, digits, uuid
from tools.examples.shapes import Move, Plan, Story

Json = dict[str, Any]
MODEL = "gpt-5.4"
VERSION = "0.142.0"


def rollout(plan: Plan, story: Story) -> bytes:
    """The lines of a rollout file."""
    dice = Dice(plan.key + "/rollout")
    clock = Clock(plan.created, dice)
    lines: list[bytes] = []
    spent = {
        "input_tokens": 0,
        "cached_input_tokens": 0,
        "output_tokens": 0,
        "reasoning_output_tokens": 0,
        "total_tokens": 0,
    }

    def add(kind: str, payload: Json, seconds: int = 0) -> None:
        lines.append(line({"timestamp": clock.tick(seconds), "type": kind, "payload": payload}))

    turn = uuid(plan.key + "/turn")
    git = {
        "commit_hash": digits(plan.key + "/base", 40),
        "branch": f"agent/{plan.task.id}",
        "repository_url": f"https://github.com/{plan.project.repository}.git",
    }
    meta = {
        "id": uuid(plan.key),
        "timestamp": plan.created,
        "cwd": plan.project.cwd,
        "originator": "codex_exec",
        "cli_version": VERSION,
    }
    add("session_meta", meta | {"source": "exec", "model_provider": "openai", "git": git})
    add("event_msg", {"type": "task_started", "turn_id": turn, "model_context_window": 258400})
    add(
        "turn_context",
        {
            "turn_id": turn,
            "cwd": plan.project.cwd,
            "approval_policy": "never",
            "sandbox_policy": {"type": "workspace-write"},
            "model": MODEL,
            "effort": "medium",
        },
    )
    context = f"<environment_context>\n  <cwd>{plan.project.cwd}</cwd>\n  <shell>bash</shell>\n</environment_context>"
    for text in (context, story.prompt):
        add("response_item", {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})
    add("event_msg", {"type": "user_message", "message": story.prompt, "images": []})
    for number, move in enumerate(story.moves):
        if move.kind in ("retry", "compact") or move.rejected:
            continue
        _move(add, move, plan, number, dice)
        last = {
            "input_tokens": dice.between(9000, 30000),
            "cached_input_tokens": dice.between(4000, 8000),
            "output_tokens": dice.between(40, 400),
            "reasoning_output_tokens": dice.below(90),
        }
        last["total_tokens"] = last["input_tokens"] + last["output_tokens"]
        spent = {key: spent[key] + last[key] for key in spent}
        add(
            "event_msg",
            {
                "type": "token_count",
                "info": {"total_token_usage": spent, "last_token_usage": last, "model_context_window": 258400},
                "rate_limits": None,
            },
        )
    if story.final:
        add("event_msg", {"type": "agent_message", "message": story.final})
        add(
            "response_item",
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": story.final}]},
        )
    add("event_msg", {"type": "task_complete", "turn_id": turn, "last_agent_message": story.final or None})
    return b"".join(lines)


def _move(add: Any, move: Move, plan: Plan, number: int, dice: Dice) -> None:
    call = f"call_{digits(f'{plan.key}c{number}', 24)}"
    if move.say:
        add("event_msg", {"type": "agent_message", "message": move.say})
        add(
            "response_item",
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": move.say}]},
        )
    if move.kind in ("edit", "write"):
        add(
            "response_item",
            {
                "type": "custom_tool_call",
                "status": "completed",
                "call_id": call,
                "name": "apply_patch",
                "input": patch(move),
            },
        )
        letter = "A" if move.kind == "write" else "M"
        if move.error:
            output = f"apply_patch verification failed: Failed to find expected lines in {plan.project.cwd}/{move.path}:\n{move.old}"
        else:
            output = f"Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess. Updated the following files:\n{letter} {move.path}\n"
        add("response_item", {"type": "custom_tool_call_output", "call_id": call, "output": output})
        return
    if move.kind == "poll":
        name, arguments = "write_stdin", {"session_id": 4121, "chars": "", "yield_time_ms": 5000}
        output = "Chunk ID: 77ab01\nWall time: 5.0012 seconds\nProcess running with session ID 4121\nOutput:\n"
    else:
        command, code, text = _shell(move)
        name, arguments = "exec_command", {"cmd": command, "workdir": plan.project.cwd, "yield_time_ms": 10000}
        output = f"Chunk ID: {digits(call, 6)}\nWall time: 0.{dice.between(1000, 9999)} seconds\nProcess exited with code {code}\nOriginal token count: {len(text) // 4}\nOutput:\n{text}"
        if move.timed_out:
            name, arguments = "shell_command", {"command": command, "workdir": plan.project.cwd, "timeout_ms": 120000}
            output = f"Exit code: 124\nWall time: 120.1 seconds\nOutput:\ncommand timed out after 120004 milliseconds\n{text}"
    add("response_item", {"type": "function_call", "name": name, "arguments": json.dumps(arguments), "call_id": call})
    add(
        "response_item",
        {"type": "function_call_output", "call_id": call, "output": output},
        121 if move.timed_out else 0,
    )


def _shell(move: Move) -> tuple[str, int, str]:
    """A move as a shell command with its exit code and output: Codex has no tools for reading and searching."""
    match move.kind:
        case "read" if move.error:
            return f"sed -n '1,200p' {move.path}", 2, f"sed: can't read {move.path}: No such file or directory"
        case "read":
            return f"sed -n '1,200p' {move.path}", 0, move.output
        case "grep":
            return f'rg -n "{move.command}" {move.path}', 0, move.output
        case _:
            return move.command, move.exit, move.output


def patch(move: Move) -> str:
    """The text that `apply_patch` takes."""
    if move.kind == "write":
        body = "".join(f"+{row}\n" for row in move.new.splitlines())
        return f"*** Begin Patch\n*** Add File: {move.path}\n{body}*** End Patch"
    rows = [f"-{row}" for row in move.old.splitlines()] + [f"+{row}" for row in move.new.splitlines()]
    return f"*** Begin Patch\n*** Update File: {move.path}\n@@\n" + "\n".join(rows) + "\n*** End Patch"
