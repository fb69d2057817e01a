"""Takes the `result` record of Claude's stream; gives how the run ended, and its tokens."""

from __future__ import annotations

import re

import msgspec

from bot.model import EndReason, Tokens
from bot.signals.transcripts.values import mapping, mappings, text, whole


class Result(msgspec.Struct, gc=False):
    """What the `result` record says of the whole run."""

    subtype: object = None
    is_error: object = None
    terminal_reason: object = None
    result: object = None
    total_cost_usd: object = None
    usage: object = None
    modelUsage: object = None  # noqa: N815
    api_error_status: object = None


_LIMIT = re.compile(
    r"limit reached|usage limit|hit your limit|prompt is too long|credit balance|max(?:imum)? turns", re.I
)
_LIMIT_REASONS = frozenset({
    "max_turns", "budget_exhausted", "blocking_limit", "prompt_too_long", "rapid_refill_breaker",
    "structured_output_retry_exhausted",
})  # fmt: skip
_ERROR_REASONS = frozenset({
    "model_error", "api_error", "image_error", "malformed_tool_use_exhausted", "turn_setup_failed",
    "tool_deferred_unavailable",
})  # fmt: skip


def limit_or_error(said: str) -> EndReason:
    """What a provider's words mean: a limit that was reached, or an error."""
    return "limit" if _LIMIT.search(said[:2_000]) else "error"


def result_end(result: Result) -> EndReason:
    """What the `result` record says; `success` with `is_error` is a failure."""
    reason, subtype = text(result.terminal_reason), text(result.subtype)
    if subtype.startswith("error_max_") or reason in _LIMIT_REASONS:
        return "limit"
    if reason.startswith("aborted"):
        return "aborted"
    if subtype.startswith("error") or reason in _ERROR_REASONS or result.is_error is True:
        return limit_or_error(text(result.result))
    return "finished"


def result_tokens(result: Result) -> Tokens | None:
    """Of all models, when the record tells; else of the main loop."""
    if used := list(mappings(list(mapping(result.modelUsage).values()))):
        cached = sum(whole(use.get("cacheReadInputTokens")) for use in used)
        fresh = sum(whole(use.get("inputTokens")) + whole(use.get("cacheCreationInputTokens")) for use in used)
        return Tokens(fresh + cached, sum(whole(use.get("outputTokens")) for use in used), cached)
    if isinstance(result.usage, dict):
        use = result.usage
        cached = whole(use.get("cache_read_input_tokens"))
        fresh = whole(use.get("input_tokens")) + whole(use.get("cache_creation_input_tokens"))
        return Tokens(fresh + cached, whole(use.get("output_tokens")), cached)
    return None
