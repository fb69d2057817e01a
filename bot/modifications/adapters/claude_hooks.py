"""From the text of `.claude/settings.json` to the same text with one guard registered, or taken out again.

Strict JSON is scanned for positions and spliced, then read again: the entry is the only difference. Every other byte
is kept, and taking the guard out gives back the text as it was.
https://docs.claude.com/en/docs/claude-code/hooks
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.model import Detector, Edit, Harness, Remedy, replace
from bot.modifications import harness as places

TIMEOUT_S = 10
MAX_BYTES = 1 << 20

_GUARDS = Path(__file__).parent.parent / "guards"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_NUMBER = re.compile(r"^([A-Z][A-Z0-9_]*)( = )(\d+)(?=\s|$)", re.MULTILINE)
_BOM = "\ufeff"

Events = Sequence[tuple[str, str]]
"""Pairs of event and matcher; an empty matcher is left out."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of a JSON object or array in a text: its key (empty in an array), where it starts, its value, its end."""

    key: str
    start: int
    value: int
    end: int


def add(text: str | None, script: str, events: Events, path: str = places.SETTINGS) -> str:
    """The settings with `script` registered for each event that does not run it yet; None makes a new file.

    An event that runs it already is left alone, even where somebody has changed the matcher or the time limit.
    """
    if text is None:
        return add("{}\n", script, events, path)
    expected = copy.deepcopy(load(text, path))
    for event, matcher in events:
        if _runs(expected, event, script) is None:
            entry = _entry(script, matcher)
            text = _register(text, event, entry)
            expected.setdefault("hooks", {}).setdefault(event, []).append(entry)
    if load(text, path) != expected:
        raise UserError(f"{path}: could not be changed without touching the rest. Add the hook by hand.")
    return text


def remove(text: str, script: str, path: str = places.SETTINGS) -> str:
    """The settings without the entries that run `script`, and without what `add` had to build around them."""
    settings = load(text, path)
    for event in tuple(settings.get("hooks", {})):
        while (place := _runs(load(text, path), event, script)) is not None:
            text = _unregister(text, event, place)
    return text


def load(text: str, path: str) -> dict[str, Any]:
    """The settings as an object, its hooks in the documented shape. UserError says what is wrong and how to mend it."""
    if len(text) > MAX_BYTES:
        raise UserError(f"{path}: is longer than {MAX_BYTES} characters. Shorten it.")
    try:
        settings = json.loads(text.removeprefix(_BOM), object_pairs_hook=_unique, parse_constant=_strict)
    except RecursionError:
        raise UserError(f"{path}: is nested too deep. Flatten it.") from None
    except ValueError as error:
        raise UserError(
            f"{path}: is no strict JSON ({error}). Mend it; comments and trailing commas do not belong in it."
        ) from None
    if not isinstance(settings, dict):
        raise UserError(f"{path}: is no JSON object. Make it one: {{}}.")
    if settings.get("disableAllHooks") is True:
        raise UserError(f"{path}: hooks are switched off by disableAllHooks. Remove it to use a guard.")
    _check_hooks(settings.get("hooks", {}), path)
    return settings


def command(script: str) -> str:
    """The command of a hook: isolated Python, and the project's folder quoted for its spaces."""
    return f'python3 -I -S "$CLAUDE_PROJECT_DIR"/{script}'


def plan(harness: Harness, remedy: Remedy, agent: str) -> tuple[Edit, ...]:
    """The settings and the script of the remedy's guard, as they stand."""
    if not places.runs_claude(harness, agent):
        raise UserError(f"{places.SETTINGS}: {agent} does not run its hooks. Use Claude Code, or wait for its adapter.")
    settings = places.hooks(harness)
    path = script_path(remedy.guard)
    script = harness.files.get(path)
    if script and script.link:
        raise UserError(f"{path}: is a link. Put a file in its place.")
    for new in (places.SETTINGS,) * (settings is None) + (path,) * (script is None):
        places.room_for(harness, new)
    return (
        Edit(settings.path, settings.text, settings.text, settings.mode)
        if settings
        else Edit(places.SETTINGS, None, None),
        Edit(path, script.text, script.text, "100755") if script else Edit(path, None, None, "100755"),
    )


