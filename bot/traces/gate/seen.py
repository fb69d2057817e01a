"""An episode goes in; the signals that the exclusions ask for come out, and their words, cut short."""

from __future__ import annotations

from bot.model import Episode, Signal

MAX_TEXT = 2_000
"""Characters of a text that a pattern looks at."""
MAX_DETAIL = 120


def held(episode: Episode, name: str) -> tuple[Signal, ...]:
    """The signals of this name that hold."""
    return tuple(signal for signal in episode.signals if signal.held and signal.name == name)


def detail(signal: Signal) -> str:
    """What a signal says, cut short; its quoted line where it has one, for `agent-never-started` alone says little."""
    said = signal.detail or signal.name
    quote = signal.pin.quote if signal.pin and signal.pin.quote not in said else ""
    return f"{said}: {quote}"[:MAX_DETAIL] if quote else said[:MAX_DETAIL]
