"""A story goes in; a Codex rollout (JSON lines) comes out."""

from __future__ import annotations

import json

from tools.fleet.claude import Clock, Json, line
from tools.fleet.dice import Dice, digits, uuid
from tools.fleet.shapes import Move, Plan, Story

MODEL = "gpt-5.4"
VERSION = "0.142.0"
WINDOW = 258400


class Rollout:
    """The lines of one rollout file."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dice = Dice(plan.key + "/rollout")
        self.clock = Clock(plan.created, self.dice)
        self.turn = uuid(plan.key + "/turn")
        self.lines: list[bytes] = []
        self.spent: dict[str, int] = {}

    def add(self, kind: str, payload: Json, seconds: int = 0) -> None:
        """One record in its envelope."""
        self.lines.append(line({"timestamp": self.clock.tick(seconds), "type": kind, "payload": payload}))

    def message(self, role: str, text: str) -> None:
        """A message; what the agent says is recorded twice."""
        if role == "assistant":
            self.add("event_msg", {"type": "agent_message", "message": text})
        content = [{"type": "output_text" if role == "assistant" else "input_text", "text": text}]
        self.add("response_item", {"type": "message", "role": role, "content": content})

    def open(self, prompt: str) -> None:
        """The head of the file, up to the request."""
        plan, cwd = self.plan, self.plan.project.cwd
        git = {"commit_hash": digits(plan.key + "/base", 40), "branch": f"agent/{plan.task.id}"}
        git["repository_url"] = f"https://github.com/{plan.project.repository}.git"
        meta: Json = {"id": uuid(plan.key), "timestamp": plan.created, "cwd": cwd, "originator": "codex_exec"}
        meta |= {"cli_version": VERSION, "source": "exec", "model_provider": "openai", "git": git}
        self.add("session_meta", meta)
        self.add("event_msg", {"type": "task_started", "turn_id": self.turn, "model_context_window": WINDOW})
        context: Json = {"turn_id": self.turn, "cwd": cwd, "approval_policy": "never", "model": MODEL}
        self.add("turn_context", context | {"sandbox_policy": {"type": "workspace-write"}, "effort": "medium"})
        environment = f"<environment_context>\n  <cwd>{cwd}</cwd>\n  <shell>bash</shell>\n</environment_context>"
        self.message("user", environment)
        self.message("user", prompt)
        self.add("event_msg", {"type": "user_message", "message": prompt, "images": []})

    def count_tokens(self) -> None:
        """What the model call just made has cost."""
        last = {"input_tokens": self.dice.between(9000, 30000), "cached_input_tokens": self.dice.between(4000, 8000)}
        last |= {"output_tokens": self.dice.between(40, 400), "reasoning_output_tokens": self.dice.below(90)}
        last["total_tokens"] = last["input_tokens"] + last["output_tokens"]
        self.spent = {key: self.spent.get(key, 0) + last[key] for key in last}
        info = {"total_token_usage": self.spent, "last_token_usage": last, "model_context_window": WINDOW}
        self.add("event_msg", {"type": "token_count", "info": info, "rate_limits": None})

    def play(self, move: Move, call: str) -> None:
        """One call and its answer."""
        if move.say:
            self.message("assistant", move.say)
        if move.kind in ("edit", "write"):
            self._patch(move, call)
            return
        name, arguments, output = self._command(move, call)
        call_item = {"type": "function_call", "name": name, "arguments": json.dumps(arguments), "call_id": call}
        self.add("response_item", call_item)
        answer = {"type": "function_call_output", "call_id": call, "output": output}
        self.add("response_item", answer, 121 if move.timed_out else 0)

    def _patch(self, move: Move, call: str) -> None:
        item: Json = {"type": "custom_tool_call", "status": "completed", "call_id": call, "name": "apply_patch"}
        self.add("response_item", item | {"input": patch(move)})
        where = f"{self.plan.project.cwd}/{move.path}"
        output = f"apply_patch verification failed: Failed to find expected lines in {where}:\n{move.old}"
        if not move.error:
            letter = "A" if move.kind == "write" else "M"
            files = f"Success. Updated the following files:\n{letter} {move.path}\n"
            output = f"Exit code: 0\nWall time: 0 seconds\nOutput:\n{files}"
        self.add("response_item", {"type": "custom_tool_call_output", "call_id": call, "output": output})

    def _command(self, move: Move, call: str) -> tuple[str, Json, str]:
        """The tool, its arguments and its answer. Codex has none but the shell for reading and searching."""
        if move.kind == "poll":
            output = "Chunk ID: 77ab01\nWall time: 5.0012 seconds\nProcess running with session ID 4121\nOutput:\n"
            return "write_stdin", {"session_id": 4121, "chars": "", "yield_time_ms": 5000}, output
        command, code, text = _shell(move)
        if move.timed_out:
            output = "Exit code: 124\nWall time: 120.1 seconds\nOutput:\ncommand timed out after 120004 milliseconds\n"
            arguments = {"command": command, "workdir": self.plan.project.cwd, "timeout_ms": 120000}
            return "shell_command", arguments, output + text
        output = f"Chunk ID: {digits(call, 6)}\nWall time: 0.{self.dice.between(1000, 9999)} seconds\n"
        output += f"Process exited with code {code}\nOriginal token count: {len(text) // 4}\nOutput:\n{text}"
        return "exec_command", {"cmd": command, "workdir": self.plan.project.cwd, "yield_time_ms": 10000}, output


def rollout(plan: Plan, story: Story) -> bytes:
    """The lines of a rollout file."""
    made = Rollout(plan)
    made.open(story.prompt)
    for number, move in enumerate(story.moves):
        if move.kind in ("retry", "compact") or move.rejected:
            continue
        made.play(move, f"call_{digits(f'{plan.key}c{number}', 24)}")
        made.count_tokens()
    if story.final:
        made.message("assistant", story.final)
    last = {"type": "task_complete", "turn_id": made.turn, "last_agent_message": story.final or None}
    made.add("event_msg", last)
    return b"".join(made.lines)


def _shell(move: Move) -> tuple[str, int, str]:
    """A move as a shell command with its exit code and output."""
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
