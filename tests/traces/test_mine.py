"""What becomes a pattern, what may be acted on, and that noise never may."""

import random

import pytest

from bot.model import Agent, Detector, Episode, Finding, Measured, Remedy, replace
from bot.traces.mine import mine, pattern_id

OURS = Measured(by="ours")


def detector(name="loops", measured=OURS):
    remedy = Remedy("instructions", "Stop.")
    return Detector(name, "loops", "It loops", "experimental", "medium", {}, remedy, measured)


def fleet(tasks=10, fails=2, passes=2, repository="o/r", agent="claude-code"):
    return [
        Episode(f"{repository}/{task}/{outcome}-{n}", repository, outcome, task=f"t{task}", agent=Agent(agent))
        for task in range(tasks)
        for outcome, times in (("fail", fails), ("pass", passes))
        for n in range(times)
    ]


def fired(episodes, name="loops", cause=""):
    return [Finding(name, episode.id, (1,), cause=cause) for episode in episodes]


def failed(episodes):
    return [episode for episode in episodes if episode.outcome == "fail"]


def passed(episodes):
    return [episode for episode in episodes if episode.outcome == "pass"]


def test_a_detector_that_never_fired_has_no_pattern():
    assert mine([], fleet(), [detector()]) == ()


def test_a_fleet_without_verdicts_has_no_pattern():
    undecided = [replace(episode, outcome="none") for episode in fleet()]

    assert mine(fired(undecided), undecided, [detector()]) == ()


def test_findings_in_episodes_that_the_gate_left_out_do_not_count():
    episodes = fleet()
    (pattern,) = mine(fired(failed(episodes)), episodes[:-8], [detector()])

    assert pattern.failed == len(failed(episodes[:-8]))
    assert len(pattern.findings) == pattern.failed


def one_in_each(tasks, episodes):
    return [episode for task in range(tasks) for episode in failed(episodes) if episode.task == f"t{task}"][::2]


@pytest.mark.parametrize(
    ("reasons", "choose", "measured"),
    [
        (("few-failures", "no-lift", "not-significant"), lambda e: one_in_each(4, e), OURS),
        (("few-tasks",), lambda e: [x for x in failed(e) if x.task in ("t0", "t1")], OURS),
        (("no-contrast",), lambda e: e, OURS),
        (("no-lift", "not-significant"), lambda e: e[::2], OURS),
        (("experimental",), failed, Measured()),
        ((), failed, Measured(by="https://example.org")),
    ],
)
def test_a_pattern_says_why_it_may_only_be_described(reasons, choose, measured):
    episodes = fleet(tasks=10, fails=8, passes=2) if reasons == ("few-tasks",) else fleet()
    (pattern,) = mine(fired(choose(episodes)), episodes, [detector(measured=measured)])

    assert pattern.reasons == reasons
    assert pattern.status == ("descriptive" if reasons else "actionable")


def test_a_signal_of_passing_runs_is_no_failure_pattern():
    episodes = fleet()
    (pattern,) = mine(fired(passed(episodes)), episodes, [detector()])

    assert pattern.contrast.odds_ratio == 0
    assert "no-lift" in pattern.reasons


def test_a_signal_of_tasks_that_always_fail_is_absent_from_every_pass_and_proves_nothing():
    hard = [Episode(f"hard-{n}", "o/r", "fail", task=f"hard-{n % 5}") for n in range(40)]
    episodes = fleet(tasks=30) + hard
    (pattern,) = mine(fired(hard), episodes, [detector()])

    assert (pattern.failed, pattern.passed, pattern.passed_of) == (40, 0, 60)
    assert pattern.reasons == ("no-contrast",)


@pytest.mark.parametrize("tasks", range(3, 9))
@pytest.mark.parametrize("fails", [1, 2, 8])
def test_a_signal_of_no_pass_that_survives_the_batch_has_its_lower_end_above_one(tasks, fails):
    episodes = fleet(tasks=25, fails=fails)
    shown = [episode for episode in failed(episodes) if episode.task < f"t{tasks}" and len(episode.task) == 2]
    strong = [detector(f"strong-{n}") for n in range(9)]
    findings = [finding for d in strong for finding in fired(failed(episodes), d.id)] + fired(shown)
    by_id = {pattern.detector: pattern for pattern in mine(findings, episodes, [*strong, detector()])}

    assert (by_id["loops"].passed, by_id["loops"].passed_of) == (0, 50)
    assert by_id["loops"].contrast.low > 1 or by_id["loops"].q > 0.10


