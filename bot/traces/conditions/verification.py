"""An episode goes in; the steps that say whether its work was checked, and what it claims, come out (None: not so)."""

from __future__ import annotations

from functools import lru_cache

from bot.model import Check, Episode
from bot.traces import claims
from bot.traces.conditions.calls import calls, edits, is_source, last_step
from bot.traces.conditions.parameters import listed

says = lru_cache(maxsize=8)(claims.says)
"""`claims.says`, remembered: several detectors ask it of the same last text."""
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


def unrun_edit(episode: Episode, what: str | list[str]) -> tuple[int, ...] | None:
    """No command at all ended well after the last successful edit of a `source` (or of `any`) file; it is cited."""
    edited, cwd = 0, episode.trace.cwd if episode.trace else ""
    for number, call in calls(episode):
        if call.kind == "shell" and call.status == "ok":
            edited = 0
        if any("any" in listed(what) or is_source(path, cwd) for path in edits(call)):
            edited = number
    return (edited,) if edited else None


def last_command(episode: Episode, how: str | list[str]) -> tuple[int, ...] | None:
    """The last command, whatever it was, `failed` or ended `ok` (cited), or there was `none` at all."""
    if episode.trace is None:
        return None
    commands = [(number, call.status) for number, call in calls(episode) if call.kind == "shell"]
    if not commands:
        return () if "none" in listed(how) else None
    number, status = commands[-1]
    return (number,) if ("failed" if status == "error" else "ok") in listed(how) else None


def new_failures(episode: Episode, least: int) -> tuple[int, ...] | None:
    """A check names `least` or more failures at the end that it did not have before the agent's first edit.

    The same command is compared with itself: its last run (red) with its last run before anything was edited (of
    whatever colour). A red check that names nothing, or did so before, compares with nothing. Both runs are cited.
    """
    before: dict[str, tuple[int, Check]] = {}
    after: dict[str, tuple[int, Check]] = {}
    begun = False
    for number, call in calls(episode):
        begun = begun or bool(edits(call))
        if call.check and call.check.outcome != "none":
            (after if begun else before)[call.command] = (number, call.check)
    found: set[int] = set()
    for command, (number, check) in after.items():
        first, base = before.get(command, (0, Check("none")))
        known = base.outcome == "pass" or (base.outcome == "fail" and base.failing)
        if known and check.outcome == "fail" and len(set(check.failing) - set(base.failing)) >= least:
            found |= {first, number}
    return tuple(sorted(found)) or None
