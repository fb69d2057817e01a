"""Takes a `tool_result` of Claude Code with what is noted beside it; gives the Answer."""

from __future__ import annotations

import re

from bot.model import CallStatus
from bot.signals.transcripts.assemble import Answer
from bot.signals.transcripts.claude_records import Block, Outcome
from bot.signals.transcripts.values import texts

_REJECTED = ("The user doesn't want to proceed with this tool use", "The user doesn't want to take this action")
INTERRUPTED = "[Request interrupted by user"
_EXIT = re.compile(r"\s{0,4}(?:Error: )?Exit code:? (-?\d{1,6})\b")


def answer(block: Block, outcome: Outcome, start: int, end: int, plain: bool) -> Answer:
    """The answer that stands at `start:end`; `outcome` is the `toolUseResult` of its record."""
    output = texts(block.content)
    timed_out = outcome.timedOutAfterMs is not None or "Command timed out after" in output[:400]
    duration = outcome.durationMs if isinstance(outcome.durationMs, int) else outcome.totalDurationMs
    exit_code: int | None = None
    status: CallStatus = "ok"
    if block.is_error:
        status = _error_status(output)
        found = _EXIT.match(output[:200])
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
