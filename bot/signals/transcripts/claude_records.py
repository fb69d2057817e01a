"""The records of Claude Code as structs, and how a record is told from noise and from a part of one."""

from __future__ import annotations

import msgspec

from bot.signals.transcripts.tools import Arguments

Scalar = str | float | bool | None


class Usage(msgspec.Struct, gc=False):
    """Tokens of one model call; fields are null when the call was killed."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class Block(msgspec.Struct, gc=False):
    """A content block. Of `input` only what tells the call is decoded, a signature never."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: Arguments | list[msgspec.Raw] | Scalar = None
    tool_use_id: str = ""
    content: object = None
    is_error: bool | None = None


class Outcome(msgspec.Struct, gc=False):
    """The few fields of `toolUseResult` that say more than the text; `originalFile` is never decoded."""

    type: object = None
    timedOutAfterMs: object = None  # noqa: N815
    interrupted: object = None
    backgroundTaskId: object = None  # noqa: N815
    durationMs: object = None  # noqa: N815
    totalDurationMs: object = None  # noqa: N815


class Message(msgspec.Struct, gc=False):
    """An Anthropic message."""

    id: str | None = None
    model: str | None = None
    content: str | list[Block] | None = None
    usage: Usage | None = None
    stop_reason: str | None = None


class Record(msgspec.Struct, gc=False):
    """One record of any Claude format; `tool_use_result` and the like are the stream's spelling."""

    type: str = ""
    subtype: str | None = None
    uuid: str | None = None
    session_id: str | None = None
    sessionId: str | None = None  # noqa: N815
    timestamp: str | None = None
    isSidechain: bool | None = None  # noqa: N815
    isMeta: bool | None = None  # noqa: N815
    isSynthetic: bool | None = None  # noqa: N815
    isCompactSummary: bool | None = None  # noqa: N815
    isApiErrorMessage: bool | None = None  # noqa: N815
    parent_tool_use_id: str | None = None
    cwd: str | None = None
    version: str | None = None
    claude_code_version: str | None = None
    gitBranch: str | None = None  # noqa: N815
    model: str | None = None
    message: Message | None = None
    toolUseResult: Outcome | list[msgspec.Raw] | Scalar = None  # noqa: N815
    tool_use_result: Outcome | list[msgspec.Raw] | Scalar = None


RECORDS = frozenset({"user", "assistant", "system", "result"})
NOISE = frozenset({
    "progress", "file-history-snapshot", "summary", "queue-operation", "pr-link", "attachment", "ai-title",
    "permission-mode", "agent-setting", "stream_event", "rate_limit_event", "tool_progress",
    "tool_use_summary", "conversation_reset", "auth_status", "custom-title", "agent-name", "last-prompt",
    "mode", "prompt_suggestion", "worktree-state", "control_request", "control_response",
    "marble-origami-commit", "saved_hook_context",
})  # fmt: skip
STARTS = (
    '{"type":"user"', '{"type":"assistant"', '{"type":"system"', '{"type":"progress"', '{"type":"summary"',
    '{"type":"file-history-snapshot"', '{"type":"queue-operation"', '{"type":"result"', '{"type":"attachment"',
    '{"parentUuid":', '{"uuid":', '{"sessionId":', '{"timestamp":', '{"isSidechain":',
    '{"type": "user"', '{"type": "assistant"', '{"type": "system"', '{"type": "result"', '{"parentUuid": ', '{"uuid": ',
)  # fmt: skip


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is a record and no part of one (a content block has a type too)."""
    kind = value.get("type")
    return isinstance(kind, str) and (kind in RECORDS or kind in NOISE)
