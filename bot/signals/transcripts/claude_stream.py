"""Takes what `claude -p --output-format stream-json` printed, one message a line; gives its Trace."""

from __future__ import annotations

from bot.model import Trace
from bot.signals.transcripts.claude import ClaudeReader
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.outline import Head, Outline
from bot.signals.transcripts.reader import read_lines

NAME = "claude-stream-json"


def matches(head: Head) -> bool:
    """JSON lines of the SDK's messages. Amp (`T-` session ids) and Cursor (`tool_call` lines) print a like envelope."""
    return head.shape == "lines" and is_stream(head.records)


def is_stream(records: tuple[Outline, ...]) -> bool:
    """Whether these are the SDK's messages: an init, a message in Anthropic's shape, or a result, and no stranger's."""
    if not records or any(_is_foreign(record) for record in records):
        return False
    first = records[0]
    if first.get("type") == "system":
        return "subtype" in first and "data" not in first
    return first.get("type") in ("assistant", "user", "result") and (
        any(record.get("type") == "result" and "subtype" in record for record in records)
        or any(record.get("message") == "{" and "session_id" in record for record in records)
    )


def _is_foreign(record: Outline) -> bool:
    kind = record.get("type")
    if record.get("session_id").startswith("T-") or "sessionID" in record or "sessionId" in record:
        return True
    if kind in ("tool_call", "thinking", "session", "step_start") or "." in kind or "content" in record:
        return True
    cursor = kind == "system" and "permissionMode" in record and "apiKeySource" in record and "tools" not in record
    return cursor and "mcp_servers" not in record


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace; messages with `parent_tool_use_id` are a subagent's."""
    return read_lines(ClaudeReader(lines, NAME), path)
