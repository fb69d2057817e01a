"""The exact statistics against scipy and against brute force."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import contingency

from bot.traces.exact import ALPHA, Table, benjamini_hochberg, estimate

tables = st.builds(
    lambda failed, passed, a, b: Table(min(a, failed), failed, min(b, passed), passed),
    *(st.integers(1, 6), st.integers(1, 6), st.integers(0, 6), st.integers(0, 6)),
)


def enumerated(strata, psi):
    """Chances of every total of fired failures, by listing every outcome of every stratum."""
    chances = {}
    ranges = []
    for t in strata:
        fired = t.fired_failed + t.fired_passed
        ranges.append(
            [
                (a, math.comb(t.failed, a) * math.comb(t.passed, fired - a) * psi**a)
                for a in range(max(0, fired - t.passed), min(t.failed, fired) + 1)
            ]
        )
    for combination in itertools.product(*ranges):
        total = sum(a for a, _ in combination)
        chances[total] = chances.get(total, 0) + math.prod(weight for _, weight in combination)
    whole = sum(chances.values())
    return {total: chance / whole for total, chance in chances.items()}


def upper(strata, psi):
    seen = sum(t.fired_failed for t in strata)
    chances = enumerated(strata, psi)
    return sum(p for total, p in chances.items() if total > seen) + chances[seen] / 2


@pytest.mark.parametrize("silent", [Table(0, 5, 0, 5), Table(5, 5, 5, 5), Table(3, 5, 0, 0), Table(0, 0, 2, 4)])
def test_a_stratum_that_does_not_vary_says_nothing(silent):
    table = Table(4, 6, 1, 7)

    assert estimate([silent]) is None
    assert estimate([silent, table]) == estimate([table])


def test_no_stratum_is_no_estimate():
    assert estimate([]) is None


def test_an_even_split_is_no_lift():
    even = estimate([Table(2, 4, 2, 4)] * 5)

    assert even.odds_ratio == pytest.approx(1)
    assert even.low < 1 < even.high
    assert even.p == pytest.approx(1)


def test_perfect_separation_has_a_lower_end_and_no_upper_one():
    separated = estimate([Table(2, 2, 0, 2)] * 5)

    assert separated.odds_ratio is None
    assert separated.high is None
    assert separated.low == pytest.approx(5.113, abs=0.001)  # where (x**2 / (1 + 4 x + x**2))**5 = .05
    assert separated.p == pytest.approx((1 / 6) ** 5)


def test_perfect_separation_the_other_way_has_an_upper_end_and_a_lower_one_of_nothing():
    mirrored = estimate([Table(0, 2, 2, 2)] * 5)
    separated = estimate([Table(2, 2, 0, 2)] * 5)

    assert (mirrored.odds_ratio, mirrored.low) == (0, 0)
    assert mirrored.high == pytest.approx(1 / separated.low)


@given(tables.filter(lambda t: t.informative))
def test_one_stratum_agrees_with_scipy(table):
    found = estimate([table])
    rows = [
        [table.fired_failed, table.failed - table.fired_failed],
        [table.fired_passed, table.passed - table.fired_passed],
    ]
    expected = contingency.odds_ratio(rows, kind="conditional").statistic
    draw = stats.hypergeom(table.failed + table.passed, table.fired_failed + table.fired_passed, table.failed)
    tail = draw.sf(table.fired_failed) + draw.pmf(table.fired_failed) / 2

    assert (math.inf if found.odds_ratio is None else found.odds_ratio) == pytest.approx(expected, rel=1e-5)
    assert found.p == pytest.approx(min(1, 2 * min(tail, 1 - tail)))


def test_the_conservative_tail_of_fisher_is_the_mid_p_and_half_the_chance_of_what_was_seen():
    rows = [[7, 2], [1, 8]]
    fisher = stats.fisher_exact(rows, alternative="greater").pvalue
    seen = stats.hypergeom(18, 8, 9).pmf(7)

    assert estimate([Table(7, 9, 1, 9)]).p == pytest.approx(2 * (fisher - seen / 2))
    assert estimate([Table(7, 9, 1, 9)]).exact == pytest.approx(2 * fisher)


@given(st.lists(tables.filter(lambda t: t.informative), min_size=1, max_size=4))
def test_several_strata_agree_with_brute_force(strata):
    found = estimate(strata)
    seen = sum(t.fired_failed for t in strata)
    tail = upper(strata, 1.0)

    assert found.p == pytest.approx(min(1, 2 * min(tail, 1 - tail)))
    assert found.low == 0 or upper(strata, found.low) == pytest.approx(ALPHA / 2, rel=1e-6)
    assert found.high is None or 1 - upper(strata, found.high) == pytest.approx(ALPHA / 2, rel=1e-6)
    if found.odds_ratio:
        assert sum(a * p for a, p in enumerated(strata, found.odds_ratio).items()) == pytest.approx(seen, rel=1e-6)


@given(st.lists(tables.filter(lambda t: t.informative), min_size=1, max_size=6))
def test_the_p_value_and_the_interval_say_the_same(strata):
    found = estimate(strata)
    leaves_out_one = found.low > 1 or (found.high is not None and found.high < 1)

    assert leaves_out_one == (found.p < ALPHA) or found.p == pytest.approx(ALPHA)


def test_hundreds_of_strata_and_thousands_of_episodes_do_not_overflow():
    found = estimate([Table(4, 6, 2, 4)] * 300 + [Table(90, 250, 70, 250)])

    assert 1 < found.low < found.odds_ratio < found.high < 3
    assert 0 < found.p < 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_benjamini_hochberg_agrees_with_scipy(ps):
    assert benjamini_hochberg(ps) == pytest.approx(tuple(stats.false_discovery_control(ps)))
