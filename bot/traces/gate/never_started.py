"""X1: an episode goes in; what shows that its agent never ran comes out, else "".

Of 281 failures of one public submission 162 had never started the agent (research/mining.md §0): `command not found`
and a refused `pip install`. Read in the job's log, never in the manifest.
"""

from __future__ import annotations

import re

from bot.model import Episode, Trace
from bot.traces.gate.history import History
from bot.traces.gate.provider_error import of_trace
from bot.traces.gate.seen import MAX_TEXT, detail, kind

AGENT = (
    r"(?:claude|claude-code|codex|gemini|copilot|aider|opencode|openhands|goose|cursor-agent|amp|qwen|mini|sweagent"
    r"|mini-swe-agent|crush|droid|kiro|iflow)"
)
NEVER_STARTED = re.compile(
    rf"\b{AGENT}: (?:command )?not found|command not found: {AGENT}\b|\b{AGENT}['\"]?: no such file or directory"
    r"|externally-managed-environment|agent (?:binary|executable) (?:was )?not found",
    re.IGNORECASE,
)
EVIDENCE = ("job-failed", "infrastructure", "unreadable", "permission")
NOT_INSTALLED = ("agent-never-started", "install-failed", "agent-install", "agent-setup")
"""How the readers of logs and of trials begin to name a binary that is missing and an install step that failed."""


def never_started(episode: Episode, _: History) -> str:
    """What shows that the agent never ran, else "".

    A trace without calls counts only when the agent spoke at most once (a refused login is one such text): an agent
    that talks with a user may go many steps without a call and fail by its own fault (18 of 200 tau-bench runs do).
    An agent that made a call has started, whatever the log of a later check says.
    """
    if calls(episode.trace):
        return ""
    said = [signal for signal in episode.signals if signal.held and signal.name in EVIDENCE]
    shown = [signal for signal in said if NEVER_STARTED.search(signal.detail[:MAX_TEXT])]
    for signal in (*shown, *said):
        if signal in shown or kind(signal).startswith(NOT_INSTALLED):
            return f"no call was made, and the log says: {detail(signal)}"
    if episode.trace is None or len(episode.trace.steps) > 1:
        return ""
    seen = f"the transcript holds {'one step' if episode.trace.steps else 'no step'} of the agent and no call"
    why = of_trace(episode.trace)
    return f"{seen}; {why}" if why else seen


def calls(trace: Trace | None) -> int:
    """How many calls a trace holds."""
    return sum(len(step.calls) for step in trace.steps) if trace else 0
