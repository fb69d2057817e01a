"""Tallies of tasks go in; what they say of the treatment comes out: an e-value, an exact p, a bound for the difference.

The unit is the task: only what differs within a task counts, so that easy and hard tasks in any mix do no harm
(research/mining.md §4.1). Everything is one-sided for "treated is better" unless a docstring says otherwise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from bot.trials.distributions import t_quantile
from bot.trials.results import Tally

RATIOS = (2.0, 4.0, 10.0, 25.0)
"""The odds ratios over which the e-value is a mean (research/mining.md §4.2)."""
HARMS = tuple(1 / ratio for ratio in RATIOS)
"""The same, asking whether treated is worse."""
CONFIRMED = 20.0
"""E of which a true null reaches it with probability 0.05 at most, however often one looks (Ville's inequality)."""
FALSE_SHARE = 0.10
"""Of the changes that a week's trials confirm, this share may be false (research/mining.md §4.6)."""
RARE = 1e-40
"""Chances smaller than this are not followed further."""


def e_value(tallies: Iterable[Tally], ratios: Sequence[float] = RATIOS) -> float:
    """The conditional-likelihood-ratio e-value against "no effect on any task", a mean over odds ratios.

    Given the successes of a task in both arms together, those of the treated arm follow Fisher's noncentral
    hypergeometric law; its likelihood at each ratio over that at 1 is multiplied over tasks (research/mining.md §4.2).
    Ratios below 1 ask for harm. Capped at 1e300.
    """
    logs = [0.0] * len(ratios)
    for tally in tallies:
        for place, ratio in enumerate(ratios):
            logs[place] += _log_ratio(tally.treated, tally.treated_of, tally.control, tally.control_of, ratio)
    most = max(logs)
    total = most + math.log(sum(math.exp(log - most) for log in logs) / len(logs))
    return math.exp(min(total, math.log(1e300)))


def reached(
    tallies: Sequence[Tally], ratios: Sequence[float] = RATIOS, bar: float = CONFIRMED, earliest: int = 1
) -> int | None:
    """After how many tasks (`earliest` or more), in their order, E first was at the bar; None when it never was.

    Only for an order that was fixed before the runs: then, under "no effect on any task", this ever happens with
    probability 1 / bar at most (Ville's inequality). In a file sorted by outcome it happens in two of three trials of
    nothing, and where half the tasks gain what the others lose, in up to a third: no result is read off it, only
    where a registered trial might have ended. Over all tasks the e-value may be lower again.
    """
    logs = [0.0] * len(ratios)
    for number, tally in enumerate(tallies, 1):
        for place, ratio in enumerate(ratios):
            logs[place] += _log_ratio(tally.treated, tally.treated_of, tally.control, tally.control_of, ratio)
        if number >= earliest and sum(math.exp(min(log, 600.0)) for log in logs) / len(logs) >= bar:
            return number
    return None


@lru_cache(maxsize=1 << 16)
def _log_ratio(treated: int, treated_of: int, control: int, control_of: int, ratio: float) -> float:
    """log of ψ^b Σ w_j / Σ w_j ψ^j over all j that the margins allow, w_j = C(n, j) C(m, T - j)."""
    total = treated + control
    low, high = max(0, total - control_of), min(treated_of, total)
    log_ratio = math.log(ratio)
    weights = [(_ways(treated_of, j) + _ways(control_of, total - j), j) for j in range(low, high + 1)]
    return treated * log_ratio + _log_sum(w for w, _ in weights) - _log_sum(w + j * log_ratio for w, j in weights)


def _ways(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)


def _log_sum(logs: Iterable[float]) -> float:
    values = list(logs)
    most = max(values)
    return most + math.log(sum(math.exp(value - most) for value in values))


def permutation(tallies: Iterable[Tally]) -> float:
    """The exact p of "no effect on any task": how often shuffled labels within tasks give the treated arm as many.

    Equal tasks are taken together, and chances below 1e-40 are dropped and added to p, so that it is never too small.
    """
    counts: Counter[tuple[int, int, int]] = Counter()
    lowest = seen = 0
    for tally in tallies:
        total = tally.treated + tally.control
        low, high = max(0, total - tally.control_of), min(tally.treated_of, total)
        lowest, seen = lowest + low, seen + tally.treated
        if low < high:
            counts[tally.treated_of, tally.control_of, total] += 1
    spread = Spread([1.0])
    for (treated_of, control_of, total), times in counts.items():
        spread = spread.plus(_shuffled(treated_of, control_of, total).times(times))
    return min(1.0, math.fsum(spread.chances[max(0, seen - lowest - spread.start) :]) + spread.dropped)


class Spread(msgspec.Struct, frozen=True):
    """The chances of `start`, `start + 1`, … successes; `dropped` is what was too rare to be carried along."""

    chances: list[float]
    start: int = 0
    dropped: float = 0.0

    def plus(self, other: Spread) -> Spread:
        """The chances of the sum of two."""
        less, more = sorted((self.chances, other.chances), key=len)
        summed = [0.0] * (len(less) + len(more) - 1)
        for place, chance in enumerate(less):
            end = place + len(more)
            summed[place:end] = [had + chance * way for had, way in zip(summed[place:end], more, strict=True)]
        return _trimmed(summed, self.start + other.start, self.dropped + other.dropped)

    def times(self, number: int) -> Spread:
        """The chances of the sum of as many alike, by doubling."""
        whole, power = Spread([1.0]), self
        while number:
            if number % 2:
                whole = whole.plus(power)
            number //= 2
            if number:
                power = power.plus(power)
        return whole


def _shuffled(treated_of: int, control_of: int, total: int) -> Spread:
    """The hypergeometric law of the treated successes of one task, counted from the fewest that can be."""
    low, high = max(0, total - control_of), min(treated_of, total)
    logs = [_ways(treated_of, j) + _ways(control_of, total - j) for j in range(low, high + 1)]
    whole = _log_sum(logs)
    return _trimmed([math.exp(log - whole) for log in logs], 0, 0.0)


def _trimmed(chances: list[float], start: int, dropped: float) -> Spread:
    first = next(place for place, chance in enumerate(chances) if chance >= RARE)
    last = next(place for place in range(len(chances), 0, -1) if chances[place - 1] >= RARE)
    lost = math.fsum(chances[:first]) + math.fsum(chances[last:])
    return Spread(chances[first:last], start + first, dropped + lost)


def discoveries(chances: Sequence[float], share: float = FALSE_SHARE) -> frozenset[int]:
    """The places of those of a batch of p-values that Benjamini and Hochberg keep, at most `share` of them false.

    https://doi.org/10.1111/j.2517-6161.1995.tb02031.x; for independent tests, and for ones that go the same way.
    """
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    kept = [rank for rank, place in enumerate(order, 1) if chances[place] <= share * rank / len(chances)]
    return frozenset(order[: max(kept, default=0)])


def difference(tallies: Sequence[Tally]) -> float:
    """The mean over tasks of treated minus control; 0 without tasks."""
    return math.fsum(tally.difference for tally in tallies) / len(tallies) if tallies else 0.0


def interval(tallies: Sequence[Tally], certainty: float = 0.95) -> tuple[float, float]:
    """Both ends for the mean difference of tasks like these: Student's t over tasks, the cluster (Miller, 2411.00640).

    With fewer than two tasks nothing is known of their spread: (-1, 1).
    """
    half = _half(tallies, (1 + certainty) / 2)
    middle = difference(tallies)
    return max(-1.0, middle - half), min(1.0, middle + half)


def lower(tallies: Sequence[Tally], certainty: float = 0.95) -> float:
    """The one-sided lower bound of the mean difference, clustered by task (research/mining.md §4.4).

    Never closer than what tasks that were not looked at allow: up to `1 - (1 - certainty)^(1/n)` of such tasks may be
    broken outright with none of them among these n. So one worse task never improves the bound, and it takes 29 tasks
    to hold a margin of 10 pp, 59 for 5 pp. Where all of the loss is in a few broken tasks, a loss of the margin is
    accepted in 5-10 % of trials (tests): the rule for regressions looks for those by name.
    """
    if not tallies:
        return -1.0
    middle = difference(tallies)
    unseen = -math.expm1(math.log1p(-certainty) / len(tallies))
    return max(-1.0, min(middle - _half(tallies, certainty), max(0.0, middle) - unseen))


def _half(tallies: Sequence[Tally], share: float) -> float:
    """Half the width. Where all tasks agree, up to `1 - (1 - s)^(1/n)` of such tasks might still not."""
    count = len(tallies)
    if count < 2:
        return 2.0
    middle = difference(tallies)
    spread = math.fsum((tally.difference - middle) ** 2 for tally in tallies) / (count - 1)
    if spread < 1e-12:
        return float(1 - (1 - share) ** (1 / count))
    return t_quantile(share, count - 1) * math.sqrt(spread / count)
