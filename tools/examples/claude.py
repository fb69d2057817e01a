"""A story goes in; a Claude Code session (JSON lines) or a claude-code-action execution file (one JSON array) comes out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tools.examples.dice import Dice, digits, uuid
from tools.examples.shapes import Move, Plan, Story

Json = dict[str, Any]
MODELS = ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101")
VERSIONS = ("2.1.37", "2.1.62", "2.1.71")
REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the new_string was "
    "NOT written to the file). To tell you how to proceed, the user said:\n"
)
OVERLOADED = 'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'


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


def call_of(move: Move, plan: Plan) -> tuple[str, Json]:
    """The tool a move uses and its input."""
    path = f"{plan.project.cwd}/{move.path}"
    match move.kind:
        case "shell":
            return "Bash", {"command": move.command, "description": "Run a command"} if len(
                move.command
            ) % 3 == 0 else {"command": move.command}
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
            return {"filePath": path, "oldString": move.old, "newString": move.new, "structuredPatch": [], "userModified": False}
        case "write":
            return {"type": "create", "filePath": path, "content": move.new, "structuredPatch": []}
        case "poll":
            return {"shellId": "b7f21c", "status": "running", "exitCode": None}
        case "task":
            return {"status": "completed", "agentId": digits(plan.key + "/subagent", 7), "totalToolUseCount": 4}
        case _:
            return {}


def turns(moves: Iterable[Move]) -> list[list[Move]]:
    """Moves that are called together, in one message of the agent."""
    grouped: list[list[Move]] = []
    for move in moves:
        if move.together and grouped and grouped[-1][0].kind not in ("compact", "retry"):
            grouped[-1].append(move)
        else:
            grouped.append([move])
    return grouped


class Session:
    """The lines of one session file, each linked to the one before."""

    def __init__(self, plan: Plan, agent_id: str = "") -> None:
        self.plan = plan
        self.name = plan.key + agent_id
        self.dice = Dice(self.name + "/session")
        self.clock = Clock(plan.created, self.dice)
        self.session = uuid(plan.key)
        self.agent_id = agent_id
        self.lines: list[bytes] = []
        self.parent: str | None = None
        self.messages = 0
        self.context = self.dice.between(9000, 15000)

    def add(self, kind: str, seconds: int = 0, **fields: object) -> str:
        """One record in its envelope; returns its identifier."""
        ident = uuid(f"{self.name}/{len(self.lines)}")
        record: Json = {
            "parentUuid": self.parent,
            "isSidechain": bool(self.agent_id),
            "userType": "external",
            "cwd": self.plan.project.cwd,
        }
        record |= {
            "sessionId": self.session,
            "version": version_of(self.plan),
            "gitBranch": f"agent/{self.plan.task.id}",
        }
        if self.agent_id:
            record["agentId"] = self.agent_id
        record |= {"type": kind, **fields, "uuid": ident, "timestamp": self.clock.tick(seconds)}
        self.lines.append(line(record))
        self.parent = ident
        return ident

    def say(self, blocks: list[Json], stop: str | None = None) -> str:
        """One message of the agent: one line a block, all with the same message id."""
        self.messages += 1
        self.context += self.dice.between(150, 900)
        usage = {"input_tokens": self.dice.between(4, 12), "cache_creation_input_tokens": self.dice.between(100, 900)}
        usage |= {"cache_read_input_tokens": self.context, "output_tokens": self.dice.between(40, 400)}
        ident = ""
        for block in blocks:
            message = {
                "model": model_of(self.plan),
                "id": f"msg_{digits(f'{self.name}m{self.messages}', 20)}",
                "type": "message",
                "role": "assistant",
            }
            ident = self.add(
                "assistant",
                message=message | {"content": [block], "stop_reason": stop, "stop_sequence": None, "usage": usage},
            )
        return ident

    def play(self, together: list[Move]) -> None:
        """One turn: what the agent says, its calls, and their answers."""
        first = together[0]
        if first.kind == "compact":
            self.parent, before = None, self.parent
            meta = {"trigger": "auto", "preTokens": self.context}
            self.add(
                "system",
                subtype="compact_boundary",
                content="Conversation compacted",
                isMeta=False,
                level="info",
                logicalParentUuid=before,
                compactMetadata=meta,
            )
            self.add("user", isCompactSummary=True, message={"role": "user", "content": first.output})
            return
        if first.kind == "retry":
            self.add(
                "system",
                subtype="api_error",
                level="error",
                error={"status": 529},
                retryInMs=571,
                retryAttempt=1,
                maxRetries=10,
            )
            return
        blocks: list[Json] = [{"type": "text", "text": first.say}] if first.say else []
        calls = [(move, f"toolu_{digits(f'{self.name}t{len(self.lines)}{n}', 22)}") for n, move in enumerate(together)]
        for move, ident in calls:
            name, arguments = call_of(move, self.plan)
            blocks.append({"type": "tool_use", "id": ident, "name": name, "input": arguments})
        self.say(blocks)
        for move, ident in calls:
            text, bad = answer_of(move, self.plan)
            detail = detail_of(move, self.plan)
            result: Json = {"tool_use_id": ident, "type": "tool_result", "content": text} | (
                {"is_error": True} if bad else {}
            )
            fields: Json = {"message": {"role": "user", "content": [result]}} | ({"toolUseResult": detail} if detail else {})
            self.add("user", 121 if move.timed_out else 0, **fields)


def session(plan: Plan, story: Story) -> bytes:
    """The main session file of a run."""
    made = Session(plan)
    if made.dice.chance(60):
        snapshot = {"messageId": uuid(plan.key + "/0"), "trackedFileBackups": {}, "timestamp": plan.created}
        made.lines.append(
            line(
                {
                    "type": "file-history-snapshot",
                    "messageId": snapshot["messageId"],
                    "snapshot": snapshot,
                    "isSnapshotUpdate": False,
                }
            )
        )
    made.add("user", message={"role": "user", "content": story.prompt})
    for together in turns(story.moves):
        made.play(together)
    if story.overloaded:
        for _ in range(3):
            made.add(
                "system",
                20,
                subtype="api_error",
                level="error",
                error={"status": 529},
                retryInMs=9000,
                retryAttempt=10,
                maxRetries=10,
            )
            message = {
                "id": uuid(made.name + str(len(made.lines))),
                "model": "<synthetic>",
                "role": "assistant",
                "type": "message",
                "stop_reason": "stop_sequence",
            }
            message |= {
                "content": [{"type": "text", "text": OVERLOADED}],
                "usage": {"input_tokens": 0, "output_tokens": 0},
            }
            made.add("assistant", message=message, isApiErrorMessage=True)
    elif story.final:
        made.say([{"type": "text", "text": story.final}], "end_turn")
        if made.dice.chance(50):
            made.add("system", subtype="turn_duration", durationMs=made.dice.between(60_000, 400_000), isMeta=False)
    if "spliced" in plan.noise:
        return b"".join(_splice(made.lines))
    return b"".join(made.lines)


def _splice(lines: list[bytes]) -> Iterator[bytes]:
    """Cut one record of plain text off and let the next follow on the same line, as crashed writers do."""
    texts = [place for place, text in enumerate(lines) if b'"type":"text"' in text]
    cut = texts[len(texts) // 2]
    for place, text in enumerate(lines):
        yield text[: len(text) * 2 // 3].decode(errors="ignore").encode() if place == cut else text


def subagent(plan: Plan, story: Story) -> tuple[str, bytes]:
    """The name below `transcripts/` and the bytes of a helper's own file."""
    agent_id = digits(plan.key + "/subagent", 7)
    made = Session(plan, agent_id)
    made.add("user", message={"role": "user", "content": f"Find callers of {plan.task.source}"})
    for together in turns(story.subagent):
        made.play(together)
    made.say([{"type": "text", "text": "No other callers than the tests."}], "end_turn")
    return f"{made.session}/subagents/agent-{agent_id}.jsonl", b"".join(made.lines)


