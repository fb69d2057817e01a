"""Moves of a story go in; the tool calls and answers that Claude Code would record for them come out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tools.fleet.dice import Dice, digits
from tools.fleet.shapes import Move, Plan

Json = dict[str, Any]
MODELS = ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101")
VERSIONS = ("2.1.37", "2.1.62", "2.1.71")
REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, "
    "the new_string was NOT written to the file). To tell you how to proceed, the user said:\n"
)


def model_of(plan: Plan) -> str:
    """The model of this run."""
    return MODELS[Dice(plan.key + "/model").below(len(MODELS))]


def version_of(plan: Plan) -> str:
    """The version of the agent in this run's month."""
    return VERSIONS[(int(plan.created[5:7]) - 1) % len(VERSIONS)]


def line(record: Json) -> bytes:
    """One line of JSON as the agents write it."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class Clock:
    """The time inside a run."""

    def __init__(self, start: str, dice: Dice) -> None:
        self._now = datetime.fromisoformat(start)
        self._dice = dice

    def tick(self, seconds: int = 0) -> str:
        """A little later (or so many seconds later), as the transcript writes it."""
        self._now += timedelta(seconds=seconds or self._dice.between(1, 14), milliseconds=self._dice.below(1000))
        return self._now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self._now.microsecond // 1000:03d}Z"


def turns(moves: Iterable[Move]) -> list[list[Move]]:
    """Moves that are called together, in one message of the agent."""
    grouped: list[list[Move]] = []
    for move in moves:
        if move.together and grouped and grouped[-1][0].kind not in ("compact", "retry"):
            grouped[-1].append(move)
        else:
            grouped.append([move])
    return grouped


def call_of(move: Move, plan: Plan) -> tuple[str, Json]:
    """The tool a move uses and its input."""
    path = f"{plan.project.cwd}/{move.path}"
    match move.kind:
        case "shell":
            described = {"description": "Run a command"} if len(move.command) % 3 == 0 else {}
            return "Bash", {"command": move.command, **described}
        case "read":
            return "Read", {"file_path": path}
        case "grep":
            return "Grep", {"pattern": move.command, "path": path, "output_mode": "content", "-n": True}
        case "edit":
            return "Edit", {"file_path": path, "old_string": move.old, "new_string": move.new}
        case "write":
            return "Write", {"file_path": path, "content": move.new}
        case "task":
            return "Task", {"description": move.command[:30], "prompt": move.command, "subagent_type": "Explore"}
        case "poll":
            return "BashOutput", {"bash_id": "b7f21c"}
        case _:
            raise ValueError(move.kind)


def answer_of(move: Move, plan: Plan) -> tuple[str, bool]:
    """The text of a tool's answer, and whether it is an error."""
    path = f"{plan.project.cwd}/{move.path}"
    if move.rejected:
        return REJECTED + move.error, True
    if move.error:
        return f"<tool_use_error>{move.error}</tool_use_error>", True
    if move.timed_out:
        return f"Exit code {move.exit}\nCommand timed out after 2m 0.0s\n{move.output}".rstrip(), True
    if move.exit:
        return f"Exit code {move.exit}\n{move.output}", True
    match move.kind:
        case "edit":
            return f"The file {path} has been updated successfully.", False
        case "write":
            return f"File created successfully at: {path}", False
        case "read":
            return "\n".join(f"{number:6d}→{row}" for number, row in enumerate(move.output.splitlines(), 1)), False
        case "poll":
            return "<status>running</status>\n\n<timestamp>unchanged</timestamp>", False
        case _:
            return move.output, False


def detail_of(move: Move, plan: Plan) -> Json:
    """The structured answer beside the text; left out (to keep the files small) where it only repeats the text."""
    path = f"{plan.project.cwd}/{move.path}"
    if move.error or move.exit:
        return {}
    match move.kind:
        case "edit":
            replaced = {"filePath": path, "oldString": move.old, "newString": move.new}
            return replaced | {"structuredPatch": [], "userModified": False}
        case "write":
            return {"type": "create", "filePath": path, "content": move.new, "structuredPatch": []}
        case "poll":
            return {"shellId": "b7f21c", "status": "running", "exitCode": None}
        case "task":
            return {"status": "completed", "agentId": digits(plan.key + "/subagent", 7), "totalToolUseCount": 4}
        case _:
            return {}
