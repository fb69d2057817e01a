"""How many runs tell two ways apart."""

import math

import numpy as np
import pytest

from bench.paired import least_seen, runs_needed, told_apart, verdict


def test_no_number_of_runs_tells_equal_ways_apart():
    assert runs_needed(0.2, 0.2) is None
    assert least_seen(0.0, 1000) == math.inf


def test_the_runs_needed_are_those_of_the_formula():
    # (1.95996 * sqrt(.4) + 0.84162 * sqrt(.4 - .04))^2 / .04 = 76.1
    assert runs_needed(0.3, 0.1) == 77
    assert runs_needed(0.1, 0.3) == 77


def test_as_many_runs_see_the_difference_that_they_are_needed_for():
    assert least_seen(0.4, 77) <= 0.2 < least_seen(0.4, 75)


def test_two_ways_are_told_apart_by_the_runs_that_one_alone_gets_right():
    ours, theirs = np.array([1.0, 1.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0, 0.0])
    told = told_apart(ours, theirs, ["a", "b", "c", "d"])

    assert told.startswith("ahead, within noise     +50.0 [+0.0, +100.0]  alone right 2:0; ")


@pytest.mark.parametrize(
    ("gap", "low", "high", "word"),
    [(0, -1, 1, "level"), (1, 0.5, 2, "beats"), (-1, -2, -0.5, "loses"), (1, -1, 2, "ahead, within noise")],
)
def test_a_verdict_is_given_only_where_the_interval_leaves_no_doubt(gap, low, high, word):
    assert word == verdict(gap, low, high)
