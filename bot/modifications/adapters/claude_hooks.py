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
from importlib import import_module
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.model import Detector, Edit, Harness, Remedy, replace
from bot.modifications import harness as places
from bot.modifications.adapters.json_splice import delete, index_of, insert, item_of, items_of, need, was_empty

TIMEOUT_S = 10
MAX_BYTES = 1 << 20

_GUARDS = Path(__file__).parent.parent / "guards"
_NUMBER = re.compile(r"^([A-Z][A-Z0-9_]*)( = )(\d+)(?=\s|$)", re.MULTILINE)
_BOM = "\ufeff"

Events = Sequence[tuple[str, str]]
"""Pairs of event and matcher; an empty matcher is left out."""


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


def kind(planned: tuple[Edit, ...], detector: Detector) -> str:
    """A guard, newly installed or brought up to date; its thresholds are bot/modifications/upkeep.py's."""
    return "guard"


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
    hooks = item_of(text, root, "hooks")
    if hooks is None:
        return insert(text, root, "hooks", {event: [entry]}, is_root=True)
    groups = item_of(text, hooks.value, event)
    if groups is None:
        return insert(text, hooks.value, event, [entry])
    return insert(text, groups.value, "", entry)


def _unregister(text: str, event: str, place: tuple[int, int]) -> str:
    """Cut out the hook at `place`, and each container around it that it leaves empty and that `add` had built."""
    root = text.index("{")
    hooks = need(text, root, "hooks").value
    groups = need(text, hooks, event).value
    handlers = need(text, items_of(text, groups)[place[0]].value, "hooks").value
    if len(items_of(text, handlers)) > 1:
        return delete(text, handlers, place[1])
    for container, index in ((groups, place[0]), (hooks, index_of(text, hooks, event))):
        items = items_of(text, container)
        if len(items) > 1 or was_empty(text, container, items[0]):
            return delete(text, container, index)
    return delete(text, root, index_of(text, root, "hooks"))
