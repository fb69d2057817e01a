"""Takes a JSON document that holds one long array; gives the array's elements with their byte ranges, and the rest.

The quick way needs sound JSON. Where it fails (cut off, spliced, NUL bytes, lone surrogates, `NaN`) the document is
walked from its start: every member and element that can be read is kept, what cannot is told in the losses, and
reading goes on at the next text that begins an element or the array.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bot.signals.transcripts.documents import spans
from bot.signals.transcripts.lines import BROKEN, Losses

MOST_ATTEMPTS = 32
"""New beginnings tried in one damaged document; each may cost a pass over what is left of it."""
MOST_ELEMENTS = 500_000
INDENT_CAP = 64

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _name: None)
_SURROGATE = re.compile("[\ud800-\udfff]")
_FILLER = " \t\r\n\0,\ufeff"
_LEAD = b"\xef\xbb\xbf\0 \t\r\n"


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its line, its byte range in the file, and its JSON.

    `mended` when the JSON is not the file's own bytes: quotes must then be plain.
    """

    line: int
    start: int
    end: int
    raw: bytes | memoryview
    mended: bool

    def value(self) -> object:
        """The element decoded; None when a number in it is beyond all measure."""
        return _decoded(self.raw)


@dataclass(slots=True)
class Document:
    """The elements of the array that was looked for, the other members, and whether the end was seen."""

    elements: list[Element] = field(default_factory=list)
    rest: dict[str, object] = field(default_factory=dict)
    whole: bool = True

    def get(self, name: str) -> object:
        """Another member's value, decoded; None when there is none."""
        value = self.rest.get(name)
        return _decoded(value) if isinstance(value, msgspec.Raw) else value

    def records(self, losses: Losses) -> Iterator[tuple[Element, dict[str, Any]]]:
        """Each element that is an object; any other is told in the losses."""
        for element in self.elements:
            value = element.value()
            if isinstance(value, dict):
                yield element, value
            else:
                losses.lost(element.line, element.start, element.end, "no record")


def document(
    data: bytes, losses: Losses, arrays: Sequence[str], marks: Sequence[str], *, shift: int = 0, line: int = 1
) -> Document:
    """What the document `data` holds, which stands at byte `shift` on line `line` of its file.

    `arrays` names the members that may be the long array, the first one present counts; a bare array is one itself.
    `marks` are keys with which an element begins, for going on behind damage.
    """
    body = data.lstrip(_LEAD)
    lead = len(data) - len(body)
    try:
        body.decode()  # what msgspec passes over undecoded is not checked for this
        rest, array, at = _sound(body, arrays)
    except BROKEN:
        return _Walk(data.decode("utf-8", "surrogateescape"), losses, arrays, marks, shift, line).document()
    if b"\0" in data[:lead]:
        losses.note(f"line {line}: {data.count(0, 0, lead)} NUL bytes before the document")
    kept = Document([], dict(rest))
    view, counted = memoryview(body), 0
    line += data.count(b"\n", 0, lead)
    for start, end in spans(body, array[:MOST_ELEMENTS], at + 1):
        line += body.count(b"\n", counted, start)
        counted = start
        kept.elements.append(Element(line, shift + lead + start, shift + lead + end, view[start:end], False))
    if len(array) > MOST_ELEMENTS:
        past = shift + lead + len(body)
        losses.lost(line, kept.elements[-1].end, past, f"elements beyond the first {MOST_ELEMENTS}")
    return kept


def _sound(body: bytes, arrays: Sequence[str]) -> tuple[dict[str, msgspec.Raw], list[msgspec.Raw], int]:
    """The other members, the elements, and where the array stands, of sound JSON."""
    if body[:1] == b"[":
        return {}, _ARRAY.decode(body), 0
    members = _OBJECT.decode(body)
    name = next((name for name in arrays if name in members and bytes(members[name])[:1] == b"["), None)
    if name is None:
        return members, [], 0
    array = members.pop(name)
    return members, _ARRAY.decode(array), body.find(bytes(array))


def _decoded(raw: bytes | memoryview | msgspec.Raw) -> object:
    """JSON that was found sound, though its numbers may be too large for the quick way (`1e999` becomes infinite)."""
    try:
        return msgspec.json.decode(raw)
    except BROKEN:
        pass
    try:
        return _DECODER.decode(bytes(raw).decode("utf-8", "replace"))
    except BROKEN:
        return None


