"""Takes the error with which an OpenHands run stopped; gives how it ended, and which guard of its own stopped it."""

from __future__ import annotations

from bot.model import EndReason

SAID = 2_000
"""Characters of an error that are looked at."""
ENDS: tuple[tuple[str, EndReason], ...] = (
    ("maximum iteration", "limit"),
    ("maxiteration", "limit"),
    ("maximum budget", "limit"),
    ("max budget", "limit"),
    ("context window", "limit"),
    ("timeout", "timeout"),
    ("timed out", "timeout"),
)
"""Words that say which limit was reached; without them it is an error (being stuck in a loop too)."""


def error_end(error: str) -> EndReason:
    """How a run ended that stopped with this error."""
    said = error[:SAID].lower()
    return next((end for words, end in ENDS if words in said), "error")


def guard_of(error: str) -> str:
    """The guard that stopped a run with this error; empty when none did."""
    return "loop" if any(words in error[:SAID] for words in ("AgentStuckInLoop", "stuck in a loop")) else ""
