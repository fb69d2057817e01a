"""A story goes in; the execution file of the claude-code-action (a pretty-printed JSON array) comes out."""

from __future__ import annotations

import json

from tools.fleet.claude import Json, answer_of, call_of, model_of, turns, version_of
from tools.fleet.dice import Dice, digits, uuid
from tools.fleet.shapes import Move, Plan, Story

TOOLS = ["Bash", "Edit", "Glob", "Grep", "Read", "Task", "Write"]


def execution(plan: Plan, story: Story) -> bytes:
    """The messages of a run, with the result at the end."""
    dice = Dice(plan.key + "/execution")
    messages = [_opening(plan)]
    grouped = [group for group in turns(story.moves) if group[0].kind not in ("compact", "retry")]
    for number, together in enumerate(grouped):
        messages += _turn(plan, number, together, dice)
    if story.final:
        messages.append(_said(plan, "end", [{"type": "text", "text": story.final}], dice, "end_turn"))
    messages.append(_result(plan, story, len(grouped), dice))
    return _array(messages)


def never_started(plan: Plan) -> bytes:
    """What is left when the agent did not come up: an opening and an error, no step."""
    result: Json = {"type": "result", "subtype": "error_during_execution", "is_error": True, "num_turns": 0}
    result |= {"duration_ms": 812, "terminal_reason": "turn_setup_failed", "session_id": uuid(plan.key)}
    return _array([_opening(plan), result | {"errors": ["The agent's settings could not be read"]}])


def _array(messages: list[Json]) -> bytes:
    return json.dumps(messages, ensure_ascii=False, indent=2).encode()


def _opening(plan: Plan) -> Json:
    opening: Json = {"type": "system", "subtype": "init", "cwd": plan.project.cwd, "session_id": uuid(plan.key)}
    opening |= {"tools": TOOLS, "mcp_servers": [], "model": model_of(plan), "permissionMode": "acceptEdits"}
    opening |= {"slash_commands": [], "apiKeySource": "none", "claude_code_version": version_of(plan)}
    return opening | {"uuid": uuid(plan.key + "/init")}


def _turn(plan: Plan, number: int, together: list[Move], dice: Dice) -> list[Json]:
    """A message of the agent and the answers to its calls."""
    blocks: list[Json] = [{"type": "text", "text": together[0].say}] if together[0].say else []
    answers: list[Json] = []
    for place, move in enumerate(together):
        call = f"toolu_{digits(f'{plan.key}x{number}{place}', 22)}"
        name, arguments = call_of(move, plan)
        blocks.append({"type": "tool_use", "id": call, "name": name, "input": arguments})
        text, bad = answer_of(move, plan)
        answers.append({"type": "tool_result", "tool_use_id": call, "content": text, "is_error": bad})
    answered: Json = {"type": "user", "message": {"role": "user", "content": answers}, "parent_tool_use_id": None}
    answered |= {"session_id": uuid(plan.key), "uuid": uuid(f"{plan.key}u{number}")}
    return [_said(plan, f"a{number}", blocks, dice, "tool_use"), answered]


def _said(plan: Plan, name: str, blocks: list[Json], dice: Dice, stop: str) -> Json:
    usage = {"input_tokens": dice.between(4, 12), "cache_read_input_tokens": dice.between(9000, 30000)}
    message: Json = {"id": f"msg_{digits(plan.key + name, 20)}", "type": "message", "role": "assistant"}
    message |= {"model": model_of(plan), "content": blocks, "stop_reason": stop}
    message |= {"usage": usage | {"output_tokens": dice.between(40, 400)}}
    said: Json = {"type": "assistant", "message": message, "parent_tool_use_id": None}
    return said | {"session_id": uuid(plan.key), "uuid": uuid(plan.key + name)}


def _result(plan: Plan, story: Story, count: int, dice: Dice) -> Json:
    seconds = count * dice.between(6, 11)
    cost = round(count * 0.021 + dice.below(90) / 1000, 4)
    subtype, reason = ("error_max_turns", "max_turns") if story.limit else ("success", "completed")
    result: Json = {"type": "result", "subtype": subtype, "is_error": False, "num_turns": count + 1}
    result |= {"duration_ms": seconds * 1000, "duration_api_ms": seconds * 780, "total_cost_usd": cost}
    usage = {"input_tokens": count * 9, "cache_read_input_tokens": count * 16000, "output_tokens": count * 210}
    result |= {"usage": usage, "permission_denials": [], "terminal_reason": reason, "session_id": uuid(plan.key)}
    result |= {"uuid": uuid(plan.key + "/result")}
    return result if story.limit else result | {"result": story.final}
