"""Takes a line that no JSON parser accepts; gives the records that can still be read from it, and what is lost.

Agents write such lines: two records without a newline between them, a truncated record spliced with the next one,
runs of NUL bytes, a byte order mark, lone surrogates (https://github.com/anthropics/claude-code/issues/81843 counts
them). The ladder is the one of the transcripts research: read every JSON value that stands there, in order; where
none can be read, go on at the next text that begins a record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.signals.transcripts.lines import Losses

MOST_ATTEMPTS = 32
"""New beginnings tried on one line; each may cost a pass over the line."""

_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _name: None)
_SURROGATE = re.compile("[\ud800-\udfff]")
_FILLER = " \t\r\n\0,"
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A record read from a bad line: its byte range in the line, and its JSON in a form every parser accepts."""

    start: int
    end: int
    json: bytes


def salvage(
    line: bytes, starts: Sequence[str], accept: Callable[[dict[str, object]], bool]
) -> tuple[list[Salvaged], list[tuple[int, int]]]:
    """The records of a bad line and the byte ranges that hold none.

    `starts` are the texts with which a record of this format begins; `accept` tells a record from a part of one
    (a content block that survived its message is none). What is lost and what was read never overlap; beside them
    stand only white space, commas, NUL bytes and byte order marks.
    """
    text = line.decode("utf-8", "surrogateescape")
    records: list[Salvaged] = []
    lost: list[tuple[int, int]] = []
    at = lost_from = _skip(text, 0)
    byte = _Offsets(text)
    attempts = 0
    while at < len(text):
        value, end = _value(text, at)
        if end and isinstance(value, dict) and accept(value):
            if lost_from < at:
                lost.append((byte(lost_from), byte(at)))
            records.append(Salvaged(byte(at), byte(end), _dump(value)))
            at = lost_from = _skip(text, end)
            continue
        attempts += 1
        at = _next_start(text, max(end, at + 1), starts) if attempts < MOST_ATTEMPTS else len(text)
    if lost_from < len(text):
        lost.append((byte(lost_from), len(line)))
    return records, lost


def salvage_line(
    losses: Losses,
    number: int,
    start: int,
    line: bytes,
    starts: Sequence[str],
    accept: Callable[[dict[str, object]], bool],
) -> tuple[list[Salvaged], bool]:
    """The records of a bad line that begins at byte `start`, told in the losses, and whether its last was cut off."""
    records, lost = salvage(line, starts, accept)
    if records:
        losses.note(f"line {number}: {len(records)} record(s) salvaged from a damaged line")
    if b"\0" in line:
        losses.note(f"line {number}: {line.count(0)} NUL bytes")
    cut = False
    for first, end in lost:
        cut = end == len(line) and line[first : first + 1] == b"{"
        why = "a record was cut off" if cut else "no record can be read there"
        losses.lost(number, start + first, start + end, why)
    return records, cut


class _Offsets:
    """Character positions as byte positions, asked for in rising order."""

    def __init__(self, text: str) -> None:
        self._text, self._char, self._byte = text, 0, 0

    def __call__(self, char: int) -> int:
        self._byte += len(self._text[self._char : char].encode("utf-8", "surrogateescape"))
        self._char = char
        return self._byte


def _value(text: str, at: int) -> tuple[object, int]:
    """The JSON value at this place and where it ends; end 0 when there is none."""
    if text[at] != "{":
        return None, 0
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, 0


def _skip(text: str, at: int) -> int:
    while at < len(text) and (text[at] in _FILLER or text[at] == _BOM):
        at += 1
    return at


def _next_start(text: str, at: int, starts: Sequence[str]) -> int:
    found = [place for place in (text.find(start, at) for start in starts) if place >= 0]
    return min(found, default=len(text))


def _dump(value: object) -> bytes:
    """JSON without lone surrogates: they become U+FFFD, so that the quick parser takes it."""
    return _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)).encode("utf-8")
