"""Takes the execution file of claude-code-action, a JSON array of the SDK's messages; gives its Trace."""

from __future__ import annotations

from bot.model import Trace
from bot.signals.transcripts.claude import ClaudeReader
from bot.signals.transcripts.claude_records import STARTS, is_record
from bot.signals.transcripts.claude_stream import is_stream
from bot.signals.transcripts.documents import elements
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.outline import Head

NAME = "claude-execution"


def matches(head: Head) -> bool:
    """An array whose records are the SDK's messages."""
    return head.shape == "array" and is_stream(head.records)


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace. The action writes the file when the SDK fails too, then without a `result`; never when killed."""
    reader = ClaudeReader(lines, NAME)
    data = lines.document()
    starts = (*STARTS, *_pretty(data))
    for number, start, end, json, mended in elements(data, lines.losses, starts, is_record):
        reader.element(number, start, end, json, mended)
    reader.cut_off = not data.rstrip().endswith(b"]")
    return [reader.trace(path)]


def _pretty(data: bytes) -> tuple[str, ...]:
    """The beginning of a record as this file indents it."""
    body = data[:200].lstrip(b"\xef\xbb\xbf\0 \t\r\n[").decode("utf-8", "replace")
    opening = body.split('"', 1)[0]
    return tuple(f'{opening}"type": "{kind}"' for kind in ("assistant", "user", "system", "result"))
