"""An episode goes in; the steps that say whether its work was checked, and what it claims, come out (None: not so)."""

from __future__ import annotations

from bot.model import Episode
from bot.traces.claims import says
from bot.traces.conditions.calls import calls, edits, last_step
from bot.traces.conditions.parameters import listed
from bot.traces.paths import is_source

COLOURS = {"fail": "red", "pass": "green"}


def last_check(episode: Episode, colour: str | list[str]) -> tuple[int, ...] | None:
    """The last check was red or green (cited), or there was `none` at all.

    A last check without a verdict (its output was cut off) is neither: an older colour says nothing about the end.
    """
    if episode.trace is None:
        return None
    checks = [(number, call.check) for number, call in calls(episode) if call.check]
    if not checks:
        return () if "none" in listed(colour) else None
    number, check = checks[-1]
    return (number,) if COLOURS.get(check.outcome) in listed(colour) else None


def unchecked_edit(episode: Episode, what: str | list[str]) -> tuple[int, ...] | None:
    """No check ran after the last successful edit of a `source` file (`any`: of any file); that edit is cited.

    Asking the editor for its diagnostics is a check too, though it has no colour.
    """
    edited, cwd = 0, episode.trace.cwd if episode.trace else ""
    for number, call in calls(episode):
        if call.check or "diagnostics" in call.name.lower():
            edited = 0
        if any("any" in listed(what) or is_source(path, cwd) for path in edits(call)):
            edited = number
    return (edited,) if edited else None


def final_says(episode: Episode, what: str | list[str]) -> tuple[int, ...] | None:
    """The agent's last text claims `success`, or admits `failure`; the last step is cited."""
    if episode.trace is None:
        return None
    return last_step(episode) if says(episode.trace.final) in listed(what) else None
