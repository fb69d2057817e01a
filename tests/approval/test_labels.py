"""Labels that GitHub accepts, and exactly one tier a change."""

import re

import pytest

from bot.approval.labels import LABELS, TIER_LABELS, labels_for
from bot.model import TIERS


def test_names_are_distinct_and_all_ours():
    assert len({label.name for label in LABELS}) == len(LABELS)
    assert all(re.fullmatch("flywheel(:[a-z]+)?", label.name) for label in LABELS)


def test_github_takes_them():
    assert all(re.fullmatch("[0-9a-f]{6}", label.colour) and 0 < len(label.description) <= 100 for label in LABELS)


@pytest.mark.parametrize("tier", TIERS)
def test_a_change_bears_ours_and_one_tier(tier):
    assert labels_for(tier) == ("flywheel", f"flywheel:{tier}")
    assert TIER_LABELS[tier] in LABELS