def execution(plan: Plan, story: Story) -> bytes:
    """The execution file of the claude-code-action: a pretty-printed array of the same messages, with a result."""
    dice = Dice(plan.key + "/execution")
    ident, model = uuid(plan.key), model_of(plan)
    tools = ["Bash", "Edit", "Glob", "Grep", "Read", "Task", "Write"]
    messages: list[Json] = [
        {
            "type": "system",
            "subtype": "init",
            "cwd": plan.project.cwd,
            "session_id": ident,
            "tools": tools,
            "mcp_servers": [],
        }
    ]
    messages[0] |= {
        "model": model,
        "permissionMode": "acceptEdits",
        "slash_commands": [],
        "apiKeySource": "none",
        "claude_code_version": version_of(plan),
        "uuid": uuid(plan.key + "/init"),
    }
    grouped = [group for group in turns(story.moves) if group[0].kind not in ("compact", "retry")]
    for number, together in enumerate(grouped):
        blocks: list[Json] = [{"type": "text", "text": together[0].say}] if together[0].say else []
        answers: list[Json] = []
        for place, move in enumerate(together):
            call = f"toolu_{digits(f'{plan.key}x{number}{place}', 22)}"
            name, arguments = call_of(move, plan)
            blocks.append({"type": "tool_use", "id": call, "name": name, "input": arguments})
            text, bad = answer_of(move, plan)
            answers.append({"type": "tool_result", "tool_use_id": call, "content": text, "is_error": bad})
        messages.append(_said(plan, f"a{number}", blocks, model, dice, "tool_use"))
        messages.append(
            {
                "type": "user",
                "message": {"role": "user", "content": answers},
                "parent_tool_use_id": None,
                "session_id": ident,
                "uuid": uuid(f"{plan.key}u{number}"),
            }
        )
    if story.final:
        messages.append(_said(plan, "end", [{"type": "text", "text": story.final}], model, dice, "end_turn"))
    messages.append(_result(plan, story, len(grouped), dice))
    return json.dumps(messages, ensure_ascii=False, indent=2).encode()


