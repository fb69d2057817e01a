"""Shares of passes of a user's own tasks go in; how many tasks and runs a trial needs comes out, by simulation.

A change is imagined that lifts a random part of the tasks to 0.92 and spoils some others, which costs a quarter of that
gain (research/mining.md §4.2): real changes help here and hurt there. Which tasks, and how many of those that a trial
drew, is chance: the gain that was wished is that of all tasks like these, and a trial sees more of it, or less.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from bot.trials.limits import FEW
from bot.trials.results import Run, Tally, passed
from bot.trials.statistics import permutation, reached

LIFTED, SPOILT = 0.92, 0.05
LOST = 0.25
ALPHA = 0.05
EFFECTS = (0.05, 0.10, 0.137)
"""Gains in share of passes: small, medium, and the one that LangChain published for its harness."""
REFERENCE_POOL = (
    0.001, 0.001, 0.001, 0.001, 0.002, 0.008, 0.023, 0.058, 0.128, 0.243,
    0.404, 0.586, 0.752, 0.874, 0.946, 0.982, 0.995, 0.999, 0.999, 0.999,
)  # fmt: skip
"""Like Terminal-Bench 0.1.1: most tasks nearly always fail or pass. Mean .45, variance within a task .062, ICC .75.

Those are the figures of research/mining.md §3.5 and §4.1 (seven submissions that we have: .065, .73); the shares are
the quantiles of the Beta that has them. A pool with more noise within tasks needs more runs: name your own results.
"""


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
    """One imagined trial on tasks drawn from the pool; `gain` is the mean over the whole pool."""
    lifting, spoiling = chances(pool, gain)
    return tuple(
        _tally(str(number), chance.choice(pool), repeats, lifting, spoiling, chance) for number in range(tasks)
    )


def chances(pool: Sequence[float], gain: float) -> tuple[float, float]:
    """How likely a task of the pool is lifted, and spoilt, for this mean gain; less where there is no room for it."""
    room = sum(max(0.0, LIFTED - share) for share in pool) / len(pool)
    hold = sum(max(0.0, share - SPOILT) for share in pool) / len(pool)
    gross = gain / (1 - LOST)
    lifting = min(1.0, gross / room) if room else 0.0
    return lifting, min(1.0 - lifting, gross * LOST / hold) if hold else 0.0


def _tally(task: str, before: float, repeats: int, lifting: float, spoiling: float, chance: random.Random) -> Tally:
    """One task in both arms: lifted, spoilt, or as it was."""
    drawn, after = chance.random(), before
    if drawn < lifting:
        after = max(before, LIFTED)
    elif drawn < lifting + spoiling:
        after = min(before, SPOILT)
    return Tally(task, _successes(after, repeats, chance), repeats, _successes(before, repeats, chance), repeats)


def _successes(share: float, repeats: int, chance: random.Random) -> int:
    return sum(chance.random() < share for _ in range(repeats))
