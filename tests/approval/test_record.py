"""What ledgers say of a category: what counts, what does not, when it is proven (research/mining.md §4.8, scipy)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.approval.outcomes import Outcome, contradictions, outcomes
from bot.approval.policy import load
from bot.approval.record import DOUBT, Cell, Record, after, proven, records
from bot.model import Entry, replace

POLICY = load((Path(__file__).resolve().parents[2] / "rules/approval/default.yml").read_text(), "default.yml")
NAME = "guard-threshold/hooks/repeats-one-call"


def entry(event, change="c1", repository="o/r", day=1, name=NAME, **what):
    at = f"2026-01-{day:02}T00:00:00Z"
    return Entry(at, event, repository, change, name.rpartition("/")[2], "r1", "interactive", category=name, **what)


def merged(change="c1", repository="o/r", day=1, watch="clean", **what):
    told = entry("watched", change, repository, day + 1, watch=watch, **what)
    return [entry("proposed", change, repository, day, **what), entry("merged", change, repository, day, **what), told]


def many(count, name=NAME, repositories=3, watch="clean", start=0):
    """`count` changes, merged one after another all over the fleet."""
    numbers = range(start, start + count)
    return [one for n in numbers for one in merged(f"{name}{n}", f"o/{n % repositories}", 1, watch, name=name)]


def only(entries, **how):
    return {record.category: record for record in records(entries, POLICY, **how)}.get(NAME)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [entry("proposed"), entry("updated")],
        [entry("proposed"), entry("merged")],
        merged(watch="too-few"),
        [entry("proposed"), entry("withdrawn")],
        [entry("proposed"), replace(entry("dismissed"), tier="backlog")],
        [entry("proposed"), entry("frozen"), *merged()[1:]],
        [*merged(trial="inconclusive"), entry("trialled", day=3, trial="inconclusive")],
        [replace(one, category="") for one in merged()],
    ],
)
def test_what_is_not_known_counts_nowhere(entries):
    assert outcomes(entries) == []


def test_a_clean_watch_after_a_merge_is_a_success():
    assert outcomes(merged()) == [Outcome(NAME, "o/r", True)]


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (merged(watch="alarm"), "alarm"),
        ([*merged(), entry("reverted", day=9)], "reverted"),
        ([*merged(), entry("trialled", day=9, trial="cosmetic")], "cosmetic"),
        ([entry("trialled", day=1, trial="regression"), *merged(day=2)], "regression"),
        ([entry("reverted", day=9)], "reverted"),
        ([entry("proposed"), entry("dismissed")], "dismissed"),
    ],
)
def test_what_went_wrong_is_a_failure(entries, why):
    assert outcomes(entries) == [Outcome(NAME, "o/r", False, why)]


def test_the_same_change_merged_again_after_its_revert_counts_again():
    entries = [*merged(), entry("reverted", day=3), *merged(day=4)]

    assert outcomes(entries) == [Outcome(NAME, "o/r", False, "reverted"), Outcome(NAME, "o/r", True)]


def test_another_model_of_the_agents_begins_from_zero_and_a_late_word_belongs_to_the_first():
    entries = [*merged(model="m1"), *merged("c2", day=3, model="m2"), entry("reverted", day=9, model="m2")]

    assert outcomes(entries) == []
    assert outcomes(entries, "m1") == [Outcome(NAME, "o/r", False, "reverted")]
    assert outcomes(entries, "m2") == [Outcome(NAME, "o/r", True)]


@given(st.permutations([*many(4), entry("reverted", "x", day=8), *merged("y", day=4, watch="alarm")]), st.data())
def test_ledgers_read_in_any_order_and_twice_say_the_same(entries, data):
    """Lines of one change keep their order, as they do in one repository's ledger."""
    by_change = {}
    for one in entries:
        by_change.setdefault(one.change, []).append(one)
    shuffled = [one for lines in by_change.values() for one in sorted(lines, key=lambda one: ORDER.index(one.event))]
    twice = data.draw(st.booleans())

    assert records(many(4) + SOME, POLICY) == records(shuffled + (shuffled if twice else []), POLICY)