class _Walk:
    """One pass over a damaged document. Positions are characters; they are asked for as bytes in rising order."""

    def __init__(
        self, text: str, losses: Losses, arrays: Sequence[str], marks: Sequence[str], shift: int, line: int
    ) -> None:
        self.text, self.losses, self.arrays, self.marks = text, losses, arrays, marks
        self.kept = Document([], {}, False)
        self._char, self._byte, self._line = 0, shift, line
        self._attempts = 0
        self._met = False
        self._indent: str | None = None

    def document(self) -> Document:
        at = self._skip(0)
        opening = self.text[at : at + 1]
        if opening == "[":
            self._met = True
            at = self._array(at + 1)
        elif opening == "{":
            at = self._object(at + 1)
        at = self._skip(at)
        if at < len(self.text):
            self._lose(at, len(self.text), "no record can be read there")
        ends = "it was read piece by piece" if self.kept.whole else "it was cut off"
        self.losses.note(f"the document is no sound JSON: {ends}")
        return self.kept

    def _object(self, at: int) -> int:
        while (at := self._skip(at)) < len(self.text):
            if self.text[at] == "}":
                self.kept.whole = True
                return at + 1
            key, value_at = self._key(at)
            if key in self.arrays and not self._met and self.text[value_at : value_at + 1] == "[":
                self._met = True
                at = self._array(value_at + 1)
                self.kept.whole = False
                continue
            value, end, cut = self._value(value_at) if key else (None, 0, False)
            if end:
                self.kept.rest[key] = value
                at = end
            else:
                at = self._resume(at, -1 if cut else self._next_array(at + 1), cut)
        return at

    def _array(self, at: int) -> int:
        while (at := self._skip(at)) < len(self.text):
            if self.text[at] == "]":
                self.kept.whole = True
                return at + 1
            value, end, cut = self._value(at)
            if end and len(self.kept.elements) < MOST_ELEMENTS:
                self._keep(at, end, value)
                at = end
            else:
                at = self._resume(at, -1 if cut else self._next_element(at + 1), cut)
        return at

    def _resume(self, at: int, found: int, cut: bool) -> int:
        """Lose what stands before the next beginning, or all that is left."""
        self._attempts += 1
        end = found if found > at and self._attempts < MOST_ATTEMPTS else len(self.text)
        self._lose(at, end, "a record was cut off" if cut else "no record can be read there")
        return end

    def _key(self, at: int) -> tuple[str, int]:
        """The key that stands here and where its value begins; an empty key when none does."""
        try:
            key, end = _DECODER.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            return "", at
        colon = self._skip(end)
        if not isinstance(key, str) or self.text[colon : colon + 1] != ":":
            return "", at
        return key, self._skip(colon + 1)

    def _value(self, at: int) -> tuple[object, int, bool]:
        """The value that stands here and where it ends; end 0 when there is none, and whether the text's end cut it."""
        if at >= len(self.text):
            return None, 0, True
        try:
            value, end = _DECODER.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated string") or error.pos >= len(self.text.rstrip(_FILLER))
            return None, 0, cut
        except (ValueError, RecursionError):
            return None, 0, False
        return value, end, False

    def _keep(self, at: int, end: int, value: object) -> None:
        if not self.kept.elements:
            self._indent = self._indent_of(at)
        start, line = self._bytes(at), self._line
        raw = _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)).encode()
        self.kept.elements.append(Element(line, start, self._bytes(end), raw, True))

    def _lose(self, at: int, end: int, why: str) -> None:
        start, line = self._bytes(at), self._line
        self.losses.lost(line, start, self._bytes(end), why)

    def _bytes(self, char: int) -> int:
        part = self.text[self._char : char]
        self._byte += len(part.encode("utf-8", "surrogateescape"))
        self._line += part.count("\n")
        self._char = char
        return self._byte

    def _skip(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in _FILLER:
            at += 1
        return at

    def _next_element(self, at: int) -> int:
        """Where an object with one of the marks as its first key begins, indented like the first element; else -1."""
        return min((found for mark in self.marks if (found := self._marked(mark, at)) >= 0), default=-1)

    def _marked(self, mark: str, at: int) -> int:
        wanted = f'"{mark}"'
        found = self.text.find(wanted, at)
        while found >= 0:
            begin = max(at, found - INDENT_CAP)
            before = self.text[begin:found].rstrip(" \t\r\n")
            place = begin + len(before) - 1
            if before.endswith("{") and self._indent in (None, self._indent_of(place)):
                return place
            found = self.text.find(wanted, found + len(wanted))
        return -1

    def _indent_of(self, at: int) -> str | None:
        """The white space before this place on its line; None when other text stands before it."""
        begin = self.text.rfind("\n", max(0, at - INDENT_CAP), at) + 1
        before = self.text[begin:at]
        return before if begin and not before.strip(" \t") else None

    def _next_array(self, at: int) -> int:
        """Where the array's own key stands behind damage; -1 when it was met already or stands nowhere."""
        places = []
        for name in () if self._met else self.arrays:
            found = self.text.find(f'"{name}"', at)
            while found >= 0:
                key, value_at = self._key(found)
                if key and self.text[value_at : value_at + 1] == "[":
                    places.append(found)
                    break
                found = self.text.find(f'"{name}"', found + 1)
        return min(places, default=-1)
