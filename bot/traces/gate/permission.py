"""X9: an episode goes in; the permission or secret that its workflow lacked comes out, else ""."""

from __future__ import annotations

from bot.model import Episode
from bot.traces.gate.failing import failing
from bot.traces.gate.history import History
from bot.traces.gate.seen import detail, held


def permission(episode: Episode, _: History) -> str:
    """What the workflow was refused, else "". Failing tests outweigh it: a test may well talk about a refusal."""
    if failing(episode.signals).tests:
        return ""
    return next((f"the workflow lacked a permission: {detail(one)}" for one in held(episode, "permission")), "")
