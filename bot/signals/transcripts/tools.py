"""Takes a tool's name and its arguments as an agent wrote them; gives what the call is: kind, command, paths."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import msgspec

from bot.model import CallKind
from bot.signals.transcripts.lines import BROKEN

COMMAND_CAP = 2_000
PATH_CAP = 500
MOST_PATHS = 20

_KINDS: dict[CallKind, tuple[str, ...]] = {
    "shell": (
        "bash", "shell", "shell_command", "exec_command", "local_shell", "local_shell_call", "run_command",
        "run_shell_command", "powershell",
    ),
    "edit": (
        "edit", "write", "multiedit", "notebookedit", "apply_patch", "str_replace_based_edit_tool", "create", "replace",
        "write_file", "patch", "delete",
    ),
    "read": (
        "read", "notebookread", "view_image", "read_file", "readmcpresourcetool", "view", "read_many_files",
        "readlints",
    ),
    "search": (
        "grep", "glob", "ls", "search", "toolsearch", "tool_search_call", "list_dir", "grep_files", "rg", "list",
        "list_directory", "search_file_content", "grep_search", "codesearch", "semsearch", "lsp",
    ),
    "web": (
        "webfetch", "websearch", "web_search", "web_search_call", "web_fetch", "google_web_search", "fetch",
    ),
    "task": ("task", "agent", "spawn_agent", "codebase_investigator", "delegate_to_agent"),
    "poll": (
        "bashoutput", "taskoutput", "agentoutputtool", "wait", "wait_agent", "sleep", "tasklist", "taskget",
        "get_command_status", "list_agents", "read_bash", "list_bash", "read_powershell", "list_powershell",
        "read_agent",
    ),
}  # fmt: skip
KIND_OF: dict[str, CallKind] = {name: kind for kind, names in _KINDS.items() for name in names}

_SLEEP = re.compile(r"\s*sleep [\d.]{1,9}[smhd]?\s*;?\s*")
_PATCH_PATH = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.{1,500})$|^\*\*\* Move to: (.{1,500})$", re.M)
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{40,}")
_PLAIN = re.compile(r"[ !#-\[\]-~]{1,120}")
QUOTE_CAP = 80
"""Characters of a quote; quotes are most of what a step keeps in memory."""


class Arguments(msgspec.Struct, gc=False):
    """The arguments that say what a call does; all else (file contents above all) is never decoded."""

    command: object = None
    cmd: object = None
    file_path: object = None
    filePath: object = None  # noqa: N815
    absolute_path: object = None
    dir_path: object = None
    notebook_path: object = None
    path: object = None
    paths: object = None
    chars: object = None
    input: object = None
    patch: object = None
    patchText: object = None  # noqa: N815
    action: object = None


Given = Arguments | bytes | str | msgspec.Raw | float | Sequence[msgspec.Raw] | None
"""Arguments as a record holds them: decoded with it, as JSON, or as something else than an object."""


class Use(msgspec.Struct, frozen=True, gc=False):
    """What a call does, before its answer is known. `whole` is the command beyond what is kept, for reading checks."""

    kind: CallKind
    command: str = ""
    paths: tuple[str, ...] = ()
    creates: tuple[str, ...] = ()


_ARGUMENTS = msgspec.json.Decoder(Arguments)


def describe(name: str, arguments: Given) -> Use:
    """What this call does. `arguments` is JSON; what is no JSON object is taken as the text of a patch or command."""
    kind = KIND_OF.get(name.lower(), "other")
    if kind in ("other", "task", "web") or not arguments:
        return Use(kind)
    given = arguments if isinstance(arguments, Arguments) else _decoded(arguments)
    if name == "apply_patch":
        return _patched(_text(given.input) or _text(given.patch) or _text(given.patchText) or _text(given.command))
    command = _command(given)
    if kind == "shell":
        return _shell(command)
    paths = _paths(given)
    return Use(kind, command[:COMMAND_CAP], paths, paths if name == "create" else ())


def describe_stdin(arguments: str) -> Use:
    """Codex's `write_stdin`: with nothing to write it only looks whether a process has gone on."""
    try:
        chars = _text(_ARGUMENTS.decode(arguments).chars)
    except BROKEN:
        chars = ""
    return Use("shell", chars[:COMMAND_CAP]) if chars.strip() else Use("poll")


