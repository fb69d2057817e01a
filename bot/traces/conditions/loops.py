"""An episode goes in; the steps of errors, calls and edits that repeat come out (None when they do not)."""

from __future__ import annotations

from collections.abc import Hashable

from bot.model import Check, Episode
from bot.traces.conditions.calls import calls, edits, identity, threads


def error_streak(episode: Episode, least: int) -> tuple[int, ...] | None:
    """`least` or more steps in a row fail with the same normalised error, whatever the tool; the longest is cited.

    Calls sent together in one step count once (the agent has not seen the first answer when it sends the second).
    """
    best: list[int] = []
    for thread in threads(episode):
        error, streak = "", list[int]()
        for number, call in thread:
            if call.status == "error" and call.error and call.error == error:
                streak += [] if streak[-1] == number else [number]
                continue
            best = max(best, streak, key=len)
            error, streak = ("", []) if call.status == "ok" else (call.error, [number])
        best = max(best, streak, key=len)
    return tuple(best) if len(best) >= least else None


def repeated_error(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The same normalised error comes back in `least` or more steps, with anything in between.

    What a red check says is left out: it speaks of the code, and `edits_without_progress` asks about it.
    """
    seen: dict[str, list[int]] = {}
    for number, call in calls(episode):
        if call.status == "error" and call.error and call.check is None:
            seen.setdefault(call.error, []).append(number)
    return _most(seen, least)


def failed_edits(episode: Episode, least: int) -> tuple[int, ...] | None:
    """`least` or more steps in which an edit failed (not: was refused by a person)."""
    steps = sorted({number for number, call in calls(episode) if call.kind == "edit" and call.status == "error"})
    return tuple(steps) if len(steps) >= least else None


def same_call(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The very same call is made in `least` or more steps with no successful edit in between."""
    best: list[int] = []
    for thread in threads(episode):
        seen: dict[Hashable, list[int]] = {}
        for number, call in thread:
            if edits(call):
                seen = {}
            if (same := identity(call)) is None:
                continue
            steps = seen.setdefault(same, [])
            if not steps or steps[-1] != number:
                steps.append(number)
            best = max(best, steps, key=len)
    return tuple(best) if len(best) >= least else None


def edits_of_one_file(episode: Episode, least: int) -> tuple[int, ...] | None:
    """One file is edited in `least` or more steps of the run. Long ordinary runs do that too (p95 = 14)."""
    seen: dict[str, list[int]] = {}
    for number, call in calls(episode):
        for path in edits(call):
            seen.setdefault(path, []).append(number)
    return _most(seen, least)


def edits_without_progress(episode: Episode, least: int) -> tuple[int, ...] | None:
    """One file is edited in `least` or more steps while the same tests keep failing.

    Counting starts at a red check; a green one, or one that fails otherwise, starts it anew. Only edits that a later
    check with the same failing set has seen are counted, and such a check must stand among them: writing a file for
    the first time is no loop, nor are ten edits before the first look. A red check that names nothing is never the same
    as another. Cited are the edits and the checks after them.
    """
    best: tuple[int, ...] = ()
    red: Check | None = None
    looks: list[int] = []
    waiting: list[tuple[str, int]] = []
    edited: dict[str, list[int]] = {}
    for number, call in calls(episode):
        waiting += [(path, number) for path in edits(call)] if red else []
        if call.check is None or call.check.outcome == "none":
            continue
        if call.check.failing and call.check == red:
            looks.append(number)
            for path, step in waiting:
                edited.setdefault(path, []).append(step)
        else:
            best = max(best, _in_vain(edited, looks, least), key=len)
            red, looks, edited = (call.check if call.check.outcome == "fail" else None), [], {}
        waiting = []
    return max(best, _in_vain(edited, looks, least), key=len) or None


def _in_vain(edited: dict[str, list[int]], looks: list[int], least: int) -> tuple[int, ...]:
    """The edits of the file with most of them and the checks after the first, if a check stands among the edits."""
    most = _most(edited, least) or ()
    if not any(most[0] <= look < most[-1] for look in looks if most):
        return ()
    return tuple(sorted({*most, *(look for look in looks if look > most[0])}))


def _most(seen: dict[str, list[int]], least: int) -> tuple[int, ...] | None:
    """The steps of the key that was seen in most steps, if they are enough."""
    steps = max((tuple(sorted(set(numbers))) for numbers in seen.values()), key=len, default=())
    return steps if len(steps) >= least else None
