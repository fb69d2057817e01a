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
    for start, end in spans(body, found, 1):
        yield data.count(b"\n", 0, shift + start) + 1, shift + start, shift + end, body[start:end], False


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
    for record in records:
        yield (
            data.count(b"\n", 0, begin + record.start) + 1,
            begin + record.start,
            begin + record.end,
            record.json,
            True,
        )
    for start, end in lost:
        losses.lost(data.count(b"\n", 0, begin + start) + 1, begin + start, begin + end, "no record can be read there")
