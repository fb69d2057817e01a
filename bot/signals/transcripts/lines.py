"""Takes a stream of bytes; gives its lines with their byte ranges, the digest of all, and what was lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from bot.model import Source

BLOCK = 1 << 18
HEAD = 1 << 16
LINE_CAP = 16 << 20
"""A longer line is passed over without being held."""
DOCUMENT_CAP = 64 << 20
"""Of a longer document only the beginning is read."""
MOST_WARNINGS = 50
BROKEN = (ValueError, RecursionError)
"""What a JSON parser raises on bytes it cannot take (msgspec's errors and UnicodeDecodeError are ValueErrors)."""


class Losses:
    """What could not be read, and what was mended: counted in full, told in words for the first fifty."""

    def __init__(self) -> None:
        self.bytes = 0
        self.ranges: list[tuple[int, int]] = []
        self._told: list[str] = []
        self._untold = 0
        self._untold_bytes = 0

    def lost(self, line: int, start: int, end: int, why: str) -> None:
        """Count the bytes `start:end`, which stand on this line, as unread."""
        if end <= start:
            return
        self.bytes += end - start
        if len(self._told) < MOST_WARNINGS:
            self.ranges.append((start, end))
            self._told.append(f"line {line}: {end - start} bytes lost (bytes {start}-{end}): {why}")
        else:
            self._untold += 1
            self._untold_bytes += end - start

    def note(self, text: str) -> None:
        """Tell of something that was mended or passed over without a loss."""
        if len(self._told) < MOST_WARNINGS:
            self._told.append(text)
        else:
            self._untold += 1

    def warnings(self) -> tuple[str, ...]:
        """All that was told, and how much more there was."""
        if not self._untold:
            return tuple(self._told)
        return (*self._told, f"{self._untold} more warnings ({self._untold_bytes} more bytes lost)")


class Lines:
    """One pass over a stream. Iterate for `(number, start, line)`; or take it whole as a `document`.

    Lines end at `\\n` only (U+2028 and its kin stand inside JSON strings). Memory: one block and one line.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.size = 0
        self.losses = Losses()
        self.unterminated = False
        """True once the last line was given and no `\\n` ended it: written by a process still at work, or killed."""
        self.longest = 0
        self._stream = stream
        self._digest = hashlib.sha256()
        self._first: bytes | None = self._next()

    @property
    def head(self) -> bytes:
        """The first bytes, for the sniffer; empty once reading has begun."""
        return (self._first or b"")[:HEAD]

    def source(self, path: str) -> Source:
        """The file as it was read: what is left of the stream goes through the digest."""
        for _ in self._blocks():
            pass
        return Source(path, self._digest.hexdigest(), self.size)

    def document(self) -> bytes:
        """The whole stream, or its first 64 MiB with the rest counted as lost."""
        parts: list[bytes] = []
        held = 0
        for block in self._blocks():
            if held < DOCUMENT_CAP:
                parts.append(block[: DOCUMENT_CAP - held])
            held += len(block)
        whole = b"".join(parts)
        self.losses.lost(whole.count(b"\n") + 1 if held > DOCUMENT_CAP else 0, len(whole), held, "beyond 64 MiB")
        return whole

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        number, start, held = 1, 0, 0
        parts: list[bytes] = []
        for block in self._blocks():
            at = 0
            while (end := block.find(b"\n", at)) >= 0:
                if not held:
                    yield number, start, block[at:end]
                else:
                    held += end
                    yield from self._line(number, start, held, [*parts, block[:end]])
                    start += held - end
                    parts, held = [], 0
                number, start, at = number + 1, start + end + 1 - at, end + 1
            held += len(block) - at
            if held <= LINE_CAP:
                parts.append(block[at:])
            else:
                parts.clear()
        if held:
            self.unterminated = True
            yield from self._line(number, start, held, parts)

    def _line(self, number: int, start: int, held: int, parts: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
        if held > LINE_CAP:
            self.losses.lost(number, start, start + held, "the line is longer than 16 MiB")
            return
        yield number, start, parts[0] if len(parts) == 1 else b"".join(parts)

    def _blocks(self) -> Iterator[bytes]:
        block, self._first = self._first, None
        while block is None or block:
            if block:
                yield block
            block = self._next()

    def _next(self) -> bytes:
        block = self._stream.read(BLOCK)
        self._digest.update(block)
        self.size += len(block)
        return block
