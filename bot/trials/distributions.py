"""Probabilities in, quantiles out: Student's t and the Beta distribution, by plain mathematics."""

from __future__ import annotations

import math
from collections.abc import Callable

TINY = 1e-300
PRECISION = 1e-15
STEPS = 300


def beta_share(x: float, a: float, b: float) -> float:
    """The share of a Beta(a, b) below `x`: the regularised incomplete beta function, as a continued fraction.

    https://dlmf.nist.gov/8.17#v, evaluated by Lentz's way (https://dlmf.nist.gov/3.10#iii).
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(1 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(front) / a / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function."""
    value, upper, lower = 1.0, 1.0, 0.0
    for step in range(1, STEPS):
        half, odd = divmod(step, 2)
        if odd:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / ((1 + term * lower) or TINY)
        upper = (1 + term / upper) or TINY
        value *= upper * lower
        if abs(upper * lower - 1) < PRECISION:
            break
    return value


def beta_quantile(share: float, a: float, b: float) -> float:
    """The `x` below which `share` of a Beta(a, b) lies."""
    return _bisect(lambda x: beta_share(x, a, b) < share, 0.0, 1.0)


def t_share(t: float, freedom: int) -> float:
    """The share of Student's t with this many degrees of freedom below `t` (https://dlmf.nist.gov/8.17)."""
    within = beta_share(t * t / (freedom + t * t), 0.5, freedom / 2)
    return 0.5 + math.copysign(within / 2, t)


def t_quantile(share: float, freedom: int) -> float:
    """The `t` below which `share` of Student's t with this many degrees of freedom lies; 0.5 < share < 1."""
    high = 1.0
    while t_share(high, freedom) < share:
        high *= 2
    return _bisect(lambda t: t_share(t, freedom) < share, 0.0, high)


def jeffreys(successes: int, runs: int) -> tuple[float, float]:
    """The 95 % Jeffreys interval of a share; the end that was reached is the end (Brown, Cai & DasGupta 2001, §4.3)."""
    a, b = successes + 0.5, runs - successes + 0.5
    low = 0.0 if successes == 0 else beta_quantile(0.025, a, b)
    high = 1.0 if successes == runs else beta_quantile(0.975, a, b)
    return low, high


def _bisect(below: Callable[[float], bool], low: float, high: float) -> float:
    """Where `below` turns from true to false."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2