ORDER = ["proposed", "merged", "watched", "reverted"]
SOME = [entry("reverted", "x", day=8), *merged("y", day=4, watch="alarm")]


def test_the_e_process_graduates_over_three_repositories_and_not_over_two():
    assert only(many(14)) == replace(only(many(14)), earned=False, kept=14)
    assert only(many(18)).earned
    assert not only(many(60, repositories=2)).earned


def test_a_thin_category_borrows_from_its_like_and_never_more_than_the_policy_lets_it():
    others = many(40, "guard-threshold/hooks/cycles-through-calls")
    alone, helped = only(many(13)), only(others + many(13))

    assert not alone.earned
    assert helped.earned
    assert helped.borrowed == (5, 0)
    assert not only(many(40, "lint-rule/hooks/repeats-one-call") + many(13)).earned


def test_what_failed_elsewhere_is_lent_as_well():
    others = many(10, "guard-threshold/hooks/a") + many(11, "guard-threshold/hooks/a", watch="alarm", start=10)

    assert only(others + many(10)).borrowed == (2, 3)


def test_two_failures_close_together_demote_what_had_graduated_and_it_begins_from_zero():
    fallen = only(many(30) + [entry("reverted", f"{NAME}{n}", f"o/{n % 3}", 5) for n in (3, 7)])

    assert (fallen.demoted, fallen.earned, fallen.kept, fallen.failed) == (True, False, 0, 0)
    assert fallen.reason == "failures"


def test_one_failure_does_not_demote():
    assert only([*many(30), entry("reverted", f"{NAME}3", "o/0", 5)]).earned


def test_an_integrity_alarm_demotes_at_once_and_forgets_no_failure():
    entries = [*many(30), *merged("bad", day=3, watch="alarm"), entry("integrity", day=9, reason="tampered-report")]
    fallen = only(entries)

    assert fallen == Record(NAME, failed=1, demoted=True, reason="tampered-report")


def test_a_demoted_category_can_earn_it_again():
    fallen = [*many(20), entry("integrity", day=3, reason="x")]
    later = [replace(one, at="2026-02-01T00:00:00Z") for one in many(20, start=50)]

    assert not only(fallen).earned
    assert only(fallen + later).earned
    assert not only(fallen + later).demoted


def test_the_record_is_checked_against_the_pulls_themselves():
    entries = [*merged("a"), *merged("b"), entry("proposed", "c")]
    pulls = {("o/r", "a"): "merged", ("o/r", "b"): "reverted", ("o/r", "d"): "merged"}

    assert list(contradictions(entries, pulls)) == [
        ("o/r", "b", "merged", "reverted"),
        ("o/r", "c", "open", "nothing"),
        ("o/r", "d", "nothing", "merged"),
    ]


@pytest.mark.parametrize(("share", "failed", "changes"), [(0.80, 0, 13), (0.85, 0, 18), (0.85, 1, 29), (0.90, 2, 60)])
def test_the_published_numbers_of_changes_prove_a_category_and_one_less_does_not(share, failed, changes):
    assert proven(Record("c", changes - failed, failed, 3), share)
    assert not proven(Record("c", changes - failed - 1, failed, 3), share)


@given(st.integers(0, 80), st.integers(0, 20), st.sampled_from([0.8, 0.85, 0.9, 0.95]))
def test_the_tail_is_that_of_the_beta(kept, failed, share):
    expected = stats.beta(kept + 1, failed + 1).cdf(share) <= DOUBT

    assert proven(Record("c", kept, failed, 3), share) == expected


@given(st.lists(st.sampled_from([True, False, None]), max_size=40))
def test_any_history_keeps_its_counts_whole(history):
    cell = Cell(Record(NAME))
    for number, kept in enumerate(history):
        cell = after(cell, Outcome(NAME, f"o/{number}", kept), POLICY)

    assert sum(cell.lent) == sum(kept is not None for kept in history)
    assert not (cell.record.earned and cell.record.demoted)
    assert cell.record.kept + cell.record.failed <= sum(cell.lent)
