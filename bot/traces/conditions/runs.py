"""An episode goes in; the steps that say how its run went and ended come out (None: not so)."""

from __future__ import annotations

from bot.model import Episode
from bot.traces.conditions import calls as of
from bot.traces.conditions.parameters import listed

SHOWN = 10
"""How many steps of a share are cited: enough to see, not all of a long run."""


def timed_out_calls(episode: Episode, least: int) -> tuple[int, ...] | None:
    """Commands were killed on a time-out in `least` or more steps."""
    timed_out = {number for number, step in of.numbered(episode) if any(call.timed_out for call in step.calls)}
    return tuple(sorted(timed_out)) if len(timed_out) >= least else None


def error_share(episode: Episode, least: int) -> tuple[int, ...] | None:
    """At least `least` per cent of the calls failed; the first ten steps that show it are cited."""
    rows = list(of.calls(episode))
    failed = [number for number, call in rows if call.status == "error"]
    if not failed or 100 * len(failed) < least * len(rows):
        return None
    return tuple(sorted(set(failed)))[:SHOWN]


def ended(episode: Episode, reasons: str | list[str]) -> tuple[int, ...] | None:
    """The run ended for one of these reasons (`finished` = the agent stopped by itself); the last step is cited."""
    if episode.trace is None or episode.trace.end_reason not in listed(reasons):
        return None
    return of.last_step(episode)


def steps(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The run has `least` or more steps; the one that reached the number is cited."""
    return (least,) if episode.trace and len(episode.trace.steps) >= least else None


def compactions(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The context was compacted `least` times or more; nothing is cited."""
    return () if episode.trace and episode.trace.compactions >= least else None


def signal(episode: Episode, names: str | list[str]) -> tuple[int, ...] | None:
    """A signal of one of these names (model.Signal lists them) was held; nothing is cited."""
    return () if any(signal.held and signal.name in listed(names) for signal in episode.signals) else None
