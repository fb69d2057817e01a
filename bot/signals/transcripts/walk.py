"""Takes a damaged document of one long array; gives what can be read of it, and tells in the losses what cannot.

Members and elements are read one by one from the start. Where none can be read, reading goes on at the next text that
begins an element or the array; when the end of the document cut a value off, all behind it is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from bot.signals.transcripts.held import DECODER, Document, Element
from bot.signals.transcripts.lines import Losses

MOST_ATTEMPTS = 32
"""New beginnings tried in one damaged document; each may cost a pass over what is left of it."""
MOST_ELEMENTS = 500_000
INDENT_CAP = 64

_SURROGATE = re.compile("[\ud800-\udfff]")
_FILLER = " \t\r\n\0,\ufeff"


class Walk:
    """One pass over a damaged document. Positions are characters; they are asked for as bytes in rising order."""

    def __init__(
        self, text: str, losses: Losses, arrays: Sequence[str], marks: Sequence[str], shift: int, line: int
    ) -> None:
        self.text, self.losses, self.arrays, self.marks = text, losses, arrays, marks
        self.kept = Document([], {}, whole=False, mended=True)
        self._char, self._byte, self._line = 0, shift, line
        self._attempts = 0
        self._met = False
        self._indent: str | None = None

    def document(self) -> Document:
        """What can be read."""
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
            raw, end, cut = self._value(value_at) if key else (b"", 0, False)
            if end:
                self.kept.rest[key] = raw
                at = end
            else:
                at = self._resume(at, -1 if cut else self._next_array(at + 1), cut)
        return at

    def _array(self, at: int) -> int:
        while (at := self._skip(at)) < len(self.text):
            if self.text[at] == "]":
                self.kept.whole = True
                return at + 1
            raw, end, cut = self._value(at)
            if end and len(self.kept.elements) < MOST_ELEMENTS:
                self._keep(at, end, raw)
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
            key, end = DECODER.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            return "", at
        colon = self._skip(end)
        if not isinstance(key, str) or self.text[colon : colon + 1] != ":":
            return "", at
        return key, self._skip(colon + 1)

    def _value(self, at: int) -> tuple[bytes, int, bool]:
        """The value that stands here as sound JSON, where it ends, and whether the end of the text cut it off.

        The end is 0 when no value stands here.
        """
        if at >= len(self.text):
            return b"", 0, True
        try:
            value, end = DECODER.raw_decode(self.text, at)
            return _sound(value), end, False
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated string") or error.pos >= len(self.text.rstrip(_FILLER))
            return b"", 0, cut
        except (ValueError, RecursionError):
            return b"", 0, False

    def _keep(self, at: int, end: int, raw: bytes) -> None:
        if not self.kept.elements:
            self._indent = self._indent_of(at)
        start, line = self._bytes(at), self._line
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


def _sound(value: object) -> bytes:
    """JSON without lone surrogates: they become U+FFFD, so that every text of it can be written."""
    return _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)).encode()