def fill(planned: tuple[Edit, ...], detector: Detector, change: str, parameters: Mapping[str, int]) -> tuple[Edit, ...]:
    """The guard's script with its thresholds, and the settings that run it.

    Where the script is installed already its own numbers stay: somebody may have tuned them.
    """
    settings, script = planned
    guard = detector.remedy.guard
    registered = add(settings.before, script.path, events(guard), settings.path)
    tuned = tune(guard_source(guard), numbers(script.before) if script.before else parameters)
    return replace(settings, after=registered), replace(script, after=tuned)


def script_path(guard: str) -> str:
    """Where a guard is installed in a repository."""
    return f"{places.HOOKS}flywheel-{guard}.py"


def guard_source(guard: str) -> str:
    """The text of a guard as this package ships it: the installed file itself."""
    path = _GUARDS / f"{guard.replace('-', '_')}.py"
    if not re.fullmatch(r"[a-z][a-z-]{0,40}", guard) or not path.is_file():
        known = ", ".join(sorted(f.stem.replace("_", "-") for f in _GUARDS.glob("*_guard.py")))
        raise UserError(f"{guard}: is no guard. The guards are {known}.")
    return path.read_text(encoding="utf-8")


def events(guard: str) -> tuple[tuple[str, str], ...]:
    """The hook events that a guard asks for in its constant `EVENTS`, each with its matcher."""
    guard_source(guard)
    asked: tuple[tuple[str, str], ...] = import_module(f"bot.modifications.guards.{guard.replace('-', '_')}").EVENTS
    return asked


def numbers(source: str) -> dict[str, int]:
    """The thresholds of a guard: its lines `NAME = 12`, by name."""
    return {match[1]: int(match[3]) for match in _NUMBER.finditer(source)}


def tune(source: str, values: Mapping[str, int]) -> str:
    """A guard's text with some thresholds set, by name in any case; names it does not have are passed over."""
    wanted = {name.upper().replace("-", "_"): value for name, value in values.items()}
    return _NUMBER.sub(lambda match: f"{match[1]}{match[2]}{wanted.get(match[1], int(match[3]))}", source)


