"""Sizes: more tasks, more repeats and larger gains are found more often, and no gain is rarely found."""

import pytest

from bot.trials.plan import REFERENCE_POOL, chances, pool_of, power, simulate
from bot.trials.results import Run


def test_only_control_runs_with_a_verdict_say_what_the_tasks_are() -> None:
    runs = [Run("a", "control", "1", "pass"), Run("a", "treated", "1", "fail"), Run("b", "control", "1", "none")]

    assert pool_of(runs) == (pytest.approx(1.25 / 1.5),)


def test_more_of_everything_finds_more() -> None:
    small, tasks, repeats, gain = (
        power(REFERENCE_POOL, *size, draws=100) for size in ((20, 2, 0.05), (60, 2, 0.05), (20, 5, 0.05), (20, 2, 0.2))
    )

    for more in (tasks, repeats, gain):
        assert more.permutation > small.permutation
    assert (small.runs, repeats.runs) == (80, 200)


def test_an_imagined_gain_is_the_gain_that_was_asked_for() -> None:
    import random

    chance = random.Random(1)
    found = [one for _ in range(200) for one in simulate(REFERENCE_POOL, 40, 3, 0.10, chance)]

    assert sum(one.difference for one in found) / len(found) == pytest.approx(0.10, abs=0.01)


def test_the_reference_pool_has_the_figures_of_the_benchmark() -> None:
    mean = sum(REFERENCE_POOL) / len(REFERENCE_POOL)
    within = sum(share * (1 - share) for share in REFERENCE_POOL) / len(REFERENCE_POOL)

    assert within == pytest.approx(0.062, abs=0.001)
    assert 1 - within / mean / (1 - mean) == pytest.approx(0.75, abs=0.005)


def test_a_pool_without_room_gains_what_it_can() -> None:
    assert chances([0.92, 0.92], 0.1) == (0.0, pytest.approx(0.1 / 3 / 0.87))
    assert chances([0.0], 0.9)[0] == 1.0


def test_a_plan_repeats_itself() -> None:
    assert power(REFERENCE_POOL, 10, 2, 0.1, draws=30) == power(REFERENCE_POOL, 10, 2, 0.1, draws=30)
