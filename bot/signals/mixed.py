"""A log in which an agent's transcript stands between other lines goes in; the Traces of the transcript come out.

`agent-stdio.log` of a GitHub agentic workflow and the logs in `agent/` of a Harbor trial hold what the shell printed
and then what the agent streamed. The transcript is told by content, at the first line with which a known format begins;
it reaches to the end of the log, or of the line when that holds it whole. Offsets count from the log's own beginning.
"""

from __future__ import annotations

import hashlib
import re
from typing import BinaryIO, cast

from bot.model import Source, Trace, replace
from bot.signals import transcripts
from bot.signals.transcripts.joining import placed
from bot.signals.transcripts.lines import HEAD

NAMES = re.compile(
    r"(?:^|[/!])(?:(?:[\w.-]{1,80}-)?agent-stdio\.log|agent/(?:[\w.-]{1,80}/){0,3}[\w.-]{1,80}\.(?:txt|log))$"
)
"""Where logs of this kind lie; the files of other places are not searched."""
SEARCHED = 8 << 20
"""Bytes in which the transcript must begin."""
CANDIDATES = 500
LONE = 20
"""Lines that may begin a transcript; and of them lone brackets, with which a document over several lines begins."""
LINE = 4_096
BLOCK = 1 << 20


def is_mixed(path: str) -> bool:
    """Whether a file at this place is worth a search."""
    return NAMES.search(path[-400:].replace("\\", "/")) is not None


def read_mixed(stream: BinaryIO, path: str) -> list[Trace] | None:
    """The runs of the first transcript in the log; None when there is none."""
    data = stream.read(SEARCHED)
    found = _begin(data, path)
    if found is None:
        return None
    start, end = found
    part = _Part(stream, data, start, end)
    traces = transcripts.read(cast("BinaryIO", part), path)
    source = Source(path, *part.told())
    return [_moved(trace, source, start) for trace in traces]


def _begin(data: bytes, path: str) -> tuple[int, int | None] | None:
    """Where the transcript stands; its end is None when that is the log's."""
    lines = lone = 0
    at = 0
    while at < len(data) and lines < CANDIDATES:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if data[at : at + 1] in (b"{", b"["):
            line = data[at : min(end, at + LINE)].rstrip()
            lines, lone = lines + 1, lone + (len(line) == 1)
            whole = data[at:end].rstrip().endswith(b"]") and line.startswith(b"[") and end < len(data)
            likely = lone <= LONE if len(line) == 1 else transcripts.sniff(line) != transcripts.UNKNOWN
            # the reader will look at this much, and must find the same
            if likely and transcripts.sniff(data[at : end if whole else None][:HEAD], path) != transcripts.UNKNOWN:
                return at, end if whole else None
        at = end + 1
    return None


def _moved(trace: Trace, source: Source, by: int) -> Trace:
    steps = tuple(placed(step, 0, by) for step in trace.steps)
    warnings = tuple(f"after byte {by}: {warning}" for warning in trace.warnings)
    return replace(trace, sources=(source,), steps=steps, warnings=warnings)


class _Part:
    """The bytes of a log from where the transcript begins, to be read once; it knows the digest and size of the log."""

    def __init__(self, stream: BinaryIO, held: bytes, start: int, end: int | None) -> None:
        self._stream = stream
        self._digest = hashlib.sha256(held)
        self._size = len(held)
        self._left = held[start:end]
        self._ended = end is not None

    def read(self, size: int) -> bytes:
        """At most so many bytes of the transcript."""
        if self._left:
            block, self._left = self._left[:size], self._left[size:]
            return block
        return b"" if self._ended else self._next(size)

    def told(self) -> tuple[str, int]:
        """(sha256, size) of the whole log."""
        while self._next(BLOCK):
            pass
        return self._digest.hexdigest(), self._size

    def _next(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._digest.update(block)
        self._size += len(block)
        return block
