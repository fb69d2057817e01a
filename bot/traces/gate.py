"""An episode goes in; why nobody's harness is to blame for its failure comes out, or None when it may be judged.

X1–X4 and X9 of research/mining.md §2, asked in that order; the first that holds is the reason. Only failures are gated:
a run that passed in spite of a provider's hiccup is an honest pass. X2 alone holds for every outcome, since a run
without a verdict is neither failure nor pass. An episode without a trace is not excluded for that: reports can still
tell what broke. X5–X8 need GitHub's history and are not asked here.
"""

from __future__ import annotations

import re

from bot.model import Episode, Exclusion, Signal, Trace

NO_VERDICT = ("cancelled", "timed_out", "startup_failure", "stale", "action_required")
"""https://docs.github.com/en/rest/checks/runs: conclusions that say nothing about the code."""

AGENT = (
    r"(?:claude|claude-code|codex|gemini|copilot|aider|opencode|openhands|goose|cursor-agent|amp|qwen|mini|sweagent"
    r"|mini-swe-agent)"
)
NEVER_STARTED = re.compile(
    rf"\b{AGENT}: (?:command )?not found|command not found: {AGENT}\b|\b{AGENT}['\"]?: no such file or directory"
    r"|externally-managed-environment|agent (?:binary|executable) (?:was )?not found",
    re.IGNORECASE,
)
PROVIDER = re.compile(
    r"\b(?:api error|error code|status|http)[: (]{0,3}(?:429|5\d\d)\b"
    r"|\b(?:429|502|503|504|529)\b[^\n]{0,40}(?:overloaded|too many|unavailable|rate)"
    r"|overloaded_error|rate.?limit(?:ed|_error| exceeded| reached)|insufficient_quota|quota exceeded"
    r"|usage limit reached|credit balance is too low|invalid api key|authentication_error|please run /login",
    re.IGNORECASE,
)
MAX_TEXT = 2_000
EVIDENCE = ("job-failed", "infrastructure", "unreadable", "permission")


def gate(episode: Episode) -> Exclusion | None:
    """The first exclusion that holds for this episode, with what was seen in words; None = the detectors may look."""
    if episode.outcome == "fail" and (seen := never_started(episode)):
        return Exclusion(episode.id, "X1 never-started", seen)
    if seen := no_verdict(episode):
        return Exclusion(episode.id, "X2 no-verdict", seen)
    if episode.outcome != "fail":
        return None
    if episode.trace and (seen := provider_error(episode.trace)):
        return Exclusion(episode.id, "X3 provider-error", seen)
    if signal := _held(episode, "infrastructure"):
        return Exclusion(episode.id, "X4 resource", f"the machine failed, not the agent: {_detail(signal)}")
    if signal := _held(episode, "permission"):
        return Exclusion(episode.id, "X9 permission", f"the workflow lacked a permission: {_detail(signal)}")
    return None


def never_started(episode: Episode) -> str:
    """What shows that the agent never ran, else "".

    A trace without calls counts only when the agent spoke at most once (a refused login is one such text): an agent
    that talks with a user may go many steps without a call and fail by its own fault (18 of 200 tau-bench runs do).
    """
    for signal in episode.signals:
        if not signal.held or signal.name not in EVIDENCE or _calls(episode.trace):
            continue
        if NEVER_STARTED.search(signal.detail[:MAX_TEXT]):
            return f"no call was made, and the log says: {_detail(signal)}"
    if episode.trace is None or _calls(episode.trace) or len(episode.trace.steps) > 1:
        return ""
    seen = f"the transcript holds {'one step' if episode.trace.steps else 'no step'} of the agent and no call"
    why = provider_error(episode.trace)
    return f"{seen}; {why}" if why else seen


def no_verdict(episode: Episode) -> str:
    """What shows that nothing judged the run, else ""."""
    if episode.run.conclusion in NO_VERDICT:
        return f"the run's conclusion is {episode.run.conclusion}"
    return "no report, manifest or label says how it ended" if episode.outcome == "none" else ""


def provider_error(trace: Trace) -> str:
    """What shows that the model's provider ended the run, else ""."""
    if trace.provider_errors >= 2:
        return f"the last {trace.provider_errors} model calls failed at the provider"
    last = f"{trace.final}\n{trace.steps[-1].quote if trace.steps else ''}"
    found = PROVIDER.search(last[-MAX_TEXT:]) if trace.end_reason == "error" else None
    return f"the run ended in an error of the provider: {found.group()[:80]}" if found else ""


def _calls(trace: Trace | None) -> int:
    return sum(len(step.calls) for step in trace.steps) if trace else 0


def _held(episode: Episode, name: str) -> Signal | None:
    return next((signal for signal in episode.signals if signal.held and signal.name == name), None)


def _detail(signal: Signal) -> str:
    return signal.detail[:120] or signal.name
