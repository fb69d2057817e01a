"""From a JSON text and a position to the same text with one item more or less; every other byte is kept.

The text must be valid JSON already: whoever calls has parsed it, and parses the outcome again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a JSON object or array in a text: its key (empty in an array), where it starts, its value, its end."""

    key: str
    start: int
    value: int
    end: int


def insert(text: str, at: int, key: str, value: object, is_root: bool = False) -> str:
    """Splice a last item into the container that opens at `at`, laid out as its neighbours are.

    An inner container that was there but empty gets one blank line (or space) more than one that we build: by this
    mark `remove` knows which of the two to leave behind.
    """
    items = items_of(text, at)
    if items:
        gap = _gap(text, items[-1].start)
        return text[: items[-1].end] + "," + gap + _render(text, gap, key, value) + text[items[-1].end :]
    eol, outer = _eol(text), _indent(text, at)
    if not is_root and "\n" not in text:
        return text[: at + 1] + " " + _render(text, " ", key, value) + text[at + 1 :]
    gap = eol * (1 if is_root else 2) + outer + _unit(text)
    return text[: at + 1] + gap + _render(text, gap, key, value) + eol + outer + text[at + 1 :]


def was_empty(text: str, at: int, only: Item) -> bool:
    """Whether the container that opens at `at` was there, empty, before `insert` put this only item in."""
    gap = text[at + 1 : only.start]
    return gap == " " or gap.count("\n") > 1


def delete(text: str, at: int, index: int) -> str:
    """Cut an item and its comma out of the container that opens at `at`."""
    items = items_of(text, at)
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


def items_of(text: str, at: int) -> list[Item]:
    """The items of the container that opens at `at`, in valid JSON."""
    found: list[Item] = []
    key, start, value, end, depth = "", -1, -1, -1, 0
    for token in _TOKEN.finditer(text, at):
        sign = token[0]
        depth -= sign in ("}", "]")
        if start >= 0 and (depth == 0 or (depth == 1 and sign == ",")):
            found.append(Item(key, start, value, end))
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


def item_of(text: str, at: int, key: str) -> Item | None:
    """The item with this key of the object that opens at `at`."""
    return next((item for item in items_of(text, at) if item.key == key), None)


def need(text: str, at: int, key: str) -> Item:
    """The same where the key is known to be there."""
    return items_of(text, at)[index_of(text, at, key)]


def index_of(text: str, at: int, key: str) -> int:
    """The place of a key that is known to be there."""
    return [item.key for item in items_of(text, at)].index(key)


def _gap(text: str, at: int) -> str:
    """The white space before a position."""
    return text[len(text[:at].rstrip(" \t\r\n")) : at]


def _indent(text: str, at: int) -> str:
    """What the line of a position begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """One step of indentation: what stands before the first key."""
    items = items_of(text, text.index("{"))
    return (_gap(text, items[0].start).rpartition("\n")[2] if items else "") or "  "


def _eol(text: str) -> str:
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
