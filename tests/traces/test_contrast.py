"""Which episodes are compared with which, and that nobody chooses by the result."""

import random

import pytest

from bot.model import Agent, Diff, Episode, Run, Step, Trace
from bot.traces.contrast import choose, contrast, size_class


def episode(name, outcome, **what):
    return Episode(id=str(name), repository=what.pop("repository", "o/r"), outcome=outcome, **what)


def repeats(tasks, fails=2, passes=2):
    return [
        episode(f"{task}-{outcome}-{n}", outcome, task=task)
        for task in tasks
        for outcome, times in (("fail", fails), ("pass", passes))
        for n in range(times)
    ]


def test_an_episode_without_a_verdict_never_enters():
    fleet = repeats("abc")
    undecided = [episode(f"x{n}", "none", task="a") for n in range(9)]
    fired = {e.id for e in fleet if e.outcome == "fail"} | {e.id for e in undecided}

    assert contrast([*fleet, *undecided], fired) == contrast(fleet, fired)


@pytest.mark.parametrize("outcome", ["fail", "pass", "none"])
def test_one_outcome_alone_is_no_contrast(outcome):
    fleet = [episode(n, outcome, task="a") for n in range(20)]

    assert contrast(fleet, {"1", "2"}) is None


def test_a_detector_that_fires_everywhere_or_nowhere_has_no_contrast():
    fleet = repeats("abc")

    assert contrast(fleet, frozenset()) is None
    assert contrast(fleet, {e.id for e in fleet}) is None


def test_tasks_that_always_fail_say_nothing_about_a_signal_of_theirs():
    fleet = repeats("abc") + [episode(f"hard-{n}", "fail", task="hard") for n in range(50)]
    fired = {f"hard-{n}" for n in range(50)}

    assert contrast(fleet, fired) is None


def test_repeats_of_one_task_are_compared_first():
    fleet = [*repeats("abc"), episode("heads", "fail", pull=1), episode("green", "pass", pull=1)]
    seen = contrast(fleet, {"a-fail-0", "a-fail-1", "b-fail-0", "c-pass-0"})

    assert seen.stratum == "task"
    assert (seen.strata, seen.failed, seen.passed) == (3, 6, 6)
    assert (seen.fired_failed, seen.fired_passed) == (3, 1)


def test_the_same_task_name_in_another_repository_is_another_task():
    fleet = [episode(n, "fail", task="a", repository=f"o/{n}") for n in range(5)]
    fleet += [episode(n + 5, "pass", task="a", repository=f"o/{n + 5}") for n in range(5)]

    assert choose(fleet)[0] == "group"


def test_heads_of_one_pull_come_next():
    fleet = [episode(f"red-{n}", "fail", pull=n, head_sha="1") for n in range(6)]
    fleet += [episode(f"green-{n}", "pass", pull=n, head_sha="2") for n in range(6)]
    seen = contrast(fleet, {f"red-{n}" for n in range(6)})

    assert seen.stratum == "pull"
    assert seen.odds_ratio is None
    assert seen.low > 1


def test_like_runs_come_last():
    like = {"agent": Agent("claude-code", model="m"), "run": Run(created_at="2026-09-03T10:00:00Z")}
    fleet = [episode(f"{outcome}-{n}", outcome, **like) for outcome in ("fail", "pass") for n in range(8)]
    fleet += [episode(f"other-{n}", "pass", agent=Agent("codex"), run=like["run"]) for n in range(8)]
    seen = contrast(fleet, {f"fail-{n}" for n in range(4)})

    assert seen.stratum == "group"
    assert (seen.strata, seen.failed, seen.passed, seen.fired_failed) == (1, 8, 8, 4)


def test_too_few_repeats_fall_to_the_next_level():
    few = repeats("ab")
    fleet = (
        few
        + [episode(f"red-{n}", "fail", pull=n) for n in range(5)]
        + [episode(f"green-{n}", "pass", pull=n) for n in range(5)]
    )

    assert choose(few)[0] == "task"
    assert choose(fleet)[0] == "pull"


def test_attempts_at_one_task_count_once_among_like_runs():
    hard = [episode(f"hard-{task}-{n}", "fail", task=f"hard-{task}") for task in range(5) for n in range(20)]
    easy = [episode(f"easy-{task}-{n}", "pass", task=f"easy-{task}") for task in range(5) for n in range(20)]
    seen = contrast(hard + easy, {e.id for e in hard if e.task in ("hard-0", "hard-1", "hard-2")})

    assert (seen.stratum, seen.failed, seen.passed, seen.fired_failed) == ("group", 5, 5, 3)
    assert seen.low < 1


def test_the_level_does_not_depend_on_what_fired_nor_on_the_order():
    rng = random.Random(7)
    fleet = repeats("abcd") + [episode(f"red-{n}", "fail", pull=n) for n in range(9)]
    levels = set()
    for _ in range(50):
        rng.shuffle(fleet)
        seen = contrast(fleet, {e.id for e in fleet if rng.random() < 0.4})
        levels.add(seen.stratum if seen else None)

    assert levels <= {"task", None}


def steps(count):
    return Trace("codex-exec", (), (Step(0, 1, ""),) * count)


@pytest.mark.parametrize(
    ("expected", "what"),
    [
        ("small", {"diff": Diff()}),
        ("small", {"diff": Diff(("a",), ("b",)), "trace": steps(99)}),
        ("medium", {"diff": Diff(("a", "b", "c"))}),
        ("large", {"diff": Diff(tuple("abcdefghijk"))}),
        ("small", {"trace": steps(20)}),
        ("medium", {"trace": steps(21)}),
        ("large", {"trace": steps(61)}),
        ("unknown", {}),
    ],
)
def test_size_is_told_by_the_diff_and_else_by_the_steps(expected, what):
    assert size_class(episode("x", "fail", **what)) == expected