def _check_hooks(hooks: object, path: str) -> None:
    if not isinstance(hooks, dict):
        raise UserError(f"{path}: `hooks` is no object of events. Make it one, or remove it.")
    for event, groups in hooks.items():
        whole = isinstance(groups, list) and all(
            isinstance(group, dict) and isinstance(group.get("hooks"), list) for group in groups
        )
        if not whole:
            raise UserError(f"{path}: `hooks.{event[:40]}` is no array of objects with `hooks`. Mend it, or remove it.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _strict(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _entry(script: str, matcher: str) -> dict[str, Any]:
    hook = {"type": "command", "command": command(script), "timeout": TIMEOUT_S}
    return {"matcher": matcher, "hooks": [hook]} if matcher else {"hooks": [hook]}


def _runs(settings: Mapping[str, Any], event: str, script: str) -> tuple[int, int] | None:
    """Where an event runs the script: the place of the group and that of the hook in it."""
    for number, group in enumerate(settings.get("hooks", {}).get(event, ())):
        for place, hook in enumerate(group["hooks"]):
            if isinstance(hook, dict) and script in str(hook.get("command", "")):
                return number, place
    return None


def _register(text: str, event: str, entry: Mapping[str, Any]) -> str:
    """Splice the entry in as the last one of its event, building the containers that are not there."""
    root = text.index("{")
    hooks = _item(text, root, "hooks")
    if hooks is None:
        return _insert(text, root, "hooks", {event: [entry]}, is_root=True)
    groups = _item(text, hooks.value, event)
    if groups is None:
        return _insert(text, hooks.value, event, [entry])
    return _insert(text, groups.value, "", entry)


def _unregister(text: str, event: str, place: tuple[int, int]) -> str:
    """Cut out the hook at `place`, and each container around it that it leaves empty and that `add` had built."""
    root = text.index("{")
    hooks = _need(text, root, "hooks").value
    groups = _need(text, hooks, event).value
    handlers = _need(text, _items(text, groups)[place[0]].value, "hooks").value
    if len(_items(text, handlers)) > 1:
        return _delete(text, handlers, place[1])
    for container, index in ((groups, place[0]), (hooks, _index(text, hooks, event))):
        items = _items(text, container)
        if len(items) > 1 or _was_empty(text, container, items[0]):
            return _delete(text, container, index)
    return _delete(text, root, _index(text, root, "hooks"))


def _insert(text: str, at: int, key: str, value: object, is_root: bool = False) -> str:
    """Splice a last item into the container that opens at `at`, laid out as its neighbours are.

    An inner container that was there but empty gets one blank line (or space) more than one that we build: by this
    mark `remove` knows which of the two to leave behind.
    """
    items = _items(text, at)
    if items:
        gap = _gap(text, items[-1].start)
        return text[: items[-1].end] + "," + gap + _render(text, gap, key, value) + text[items[-1].end :]
    eol, outer = _eol(text), _indent(text, at)
    if not is_root and "\n" not in text:
        return text[: at + 1] + " " + _render(text, " ", key, value) + text[at + 1 :]
    gap = eol * (1 if is_root else 2) + outer + _unit(text)
    return text[: at + 1] + gap + _render(text, gap, key, value) + eol + outer + text[at + 1 :]


def _was_empty(text: str, at: int, only: _Item) -> bool:
    gap = text[at + 1 : only.start]
    return gap == " " or gap.count("\n") > 1


def _delete(text: str, at: int, index: int) -> str:
    """Cut an item and its comma out of the container that opens at `at`."""
    items = _items(text, at)
    if len(items) > 1:
        start = items[index - 1].end if index else items[0].start
        return text[:start] + text[items[index].end if index else items[1].start :]
    end, tail = items[0].end, _eol(text) + _indent(text, at)
    if "\n" in text[at + 1 : items[0].start] and text.startswith(tail, end):
        end += len(tail)
    return text[: at + 1] + text[end:]


def _render(text: str, gap: str, key: str, value: object) -> str:
    """An item as text: over several lines when a line end stands before it, else on one."""
    name = json.dumps(key) + (": " if gap else ":") if key else ""
    if "\n" not in gap:
        return name + json.dumps(value, separators=(", ", ": ") if gap else (",", ":"))
    lines = json.dumps(value, indent=_unit(text)).split("\n")
    return name + (_eol(text) + gap.rpartition("\n")[2]).join(lines)


def _items(text: str, at: int) -> list[_Item]:
    """The items of the container that opens at `at`, in valid JSON."""
    found: list[_Item] = []
    key, start, value, end, depth = "", -1, -1, -1, 0
    for token in _TOKEN.finditer(text, at):
        sign = token[0]
        depth -= sign in ("}", "]")
        if start >= 0 and (depth == 0 or (depth == 1 and sign == ",")):
            found.append(_Item(key, start, value, end))
            key, start, value = "", -1, -1
        elif depth == 1 and sign == ":":
            key, value = json.loads(text[start:end]), -1
        elif depth:
            start = token.start() if start < 0 else start
            value = token.start() if value < 0 else value
            end = token.end()
        if depth == 0 and token.start() > at:
            break
        depth += sign in ("{", "[")
    return found


def _item(text: str, at: int, key: str) -> _Item | None:
    return next((item for item in _items(text, at) if item.key == key), None)


def _need(text: str, at: int, key: str) -> _Item:
    return _items(text, at)[_index(text, at, key)]


def _index(text: str, at: int, key: str) -> int:
    return [item.key for item in _items(text, at)].index(key)


def _gap(text: str, at: int) -> str:
    """The white space before a position."""
    return text[len(text[:at].rstrip(" \t\r\n")) : at]


def _indent(text: str, at: int) -> str:
    """What the line of a position begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """One step of indentation: what stands before the first key."""
    items = _items(text, text.index("{"))
    return (_gap(text, items[0].start).rpartition("\n")[2] if items else "") or "  "


def _eol(text: str) -> str:
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
