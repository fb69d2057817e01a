"""Takes a `.traj` of SWE-agent, 0.x or 1.x; gives its Trace.

A **step** is one element of `trajectory`; its **call** is its `action`, none where the model's answer held no action.
Demonstrations stand in `history` only and are never steps. SWE-agent keeps no exit codes: a call's **error** is what
its tools say in words (a refused edit, a syntax error of the shell, a time limit), a command that was not found, or a
Python traceback at the end of what a command printed. **end_reason** is `info.exit_status`; what was submitted
because a limit was reached (`submitted (exit_cost)`) ended by the limit. A file without one was left by a run that
was killed: the file is written anew at each step. The format has no verdict.
https://swe-agent.com/latest/usage/trajectories/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from bot.model import EndReason, Tokens, Trace
from bot.signals.transcripts.held import Document, Element
from bot.signals.transcripts.lines import BROKEN, Lines, Losses
from bot.signals.transcripts.objects import document
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.swe_tools import answer_of, use_of
from bot.signals.transcripts.told import Told, known
from bot.signals.transcripts.tools import PATH_CAP, quote
from bot.signals.transcripts.values import amount, mapping, mappings, text, texts, whole

NAME = "swe-agent"
MARKS = ("action", "observation", "response", "thought", "query", "state")
ENDS: dict[str, EndReason] = {
    "submitted": "finished",
    "exit_forfeit": "finished",
    "exit_command": "finished",
    "exit_cost": "limit",
    "exit_context": "limit",
    "exit_total_execution_time": "timeout",
    "exit_command_timeout": "timeout",
    "early_exit": "aborted",
    "skipped": "aborted",
}
"""https://swe-agent.com/latest/reference/agent/ names them; every other status is an error."""


def matches(head: Head) -> bool:
    """An object whose `trajectory` is a list beside `history`, `info` or `environment`, or holds `action`s."""
    first = head.first
    if head.shape not in ("object", "lines"):
        return False
    if "attempts..trajectory" in first:
        return True
    return first.get("trajectory") in ("[", '"') and any(
        key in first for key in ("history", "info", "environment", "replay_config", *_within("trajectory"))
    )


def _within(name: str) -> tuple[str, ...]:
    return (f"{name}..action", f"{name}..response", f"{name}..thought")


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    data = lines.document()
    found = document(data, lines.losses, ("trajectory",), MARKS)
    attempts = found.get("attempts")
    if isinstance(attempts, list) and attempts:
        said = "the chosen one is read" if found.elements else "none was chosen: the last is read"
        lines.losses.note(f"{len(attempts)} attempt(s) of a retrying agent, {said}")
        found = found if found.elements else _last_attempt(data) or found
    told = Told(NAME, NAME)
    for element, step in found.records(lines.losses):
        _step(told, element, step)
    _info(told, mapping(found.get("info")), found.whole)
    _config(told, mapping(_decoded(found.get("replay_config"))))
    told.prompt = _prompt(found)
    return [told.trace((lines.source(path),), lines.losses.warnings())]


def _last_attempt(data: bytes) -> Document | None:
    """The last attempt of an agent that retries; what was lost of the file has been told already."""
    held = document(data, Losses(), ("attempts",), ("trajectory",)).elements
    if not held or held[-1].mended:
        return None
    last = held[-1]
    return document(bytes(last.raw), Losses(), ("trajectory",), MARKS, shift=last.start, line=last.line)


def _step(told: Told, element: Element, step: Mapping[str, Any]) -> None:
    plain, start, end = element.mended, element.start, element.end
    action, thought = text(step.get("action")), text(step.get("thought")) or text(step.get("response"))
    state = mapping(_decoded(step.get("state")))
    told.cwd = told.cwd or text(state.get("working_dir"))[:PATH_CAP]
    told.final = thought or told.final
    draft = told.assembly.step(
        start, end, quote(thought, plain) or quote(action, plain), known(step, "action", "observation")
    )
    if not action.strip():
        return
    name, use = use_of(action, state)
    key = f"{start}"
    told.assembly.call(draft, key, name, use, start, end, quote(action, plain) or "action")
    told.assembly.answer(key, answer_of(use, step, element))


def _info(told: Told, info: Mapping[str, Any], whole_file: bool) -> None:
    status, stats = text(info.get("exit_status")), mapping(info.get("model_stats"))
    told.version = text(info.get("swe_agent_version"))
    told.tokens = Tokens(whole(stats.get("tokens_sent")), whole(stats.get("tokens_received")))
    told.cost_usd = amount(stats.get("instance_cost"))
    told.end_reason = _end_reason(status) if status else "killed" if whole_file else "unknown"
    told.provider_errors = int("exit_api" in status)
    told.guard = "format" if "exit_format" in status else ""


def _end_reason(status: str) -> EndReason:
    """`submitted (exit_cost)` was submitted for the agent when its money was spent: the limit ended it."""
    inner = status.partition("(")[2].rstrip(") ")
    return ENDS.get(inner or status.strip(), "error")


def _config(told: Told, config: Mapping[str, Any]) -> None:
    """What 1.x keeps of the run: the model, the task's id."""
    agent = mapping(config.get("agent"))
    told.model = text(mapping(agent.get("model")).get("name"))
    told.task = text(mapping(config.get("problem_statement")).get("id"))


def _prompt(found: Document) -> str:
    """The first request that is no demonstration."""
    for message in mappings(found.get("history")):
        if message.get("role") == "user" and message.get("is_demo") is not True:
            return texts(message.get("content"))
    return ""


def _decoded(value: object) -> object:
    """0.x keeps the state, 1.x in some versions the configuration, as JSON in a string."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except BROKEN:
        return None
