"""Takes an action of SWE-agent and what came of it; gives what the call does and whether it failed, told in words.

SWE-agent keeps no exit codes.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping
from typing import Any

from bot.model import CallStatus
from bot.signals.transcripts.acts import EDITORS, edited, shell
from bot.signals.transcripts.assemble import Answer
from bot.signals.transcripts.exits import timed_out
from bot.signals.transcripts.held import Element
from bot.signals.transcripts.told import known
from bot.signals.transcripts.tools import COMMAND_CAP, PATH_CAP, Use
from bot.signals.transcripts.values import amount, text

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


def use_of(action: str, state: Mapping[str, Any]) -> tuple[str, Use]:
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


def answer_of(use: Use, step: Mapping[str, Any], element: Element) -> Answer:
    """What came of the call, by the words of its observation."""
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
