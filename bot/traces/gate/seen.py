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
    """What a signal says, cut short."""
    return signal.detail[:MAX_DETAIL] or signal.name


def kind(signal: Signal) -> str:
    """The bare name of a trouble: `infra/runner-lost` and `runner-lost` are one."""
    return signal.detail.rsplit("/", 1)[-1]
