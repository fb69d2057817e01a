"""Each statistic against its definition, computed another way, and against scipy where scipy has it."""

import itertools
import math
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.trials.plan import REFERENCE_POOL, simulate
from bot.trials.results import Tally
from bot.trials.statistics import HARMS, RATIOS, difference, discoveries, e_value, interval, lower, permutation, reached


@st.composite
def tally(draw: st.DrawFn) -> Tally:
    treated_of, control_of = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    return Tally("t", draw(st.integers(0, treated_of)), treated_of, draw(st.integers(0, control_of)), control_of)


def likelihood(one: Tally, ratio: float) -> float:
    total = one.treated + one.control
    ways = {
        j: math.comb(one.treated_of, j) * math.comb(one.control_of, total - j)
        for j in range(max(0, total - one.control_of), min(one.treated_of, total) + 1)
    }
    return ratio**one.treated * sum(ways.values()) / sum(way * ratio**j for j, way in ways.items())


def test_nothing_seen_says_nothing() -> None:
    assert e_value([]) == 1.0
    assert permutation([]) == 1.0
    assert difference([]) == 0.0
    assert interval([]) == (-1.0, 1.0)
    assert reached([]) is None


def test_tasks_that_always_pass_or_always_fail_say_nothing() -> None:
    same = [Tally("a", 3, 3, 3, 3), Tally("b", 0, 3, 0, 3)] * 20

    assert e_value(same) == pytest.approx(1.0)
    assert permutation(same) == pytest.approx(1.0)


@given(st.lists(tally(), min_size=1, max_size=8))
def test_the_e_value_is_the_mean_over_ratios_of_the_product_of_likelihood_ratios(found: list[Tally]) -> None:
    expected = sum(math.prod(likelihood(one, ratio) for one in found) for ratio in RATIOS) / len(RATIOS)

    assert e_value(found) == pytest.approx(expected, rel=1e-9)


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_the_e_value_of_one_task_has_mean_one_when_nothing_was_changed(n: int, m: int, data: st.DataObject) -> None:
    total = data.draw(st.integers(0, n + m))
    law = stats.hypergeom(n + m, n, total)
    mean = sum(
        law.pmf(j) * e_value([Tally("t", j, n, total - j, m)]) for j in range(max(0, total - m), min(n, total) + 1)
    )

    assert mean == pytest.approx(1.0)


@given(st.lists(tally(), min_size=1, max_size=3))
def test_the_permutation_p_counts_the_shuffles(found: list[Tally]) -> None:
    per_task = []
    for one in found:
        runs = [1] * (one.treated + one.control) + [0] * (one.treated_of + one.control_of - one.treated - one.control)
        per_task.append([sum(chosen) for chosen in itertools.combinations(runs, one.treated_of)])
    seen = sum(one.treated for one in found)
    counts = {0: 1}
    for sums in per_task:
        following: dict[int, int] = {}
        for total, ways in counts.items():
            for value in sums:
                following[total + value] = following.get(total + value, 0) + ways
        counts = following

    assert permutation(found) == pytest.approx(
        sum(ways for total, ways in counts.items() if total >= seen) / sum(counts.values())
    )


@given(tally())
def test_the_permutation_p_of_one_task_is_fishers(one: Tally) -> None:
    table = [[one.treated, one.treated_of - one.treated], [one.control, one.control_of - one.control]]

    assert permutation([one]) == pytest.approx(stats.fisher_exact(table, alternative="greater").pvalue)


def test_the_interval_is_that_of_a_paired_t_and_the_bound_no_closer() -> None:
    found = simulate(REFERENCE_POOL, 30, 3, 0.1, random.Random(5))
    deltas = [one.difference for one in found]
    oracle = stats.ttest_1samp(deltas, 0).confidence_interval(0.95)
    one_sided = stats.ttest_1samp(deltas, 0, alternative="greater").confidence_interval(0.95).low

    assert interval(found) == pytest.approx((oracle.low, oracle.high))
    assert lower(found) == pytest.approx(min(one_sided, difference(found) - (1 - 0.05 ** (1 / 30))))


def test_agreement_of_all_tasks_is_no_certainty() -> None:
    forty = [Tally(str(n), 3, 3, 3, 3) for n in range(40)]

    assert -0.10 < lower(forty) < -0.07
    assert lower(forty[:5]) < -0.4
    assert lower([]) == -1.0


def test_one_worse_task_never_improves_the_bound() -> None:
    """Student's t alone would: 40 tasks alike have no spread to speak of, one of 40 that differs has a small one."""
    forty = [Tally(str(n), 3, 3, 3, 3) for n in range(40)]

    assert lower([*forty[1:], Tally("x", 2, 3, 3, 3)]) <= lower(forty) + 1e-12


@pytest.mark.parametrize(("tasks", "margin"), [(20, 0.10), (40, 0.10), (80, 0.05)])
def test_broken_tasks_worth_the_margin_are_rarely_missed(tasks: int, margin: float) -> None:
    """A share of tasks as large as the margin always fails when treated: the hardest loss for a bound over tasks."""
    chance = random.Random(9)
    held = 0
    for _ in range(400):
        found = [
            Tally(str(n), 0 if chance.random() < margin else 3 if chance.random() < 0.98 else 2, 3, 3, 3)
            for n in range(tasks)
        ]
        held += lower(found) > -margin

    assert held <= 58  # 10 % of 400 (§4.4 says up to 9 %) and three standard errors


def test_thousands_of_tasks_and_repeats_take_seconds() -> None:
    many = simulate(REFERENCE_POOL, 5000, 3, 0.0, random.Random(6))
    long = [Tally("a", 20_000, 50_000, 20_500, 50_000), Tally("b", 20_100, 50_000, 20_000, 50_000)]
    begin = time.perf_counter()
    ps = permutation(many), permutation(long)

    assert time.perf_counter() - begin < 10
    assert all(0 < p <= 1 for p in ps)
    assert permutation([Tally(str(n), 3, 3, 0, 3) for n in range(200)]) > 0


def test_a_trial_may_stop_where_the_bar_is_reached() -> None:
    won = [Tally(str(n), 3, 3, 0, 3) for n in range(5)]
    lost = [Tally(str(n), 0, 3, 3, 3) for n in range(5)]

    assert reached(won) == 2
    assert reached([*won, *lost]) == 2
    assert reached(lost) is None
    assert reached(lost, HARMS) == 2
    assert e_value([*won, *lost]) < 1


def test_the_error_of_both_tests_is_kept_when_nothing_was_changed() -> None:
    """400 trials of 40 tasks: 5 % of them are 20, three standard errors more are 33."""
    chance = random.Random(7)
    found = [simulate(REFERENCE_POOL, 40, 3, 0.0, chance) for _ in range(400)]

    assert sum(reached(one) is not None for one in found) <= 33
    assert sum(permutation(one) <= 0.05 for one in found) <= 33


@given(st.lists(st.floats(0.0001, 1.0), min_size=1, max_size=30))
def test_discoveries_are_those_of_benjamini_and_hochberg(chances: list[float]) -> None:
    adjusted = stats.false_discovery_control(chances, method="bh")
    sure = [abs(one - 0.10) > 1e-9 for one in adjusted]
    found = discoveries(chances)

    assert all((place in found) == (one <= 0.10) for place, one in enumerate(adjusted) if sure[place])
