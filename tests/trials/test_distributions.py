"""Our plain mathematics against scipy, the oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.trials.distributions import beta_quantile, beta_share, jeffreys, t_quantile, t_share

sizes = st.floats(0.5, 400)
shares = st.floats(0.001, 0.999)


@given(shares, sizes, sizes)
def test_the_share_of_a_beta(x: float, a: float, b: float) -> None:
    assert beta_share(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), abs=1e-10)


@given(shares, sizes, sizes)
def test_the_quantile_of_a_beta(share: float, a: float, b: float) -> None:
    assert stats.beta.cdf(beta_quantile(share, a, b), a, b) == pytest.approx(share, abs=1e-9)


@given(st.floats(-30, 30), st.integers(1, 2000))
def test_the_share_of_students_t(t: float, freedom: int) -> None:
    assert t_share(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), abs=1e-10)


@given(st.floats(0.51, 0.999), st.integers(1, 2000))
def test_the_quantile_of_students_t(share: float, freedom: int) -> None:
    assert t_quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-8, abs=1e-9)


def test_the_ends_of_an_interval_are_ends() -> None:
    assert jeffreys(0, 10)[0] == 0.0
    assert jeffreys(10, 10)[1] == 1.0
    assert jeffreys(5, 43) == pytest.approx(stats.beta.ppf([0.025, 0.975], 5.5, 38.5))
