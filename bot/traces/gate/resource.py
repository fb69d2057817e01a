"""X4: an episode goes in; what shows that the machine or the network failed comes out, else ""."""

from __future__ import annotations

from bot.model import Episode
from bot.traces.gate.failing import failing
from bot.traces.gate.history import History
from bot.traces.gate.never_started import NOT_INSTALLED
from bot.traces.gate.seen import detail, held, kind

WHATEVER_FAILED = ("runner-lost", "out-of-memory", "oom", "disk-full", "job-timeout", "environment", "sandbox")
"""Troubles that stop a run whatever its tests say; any other is outweighed by a report that names failing tests."""


def resource(episode: Episode, _: History) -> str:
    """What shows that the machine failed, else "".

    A network error beside failing tests is most often those tests' own output (research/ci.md §5.1, step 3). That an
    agent is not installed is no trouble of the machine once the agent has worked: such a line is a test's output too.
    NOTE: an agent can also fill the memory or the disk by itself; nothing here tells that apart from a small runner.
    """
    tests = failing(episode.signals).tests
    for signal in held(episode, "infrastructure"):
        if kind(signal).startswith(NOT_INSTALLED) or (tests and not kind(signal).startswith(WHATEVER_FAILED)):
            continue
        return f"the machine failed, not the agent: {detail(signal)}"
    return ""
