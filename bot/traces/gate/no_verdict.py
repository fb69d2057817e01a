"""X2: an episode goes in; what shows that nothing judged an agent's work comes out, else "". Asked of every outcome."""

from __future__ import annotations

from bot.model import Episode
from bot.traces.gate.failing import unechoed
from bot.traces.gate.history import History
from bot.traces.gate.seen import held

NO_VERDICT = ("cancelled", "timed_out", "startup_failure", "stale", "action_required", "skipped", "neutral")
"""https://docs.github.com/en/rest/checks/runs: conclusions that say nothing about the code."""

BOTS = ("excluded/dependabot",)
"""Signatures of a failed log that tell of a job in which only a bot worked."""
RED = ("test-failed", "tests-failed", "test-regressed", "lint-failed", "lints-failed", "job-failed", "trial-ended")
"""Signals of a failure that stands by itself."""


def no_verdict(episode: Episode, history: History) -> str:
    """What shows that nothing judged the attempt, else "". A run of the base branch judges no agent either."""
    if history.is_base(episode):
        return "a run of the base branch: it witnesses for others and judges no agent"
    if episode.run.conclusion in NO_VERDICT:
        return f"the run's conclusion is {episode.run.conclusion}"
    if episode.outcome == "none":
        return "no report, manifest or label says how it ended"
    return _nobodys(episode) if episode.outcome == "fail" and episode.closure is None else ""


def _nobodys(episode: Episode) -> str:
    """What shows that all that failed is the echo of a failure that no report here tells of, or a bot's own."""
    for signal in held(episode, "log-signature"):
        if signal.detail in BOTS and episode.trace is None:
            return f"only a bot worked: {signal.detail}"
    echoes = held(episode, "derivative")
    if not echoes or any(signal.name in RED and signal.value != 0 for signal in unechoed(episode.signals)):
        return ""
    return f"what failed only passes on what another job did: {echoes[0].detail}"
