"""What was predicted and what was observed go in; how good the predictions were comes out, beside guessing.

One Account is one merged change (or one round of several): counts of tasks. Guessing is conditional: a random name out
of the eligible tasks (failing ones for fixes, passing ones for breakages) is right as often as such tasks flip, and
reruns alone flip many (research/mining.md §5). What counts is the lift over that, and the excess over an A/A arm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from bot.trials.distributions import jeffreys


class Account(msgspec.Struct, frozen=True):
    """Tasks predicted to flip, observed to, both, and eligible to; `noise` is the share of them that A/A arms flip."""

    predicted: int
    observed: int
    hit: int
    eligible: int
    noise: float = 0.0

    def __post_init__(self) -> None:
        """Counts that cannot be are a mistake of who counts."""
        if not 0 <= self.hit <= min(self.predicted, self.observed) <= max(self.predicted, self.observed):
            raise ValueError(f"{self}: more hits than predictions or observations")
        if max(self.predicted, self.observed) > self.eligible or not 0 <= self.noise <= 1:
            raise ValueError(f"{self}: more tasks than are eligible, or noise that is no share")


class Score(msgspec.Struct, frozen=True):
    """How good predictions were; None where nothing was predicted or observed. Intervals are 95 % Jeffreys.

    `guess_precision` and `guess_recall` are those of as many random names; `lift` is precision over the former.
    `adjusted_precision` takes away the hits that noise alone gives.
    """

    predicted: int
    observed: int
    hit: int
    precision: float | None
    precision_interval: tuple[float, float] | None
    recall: float | None
    recall_interval: tuple[float, float] | None
    guess_precision: float
    guess_recall: float
    lift: float | None
    adjusted_precision: float | None


def cumulative(accounts: Sequence[Account]) -> Score:
    """All predictions in one pot: what a reader of many small accounts should trust."""
    predicted, observed, hit = (
        sum(getattr(one, name) for one in accounts) for name in ("predicted", "observed", "hit")
    )
    by_chance = math.fsum(one.predicted * one.observed / one.eligible for one in accounts if one.eligible)
    by_noise = math.fsum(one.noise * one.predicted for one in accounts)
    guess = by_chance / predicted if predicted else 0.0
    precision = hit / predicted if predicted else None
    return Score(
        predicted=predicted,
        observed=observed,
        hit=hit,
        precision=precision,
        precision_interval=jeffreys(hit, predicted) if predicted else None,
        recall=hit / observed if observed else None,
        recall_interval=jeffreys(hit, observed) if observed else None,
        guess_precision=guess,
        guess_recall=by_chance / observed if observed else 0.0,
        lift=precision / guess if precision is not None and guess else None,
        adjusted_precision=max(0.0, hit - by_noise) / predicted if predicted else None,
    )


class Macro(msgspec.Struct, frozen=True):
    """The means over accounts, as AHE publishes them (research/flywheels.md §4); small accounts weigh as large ones."""

    precision: float | None
    recall: float | None
    guess_precision: float
    guess_recall: float


def macro(accounts: Sequence[Account]) -> Macro:
    """Precision over the accounts that predicted something, recall over those that observed something."""
    return Macro(
        precision=_mean([one.hit / one.predicted for one in accounts if one.predicted]),
        recall=_mean([one.hit / one.observed for one in accounts if one.observed]),
        guess_precision=_mean([one.observed / one.eligible for one in accounts if one.eligible]) or 0.0,
        guess_recall=_mean([one.predicted / one.eligible for one in accounts if one.eligible]) or 0.0,
    )


def brier(probabilities: Sequence[float], held: Sequence[bool]) -> float:
    """The mean squared error of probabilities, 0 at best; 0.25 is what "always one half" gets."""
    return math.fsum((p - h) ** 2 for p, h in zip(probabilities, held, strict=True)) / len(held)


def auroc(probabilities: Sequence[float], held: Sequence[bool]) -> float | None:
    """How often a task that flipped had the higher probability, ties counting half; None without both kinds."""
    yes = sorted(p for p, h in zip(probabilities, held, strict=True) if h)
    no = sorted(p for p, h in zip(probabilities, held, strict=True) if not h)
    if not yes or not no:
        return None
    below = within = 0
    won = 0.0
    for p in yes:
        while below < len(no) and no[below] < p:
            below += 1
        within = max(within, below)
        while within < len(no) and no[within] <= p:
            within += 1
        won += below + (within - below) / 2
    return won / (len(yes) * len(no))


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
