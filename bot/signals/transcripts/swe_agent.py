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

import posixpath
import shlex
from collections.abc import Mapping
from typing import Any

import msgspec

from bot.model import CallStatus, EndReason, Tokens, Trace
from bot.signals.transcripts.acts import EDITORS, edited, shell
from bot.signals.transcripts.assemble import Answer
from bot.signals.transcripts.exits import timed_out
from bot.signals.transcripts.lines import BROKEN, Lines, Losses
from bot.signals.transcripts.objects import Document, Element, document
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.told import Told, known
from bot.signals.transcripts.tools import COMMAND_CAP, PATH_CAP, Use, quote
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

_SEARCHES = ("search_dir", "search_file", "find_file")
_LOOKS = ("open", "goto", "scroll_up", "scroll_down", "set_cursors")
_CHANGES = ("create", "edit", "insert", "undo_edit")
_TALK = ("submit", "exit_forfeit", "exit_cost", "exit_context", "exit_format", "exit_error", "review_on_submit_m")
_REFUSED = (
    "Your proposed edit has introduced new syntax error",
    "Your bash command contained syntax errors and was NOT executed",
    "No file open. Use the open command first",
    "Invalid `path` parameter",
    "No replacement was performed",
    "Usage: ",
    "Text not found",
    "Wrong flag!",
)
_NOT_RUN = ("command not found", "No such file or directory", "No such file", "Permission denied", "cannot execute")
_TAIL = 2_000


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
    name, use = _use(action, state)
    key = f"{start}"
    told.assembly.call(draft, key, name, use, start, end, quote(action, plain) or "action")
    told.assembly.answer(key, _answer(use, step, element))


def _use(action: str, state: Mapping[str, Any]) -> tuple[str, Use]:
    """The tool's name and what the call does. A path is absolute when the agent had left the first directory."""
    words = _words(action)
    name = words[0] if words else ""
    opened, here = text(state.get("open_file")), text(state.get("working_dir"))
    opened = "" if opened == "n/a" else opened[:PATH_CAP]
    named = tuple(posixpath.join(here, word)[:PATH_CAP] for word in words[1:2])
    first = action.strip().split("\n", 1)[0][:COMMAND_CAP]
    if name in EDITORS:
        return name, edited({"command": next(iter(words[1:2]), ""), "path": next(iter(words[2:3]), "")})
    if name in _SEARCHES:
        return name, Use("search", first)
    if name == "open":
        return name, Use("read", "", named)
    if name in _LOOKS:
        return name, Use("read", first if name == "goto" else "", (opened,) if opened else ())
    if name == "create":
        return name, Use("edit", first, named, named)
    if name in _CHANGES:
        return name, Use("edit", first, (opened,) if opened else ())
    if name in _TALK:
        return name, Use("other")
    return "bash", shell(action.strip())


def _words(action: str) -> list[str]:
    line = action.strip().split("\n", 1)[0][:COMMAND_CAP]
    try:
        return shlex.split(line)[:4]
    except ValueError:
        return line.split()[:4]


def _answer(use: Use, step: Mapping[str, Any], element: Element) -> Answer:
    output = text(step.get("observation"))
    late = timed_out(output)
    seconds = amount(step.get("execution_time"))
    status: CallStatus = "error" if late or _failed(use, output) else "ok"
    return Answer(
        element.start, element.end, status, output, None, late,
        int(seconds * 1_000) if seconds and 0 < seconds < 1e6 else None,
        fallback=known(step, "observation", "action"), plain=element.mended,
    )  # fmt: skip


def _failed(use: Use, output: str) -> bool:
    head = output[:200].lstrip()
    if head.startswith(_REFUSED):
        return True
    if use.kind != "shell":
        return False
    line = head.split("\n", 1)[0]
    if any(line.rstrip().endswith(said) for said in _NOT_RUN) and ": " in line:
        return True
    tail = output[-_TAIL:].rstrip()
    last = tail[tail.rfind("\n") + 1 :]
    return "Traceback (most recent call last)" in tail and _raised(last)


def _raised(line: str) -> bool:
    """Whether a line is the last of a traceback: `SomeError: why` at the left edge."""
    name = line.split(":", 1)[0]
    return name.replace(".", "").isidentifier() and name.endswith(("Error", "Exception", "Interrupt", "Exit"))


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
