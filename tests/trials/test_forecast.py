"""Every task has a chance of being fixed and of being broken, and the chances come true."""

import random

import pytest
from scipy import integrate, stats

from bot.trials.forecast import CURES, PRIOR, Known, forecast, noise, score
from bot.trials.plan import REFERENCE_POOL
from bot.trials.results import Tally


def drawn(known: list[Known], shares: list[float], turned: list[float], chance: random.Random) -> list[Tally]:
    return [
        Tally(
            one.task, sum(chance.random() < after for _ in range(3)), 3, sum(chance.random() < p for _ in range(3)), 3
        )
        for one, p, after in zip(known, shares, turned, strict=True)
    ]


def test_a_change_that_never_speaks_is_left_to_noise() -> None:
    always, never, now_and_then = forecast([Known("a", 9, 9), Known("b", 0, 9), Known("c", 5, 10)], 3)

    assert max(always.fixed, never.broken) < 0.02
    assert now_and_then.fixed == pytest.approx(now_and_then.broken)
    assert now_and_then.fixed > 0.15


@pytest.mark.parametrize("repeats", [1, 2, 5])
@pytest.mark.parametrize(("passed", "failed"), [(0, 0), (0, 8), (4, 2), (8, 0)])
@pytest.mark.parametrize(("f", "p"), [(0.0, 0.0), (1.0, 0.2), (0.1, 0.9)])
def test_the_chance_is_the_integral_it_is_said_to_be(
    passed: int, failed: int, repeats: int, f: float, p: float
) -> None:
    (said,) = forecast([Known("t", passed, passed + failed, f, p)], repeats)
    law = stats.beta(passed + PRIOR, failed + PRIOR)

    def fixed(u: float) -> float:
        share = float(law.ppf(u))
        turned = share + (1 - share) * f * CURES - share * p * 0.05
        half = repeats // 2
        return float(stats.binom.cdf(half, repeats, share) * stats.binom.sf(half, repeats, turned))

    assert said.fixed == pytest.approx(integrate.quad(fixed, 0, 1, limit=200)[0], abs=0.02)


def test_speaking_in_failures_raises_the_chance_of_a_fix_and_in_passes_that_of_a_breakage() -> None:
    quiet, cures, disturbs = forecast([Known("a", 2, 6), Known("b", 2, 6, 1.0), Known("c", 2, 6, 0.0, 1.0)], 3)

    assert cures.fixed > 1.3 * quiet.fixed
    assert disturbs.broken > quiet.broken > cures.broken


def test_chances_come_true_and_beat_saying_the_same_of_every_task() -> None:
    chance = random.Random(12)
    shares = [chance.choice(REFERENCE_POOL) for _ in range(4000)]
    speaks = [float(chance.random() < 0.3) for _ in shares]
    known = [
        Known(str(n), sum(chance.random() < p for _ in range(6)), 6, s)
        for n, (p, s) in enumerate(zip(shares, speaks, strict=True))
    ]
    turned = [p + (1 - p) * s * CURES for p, s in zip(shares, speaks, strict=True)]
    chances = forecast(known, 3)
    found = drawn(known, shares, turned, chance)
    scores = score(chances, found)
    assert scores is not None
    observed = sum(2 * one.control <= 3 and 2 * one.treated > 3 for one in found)

    assert sum(one.fixed for one in chances) == pytest.approx(observed, rel=0.25)
    for one in scores:
        assert one.auroc is not None
        assert one.auroc > 0.7
        assert one.brier < one.base


def test_the_noise_of_an_arm_against_itself_is_conditional() -> None:
    found = [Tally("a", 3, 3, 0, 3), Tally("b", 0, 3, 1, 3), Tally("c", 1, 3, 3, 3), Tally("d", 3, 3, 2, 3)]

    assert noise(found) == (0.5, 0.5)
    assert noise([]) == (0.0, 0.0)
    assert score(forecast([Known("x", 1, 2)], 3), found) is None
