"""What a watch must not hear, what it must, and that whoever lost it gets it back from the runs."""

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.approval.aftermath import answer
from bot.approval.cusum import Chart, alarms, risen
from bot.approval.policy import load
from bot.approval.seen import Baseline, Seen, before, seen_of
from bot.approval.watch import Merge, Watch, charts_of, watch
from bot.errors import UserError
from bot.model import Edit, Episode, Run, Witness, replace

POLICY = load((Path(__file__).resolve().parents[2] / "rules/approval/default.yml").read_text(), "default.yml")
MERGE = Merge("a1", "2026-01-01T00:00:00Z", {"o/r": Baseline(100, 8, 25)})
SOON, LATE, END = "2026-01-08T00:00:00Z", "2026-01-20T00:00:00Z", "2026-03-10T00:00:00Z"


def runs(outcomes, start=0, **what):
    """One run an hour: `f` failed, `p` the pattern in a pass, `x` both, `.` neither."""
    return [
        Seen(
            f"e{n:04}",
            "o/r",
            f"2026-01-{2 + n // 24:02}T{n % 24:02}:00:00Z",
            failed=kind in "fx",
            recurred=kind in "px",
            **what,
        )
        for n, kind in enumerate(outcomes, start)
    ]


@pytest.mark.parametrize(
    "ignored",
    [
        runs("f" * 40, trust="T0"),
        runs("f" * 40, exposed=False),
        runs("f" * 40, rerun="pass"),
        [replace(run, repository="o/other") for run in runs("f" * 40)],
        [replace(run, at="2025-12-31T23:59:59Z") for run in runs("f" * 40)],
        [replace(run, at=MERGE.since) for run in runs("f" * 40)],
    ],
)
def test_what_proves_nothing_about_the_change_feeds_nothing(ignored):
    assert watch(MERGE, ignored, POLICY) == Watch()


def test_as_many_failures_as_before_raise_no_alarm():
    state = watch(MERGE, runs((("." * 11) + "f") * 16), POLICY)

    assert (state.alarm, state.seen, state.failed) == ("", 192, 16)


def test_a_red_streak_raises_one_and_names_its_runs():
    state = watch(MERGE, runs("." * 10 + "f" * 6 + "." * 30), POLICY)

    assert state.alarm == "failures"
    assert set(state.suspects) <= {f"e{n:04}" for n in range(10, 16)}
    assert state.alarmed_by == state.suspects[-1]


def test_nobody_is_blamed_before_the_same_revisions_failed_again():
    once = watch(MERGE, runs("f" * 6), POLICY)
    again = watch(MERGE, runs("f" * 6, rerun="fail"), POLICY)
    flaky = watch(MERGE, [*runs("f" * 3, rerun="pass"), *runs("fff", 3)], POLICY)

    assert (answer(MERGE, once, POLICY, SOON).do, answer(MERGE, once, POLICY, SOON).watch) == ("rerun", "")
    assert len(answer(MERGE, once, POLICY, SOON).episodes) == 2
    assert (answer(MERGE, again, POLICY, SOON).do, answer(MERGE, again, POLICY, SOON).watch) == ("revert", "alarm")
    assert flaky.alarm == ""


def test_a_pattern_that_becomes_more_frequent_is_harm():
    state = watch(MERGE, runs("p" * 12), POLICY)

    assert (state.alarm, answer(MERGE, state, POLICY, SOON).do) == ("pattern", "revert")


def test_a_pattern_that_fell_is_kept_after_its_time_and_one_that_did_not_is_inconclusive():
    fell, stayed = watch(MERGE, runs("." * 60), POLICY), watch(MERGE, runs("...p" * 15), POLICY)

    assert (fell.fell, stayed.fell) == (True, False)
    assert answer(MERGE, fell, POLICY, SOON).reason == "few-days"
    assert (answer(MERGE, fell, POLICY, LATE).watch, answer(MERGE, fell, POLICY, LATE).aftermath) == ("clean", "kept")
    assert answer(MERGE, stayed, POLICY, LATE).aftermath == "inconclusive"
    assert answer(MERGE, stayed, POLICY, LATE).watch == "clean"


def test_one_that_fell_and_came_back_is_mined_again_and_its_failures_are_still_heard():
    back = watch(MERGE, runs("." * 60 + "p" * 8), POLICY)
    worse = watch(MERGE, runs("." * 60 + "p" * 8 + "f" * 8, rerun="fail"), POLICY)

    assert (back.returned, answer(MERGE, back, POLICY, LATE).do) == (True, "reopen")
    assert answer(MERGE, worse, POLICY, LATE).do == "revert"


def test_too_few_runs_are_never_clean():
    state = watch(MERGE, runs("." * 24), POLICY)

    assert answer(MERGE, state, POLICY, LATE).do == "wait"
    assert (answer(MERGE, state, POLICY, END).watch, answer(MERGE, state, POLICY, END).aftermath) == (
        "too-few",
        "inconclusive",
    )