def never_started(plan: Plan) -> bytes:
    """The execution file of an action whose agent did not come up: an opening and an error, no step."""
    opening: Json = {
        "type": "system",
        "subtype": "init",
        "cwd": plan.project.cwd,
        "session_id": uuid(plan.key),
        "tools": [],
        "mcp_servers": [],
    }
    opening |= {
        "model": model_of(plan),
        "permissionMode": "acceptEdits",
        "slash_commands": [],
        "apiKeySource": "none",
        "claude_code_version": version_of(plan),
    }
    result: Json = {
        "type": "result",
        "subtype": "error_during_execution",
        "is_error": True,
        "num_turns": 0,
        "duration_ms": 812,
    }
    result |= {
        "terminal_reason": "turn_setup_failed",
        "errors": ["The agent's settings could not be read"],
        "session_id": uuid(plan.key),
    }
    return json.dumps([opening, result], indent=2).encode()


def _said(plan: Plan, name: str, blocks: list[Json], model: str, dice: Dice, stop: str) -> Json:
    usage = {
        "input_tokens": dice.between(4, 12),
        "cache_read_input_tokens": dice.between(9000, 30000),
        "output_tokens": dice.between(40, 400),
    }
    message = {
        "id": f"msg_{digits(plan.key + name, 20)}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks,
        "stop_reason": stop,
        "usage": usage,
    }
    return {
        "type": "assistant",
        "message": message,
        "parent_tool_use_id": None,
        "session_id": uuid(plan.key),
        "uuid": uuid(plan.key + name),
    }


def _result(plan: Plan, story: Story, count: int, dice: Dice) -> Json:
    seconds = count * dice.between(6, 11)
    result: Json = {
        "type": "result",
        "subtype": "error_max_turns" if story.limit else "success",
        "is_error": False,
        "num_turns": count + 1,
    }
    result |= {
        "duration_ms": seconds * 1000,
        "duration_api_ms": seconds * 780,
        "total_cost_usd": round(count * 0.021 + dice.below(90) / 1000, 4),
    }
    result |= {
        "usage": {"input_tokens": count * 9, "cache_read_input_tokens": count * 16000, "output_tokens": count * 210},
        "permission_denials": [],
    }
    result |= {
        "terminal_reason": "max_turns" if story.limit else "completed",
        "session_id": uuid(plan.key),
        "uuid": uuid(plan.key + "/result"),
    }
    return result if story.limit else result | {"result": story.final}
