"""Takes a transcript as an agent wrote it; gives Traces. A format is one file here and one line in FORMATS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from bot.errors import UserError
from bot.model import Trace
from bot.signals.transcripts import (
    atif,
    claude_execution,
    claude_session,
    claude_stream,
    codex,
    codex_exec,
    copilot,
    cursor_stream,
    gemini_session,
    gemini_stream,
    mini_swe_agent,
    opencode,
    opencode_stream,
    openhands_v0,
    openhands_v1,
    swe_agent,
    tau,
)
from bot.signals.transcripts.joining import join
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.outline import Head, outline

__all__ = ["FORMATS", "UNKNOWN", "Format", "join", "read", "sniff"]

UNKNOWN = "unknown"
FIRST_LOOK = 1 << 12
"""Bytes that tell the format of nearly every file; only where they do not is more looked at."""


@dataclass(frozen=True, slots=True)
class Format:
    """A transcript format: its name, the test on a file's outline, and its reader."""

    name: str
    matches: Callable[[Head], bool]
    read: Callable[[Lines, str], list[Trace]]


FORMATS: tuple[Format, ...] = (
    Format(codex.NAME, codex.matches, codex.read),
    Format(claude_stream.NAME, claude_stream.matches, claude_stream.read),
    Format(claude_execution.NAME, claude_execution.matches, claude_execution.read),
    Format(claude_session.NAME, claude_session.matches, claude_session.read),
    Format(copilot.NAME, copilot.matches, copilot.read),
    Format(codex_exec.NAME, codex_exec.matches, codex_exec.read),
    Format(gemini_session.NAME, gemini_session.matches, gemini_session.read),
    Format(gemini_stream.NAME, gemini_stream.matches, gemini_stream.read),
    Format(opencode.NAME, opencode.matches, opencode.read),
    Format(opencode_stream.NAME, opencode_stream.matches, opencode_stream.read),
    Format(cursor_stream.NAME, cursor_stream.matches, cursor_stream.read),
    Format(tau.NAME, tau.matches, tau.read),
    Format(atif.NAME, atif.matches, atif.read),
    Format(swe_agent.NAME, swe_agent.matches, swe_agent.read),
    Format(mini_swe_agent.NAME, mini_swe_agent.matches, mini_swe_agent.read),
    Format(openhands_v0.NAME, openhands_v0.matches, openhands_v0.read),
    Format(openhands_v1.NAME, openhands_v1.matches, openhands_v1.read),
)
"""In the order in which they are tried."""


def sniff(head: bytes, name: str = "") -> str:
    """The format of a file that begins with these bytes, or `unknown`; never guessed from the name alone."""
    found = _format(head, name)
    return found.name if found else UNKNOWN


def read(stream: BinaryIO, path: str) -> list[Trace]:
    """The runs in a transcript: one Trace, more only where a file holds several runs (tau-bench).

    The stream is read once, from where it stands to its end, with bounded memory; `path` is how people know the file.
    A file of no known format is a UserError; a damaged one is a Trace with warnings.
    """
    lines = Lines(stream)
    found = _format(lines.head, path)
    if found is None:
        raise UserError(f"{path}: {_why_unknown(lines.head)}. {_MEND}")
    return found.read(lines, path)


_MEND = "Transcripts of these formats can be read: " + ", ".join(form.name for form in FORMATS)
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"SQLite format 3\0", "SQLite"),
)


def _format(head: bytes, name: str) -> Format | None:
    if any(head.startswith(magic) for magic, _kind in _MAGIC):
        return None
    whole_lines = head.find(b"\n", FIRST_LOOK) + 1  # a line is decoded in less time than its beginning is scanned
    for size in (whole_lines or FIRST_LOOK, len(head)):
        seen = outline(head[:size], name)
        found = next((form for form in FORMATS if form.matches(seen)), None)
        if found or size >= len(head):
            return found
    return None


def _why_unknown(head: bytes) -> str:
    if not head.strip():
        return "the file is empty"
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    return f"the file is {kind} data; unpack it first" if kind else "this is no transcript of a known format"