@pytest.mark.parametrize("baselines", [{}, {"o/r": Baseline(0, 0, 0)}, {"o/r": Baseline(50, 45, 1)}])
def test_where_no_chart_can_watch_no_watch_is_clean(baselines):
    merge = replace(MERGE, baselines=baselines)
    state = watch(merge, runs("." * 60), POLICY)

    assert state.blind
    assert answer(merge, state, POLICY, LATE).watch != "clean"


def test_the_fleet_pooled_hears_what_one_repository_is_too_small_to_say():
    both = replace(MERGE, baselines={**MERGE.baselines, "o/two": Baseline(100, 8, 25)})
    here = runs("f.f")
    there = [replace(run, repository="o/two", episode=f"two-{run.episode}") for run in runs("f.f")]

    assert watch(MERGE, here, POLICY).alarm == ""
    assert watch(replace(MERGE, baselines={"o/two": Baseline(100, 8, 25)}), there, POLICY).alarm == ""
    assert watch(both, [*here, *there], POLICY).failing > watch(MERGE, here, POLICY).failing


@given(st.text(".fpx", max_size=250), st.randoms(), st.booleans())
def test_whoever_has_lost_the_state_reads_the_runs_again_in_any_order_and_twice(outcomes, chance, twice):
    told = runs(outcomes)
    shuffled = told * (1 + twice)
    chance.shuffle(shuffled)

    assert watch(MERGE, told, POLICY) == watch(MERGE, shuffled, POLICY)


@given(st.text(".fpx", max_size=120), st.text(".fpx", max_size=60))
def test_an_alarm_and_an_answer_are_never_taken_back(first, more):
    early, late = watch(MERGE, runs(first), POLICY), watch(MERGE, runs(first + more), POLICY)

    assert early.alarm in ("", late.alarm)
    assert early.fell in (None, late.fell)


@given(st.lists(st.booleans(), max_size=200))
def test_a_chart_never_falls_below_zero(outcomes):
    height = 0.0
    for failed in outcomes:
        height = risen(Chart(0.1, 0.3, 4.83), height, failed)

        assert height >= 0


def test_doubt_about_the_time_before_goes_against_alarm_and_claim():
    few, many = charts_of(Baseline(10, 1, 3), POLICY), charts_of(Baseline(10000, 990, 3000), POLICY)

    assert few.failures.expected > many.failures.expected
    assert few.before < many.before < 0.3


def test_the_published_chart_finds_a_disaster_in_about_as_many_runs_as_published():
    """research/mining.md §4.7: .10 -> .30 at h = 4.83, median 24."""
    chance, chart, delays = random.Random(5), Chart(0.10, 0.30, 4.83), []
    for _ in range(400):
        height = number = 0
        while not alarms(chart, height):
            number, height = number + 1, risen(chart, height, chance.random() < 0.30)
        delays.append(number)

    assert 20 <= sorted(delays)[200] <= 28


def test_a_run_is_seen_as_what_it_was():
    edit = Edit("AGENTS.md", "old\n", "new\n")
    old, new = hashlib.sha256(b"old\n").hexdigest(), hashlib.sha256(b"new\n").hexdigest()
    when = Run(created_at="2026-01-02T00:00:00Z")
    episodes = [
        Episode("a", "o/r", "fail", run=when, harness={"AGENTS.md": old}),
        Episode("b", "o/r", "fail", run=when, harness={"AGENTS.md": new}, witnesses=(Witness("attempt", "pass"),)),
        Episode("c", "o/r", "pass", run=when, trust="T0"),
        Episode("d", "o/r", "none", run=when),
        Episode("e", "o/r", "fail", run=when),
        Episode("f", "o/r", "fail"),
        Episode("g", "o/r", "fail", run=Run(created_at="yesterday")),
    ]
    seen, timeless = seen_of(episodes, {"e"}, {"b"}, [edit])
    at = when.created_at

    assert timeless == 2
    assert list(seen) == [
        Seen("a", "o/r", at, failed=True, recurred=False, exposed=False),
        Seen("b", "o/r", at, failed=True, recurred=True, rerun="pass"),
        Seen("c", "o/r", at, failed=False, recurred=False, trust="T0"),
    ]
    assert before(seen, at) == {"o/r": Baseline(2, 1, 1)}


@pytest.mark.parametrize(
    "text",
    [
        "watch: {runs: 5}",
        "watch: {reruns: 0}",
        "watch: {falls_to: 0.9}",
        "watch: {charts: [{expected: 0.1, feared: 0.3, alarm: 9}]}",
        "autonomous: {demotion: {alarm: 9}}",
        "autonomous: {demotion: {feared: 0.5}}",
        "autonomous: {borrowed: 99}",
        "autonomous: {beaten_share: 0.5}",
    ],
)
def test_a_repository_may_not_watch_less_carefully(text):
    with pytest.raises(UserError, match="less careful"):
        load(text, "f", POLICY)


def test_it_may_watch_more_carefully():
    assert load("watch: {days: 30}\nautonomous: {demotion: {alarm: 1.5}}", "f", POLICY).watch.days == 30