def test_what_could_be_acted_on_counts_in_the_batch_and_nothing_else_does():
    episodes = fleet()
    findings = fired(failed(episodes)[:6])
    weak = [detector(f"weak-{n}") for n in range(3)]
    tried = [finding for one in weak for finding in fired(episodes[:2], one.id)]
    described = [detector("described", measured=Measured())]
    (alone,) = mine(findings, episodes, [detector()])
    silent = mine(findings, episodes, [detector(), *(detector(f"silent-{n}") for n in range(7))])[0]
    among = mine([*findings, *tried, *fired(failed(episodes), "described")], episodes, [detector(), *weak, *described])
    by_id = {pattern.detector: pattern for pattern in among}

    assert silent.q == alone.q
    assert by_id["loops"].q == pytest.approx(4 * alone.q)
    assert by_id["described"].q is None
    assert alone.q == alone.contrast.exact
    assert silent.contrast == alone.contrast


def test_counts_are_of_episodes_and_not_of_findings():
    episodes = fleet()
    (pattern,) = mine(fired(failed(episodes)) * 3 + fired(passed(episodes)[:2]), episodes, [detector()])

    assert (pattern.failed, pattern.failed_of, pattern.passed, pattern.passed_of) == (20, 20, 2, 20)
    assert pattern.repositories == ("o/r",)
    assert len(pattern.tasks) == 10


def test_causes_are_those_of_failures_the_most_frequent_first():
    episodes = fleet()
    often, seldom = failed(episodes)[:12], failed(episodes)[12:]
    findings = fired(often, cause="a") + fired(seldom, cause="b") + fired(passed(episodes), cause="c") + fired(often)
    (pattern,) = mine(findings, episodes, [detector()])

    assert pattern.causes == (("a", 12), ("b", 8))


def test_the_id_is_the_same_in_every_fleet():
    (here,) = mine(fired(failed(fleet())), fleet(), [detector()])
    (there,) = mine(fired(failed(fleet(3))), fleet(3), [detector()])

    assert here.id == there.id == pattern_id("loops")
    assert len(here.id) == 12


def test_what_a_pattern_explains_counts_half_for_the_next():
    episodes = fleet()
    bad = failed(episodes)
    findings = fired(bad[:12], "first") + fired(bad[:11], "shadow") + fired(bad[12:], "other")
    patterns = mine(findings, episodes, [detector("shadow"), detector("other"), detector("first")])

    assert [(p.rank, p.detector) for p in patterns] == [(1, "first"), (2, "other"), (3, "shadow")]


def test_what_an_earlier_change_was_meant_to_cure_counts_double():
    episodes = fleet()
    bad = failed(episodes)
    findings = fired(bad[:12], "new") + fired(bad[12:], "again")
    detectors = [detector("new"), detector("again")]
    plain, recurred = mine(findings, episodes, detectors), mine(findings, episodes, detectors, {("o/r", "again")})
    elsewhere = mine(findings, episodes, detectors, {("o/other", "again")})

    assert [p.detector for p in plain] == ["new", "again"] == [p.detector for p in elsewhere]
    assert [p.detector for p in recurred] == ["again", "new"]
    assert {p.detector: replace(p, rank=0) for p in plain} == {p.detector: replace(p, rank=0) for p in recurred}


def test_what_is_spread_over_repositories_comes_first():
    one, two = fleet(6), fleet(6, repository="o/two")
    findings = fired(failed(one)[:12], "here") + fired(failed(one)[:4] + failed(two)[:4], "both")
    patterns = mine(findings, one + two, [detector("here"), detector("both")])

    assert [p.detector for p in patterns] == ["both", "here"]


def noisy(rng, tasks=40, detectors=8):
    """Tasks of unequal difficulty and signals that go with the task, with each other, and not with the outcome."""
    episodes, findings = [], []
    for task in range(tasks):
        hard, mood = rng.random(), rng.random()
        for n in range(4):
            outcome = "fail" if rng.random() < hard else "pass"
            episodes.append(Episode(f"{task}-{n}", "o/r", outcome, task=str(task)))
            likely = 0.5 * (mood + hard)
            findings += [
                Finding(f"d{d}", f"{task}-{n}", (1,)) for d in range(detectors) if rng.random() < likely / (1 + d)
            ]
    return episodes, findings


def shuffled(rng, episodes):
    outcomes = {}
    for episode in episodes:
        outcomes.setdefault(episode.task, []).append(episode.outcome)
    for of_task in outcomes.values():
        rng.shuffle(of_task)
    return [replace(episode, outcome=outcomes[episode.task].pop()) for episode in episodes]


def test_shuffled_outcomes_give_no_actionable_pattern():
    rng = random.Random(20261124)
    detectors = [detector(f"d{n}") for n in range(8)]
    loud = 0
    for _ in range(10):
        episodes, findings = noisy(rng)
        for _ in range(20):
            patterns = mine(findings, shuffled(rng, episodes), detectors)
            loud += any(pattern.status == "actionable" for pattern in patterns)

    assert loud <= 10  # of 200
