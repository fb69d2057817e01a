"""Takes 2x2 tables of strata and returns the exact conditional odds ratio, its mid-p interval and p-value.

Given the margins of every table, the number of failures that fired is a sum of noncentral hypergeometrics with one
parameter, the common odds ratio (Cox and Snell, *Analysis of Binary Data*, 1989). Weights are exact integers: nothing
overflows or underflows; only their logarithms become floats. Tables that separate failures from passes perfectly, where
Mantel-Haenszel is undefined, are an ordinary case here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec

ALPHA = 0.05
_WIDEST = 690.0
"""Logarithms of odds ratios are searched up to here; e**690 is still a float."""


class Table(msgspec.Struct, frozen=True):
    """One stratum: `fired_failed` of `failed` and `fired_passed` of `passed` episodes showed the detector."""

    fired_failed: int
    failed: int
    fired_passed: int
    passed: int

    @property
    def informative(self) -> bool:
        """Both outcomes, and the detector neither silent nor everywhere: only then the stratum can say anything."""
        return 0 < self.fired_failed + self.fired_passed < self.failed + self.passed and self.failed * self.passed > 0


class Estimate(msgspec.Struct, frozen=True):
    """The conditional maximum-likelihood odds ratio, 95 % mid-p interval (None = infinite), two-sided mid-p at 1.

    `exact` is the p-value that counts what was seen whole and not half: never below its due under the null.
    """

    odds_ratio: float | None
    low: float
    high: float | None
    p: float
    exact: float


def estimate(tables: Iterable[Table]) -> Estimate | None:
    """The common odds ratio of failing when the detector fired; None when no table is informative.

    The p-value is twice the smaller mid-p tail, so that `p < .05` and "the interval leaves out 1" are one statement.
    """
    informative = [table for table in tables if table.informative]
    if not informative:
        return None
    weights = _log_weights(informative)
    seen = sum(table.fired_failed for table in informative) - sum(map(_fewest, informative))
    at_bottom, at_top = seen == 0, seen == len(weights) - 1
    return Estimate(
        odds_ratio=None if at_top else 0.0 if at_bottom else _root(lambda t: _mean(weights, t) - seen),
        low=0.0 if at_bottom else _root(lambda t: _tails(weights, t, seen)[1] - ALPHA / 2),
        high=None if at_top else _root(lambda t: ALPHA / 2 - _tails(weights, t, seen)[0]),
        p=min(1.0, 2 * min(_tails(weights, 0.0, seen))),
        exact=min(1.0, 2 * min(_tails(weights, 0.0, seen, counted=1.0))),
    )


def confirm(tables: Iterable[Table], psi: float, alpha: float) -> tuple[float, float]:
    """The one-sided mid-p of "fires more often in failures", and the power to see it below `alpha` were the odds `psi`.

    Both are exact, given the margins; (1, 0) when no table is informative.
    """
    informative = [table for table in tables if table.informative]
    if not informative:
        return 1.0, 0.0
    weights = _log_weights(informative)
    seen = sum(table.fired_failed for table in informative) - sum(map(_fewest, informative))
    null = _tilted(weights, 0.0)
    whole, above = sum(null), 0.0
    p, critical = 1.0, len(null)
    for k in range(len(null) - 1, -1, -1):
        tail = (above + null[k] / 2) / whole
        above += null[k]
        critical = k if tail < alpha else critical
        p = tail if k == seen else p
    shares = _tilted(weights, math.log(psi))
    return p, sum(shares[critical:]) / sum(shares)


def benjamini_hochberg(ps: Sequence[float]) -> tuple[float, ...]:
    """The adjusted p-values (q) in their order: rejecting `q <= level` keeps the false discovery rate at `level`."""
    order = sorted(range(len(ps)), key=lambda i: ps[i], reverse=True)
    q, least = [1.0] * len(ps), 1.0
    for place, i in enumerate(order):
        least = min(least, ps[i] * len(ps) / (len(ps) - place))
        q[i] = least
    return tuple(q)


def _fewest(table: Table) -> int:
    return max(0, table.fired_failed + table.fired_passed - table.passed)


def _log_weights(tables: Sequence[Table]) -> list[float]:
    """Logarithms of the number of ways to see the fewest fired failures that the margins allow, one more, and so on."""
    polynomials = [_ways(table) for table in tables]
    while len(polynomials) > 1:
        odd = polynomials[-1:] if len(polynomials) % 2 else []
        polynomials = [_times(a, b) for a, b in zip(polynomials[::2], polynomials[1::2], strict=False)] + odd
    return [math.log(ways) for ways in polynomials[0]]


def _ways(table: Table) -> list[int]:
    fired = table.fired_failed + table.fired_passed
    low, high = _fewest(table), min(table.failed, fired)
    ways = [math.comb(table.failed, low) * math.comb(table.passed, fired - low)]
    for a in range(low, high):
        step_up, step_down = (table.failed - a) * (fired - a), (a + 1) * (table.passed - fired + a + 1)
        ways.append(ways[-1] * step_up // step_down)
    return ways


def _times(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """The product of two polynomials, by one multiplication of long integers (Kronecker substitution)."""
    width = (sum(left) * sum(right)).bit_length() // 8 + 1
    packed = [int.from_bytes(b"".join(c.to_bytes(width, "little") for c in p), "little") for p in (left, right)]
    size = len(left) + len(right) - 1
    product = (packed[0] * packed[1]).to_bytes(width * size, "little")
    return [int.from_bytes(product[i * width : (i + 1) * width], "little") for i in range(size)]


def _tilted(weights: Sequence[float], log_odds: float) -> list[float]:
    terms = [weight + k * log_odds for k, weight in enumerate(weights)]
    top = max(terms)
    return [math.exp(term - top) for term in terms]


def _mean(weights: Sequence[float], log_odds: float) -> float:
    shares = _tilted(weights, log_odds)
    return sum(k * share for k, share in enumerate(shares)) / sum(shares)


def _tails(weights: Sequence[float], log_odds: float, seen: int, counted: float = 0.5) -> tuple[float, float]:
    """The chance of less, and of more, than was seen; each with half the chance of just that (mid-p)."""
    shares = _tilted(weights, log_odds)
    just, whole = shares[seen] * counted, sum(shares)
    return (sum(shares[:seen]) + just) / whole, (sum(shares[seen + 1 :]) + just) / whole


def _root(curve: Callable[[float], float]) -> float:
    """The odds ratio at which a rising curve of its logarithm crosses zero, to ten digits."""
    low, high = -1.0, 1.0
    while curve(low) > 0 and low > -_WIDEST:
        low *= 2
    while curve(high) < 0 and high < _WIDEST:
        high *= 2
    while high - low > 1e-11 * max(1.0, abs(high)):
        middle = (low + high) / 2
        low, high = (middle, high) if curve(middle) < 0 else (low, middle)
    return math.exp((low + high) / 2)
