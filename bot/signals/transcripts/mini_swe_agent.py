"""Takes a trajectory of mini-swe-agent, from its first bare list of messages to format 1.1; gives its Trace.

A **step** is a message of the model; its **calls** are the commands that were carried out: of `extra.actions` or the
tool calls (2.x), else the one code block of the message (1.x). What answers a call is the next message of the user or
tool, with a return code in `extra` or as `<returncode>`; a code other than 0 is an **error**. A message without
exactly one command was refused, and is a step without a call. **end_reason** is `info.exit_status`, or that of the
last message. The format has no verdict.
https://mini-swe-agent.com/latest/usage/output_files/
"""

from __future__ import annotations

from bot.model import EndReason, Tokens, Trace
from bot.signals.transcripts.held import Document
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.mini_messages import Messages
from bot.signals.transcripts.objects import document
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.told import Told
from bot.signals.transcripts.values import amount, mapping, text

NAME = "mini-swe-agent"
MARKS = ("role", "content", "object", "type")
ENDS: dict[str, EndReason] = {
    "Submitted": "finished",
    "LimitsExceeded": "limit",
    "ContextWindowExceeded": "limit",
    "ContextWindowExceededError": "limit",
    "TimeExceeded": "timeout",
    "UserInterruption": "aborted",
    "KeyboardInterrupt": "aborted",
}
"""The exceptions that end a run; every other one is an error."""
PROVIDER = frozenset(
    {
        "APIConnectionError", "APIError", "APITimeoutError", "AuthenticationError", "BadRequestError",
        "InternalServerError", "NotFoundError", "PermissionDeniedError", "RateLimitError", "ServiceUnavailableError",
        "Timeout",
    }
)  # fmt: skip
"""The exceptions by which LiteLLM says that the provider failed."""
SUBMITS = ("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT")


def matches(head: Head) -> bool:
    """An object that names the format or is built like it; a bare list of messages that speaks its language."""
    first = head.first
    if head.shape in ("object", "lines"):
        if first.get("trajectory_format").startswith(NAME) or "info.mini_version" in first:
            return True
        known = "info.model_stats" in first or "info.exit_status" in first
        return next(iter(first.keys), "") == "info" and known and "trajectory" not in first and "history" not in first
    spoken = first.get("role") == "system" and first.get("content") not in ("", "[", "{")
    marks = (*SUBMITS, "mswea_bash_command", "<returncode>")
    return head.shape == "array" and spoken and any(mark in head.text for mark in marks)


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    found = document(lines.document(), lines.losses, ("messages",), MARKS)
    told = Told(NAME, NAME)
    messages = Messages(told)
    for element, message in found.records(lines.losses):
        messages.take(element, message)
    _info(told, found, messages)
    return [told.trace((lines.source(path),), lines.losses.warnings())]


def _info(told: Told, found: Document, messages: Messages) -> None:
    info = mapping(found.get("info"))
    config, stats = mapping(info.get("config")), mapping(info.get("model_stats"))
    told.version = text(info.get("mini_version"))
    told.model = text(mapping(config.get("model")).get("model_name")) or told.model
    told.cwd = text(mapping(config.get("environment")).get("cwd"))
    told.task = text(found.get("instance_id"))
    told.cost_usd = amount(stats.get("instance_cost"))
    told.tokens = Tokens(messages.input, messages.output, messages.cached)
    status = text(info.get("exit_status")) or messages.exit
    told.provider_errors = int(status in PROVIDER)
    told.guard = "format" if status == "RepeatedFormatError" else ""
    if status:
        told.end_reason = ENDS.get(status, "error")
    elif info:
        told.end_reason = "killed" if found.whole else "unknown"
    elif found.whole and not messages.waiting and any(mark in told.final for mark in SUBMITS):
        told.end_reason = "finished"
