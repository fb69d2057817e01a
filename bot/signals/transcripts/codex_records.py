"""The lines of Codex's rollouts as structs, old shapes and new, and how a rollout and its records are told."""

from __future__ import annotations

import msgspec

from bot.signals.transcripts.fit import fitted
from bot.signals.transcripts.lines import BROKEN
from bot.signals.transcripts.outline import Head

NAME = "codex-rollout"
TYPES = frozenset(
    {"session_meta", "response_item", "event_msg", "turn_context", "compacted", "inter_agent_communication"}
)
BARE = frozenset({
    "message", "reasoning", "function_call", "function_call_output", "custom_tool_call",
    "custom_tool_call_output", "local_shell_call", "local_shell_call_output", "web_search_call",
    "tool_search_call", "tool_search_output", "ghost_snapshot", "compaction", "compaction_summary",
    "agent_message", "image_generation_call",
})  # fmt: skip
STARTS = (
    '{"timestamp":', '{"type":"message"', '{"type":"function_call', '{"type":"reasoning"', '{"type":"response_item"',
    '{"type":"event_msg"', '{"payload":', '{"record_type":', '{"timestamp": ', '{"type": "', '{"id":',
)  # fmt: skip


class Payload(msgspec.Struct, gc=False):
    """The payload of an item or event, or a bare item; encrypted and encoded content is never decoded."""

    type: str = ""
    role: str = ""
    id: str | None = None
    call_id: str = ""
    name: str = ""
    turn_id: str | None = None
    content: object = None
    summary: object = None
    arguments: object = None
    input: object = None
    action: msgspec.Raw = msgspec.Raw()
    output: object = None
    info: msgspec.Raw = msgspec.Raw()
    git: msgspec.Raw = msgspec.Raw()
    message: object = None
    last_agent_message: object = None
    exit_code: int | None = None
    success: bool | None = None
    cwd: str | None = None
    cli_version: str | None = None
    model: str | None = None


class Line(msgspec.Struct, gc=False):
    """One line: an envelope with a payload, or (old rollouts) the item itself."""

    type: str = ""
    timestamp: str | None = None
    payload: Payload | None = None
    record_type: str | None = None


_BARE = msgspec.json.Decoder(Payload)


def matches(head: Head) -> bool:
    """Envelopes with a payload, or the old shape: `{id, timestamp, instructions}` and then bare items."""
    if head.shape != "lines" or not head.records:
        return False
    for record in head.records[:3]:
        if record.get("type") in TYPES and record.get("payload") == "{":
            return True
    first = head.first
    if not ("id" in first and "timestamp" in first and ("instructions" in first or "git" in first)) or "type" in first:
        return False
    return all(record.get("type") in BARE or "record_type" in record for record in head.records[1:])


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is a record and no part of one."""
    kind = value.get("type")
    if not isinstance(kind, str):
        return "record_type" in value
    return kind in TYPES or "record_type" in value or (kind in BARE and ("role" in value or "call_id" in value))


def bare(raw: bytes) -> Payload | None:
    """The item that stands on a line by itself, without the fields that do not fit; None when it cannot be read."""
    text = raw.decode("utf-8", "replace")
    try:
        return _BARE.decode(text)
    except msgspec.ValidationError:
        pass
    except BROKEN:
        return None
    try:
        return fitted(msgspec.json.decode(text), Payload)
    except BROKEN:
        return None
