"""Takes a `tool_result` of Claude Code with what is noted beside it; gives the Answer."""

from __future__ import annotations

import re

from bot.model import CallStatus
from bot.signals.transcripts.assemble import Answer
from bot.signals.transcripts.claude_records import Block, Outcome
from bot.signals.transcripts.values import texts

_REJECTED = ("The user doesn't want to proceed with this tool use", "The user doesn't want to take this action")
INTERRUPTED = "[Request interrupted by user"
_CUT = re.compile(r"Command timed out after (?:(\d{1,4})m\b)? ?(?:(\d{1,6}(?:\.\d{1,3})?)s\b)?")
_EXIT = re.compile(r"\s{0,4}(?:Error: )?Exit code:? (-?\d{1,6})\b")


def answer(block: Block, outcome: Outcome, start: int, end: int, plain: bool) -> Answer:
    """The answer that stands at `start:end`; `outcome` is the `toolUseResult` of its record."""
    output = texts(block.content)
    timed_out = outcome.timedOutAfterMs is not None or "Command timed out after" in output[:400]
    took = (outcome.timedOutAfterMs, _cut(output), outcome.durationMs, outcome.totalDurationMs)
    duration = next((one for one in took if isinstance(one, int) and not isinstance(one, bool)), None)
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
        duration_ms=duration,
        created=outcome.type == "create" or output.startswith("File created successfully"),
        fallback=block.tool_use_id[:120],
        plain=plain,
    )  # fmt: skip


def _cut(output: str) -> int | None:
    """After how many milliseconds a command was killed, as the answer says in words: `2m 0.0s`."""
    found = _CUT.search(output[:400])
    return round((int(found[1] or 0) * 60 + float(found[2] or 0)) * 1000) or None if found else None


def _error_status(output: str) -> CallStatus:
    if output.startswith(_REJECTED):
        return "rejected"
    return "aborted" if output.startswith(INTERRUPTED) else "error"
