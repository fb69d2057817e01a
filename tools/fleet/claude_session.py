"""A story goes in; the session file that Claude Code would write for it (JSON lines) comes out."""

from __future__ import annotations

from collections.abc import Iterator

from tools.fleet.claude import Clock, Json, answer_of, call_of, detail_of, line, model_of, turns, version_of
from tools.fleet.dice import Dice, digits, uuid
from tools.fleet.shapes import Move, Plan, Story

OVERLOADED = 'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'


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

    def add(self, kind: str, seconds: int = 0, **fields: object) -> None:
        """One record in its envelope."""
        ident = uuid(f"{self.name}/{len(self.lines)}")
        record: Json = {"parentUuid": self.parent, "isSidechain": bool(self.agent_id), "userType": "external"}
        record |= {"cwd": self.plan.project.cwd, "sessionId": self.session, "version": version_of(self.plan)}
        record |= {"gitBranch": f"agent/{self.plan.task.id}"}
        record |= {"agentId": self.agent_id} if self.agent_id else {}
        record |= {"type": kind, **fields, "uuid": ident, "timestamp": self.clock.tick(seconds)}
        self.lines.append(line(record))
        self.parent = ident

    def say(self, blocks: list[Json], stop: str | None = None) -> None:
        """One message of the agent: one line a block, all with the same message id."""
        self.messages += 1
        self.context += self.dice.between(150, 900)
        usage = {"input_tokens": self.dice.between(4, 12), "cache_creation_input_tokens": self.dice.between(100, 900)}
        usage |= {"cache_read_input_tokens": self.context, "output_tokens": self.dice.between(40, 400)}
        message: Json = {"model": model_of(self.plan), "id": f"msg_{digits(f'{self.name}m{self.messages}', 20)}"}
        message |= {"type": "message", "role": "assistant"}
        for block in blocks:
            ending = {"stop_reason": stop, "stop_sequence": None, "usage": usage}
            self.add("assistant", message=message | {"content": [block]} | ending)

    def play(self, together: list[Move]) -> None:
        """One turn: what the agent says, its calls, and their answers."""
        match together[0].kind:
            case "compact":
                self._compact(together[0].output)
            case "retry":
                self.failed_at_provider(1)
            case _:
                self._call(together)

    def failed_at_provider(self, attempt: int) -> None:
        """A request that the provider did not answer."""
        retry = {"retryInMs": 571 * attempt, "retryAttempt": attempt, "maxRetries": 10}
        self.add("system", subtype="api_error", level="error", error={"status": 529}, **retry)

    def _call(self, together: list[Move]) -> None:
        first = together[0]
        blocks: list[Json] = [{"type": "text", "text": first.say}] if first.say else []
        calls = [(move, f"toolu_{digits(f'{self.name}t{len(self.lines)}{n}', 22)}") for n, move in enumerate(together)]
        for move, ident in calls:
            name, arguments = call_of(move, self.plan)
            blocks.append({"type": "tool_use", "id": ident, "name": name, "input": arguments})
        self.say(blocks)
        for move, ident in calls:
            text, bad = answer_of(move, self.plan)
            result: Json = {"tool_use_id": ident, "type": "tool_result", "content": text}
            result |= {"is_error": True} if bad else {}
            detail = detail_of(move, self.plan)
            fields: Json = {"message": {"role": "user", "content": [result]}}
            fields |= {"toolUseResult": detail} if detail else {}
            self.add("user", 121 if move.timed_out else 0, **fields)

    def _compact(self, summary: str) -> None:
        self.parent, before = None, self.parent
        meta = {"trigger": "auto", "preTokens": self.context}
        boundary: Json = {"content": "Conversation compacted", "isMeta": False, "level": "info"}
        boundary |= {"logicalParentUuid": before, "compactMetadata": meta}
        self.add("system", subtype="compact_boundary", **boundary)
        self.add("user", isCompactSummary=True, message={"role": "user", "content": summary})


def session(plan: Plan, story: Story) -> bytes:
    """The main session file of a run."""
    made = Session(plan)
    if made.dice.chance(60):
        made.lines.append(_snapshot(plan))
    made.add("user", message={"role": "user", "content": story.prompt})
    for together in turns(story.moves):
        made.play(together)
    if story.overloaded:
        for attempt in (8, 9, 10):
            made.failed_at_provider(attempt)
            made.add("assistant", message=_synthetic(made), isApiErrorMessage=True)
    elif story.final:
        made.say([{"type": "text", "text": story.final}], "end_turn")
        if made.dice.chance(50):
            made.add("system", subtype="turn_duration", durationMs=made.dice.between(60_000, 400_000), isMeta=False)
    return b"".join(_spliced(made.lines) if "spliced" in plan.noise else made.lines)


def _snapshot(plan: Plan) -> bytes:
    ident = uuid(plan.key + "/0")
    snapshot = {"messageId": ident, "trackedFileBackups": {}, "timestamp": plan.created}
    record = {"type": "file-history-snapshot", "messageId": ident, "snapshot": snapshot, "isSnapshotUpdate": False}
    return line(record)


def _synthetic(made: Session) -> Json:
    """The message that Claude Code itself writes when the provider gave none."""
    message: Json = {"id": uuid(made.name + str(len(made.lines))), "model": "<synthetic>", "role": "assistant"}
    message |= {"type": "message", "stop_reason": "stop_sequence", "usage": {"input_tokens": 0, "output_tokens": 0}}
    return message | {"content": [{"type": "text", "text": OVERLOADED}]}


def _spliced(lines: list[bytes]) -> Iterator[bytes]:
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
