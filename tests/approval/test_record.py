"""When a category is proven: the figures of research/mining.md §4.8, and scipy's Beta."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.approval.record import DOUBT, Record, proven


@pytest.mark.parametrize("record", [Record("c"), Record("c", 99, 0, 2), Record("c", 99, 0, 3, demoted=True)])
def test_no_record_few_repositories_or_a_demotion_prove_nothing(record):
    assert not proven(record, 0.85, 3)


@pytest.mark.parametrize(("share", "failed", "changes"), [(0.80, 0, 13), (0.85, 0, 18), (0.85, 1, 29), (0.90, 2, 60)])
def test_the_published_numbers_of_changes_prove_a_category_and_one_less_does_not(share, failed, changes):
    assert proven(Record("c", changes - failed, failed, 3), share, 3)
    assert not proven(Record("c", changes - failed - 1, failed, 3), share, 3)


@given(st.integers(0, 80), st.integers(0, 20), st.sampled_from([0.8, 0.85, 0.9, 0.95]))
def test_the_tail_is_that_of_the_beta(kept, failed, share):
    expected = stats.beta(kept + 1, failed + 1).cdf(share) <= DOUBT

    assert proven(Record("c", kept, failed, 3), share, 3) == expected
