"""Takes a JSON array; gives its elements with their byte ranges, by salvage where the array is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from bot.signals.transcripts.lines import BROKEN, Losses
from bot.signals.transcripts.salvage import salvage

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_SPACE = b" \t\r\n,"


def elements(
    data: bytes, losses: Losses, starts: Sequence[str], accept: Callable[[dict[str, object]], bool]
) -> Iterator[tuple[int, int, int, bytes, bool]]:
    """`(line, start, end, json, mended)` of each element; a damaged array gives what can be read, with its loss."""
    body = data.lstrip(b"\xef\xbb\xbf\0 \t\r\n")
    shift = len(data) - len(body)
    try:
        found = _ARRAY.decode(body)
    except BROKEN:
        yield from _salvaged(data, shift, losses, starts, accept)
        return
    line = _line_of(data)
    for start, end in spans(body, found, 1):
        yield line(shift + start), shift + start, shift + end, body[start:end], False


def spans(data: bytes, found: list[msgspec.Raw], at: int) -> Iterator[tuple[int, int]]:
    """Where the elements of an array stand: `at` is just behind its bracket; between them are commas and space only."""
    for raw in found:
        while data[at] in _SPACE:
            at += 1
        end = at + len(memoryview(raw))
        yield at, end
        at = end


def _salvaged(
    data: bytes, shift: int, losses: Losses, starts: Sequence[str], accept: Callable[[dict[str, object]], bool]
) -> Iterator[tuple[int, int, int, bytes, bool]]:
    begin = shift + (data[shift : shift + 1] == b"[")
    records, lost = salvage(data[begin:].rstrip().removesuffix(b"]"), starts, accept)
    line = _line_of(data)
    for record in records:
        start, end = begin + record.start, begin + record.end
        yield line(start), start, end, record.json, True
    line = _line_of(data)
    for first, last in lost:
        losses.lost(line(begin + first), begin + first, begin + last, "no record can be read there")
    if b"\0" in data:
        losses.note(f"{data.count(0)} NUL bytes stand in the document")


def _line_of(data: bytes) -> Callable[[int], int]:
    """The line on which a byte stands, for places asked in rising order: each newline is counted once."""
    line, counted = 1, 0

    def _line(at: int) -> int:
        nonlocal line, counted
        line += data.count(b"\n", counted, at)
        counted = at
        return line

    return _line
