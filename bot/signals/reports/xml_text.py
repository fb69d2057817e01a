"""The bytes of an XML report go in, its elements come to a walker, hardened: nothing expands, nothing is loaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.model import Pin, Source
from bot.signals.reports.cases import TEXT_CAP, first_line

if TYPE_CHECKING:
    from pyexpat import XMLParserType

SIZE_CAP = 64 * 1024 * 1024
DEPTH_CAP = 200

_PIN_CAP = 4_000
_CHUNK = 1 << 20
_CONTROL = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32))
_BLANKED = bytes.maketrans(_CONTROL, b"?" * len(_CONTROL))
_LONE_SURROGATE = re.compile("[\udc80-\udcff]")
_MARKUP = re.compile(r"[&<>\"'\t]")
_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?([A-Za-z_][\w.-]{0,80})(?=[\s/>])([^>]{0,2000})")
_PROLOGUE = re.compile(
    r"\s+|<\?[^>]{0,2000}\?>|<!--(?:[^-]|-(?!->)){0,60000}-->|<!DOCTYPE[^>\[]{0,2000}(?:\[[^\]]{0,20000}\]\s*)?>"
)


class TooDeepError(ValueError):
    """The elements nest deeper than `DEPTH_CAP`."""


class Walker:
    """It keeps the open elements; a format's reader overrides `begins`, `ends` and `cut_off`.

    The parser calls it directly: ElementTree's layer in between took half the time of a large report.
    """

    def __init__(self) -> None:
        self.expat: XMLParserType | None = None
        self.offset = 0
        self.open: list[str] = []
        self._said: list[str] = []
        self._size = 0

    def at(self) -> int:
        """The byte at which the current tag begins."""
        return self.offset + (self.expat.CurrentByteIndex if self.expat else 0)

    def opens(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if "}" in tag:
            tag = tag.rpartition("}")[2]
        if len(self.open) >= DEPTH_CAP:
            raise TooDeepError(f"elements nest deeper than {DEPTH_CAP}")
        parent = self.open[-1] if self.open else ""
        self.open.append(tag)
        self.begins(tag, attributes, parent)

    def closes(self, tag: str) -> None:
        """An element ends; it is no longer among the open ones when `ends` is called."""
        self.ends(self.open.pop())

    def begins(self, tag: str, attributes: dict[str, str], parent: str) -> None:
        """For the format's reader."""

    def ends(self, tag: str) -> None:
        """For the format's reader."""

    def cut_off(self) -> None:
        """For the format's reader: the file ends here, not well-formed."""

    def listen(self) -> None:
        """Text is asked for only where it matters: the output of passing tests is most of a report."""
        self._said, self._size = [], 0
        if self.expat is not None:
            self.expat.CharacterDataHandler = self._hears

    def heard(self) -> str:
        """The first telling line since `listen`; nothing further is listened to."""
        if self.expat is not None:
            self.expat.CharacterDataHandler = None
        said, self._said = "".join(self._said), []
        return first_line(said)

    def _hears(self, text: str) -> None:
        if self._size < TEXT_CAP:
            self._said.append(text[:TEXT_CAP])
            self._size += len(text)


def walk(data: bytes, walker: Walker) -> str:
    """Let the walker see every element; why reading stopped early ("" when it did not). Raises nothing."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    text = data.lstrip(b" \t\r\n")
    walker.offset = len(data) - len(text)
    text = _well_encoded(text)
    parser = DefusedXMLParser(target=walker)
    walker.expat = parser.parser
    parser.parser.StartElementHandler = walker.opens
    parser.parser.EndElementHandler = walker.closes
    parser.parser.CharacterDataHandler = None
    parser.parser.ordered_attributes = False
    try:
        for begin in range(0, len(text), _CHUNK):
            parser.feed(text[begin : begin + _CHUNK])
        parser.close()
    except DefusedXmlException as error:
        walker.cut_off()
        return f"{type(error).__name__}: entities and external references are refused, {_rest(walker, data)} bytes lost"
    except (ParseError, ValueError, LookupError) as error:
        walker.cut_off()
        return f"cut off or not well-formed ({str(error)[:200]}), {_rest(walker, data)} bytes lost"
    nulls = 0 if _is_wide(data) else data.count(0)
    return f"{nulls} NUL bytes stand where something was" if nulls else ""


class Pins:
    """It cites what an XML report says of its tests, in the order of the file, so that lines are counted once."""

    def __init__(self, data: bytes, source: Source) -> None:
        self._data, self._source = data, source
        self._at, self._line = 0, 1

    def pin(self, start: int, last: int, message: str, name: str) -> Pin | None:
        """A citation of the message, between the tag at `start` and the end of the one at `last`, or of the test's
        name in its tag: the longest piece that XML does not escape. None when neither stands there.
        """
        for stop, said in ((last, message), (start, name)):
            end = self._data.find(b">", stop, stop + _PIN_CAP) + 1 or stop
            quote = max(_MARKUP.split(said), key=len).strip()
            if quote and end - start <= _PIN_CAP and quote in self._data[start:end].decode("utf-8", "replace"):
                return Pin(self._source.path, self._source.sha256, start, end, quote, line=self._line_of(start))
        return None

    def _line_of(self, start: int) -> int:
        if start < self._at:
            self._at, self._line = 0, 1
        self._line += self._data.count(b"\n", self._at, start)
        self._at = start
        return self._line


def root(text: str) -> tuple[str, str]:
    """The name of the first element, its namespace aside, and the text of its attributes; empty when there is none."""
    if text[:1] != "<":
        return "", ""
    at = 0
    while match := _PROLOGUE.match(text, at):
        at = match.end()
    found = _ROOT.match(text, at)
    return (found[1], found[2]) if found else ("", "")


def seconds(text: str) -> float:
    """A number of seconds as reports write them; 0 for what is none."""
    text = text.replace(",", "").strip()
    return float(text) if re.fullmatch(r"\d{1,9}(?:\.\d{0,12})?(?:[eE]-?\d{1,2})?", text) else 0.0


def count(text: str) -> int | None:
    """A whole number, None for what is none."""
    return int(text) if re.fullmatch(r"\d{1,9}", text.strip()) else None


def _well_encoded(data: bytes) -> bytes:
    """The bytes with control characters (ANSI escapes in failure texts) and broken UTF-8 as `?`; no offset moves."""
    if _is_wide(data):
        return data
    data = data.translate(_BLANKED)
    head = data[:200].split(b"?>", 1)[0].lower()
    if b"encoding" in head and b"utf-8" not in head:
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return _LONE_SURROGATE.sub("?", data.decode("utf-8", "surrogateescape")).encode()
    return data


def _is_wide(data: bytes) -> bool:
    """Whether it is UTF-16 or UTF-32, where NUL bytes are parts of letters."""
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]


def _rest(walker: Walker, data: bytes) -> int:
    """Bytes behind the place where the parser stopped; of UTF-16 it counts as the parser does, near enough."""
    return max(len(data) - walker.at(), 0)
