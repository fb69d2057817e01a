"""X3: an episode goes in; what shows that the model's provider ended the run comes out, else ""."""

from __future__ import annotations

import re

from bot.model import Episode, Trace
from bot.traces.gate.history import History
from bot.traces.gate.seen import MAX_TEXT

PROVIDER = re.compile(
    r"\b(?:api error|error code|status|http)[: (]{0,3}(?:429|5\d\d)\b"
    r"|\b(?:429|502|503|504|529)\b[^\n]{0,40}(?:overloaded|too many|unavailable|rate)"
    r"|overloaded_error|rate.?limit(?:ed|_error| exceeded| reached)|insufficient_quota|quota exceeded"
    r"|usage limit reached|credit balance is too low|invalid api key|authentication_error|please run /login",
    re.IGNORECASE,
)
QUOTA = re.compile(
    r"\s{0,9}(?:claude(?: ai)? usage limit reached|you(?:'|\u2019)ve hit your (?:\w{1,20} )?limit"
    r"|credit balance is too low|you exceeded your current quota)",
    re.IGNORECASE,
)
"""A last text that is the provider's refusal from its first word on: a run that a limit ended may end in prose too."""


def provider_error(episode: Episode, _: History) -> str:
    """What shows that the provider ended the run, else ""."""
    return of_trace(episode.trace) if episode.trace else ""


def of_trace(trace: Trace) -> str:
    """The same, of a trace."""
    if trace.provider_errors >= 2:
        return f"the last {trace.provider_errors} model calls failed at the provider"
    if trace.end_reason == "limit" and (refused := QUOTA.match(trace.final[:MAX_TEXT])):
        return f"the provider's quota ended the run: {refused.group().strip()}"
    last = f"{trace.final}\n{trace.steps[-1].quote if trace.steps else ''}"
    found = PROVIDER.search(last[-MAX_TEXT:]) if trace.end_reason == "error" else None
    return f"the run ended in an error of the provider: {found.group()[:80]}" if found else ""
