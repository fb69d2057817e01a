"""Shares of passes of a user's own tasks go in; how many tasks and runs a trial needs comes out, by simulation.

A change is imagined that lifts a random part of the tasks to 0.92, as far as the wished mean gain needs, while a
quarter of the gain is lost on others (research/mining.md §4.2): real changes help here and hurt there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from bot.trials.limits import FEW
from bot.trials.results import Run, Tally, passed
from bot.trials.statistics import permutation, reached

LIFTED = 0.92
LOST = 0.25
ALPHA = 0.05
EFFECTS = (0.05, 0.10, 0.137)
"""Gains in share of passes: small, medium, and the one that LangChain published for its harness."""
REFERENCE_POOL = (0.02, 0.02, 0.05, 0.08, 0.15, 0.30, 0.50, 0.70, 0.85, 0.92, 0.95, 0.97, 0.98, 0.98)
"""Shaped like Terminal-Bench 0.1.1: most tasks nearly always fail or pass, ICC .75 (research/mining.md §3.5)."""


class Power(msgspec.Struct, frozen=True):
    """How often a registered trial of this size finds a gain of this size; `runs` in both arms together.

    It ends where E reached its bar, after ten tasks at least; it may so end early, and cost less.
    """

    tasks: int
    repeats: int
    gain: float
    e_value: float
    permutation: float

    @property
    def runs(self) -> int:
        """Agent runs that the trial costs."""
        return 2 * self.tasks * self.repeats


def pool_of(runs: Sequence[Run]) -> tuple[float, ...]:
    """The share of passes of each task without a change, drawn in by one half success of two (few runs say little)."""
    counts: dict[str, list[int]] = {}
    for run in runs:
        held = passed(run)
        if run.arm == "control" and held is not None:
            count = counts.setdefault(run.task, [0, 0])
            count[0] += held
            count[1] += 1
    return tuple((count[0] + 0.25) / (count[1] + 0.5) for count in counts.values())


def power(
    pool: Sequence[float], tasks: int, repeats: int, gain: float, draws: int = 200, seed: int = 20260105
) -> Power:
    """The power of both tests at one size; `gain` 0 gives their error instead. Standard error at most 0.036."""
    chance = random.Random(f"{seed}/{tasks}/{repeats}/{gain}")  # noqa: S311 (a simulation, repeatable)
    confirmed = significant = 0
    for _ in range(draws):
        found = simulate(pool, tasks, repeats, gain, chance)
        confirmed += reached(found, earliest=FEW) is not None
        significant += permutation(found) <= ALPHA
    return Power(tasks, repeats, gain, confirmed / draws, significant / draws)


def simulate(pool: Sequence[float], tasks: int, repeats: int, gain: float, chance: random.Random) -> tuple[Tally, ...]:
    """One imagined trial on tasks drawn from the pool."""
    base = [chance.choice(pool) for _ in range(tasks)]
    treated = _changed(base, gain, chance)
    return tuple(
        Tally(str(number), _successes(after, repeats, chance), repeats, _successes(before, repeats, chance), repeats)
        for number, (before, after) in enumerate(zip(base, treated, strict=True))
    )


def _changed(base: Sequence[float], gain: float, chance: random.Random) -> list[float]:
    """The shares after the change: lifted one by one in random order until the gross gain is there, then some lost."""
    if gain == 0:
        return list(base)
    treated = list(base)
    order = chance.sample(range(len(base)), len(base))
    gross, wanted = 0.0, gain * len(base) / (1 - LOST)
    spoilt = wanted * LOST
    for place in order:
        here = LIFTED - base[place]
        if here <= 0:
            continue
        step = min(here, wanted - gross)
        treated[place] += step
        gross += step
        if gross >= wanted:
            break
    for place in reversed(order):
        if spoilt <= 0:
            break
        if treated[place] != base[place]:
            continue
        step = min(base[place], spoilt)
        treated[place] -= step
        spoilt -= step
    return treated


def _successes(share: float, repeats: int, chance: random.Random) -> int:
    return sum(chance.random() < share for _ in range(repeats))
