"""Takes a `tool_result` of Claude Code with what is noted beside it; gives the Answer."""

from __future__ import annotations

import re

import msgspec

from bot.model import CallStatus
from bot.signals.transcripts.assemble import Answer
from bot.signals.transcripts.claude_records import Block
from bot.signals.transcripts.lines import BROKEN
from bot.signals.transcripts.values import texts


class Outcome(msgspec.Struct, gc=False):
    """The few fields of `toolUseResult` that say more than the text; `originalFile` is never decoded."""

    type: object = None
    timedOutAfterMs: object = None  # noqa: N815
    interrupted: object = None
    backgroundTaskId: object = None  # noqa: N815
    durationMs: object = None  # noqa: N815
    totalDurationMs: object = None  # noqa: N815


_OUTCOME = msgspec.json.Decoder(Outcome)
_REJECTED = ("The user doesn't want to proceed with this tool use", "The user doesn't want to take this action")
INTERRUPTED = "[Request interrupted by user"
_EXIT = re.compile(r"\s{0,4}(?:Error: )?Exit code:? (-?\d{1,6})\b")


def answer(block: Block, raw: msgspec.Raw, start: int, end: int, plain: bool) -> Answer:
    """The answer that stands at `start:end`; `raw` is the `toolUseResult` of its record, empty when there is none."""
    output = texts(block.content)
    outcome = _outcome(raw)
    timed_out = outcome.timedOutAfterMs is not None or "Command timed out after" in output[:400]
    duration = outcome.durationMs if isinstance(outcome.durationMs, int) else outcome.totalDurationMs
    exit_code: int | None = None
    status: CallStatus = "ok"
    found = _EXIT.match(output[:200])
    if block.is_error:
        status = _error_status(output)
        exit_code = int(found[1]) if found else None
    elif outcome.interrupted is True:
        status = "aborted"
    elif outcome.backgroundTaskId is None and not output.startswith("Command running in background"):
        exit_code = 0
    if timed_out and status == "ok":
        status = "error"
    return Answer(
        start, end, status, output, exit_code,
        timed_out=timed_out or exit_code == 124,
        duration_ms=duration if isinstance(duration, int) else None,
        created=outcome.type == "create" or output.startswith("File created successfully"),
        fallback=block.tool_use_id[:120],
        plain=plain,
    )  # fmt: skip


def _error_status(output: str) -> CallStatus:
    if output.startswith(_REJECTED):
        return "rejected"
    return "aborted" if output.startswith(INTERRUPTED) else "error"


def _outcome(raw: msgspec.Raw) -> Outcome:
    if not raw:
        return Outcome()
    try:
        return _OUTCOME.decode(raw)
    except BROKEN:
        return Outcome()
