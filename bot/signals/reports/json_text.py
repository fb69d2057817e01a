"""The bytes of a JSON report go in, its value or its lines' records come out, and how many bytes hold none.

A file that was cut off, or that has other text behind its JSON, is read as far as it goes: up to the last value that
is whole. `find` cites what was read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from bot.model import Outcome, Pin, Report, Signal, Source

SIZE_CAP = 64 * 1024 * 1024
SALVAGE_CAP = 16 * 1024 * 1024
"""A larger damaged document is given up as a whole."""

BROKEN = (ValueError, RecursionError)
DETAIL_CAP = 300
QUOTE_CAP = 300
MOST_MISSES = 3
"""Quotes that did not stand in the file; after so many no further one is looked for, each costs a pass."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.S)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_SPACE = " \t\r\n\0\ufeff"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A value (None when nothing could be read), how many bytes hold none that was read, and why."""

    value: object
    lost: int = 0
    why: str = ""


def load(data: bytes) -> Loaded:
    """The one value of a document."""
    try:
        return Loaded(msgspec.json.decode(data))
    except BROKEN:
        pass
    text, encoding = _decoded(data)
    body = text.strip(_SPACE)
    try:
        return Loaded(_parse(body), why=_holes(body))
    except json.JSONDecodeError as error:
        at, why = error.pos, f"{error.msg} at character {error.pos + 1}"
    except BROKEN as error:
        return Loaded(None, len(data), f"{type(error).__name__}")
    value, end = _prefix(body, at) if len(data) <= SALVAGE_CAP else (None, 0)
    lost = len(body[end:].encode(encoding, "replace")) if end else len(data)
    return Loaded(value, lost, why)


def load_lines(data: bytes) -> tuple[list[dict[str, object]], Loaded]:
    """The objects of a file of one object a line, and what of it was lost."""
    records: list[dict[str, object]] = []
    lost, why = 0, ""
    wide = data[:2] in _WIDE
    lines = [one.encode() for one in _decoded(data)[0].split("\n")] if wide else data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip(b"\xef\xbb\xbf \t\r\0"):
            continue
        record = _object(line)
        if record is None:
            lost += len(line.decode().encode("utf-16-le")) if wide else len(line)
            why = why or f"line {number} is no JSON object"
        else:
            records.append(record)
            holes = _holes(line.strip(b"\xef\xbb\xbf \t\r\0").decode("utf-8", "replace"))
            why = why or (f"line {number}: {holes}" if holes else "")
    return records, Loaded(None, lost, why)


class Citer:
    """It finds where the strings of a report stand, in the order of the file, so that the whole costs one pass."""

    def __init__(self, data: bytes, source: Source) -> None:
        self._data, self._source = data, source
        self._at, self._line, self._misses = 0, 1, 0

    def pin(self, said: object) -> Pin | None:
        """A citation of the string, which stands behind all that were cited before; None when it is not found."""
        if not isinstance(said, str) or not said.strip() or self._misses >= MOST_MISSES:
            return None
        quote = _CONTROL.split(said.strip()[: QUOTE_CAP * 4])[0][:QUOTE_CAP].strip()
        opening = b"" if said[0].isspace() else b'"'
        for ascii_only in (True, False):
            literal = opening + json.dumps(quote, ensure_ascii=ascii_only).encode("utf-8", "replace")[1:-1]
            start = self._data.find(literal, self._at) if quote else -1
            if start >= 0:
                start, end = start + len(opening), start + len(literal)
                self._line += self._data.count(b"\n", self._at, start)
                self._at = end
                return Pin(self._source.path, self._source.sha256, start, end, quote, line=self._line)
        self._misses += 1
        return None


def source_of(data: bytes, path: str) -> Source:
    """The file as it was read."""
    return Source(path, sha256(data).hexdigest(), len(data))


def unreadable(name: str, source: Source, why: str) -> Report:
    """A file of this format of which nothing could be read: all its bytes are lost, and said to be."""
    warning = f"{source.path}: {source.size} bytes lost: {why}. Write the report again."
    return Report(name, source, "none", (Signal("unreadable", detail=why),), True, (warning,))


def loss(source: Source, loaded: Loaded) -> tuple[str, ...]:
    """The warning that says what was lost; none when nothing was."""
    if not loaded.lost and not loaded.why:
        return ()
    return (f"{source.path}: read as far as it goes, {loaded.lost} bytes lost: {loaded.why}.",)


def outcome(failed: bool, judged: bool, damaged: bool) -> Outcome:
    """A failure that was seen counts; a pass counts only when all was read."""
    if failed:
        return "fail"
    return "pass" if judged and not damaged else "none"


def shown(value: object) -> str:
    """A string of a report in one line of at most 300 characters; "" for what is no string or number."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    try:
        return _CONTROL.sub(" ", str(value)[: DETAIL_CAP * 2]).strip()[:DETAIL_CAP]
    except ValueError:  # an integer of more digits than Python prints
        return ""


def objects(value: object) -> Iterator[dict[str, object]]:
    """The objects of a list; nothing for what is no list."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def inside(value: object, *keys: str) -> object:
    """The value at this path of keys, None where it ends."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _object(line: bytes) -> dict[str, object] | None:
    try:
        value = msgspec.json.decode(line)
    except BROKEN:
        try:
            value = _parse(line.decode("utf-8", "replace").strip(_SPACE))
        except BROKEN:
            return None
    return value if isinstance(value, dict) else None


def _holes(text: str) -> str:
    """A strict parser refuses NULs; where they were taken, they stand where something was."""
    return f"{text.count(chr(0))} NUL bytes stand where something was" if "\0" in text else ""


def _parse(text: str) -> object:
    return json.loads(text, strict=False, parse_constant=lambda _name: None)


def _decoded(data: bytes) -> tuple[str, str]:
    """The text and its encoding: PowerShell's `>` writes UTF-16."""
    if data[:2] in _WIDE:
        return data.decode("utf-16", "replace"), "utf-16-le"
    return data.decode("utf-8-sig", "replace"), "utf-8"


def _prefix(text: str, stop: int) -> tuple[object, int]:
    """The value of the part before `stop` in which everything is whole, open brackets closed, and where it ends."""
    inside: list[str] = []
    key_next = False
    cut, depth = 0, 0
    for token in _TOKEN.finditer(text, 0, stop):
        mark = token[0]
        if mark == '"':
            break
        if mark in "{[":
            inside.append(mark)
            key_next = mark == "{"
            continue
        if mark in ",:":
            key_next = mark == "," and inside[-1:] == ["{"]
            continue
        if mark in "}]":
            if not inside:
                break
            inside.pop()
        elif key_next or (token.end() == len(text) and mark[0] != '"'):
            continue
        cut, depth = token.end(), len(inside)
        if not inside:
            break
    closers = "".join("}" if mark == "{" else "]" for mark in reversed(inside[:depth]))
    try:
        return (_parse(text[:cut] + closers), cut) if cut else (None, 0)
    except BROKEN:
        return None, 0
