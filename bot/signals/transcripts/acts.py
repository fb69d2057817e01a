"""Takes a tool's name and its decoded arguments; gives what the call does, also for the tools of research agents."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from bot.signals.transcripts.lines import BROKEN
from bot.signals.transcripts.tools import COMMAND_CAP, KIND_OF, PATH_CAP, Use, describe
from bot.signals.transcripts.values import mapping, text

SHELLS = frozenset(
    {
        "execute_bash", "cmd_run", "terminal", "bash_command", "run", "run_shell_command", "execute_command", "tmux",
        "exec", "execute", "run_script",
    }
)  # fmt: skip
EDITORS = frozenset({"str_replace_editor", "str_replace_based_edit_tool", "file_editor", "planning_file_editor"})
SEARCHES = frozenset({"find_file", "search_dir", "search_file", "search_files"})
READS = frozenset({"open", "goto", "scroll_up", "scroll_down", "view", "read_file"})
EDITS = frozenset({"edit_file", "write_file", "create", "insert", "edit"})
WEBS = frozenset({"browse", "browser", "browse_interactive", "fetch", "web_search"})
TASKS = frozenset({"delegate", "call_agent", "subagent"})
ENDS = frozenset({"finish", "submit", "mark_task_complete", "attempt_completion", "done"})
"""By these calls an agent says that it is done; nothing needs to come back."""
SILENT = ENDS | {"think", "message", "task_tracker"}
"""What an agent says of itself by a call: such a call is never *repeated*, so it has no command."""


def act(name: str, arguments: object) -> Use:
    """What this call does. An unknown tool's command is its arguments as JSON, so that equal calls are equal.

    Arguments may be JSON in a string; a string that is none is taken as the command.
    """
    given = mapping(_decoded(arguments))
    lower = name.lower()
    if lower in EDITORS:
        return edited(given)
    if lower in SHELLS:
        return shell(_command(given))
    if lower in SILENT:
        return Use("other")
    if lower in SEARCHES:
        return Use("search", _whole(given), _paths(given))
    if lower in READS:
        return Use("read", "", _paths(given))
    if lower in EDITS:
        return Use("edit", "", _paths(given), _paths(given) if lower == "create" else ())
    if lower in KIND_OF and KIND_OF[lower] not in ("other", "web", "task"):
        return describe(name, msgspec.json.encode(given))
    kind = "web" if lower in WEBS else "task" if lower in TASKS else KIND_OF.get(lower, "other")
    return Use(kind, _whole(given))


def _decoded(arguments: object) -> object:
    if not isinstance(arguments, str):
        return arguments
    try:
        return msgspec.json.decode(arguments)
    except BROKEN:
        return {"command": arguments}


def shell(command: str) -> Use:
    """A command for a shell; one that says nothing only waits for the last."""
    if not command.strip():
        return Use("poll")
    return describe("bash", msgspec.json.encode({"command": command}))


def edited(given: Mapping[str, Any]) -> Use:
    """A call of the editor tool that many agents share: its `command` says whether it looks, makes or changes."""
    verb = text(given.get("command"))
    paths = _paths(given)
    if verb == "view":
        return Use("read", "", paths)
    return Use("edit", "", paths, paths if verb == "create" else ())


def _command(given: Mapping[str, Any]) -> str:
    return next(
        (text(given[key]) for key in ("command", "cmd", "keystrokes", "script", "code") if text(given.get(key))), ""
    )


def _paths(given: Mapping[str, Any]) -> tuple[str, ...]:
    found = (text(given.get(key)) for key in ("path", "file_path", "filePath", "absolute_path", "filename", "file"))
    return tuple(sys.intern(path[:PATH_CAP]) for path in found if path)


def _whole(given: Mapping[str, Any]) -> str:
    if not given:
        return ""
    return msgspec.json.encode(given, order="sorted")[: COMMAND_CAP * 4].decode("utf-8", "ignore")[:COMMAND_CAP]
