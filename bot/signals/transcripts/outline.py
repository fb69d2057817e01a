"""Takes the first bytes of a file; gives the outline of its first records, enough to tell formats apart.

An outline is flat: `message.content` -> `[`, `type` -> `user`, `` -> `{`; a path has at most three parts. It is made
by a scan that needs no end, because the first record of a real file is often longer than what the sniffer sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from bot.signals.transcripts.lines import BROKEN

MOST_RECORDS = 8
SCAN_CAP = 1 << 14
"""Characters of a record that are scanned when it is no whole line of sound JSON."""
DEPTH = 3
VALUE_CAP = 120

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.S)


@dataclass(slots=True)
class Outline:
    """One record: `keys` maps a path to its scalar text, or to `{` or `[`; `whole` when its end was seen."""

    keys: dict[str, str] = field(default_factory=dict)
    whole: bool = False

    def get(self, path: str) -> str:
        """The value at this path, empty when there is none."""
        return self.keys.get(path, "")

    def __contains__(self, path: str) -> bool:
        return path in self.keys


@dataclass(frozen=True, slots=True)
class Head:
    """What a format's test sees: the container (`lines`, `array`, `object`, `other`), its first records, the name."""

    shape: str
    records: tuple[Outline, ...]
    name: str = ""
    text: str = ""

    @property
    def first(self) -> Outline:
        """The first record; an empty outline when there is none."""
        return self.records[0] if self.records else Outline()


def outline(head: bytes, name: str = "") -> Head:
    """The outline of a file's beginning. Bytes that are no JSON give the shape `other`."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff\0 \t\r\n")
    if text.startswith("["):
        return Head("array", _records(text, 1), name, text)
    if not text.startswith("{"):
        return Head("other", (), name, text)
    records = _records(text, 0)
    # One object that ends within what we see, and nothing after it, is a document of its own - or a file of one line.
    pretty = re.match(r"\{[ \t]*\r?\n", text) is not None
    return Head("object" if pretty else "lines", records, name, text)


def _records(text: str, at: int) -> tuple[Outline, ...]:
    records: list[Outline] = []
    while len(records) < MOST_RECORDS:
        start = _object_start(text, at)
        if start < 0:
            break
        record, at = _decoded(text, start) or _scan(text, start)
        records.append(record)
        if not record.whole:
            break
    return tuple(records)


def _object_start(text: str, at: int) -> int:
    """Where the next record begins: past white space and commas only, else past the end of this line."""
    while at < len(text):
        while at < len(text) and text[at] in " \t\r\n,\0\ufeff":
            at += 1
        if at < len(text) and text[at] == "{":
            return at
        at = text.find("\n", at)
        if at < 0:
            return -1
    return -1


def _decoded(text: str, at: int) -> tuple[Outline, int] | None:
    """The quick way: the record is a whole line of sound JSON."""
    end = text.find("\n", at)
    if end < 0:
        return None
    try:
        value = msgspec.json.decode(text[at:end])
    except BROKEN:
        return None
    record = Outline({}, True)
    _flatten(value, "", 1, record.keys)
    return record, end


def _flatten(value: dict[str, object], path: str, depth: int, keys: dict[str, str]) -> None:
    for key, item in value.items():
        here = path + key[:VALUE_CAP]
        if isinstance(item, dict):
            keys[here] = "{"
            if depth < DEPTH:
                _flatten(item, f"{here}.", depth + 1, keys)
        else:
            keys[here] = "[" if isinstance(item, list) else str(item)[:VALUE_CAP]


def _scan(text: str, at: int) -> tuple[Outline, int]:
    record = Outline()
    path: list[str] = []
    inside: list[str] = []
    key = ""
    wants_key = False
    for token in _TOKEN.finditer(text, at, at + SCAN_CAP):
        mark = token[0]
        if mark in "{[":
            if inside:
                _put(record, inside, path, key, mark)
                path.append(key)
            inside.append(mark)
            key, wants_key = "", mark == "{"
        elif mark in "}]":
            inside.pop()
            if not inside:
                record.whole = True
                return record, token.end()
            path.pop()
            wants_key = False
        elif mark in ",:":
            wants_key = mark == "," and inside[-1] == "{"
        elif wants_key:
            key = (token[1] or "")[:VALUE_CAP]
        else:
            _put(record, inside, path, key, mark if token[1] is None else token[1])
            if mark == '"':  # a string that the end of the head cut off
                break
    return record, len(text)


def _put(record: Outline, inside: list[str], path: list[str], key: str, value: str) -> None:
    """Note a value of an object; of one that was cut off only the key is known, its value is a lone quote."""
    if inside[-1] == "{" and len(path) < DEPTH:
        record.keys.setdefault(".".join([*path, key]), value[:VALUE_CAP])