def describe_patch(patch: str) -> Use:
    """Codex's `apply_patch`: the files that a patch names."""
    return _patched(patch)


def _decoded(arguments: Given) -> Arguments:
    if not isinstance(arguments, bytes | str | msgspec.Raw):
        return Arguments()
    try:
        return _ARGUMENTS.decode(arguments)
    except BROKEN:
        text = arguments if isinstance(arguments, str) else bytes(arguments).decode("utf-8", "replace")
        return Arguments(command=text, input=text)


def _shell(command: str) -> Use:
    if _SLEEP.fullmatch(command[:80]):
        return Use("poll", command[:COMMAND_CAP])
    if command.lstrip()[:11] == "apply_patch":
        patched = _patched(command)
        return Use("edit", command[:COMMAND_CAP], patched.paths, patched.creates)
    return Use("shell", command[:COMMAND_CAP])


def _patched(patch: str) -> Use:
    added: list[str] = []
    paths: list[str] = []
    for match in _PATCH_PATH.finditer(patch):
        path = sys.intern((match[2] or match[3]).strip())
        paths.append(path)
        if match[1] == "Add":
            added.append(path)
    return Use("edit", "", tuple(dict.fromkeys(paths))[:MOST_PATHS], tuple(dict.fromkeys(added))[:MOST_PATHS])


def _command(given: Arguments) -> str:
    value = given.command if given.command is not None else given.cmd
    if value is None and isinstance(given.action, dict):
        value = given.action.get("command")
    if isinstance(value, list):
        words = [word for word in value if isinstance(word, str)]
        wrapped = len(words) == 3 and words[1] in ("-lc", "-c")
        return words[2] if wrapped else " ".join(words)
    return _text(value)


def _paths(given: Arguments) -> tuple[str, ...]:
    listed = given.paths if isinstance(given.paths, list) else []
    values: Sequence[object] = (
        given.file_path, given.filePath, given.notebook_path, given.path, given.absolute_path, given.dir_path, *listed,
    )  # fmt: skip
    return tuple(sys.intern(str(value)[:PATH_CAP]) for value in values if isinstance(value, str) and value)[:MOST_PATHS]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def quote(text: str, plain: bool = False) -> str:
    """The first line of a text that says something, cut short: a part of it, letter by letter; never a long blob.

    `plain` takes only characters that stand the same in JSON inside JSON and in a mended record.
    """
    if not text:
        return ""
    end = text.find("\n", 0, QUOTE_CAP)
    said = text[: QUOTE_CAP if end < 0 else end].strip()
    if len(said) > 2 and said.isprintable() and (len(said) <= 40 or " " in said) and (not plain or _is_plain(said)):
        return said
    for line in text[:2_000].split("\n", 20)[:20]:
        said = line.strip()[:QUOTE_CAP].rstrip()
        if len(said) > 40 and " " not in said and _BLOB.fullmatch(said):
            continue
        if plain and not _is_plain(said):
            said = max(_PLAIN.findall(said), key=len, default="").strip()
        if len(said) > 2 and said.isprintable():
            return said
    return ""


def _is_plain(said: str) -> bool:
    return said.isascii() and '"' not in said and "\\" not in said


def cited(use: Use, name: str, fallback: str, plain: bool = False) -> str:
    """What is quoted of a call: its command, else its file, else its name; `fallback` where none of these can be."""
    command = quote(use.command, plain) if use.kind in ("shell", "poll") else ""
    path = quote(use.paths[0], plain) if use.paths else ""
    return command or path or quote(name, plain) or fallback
