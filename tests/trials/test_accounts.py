"""The published arrays of AHE come out exactly, and naming tasks at random has no lift."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.trials.accounts import Account, auroc, brier, cumulative, macro

FIXES_PREDICTED, FIXES = (21, 13, 9, 4, 8, 8, 6, 8, 8), (9, 6, 4, 4, 9, 1, 10, 3, 6)
BREAKS_PREDICTED, BREAKS = (5, 5, 5, 3, 5, 8, 4, 3, 5), (5, 5, 5, 3, 5, 7, 4, 8, 3)
BREAKS_HIT = (1, 1, 1, 1, 1, 0, 0, 0, 0)
"""arXiv 2604.25850, Figs 12-13, rounds 2-10 over 89 tasks; the five hits are published only as a sum."""


def accounts(predicted: tuple[int, ...], observed: tuple[int, ...], hit: tuple[int, ...]) -> list[Account]:
    return [Account(p, o, h, 89) for p, o, h in zip(predicted, observed, hit, strict=True)]


def test_the_published_baselines_of_guessing_come_out() -> None:
    fixes = macro(accounts(FIXES_PREDICTED, FIXES, (0,) * 9))
    breaks = macro(accounts(BREAKS_PREDICTED, BREAKS, BREAKS_HIT))

    assert [round(100 * share, 1) for share in (fixes.guess_precision, fixes.guess_recall)] == [6.5, 10.6]
    assert [round(100 * share, 1) for share in (breaks.guess_precision, breaks.guess_recall)] == [5.6, 5.4]


def test_the_published_regression_scores_come_out() -> None:
    score = cumulative(accounts(BREAKS_PREDICTED, BREAKS, BREAKS_HIT))

    assert score.precision is not None
    assert score.recall is not None
    assert (round(100 * score.precision, 1), round(100 * score.recall, 1)) == (11.6, 11.1)


def test_naming_tasks_at_random_has_no_lift() -> None:
    chance = random.Random(3)
    found = []
    for _ in range(3000):
        flipped, named = set(chance.sample(range(50), 6)), set(chance.sample(range(50), 10))
        found.append(Account(10, 6, len(flipped & named), 50))

    assert cumulative(found).lift == pytest.approx(1.0, abs=0.05)


def test_hits_that_noise_alone_gives_are_taken_away() -> None:
    score = cumulative([Account(10, 4, 2, 40, noise=0.10)])

    assert score.precision == 0.2
    assert score.adjusted_precision == pytest.approx(0.1)


def test_nothing_predicted_has_no_precision() -> None:
    score = cumulative([Account(0, 3, 0, 10)])

    assert (score.precision, score.lift, score.recall) == (None, None, 0.0)


def test_counts_that_cannot_be_are_refused() -> None:
    for impossible in ((2, 1, 2, 9), (5, 1, 1, 4), (1, 1, -1, 4)):
        with pytest.raises(ValueError, match="Account"):
            Account(*impossible)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=30))
def test_auroc_counts_pairs(found: list[tuple[float, bool]]) -> None:
    probabilities, held = [p for p, _ in found], [h for _, h in found]
    pairs = [(p, q) for p, h in found if h for q, g in found if not g]
    expected = sum((p > q) + (p == q) / 2 for p, q in pairs) / len(pairs) if pairs else None

    assert auroc(probabilities, held) == (pytest.approx(expected) if pairs else None)
    assert 0 <= brier(probabilities, held) <= 1
