"""An episode goes in; the steps of calls that follow each other again and again come out (None when they do not).

The rules of five agents that stop themselves, as research/mining.md §1.3 read them in their code. The main agent and
each subagent have rows of their own; an edit is never the same as another, so that edit-and-test is no cycle.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Sequence
from itertools import count

from bot.model import Call, Episode
from bot.traces.conditions.calls import answer, identity, threads

LONGEST_CYCLE = 5
WINDOW = 10

Row = list[tuple[int, Hashable]]


def call_in_a_row(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The very same call is made in `least` or more steps in a row (OpenCode, Roo and Cline stop at 3)."""
    return _longest([_run(row) for row in _rows(episode, answers=False)], least)


def answer_in_a_row(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The same call gets the same answer in `least` or more steps in a row (OpenHands stops at 4)."""
    return _longest([_run(row) for row in _rows(episode, answers=True)], least)


def answer_in_ten(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The same call gets the same answer `least` or more times in ten calls (Crush stops above 5)."""
    for row in _rows(episode, answers=True):
        window: deque[tuple[int, Hashable]] = deque(maxlen=WINDOW)
        seen: Counter[Hashable] = Counter()
        for number, key in row:
            if len(window) == WINDOW:
                seen[window[0][1]] -= 1
            window.append((number, key))
            seen[key] += 1
            if seen[key] >= least:
                return tuple(sorted({step for step, same in window if same == key}))
    return None


def call_cycle(episode: Episode, least: int) -> tuple[int, ...] | None:
    """A cycle of two to five calls is gone through `least` or more times (Gemini CLI stops at 5), all cited."""
    best: tuple[int, ...] = ()
    for row in _rows(episode, answers=False):
        for length in range(2, LONGEST_CYCLE + 1):
            run = length
            for place in range(length, len(row) + 1):
                if place < len(row) and row[place][1] == row[place - length][1]:
                    run += 1
                    continue
                cycle = row[place - run : place]
                if run >= length * least and len(cycle) > len(best) and len({key for _, key in cycle[:length]}) > 1:
                    best = tuple(sorted({number for number, _ in cycle}))
                run = length
    return best or None


def _rows(episode: Episode, *, answers: bool) -> list[Row]:
    """Each agent's calls with their step, as keys that are equal when the calls (and their answers) are."""
    unique = count()

    def key(call: Call) -> Hashable:
        same = identity(call)
        if same is None:
            return next(unique)
        return (same, answer(call)) if answers else same

    return [[(number, key(call)) for number, call in thread] for thread in threads(episode)]


def _run(row: Row) -> list[int]:
    """The longest row of steps with one key. Calls sent together count once."""
    best: list[int] = []
    run: list[int] = []
    last: Hashable = None
    for number, key in row:
        if key != last:
            best, run, last = max(best, run, key=len), [], key
        if not run or run[-1] != number:
            run.append(number)
    return max(best, run, key=len)


def _longest(runs: Sequence[list[int]], least: int) -> tuple[int, ...] | None:
    best = max(runs, key=len, default=[])
    return tuple(best) if len(best) >= least else None
