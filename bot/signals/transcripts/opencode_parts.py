"""Takes a tool part of OpenCode, which holds a call with its answer, or a message's spending; gives what is counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import CallStatus, EndReason, Tokens
from bot.signals.transcripts.acts import act
from bot.signals.transcripts.assemble import Answer, Assembly, Draft
from bot.signals.transcripts.tools import cited
from bot.signals.transcripts.values import lasted, mapping, text, whole

REFUSED = ("The user rejected permission", "The user has specified a rule", "The user dismissed")
ABORTED = ("Tool execution aborted", "Aborted", "The operation was aborted")
LIMITS = ("limit", "quota", "too long", "context", "credit", "Overflow")
ENDS: Mapping[str, EndReason] = {"stop": "finished", "length": "limit", "content-filter": "error", "error": "error"}
"""How a run ended, by the `finish` of its last message; of any other it is not known."""


def add_tool(
    assembly: Assembly, step: Draft, part: Mapping[str, Any], start: int, end: int, plain: bool, fallback: str
) -> None:
    """Add the call of a tool part, with its answer when it has ended."""
    state = mapping(part.get("state"))
    call_id, name = text(part.get("callID")), text(part.get("tool"))
    use = act(name, state.get("input"))
    said = cited(use, name, fallback, plain)
    place = len(step.calls)
    if not assembly.call(step, call_id, name, use, start, end, said, text(part.get("id"))):
        return
    if state.get("status") in ("completed", "error"):
        assembly.answer(call_id or f"#{start}.{place}", _answer(state, start, end, plain, fallback))


def _answer(state: Mapping[str, Any], start: int, end: int, plain: bool, fallback: str) -> Answer:
    metadata, time = mapping(state.get("metadata")), mapping(state.get("time"))
    failed = state.get("status") == "error"
    output = text(state.get("error")) if failed else text(state.get("output"))
    code = metadata.get("exit") if type(metadata.get("exit")) is int else None
    timed_out = code == 124 or "terminated command after exceeding timeout" in output[-2_000:]
    return Answer(
        start, end, _status(output, failed, code, timed_out), output, code, timed_out=timed_out,
        duration_ms=lasted(_seconds(time.get("start")), _seconds(time.get("end"))), fallback=fallback, plain=plain,
    )  # fmt: skip


def _status(output: str, failed: bool, code: int | None, timed_out: bool) -> CallStatus:
    if failed and output.startswith(REFUSED):
        return "rejected"
    if failed and output.startswith(ABORTED):
        return "aborted"
    return "error" if failed or code or timed_out else "ok"


def _seconds(milliseconds: object) -> float | None:
    return whole(milliseconds) / 1000 if whole(milliseconds) > 0 else None


def spent(tokens: object) -> Tokens:
    """The tokens of one message: OpenCode counts what came from a cache, and reasoning, apart."""
    told = mapping(tokens)
    cache = mapping(told.get("cache"))
    cached = whole(cache.get("read"))
    fresh = whole(told.get("input")) + whole(cache.get("write"))
    return Tokens(fresh + cached, whole(told.get("output")) + whole(told.get("reasoning")), cached)


def error_end(error: Mapping[str, Any]) -> EndReason:
    """How a run ended whose last message has this error."""
    name = text(error.get("name"))
    if name == "MessageAbortedError":
        return "aborted"
    said = f"{name} {text(mapping(error.get('data')).get('message'))}"[:2_000]
    return "limit" if name == "MessageOutputLengthError" or any(word in said for word in LIMITS) else "error"
