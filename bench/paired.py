"""What two ways are worth on the same runs goes in; who is ahead, by how much and how surely, comes out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

DRAWS = 1000
LEVEL, POWER = 0.05, 0.80


def spread(values: np.ndarray, tasks: Sequence[str]) -> tuple[float, float]:
    """The 95 % interval of a mean, by bootstrap over tasks."""
    rng = np.random.default_rng(0)
    known = sorted(set(tasks))
    places = [np.flatnonzero([task == one for task in tasks]) for one in known]
    drawn = [
        values[np.concatenate([places[at] for at in rng.integers(len(known), size=len(known))])].mean()
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def runs_needed(better: float, worse: float) -> int | None:
    """Runs with which McNemar's test, two-sided at 5 %, sees a difference with a chance of 80 %.

    `better` and `worse` are the shares of runs that one way alone gets right, and the other alone; None when they are
    equal, for no number of runs tells nothing apart. (Connor 1987, https://doi.org/10.2307/2531961)
    """
    apart, gap = better + worse, abs(better - worse)
    if gap == 0:
        return None
    z_level, z_power = norm.ppf(1 - LEVEL / 2), norm.ppf(POWER)
    return math.ceil(((z_level * math.sqrt(apart) + z_power * math.sqrt(apart - gap**2)) / gap) ** 2)


def least_seen(apart: float, runs: int) -> float:
    """The smallest difference that so many runs would show as above, when so large a share of them is told apart."""
    gaps = (step / 1000 for step in range(1, int(apart * 1000) + 1))
    needed = ((gap, runs_needed((apart + gap) / 2, (apart - gap) / 2)) for gap in gaps)
    return next((gap for gap, count in needed if count is not None and count <= runs), math.inf)


def told_apart(ours: np.ndarray, theirs: np.ndarray, tasks: Sequence[str]) -> str:
    """The difference in points with its interval, who alone was right how often, and the runs that would settle it."""
    gap, (low, high) = float((ours - theirs).mean()), spread(ours - theirs, tasks)
    better, worse = int((ours > theirs).sum()), int((ours < theirs).sum())
    needed, least = (
        runs_needed(better / len(ours), worse / len(ours)),
        least_seen((better + worse) / len(ours), len(ours)),
    )
    runs = "no number of runs tells them apart" if needed is None else f"{needed} runs would tell"
    seen = "could see nothing" if least == math.inf else f"could see {100 * least:.0f} points"
    return (
        f"{verdict(gap, low, high):23} {100 * gap:+5.1f} [{100 * low:+.1f}, {100 * high:+.1f}]  "
        f"alone right {better}:{worse}; {runs}, these {len(ours)} {seen}"
    )


def verdict(gap: float, low: float, high: float) -> str:
    """A difference and its interval in plain words; `beats` and `loses` only where the interval leaves no doubt."""
    if gap == 0:
        return "level"
    if low > 0 or high < 0:
        return "beats" if gap > 0 else "loses"
    return f"{'ahead' if gap > 0 else 'behind'}, within noise"
