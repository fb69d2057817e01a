"""Takes a chart and one outcome after another; returns how high a Bernoulli CUSUM stands, and whether it is alarmed."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

Fraction = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class Chart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The share of failures that is `expected`, the one that is `feared`, and the height that is an `alarm`.

    Where heights come from: research/mining.md §4.7; bench/operating.py measures each of ours.
    """

    expected: Fraction
    feared: Fraction
    alarm: Annotated[float, msgspec.Meta(gt=0, le=100)]


def risen(chart: Chart, height: float, failed: bool) -> float:
    """The height after one more outcome: S = max(0, S + log likelihood ratio), Page 1954."""
    if failed:
        return max(0.0, height + math.log(chart.feared / chart.expected))
    return max(0.0, height + math.log((1 - chart.feared) / (1 - chart.expected)))


def alarms(chart: Chart, height: float) -> bool:
    """Whether it stands at the alarm or above."""
    return height >= chart.alarm


def likely(count: int, runs: int, z: float) -> tuple[float, float]:
    """Both ends of a share at this normal quantile (Wilson 1927); (0, 1) where nothing was counted."""
    if not runs:
        return 0.0, 1.0
    share, weight = count / runs, z * z / runs
    half = z * math.sqrt(share * (1 - share) / runs + weight / (4 * runs))
    return (
        max(0.0, (share + weight / 2 - half) / (1 + weight)) if count else 0.0,
        min(1.0, (share + weight / 2 + half) / (1 + weight)),
    )
