"""Takes a session of Claude Code (`~/.claude/projects/…/*.jsonl`); gives its Trace."""

from __future__ import annotations

import re

from bot.model import Trace
from bot.signals.transcripts.claude import ClaudeReader
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.reader import read_lines

NAME = "claude-code-session"

_IFLOW = re.compile(r"session-[0-9a-f]{8}-")
_OWN_TYPES = frozenset(
    {"file-history-snapshot", "queue-operation", "progress", "permission-mode", "ai-title", "agent-setting", "summary"}
)


def matches(head: Head) -> bool:
    """JSON lines with `sessionId` (or only with Claude's message shape) and `message.content`.

    iFlow and Qwen Code write `uuid`, `parentUuid` and `sessionId` too: iFlow's session id is
    `session-<uuid>`, Qwen's messages have `parts`.
    """
    if head.shape != "lines":
        return False
    talk = [record for record in head.records if record.get("type") in ("user", "assistant")]
    if any("message.parts" in record or _IFLOW.match(record.get("sessionId")) for record in head.records):
        return False
    if any("session_id" in record and "sessionId" not in record for record in head.records):
        return False
    named = any("sessionId" in record for record in head.records)
    if named and any("message.content" in record for record in talk):
        return True
    if named and any(record.get("type") in _OWN_TYPES for record in head.records):
        return True
    if any(
        record.get("type") in ("file-history-snapshot", "summary") and _is_own(record.keys) for record in head.records
    ):
        return True
    return any("message.content" in record and "timestamp" in record for record in talk)


def _is_own(keys: dict[str, str]) -> bool:
    return "leafUuid" in keys or "snapshot" in keys


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace; the steps of subagents that stand in the same file have origin `subagent`."""
    return read_lines(ClaudeReader(lines, NAME), path)
