"""X8: an episode goes in; that its pull was closed for reasons of the workflow comes out, else ""."""

from __future__ import annotations

import re

from bot.model import Closure, Episode
from bot.traces.gate.failing import failing
from bot.traces.gate.history import History

WORKFLOW = re.compile(
    r"\b(?:superseded|supersedes|duplicates?|inactiv(?:e|ity)|stale|abandoned|obsolete|no longer (?:needed|relevant)"
    r"|replaced by|in favou?r of)\b",
    re.IGNORECASE,
)


def rejected(closure: Closure | None) -> bool:
    """People looked at a pull and said no: no bot closed it, and what was said speaks of no reason of the workflow."""
    return closure is not None and closure.reviews > 0 and not (closure.by_bot or WORKFLOW.search(closure.reason[:200]))


def closed(episode: Episode, _: History) -> str:
    """Why the closing of the pull is no failure of the agent, else "".

    64 % of the rejected pulls of agents are closed for such reasons or for none that can be seen (research/mining.md
    §0). The closure is the manifest's claim, so it excuses only a failure that rests on the closing alone: with a red
    run, a failing test or a failed job beside it, the bytes decide. A pull that people have reviewed was judged.
    """
    closure = episode.closure
    if closure is None or failing(episode.signals) or episode.run.conclusion == "failure":
        return ""
    if closure.reviews > 0:
        return ""
    found = WORKFLOW.search(closure.reason[:200])
    why = f"as {found.group().lower()}" if found else "by a bot" if closure.by_bot else "without a reason"
    return f"its pull was closed {why}, after no review, and nothing in it was red"
