"""An episode goes in; its calls come out with the numbers of their steps, polls and refusals told apart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from bot.model import Call, Episode, Step
from bot.traces import paths

is_source = lru_cache(maxsize=4_096)(paths.is_source)
"""`paths.is_source`, remembered: many conditions ask it of the same few paths."""


def numbered(episode: Episode) -> Iterator[tuple[int, Step]]:
    """The steps of the episode's trace with their numbers, from 1; none without a trace."""
    return enumerate(episode.trace.steps if episode.trace else (), 1)


def calls(episode: Episode) -> Iterator[tuple[int, Call]]:
    """The calls that ran or failed, in order, each with its step's number: no polls, no refusals, nothing cut off."""
    for number, step in numbered(episode):
        for call in step.calls:
            if call.kind != "poll" and call.status in ("ok", "error"):
                yield number, call


def threads(episode: Episode) -> list[list[tuple[int, Call]]]:
    """The same calls apart for the main agent and for each subagent, whose calls interleave but do not follow."""
    apart: dict[tuple[str, int], list[tuple[int, Call]]] = {}
    for number, step in numbered(episode):
        row = apart.setdefault((step.origin, step.source if step.origin == "subagent" else -1), [])
        for call in step.calls:
            if call.kind != "poll" and call.status in ("ok", "error"):
                row.append((number, call))
    return list(apart.values())


def edits(call: Call) -> tuple[str, ...]:
    """The files that a call really changed: those of a successful edit."""
    return call.paths if call.kind == "edit" and call.status == "ok" else ()


def last_step(episode: Episode) -> tuple[int, ...]:
    """The number of the main agent's last step (of the last step, when none is the main agent's)."""
    numbers = [number for number, step in numbered(episode) if step.origin == "main"]
    if numbers:
        return (numbers[-1],)
    return (len(episode.trace.steps),) if episode.trace and episode.trace.steps else ()


def identity(call: Call) -> tuple[object, ...] | None:
    """What makes two calls the same; None for a call that cannot be told from another.

    Readers keep commands and paths, but no other arguments (what is searched for, what an edit writes, what a tool of
    one's own is given). So a command is the same as itself, and the reading of a file is when its answer is, too.
    """
    if call.kind == "shell" and call.command:
        return (call.name, call.command)
    return (call.name, *call.paths, *answer(call)) if call.kind == "read" and call.paths else None


def answer(call: Call) -> tuple[object, ...]:
    """What makes two answers the same: how they ended, the text that is cited, and the size of their records.

    NOTE: a record that holds a duration may differ by a digit; then a repetition is missed, and none is invented.
    """
    return (call.status, call.exit_code, call.error, call.quote, call.end - call.start)
