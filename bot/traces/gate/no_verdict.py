"""X2: an episode goes in; what shows that nothing judged an agent's work comes out, else "". Asked of every outcome."""

from __future__ import annotations

from bot.model import Episode
from bot.traces.gate.history import History

NO_VERDICT = ("cancelled", "timed_out", "startup_failure", "stale", "action_required", "skipped", "neutral")
"""https://docs.github.com/en/rest/checks/runs: conclusions that say nothing about the code."""


def no_verdict(episode: Episode, history: History) -> str:
    """What shows that nothing judged the attempt, else "". A run of the base branch judges no agent either."""
    if history.is_base(episode):
        return "a run of the base branch: it witnesses for others and judges no agent"
    if episode.run.conclusion in NO_VERDICT:
        return f"the run's conclusion is {episode.run.conclusion}"
    return "no report, manifest or label says how it ended" if episode.outcome == "none" else ""
