"""What one half of the tasks shows is asked of the other: when there is enough, by what split, and never of noise."""

import random
from math import comb

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from bot.model import Agent, Detector, Episode, Finding, Measured, Remedy
from bot.traces.exact import Table, confirm, estimate
from bot.traces.mine import mine
from bot.traces.replicate import CONFIRMED, POWER, compare, half_of, replicate


def fleet(tasks, fails=2, passes=2):
    return [
        Episode(f"{task}/{outcome}-{n}", "o/r", outcome, task=f"t{task}", agent=Agent("claude-code"))
        for task in range(tasks)
        for outcome, times in (("fail", fails), ("pass", passes))
        for n in range(times)
    ]


def ids(episodes, outcome="fail"):
    return {episode.id for episode in episodes if episode.outcome == outcome}


def one_sided(rng, episodes):
    """Fires in the failures of one half only, and now and then anywhere in the other."""
    return {e.id for e in episodes if (e.outcome == "fail" if half_of(e) == 0 else rng.random() < 0.5)}


def test_a_fleet_of_few_tasks_is_too_small_to_ask():
    assert replicate(fleet(3), ids(fleet(3))).code == "too-few-to-replicate"


def test_what_neither_half_shows_was_never_found():
    episodes = fleet(40)
    seen = replicate(episodes, {episode.id for episode in episodes if episode.id.endswith("-0")})

    assert seen.code == "too-few-to-replicate"
    assert seen.power == 0


def test_what_passes_show_is_no_failure_pattern_to_be_replicated():
    assert replicate(fleet(40), ids(fleet(40), "pass")).code == "too-few-to-replicate"


def test_what_both_halves_show_is_replicated():
    seen = replicate(fleet(40), ids(fleet(40)))

    assert seen.code == "replicated"
    assert seen.p < CONFIRMED
    assert seen.power >= POWER
    assert 0 < seen.fired_failed == seen.failed < 80
    assert seen.fired_passed == 0


def test_what_one_half_alone_shows_is_not_replicated_and_not_acted_on():
    episodes = fleet(40)
    fired = one_sided(random.Random(1), episodes)
    rule = Detector("d", "loops", "It", "experimental", "low", {}, Remedy("instructions", "Stop."), Measured(by="ours"))
    (pattern,) = mine([Finding("d", key, (1,)) for key in sorted(fired)], episodes, [rule])

    assert pattern.contrast.low > 1
    assert pattern.replication.code == "not-replicated"
    assert pattern.reasons == ("not-replicated",)
    assert pattern.status == "descriptive"


def test_a_task_keeps_its_half_whatever_else_is_in_the_fleet():
    few, many = fleet(10), fleet(300)
    sides = {half_of(episode) for episode in many}

    assert [half_of(one) for one in few] == [half_of(one) for one in many[: len(few)]]
    assert sides == {0, 1}
    assert all(half_of(Episode("x", "o/r", "pass", task=e.task)) == half_of(e) for e in few)


def test_noise_that_one_half_shows_is_seldom_confirmed_by_the_other():
    rng = random.Random(20261124)
    episodes = fleet(60)
    codes = []
    for _ in range(300):
        mood = {e.task: rng.random() for e in episodes}
        codes.append(replicate(episodes, {e.id for e in episodes if rng.random() < mood[e.task]}).code)
    asked = [code for code in codes if code != "too-few-to-replicate"]

    assert asked.count("replicated") <= 6  # of 300 fleets


def test_the_order_of_the_halves_does_not_matter():
    weak, strong = [Table(2, 2, 1, 2)] * 9, [Table(2, 2, 0, 2)] * 9

    assert compare([weak, strong]) == compare([strong, weak])
    assert compare([weak, strong]).fired_passed == 9


tables = st.integers(1, 8).flatmap(
    lambda failed: st.integers(1, 8).flatmap(
        lambda passed: st.builds(
            Table, st.integers(0, failed), st.just(failed), st.integers(0, passed), st.just(passed)
        )
    )
)


@given(tables, st.floats(1, 30))
def test_one_table_is_confirmed_as_the_hypergeometric_says(table, psi):
    p, power = confirm([table], psi, CONFIRMED)
    if not table.informative:
        assert (p, power) == (1.0, 0.0)
        return
    fired, of = table.fired_failed + table.fired_passed, table.failed + table.passed
    null, seen = hypergeom(of, fired, table.failed), table.fired_failed
    least, most = max(0, fired - table.passed), min(fired, table.failed)
    tails = {k: null.sf(k) + null.pmf(k) / 2 for k in range(least, most + 1)}
    assume(all(abs(tail - CONFIRMED) > 1e-9 for tail in tails.values()))  # a tie is a matter of the last digit
    rejects = [k for k, tail in tails.items() if tail < CONFIRMED]
    ways = {k: comb(table.failed, k) * comb(table.passed, fired - k) * psi**k for k in range(least, most + 1)}
    truth = sum(ways[k] for k in rejects) / sum(ways.values())

    assert p == pytest.approx(null.sf(seen) + null.pmf(seen) / 2, abs=1e-9)
    assert power == pytest.approx(truth, abs=1e-6)


@given(st.lists(tables, max_size=5))
def test_the_one_sided_p_and_the_two_sided_one_agree(rows):
    found, (p, _) = estimate(rows), confirm(rows, 2.0, CONFIRMED)

    assert (found is None) == (not any(row.informative for row in rows))
    if found is not None:
        assert found.p == pytest.approx(min(1.0, 2 * min(p, 1 - p)), abs=1e-9)
