"""Takes the lines of a stream whose writer lets raw newlines into strings; gives its records, whole again.

A line that is no JSON is held and tried together with the lines behind it, the newline between them written as `\\n`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bot.model import Trace
from bot.signals.transcripts.lines import BROKEN, Lines
from bot.signals.transcripts.reader import R, Reader

MOST_LINES = 64
MOST_BYTES = 1 << 20
"""What is held at most; a record broken into more is read by salvage, as any other damage."""

_ANY = msgspec.json.Decoder(msgspec.Raw)


def read_rejoined(reader: Reader[R], path: str) -> list[Trace]:
    """One Trace of a reader's records, whole again."""
    for number, start, end, line, mended in rejoined(reader.lines):
        if mended:
            reader.element(number, start, end, line, mended=True)
        else:
            reader.line(number, start, line)
    return [reader.trace(path)]


def rejoined(lines: Lines) -> Iterator[tuple[int, int, int, bytes, bool]]:
    """`(line, start, end, json, mended)` of each record; `mended` when it was put together from several lines."""
    held: list[tuple[int, int, bytes]] = []
    for number, start, line in lines:
        if held:
            whole = b"\\n".join([*(part for _number, _start, part in held), line])
            if _is_json(whole):
                first, begin, _part = held[0]
                lines.losses.note(f"line {first}: a record broken into {len(held) + 1} lines was put together")
                yield first, begin, start + len(line), whole, True
                held = []
                continue
            if _begins(line) or len(held) >= MOST_LINES or len(whole) > MOST_BYTES:
                yield from _apart(held)
                held = []
        if held or (_begins(line) and not _is_json(line)):
            held.append((number, start, line))
        else:
            yield number, start, start + len(line), line, False
    yield from _apart(held)


def _apart(held: list[tuple[int, int, bytes]]) -> Iterator[tuple[int, int, int, bytes, bool]]:
    for number, start, line in held:
        yield number, start, start + len(line), line, False


def _begins(line: bytes) -> bool:
    return line.lstrip()[:8] in (b'{"type":', b'{"type" ')


def _is_json(line: bytes) -> bool:
    try:
        _ANY.decode(line)
    except BROKEN:
        return False
    return True
