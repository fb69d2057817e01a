"""X6: a red base excuses; a mistake made in every task does not, nor a base that the agent was asked to mend."""

import pytest

from bot.model import Agent, Diff, Episode, Run, Signal, Source, Step, Trace, Witness, replace
from bot.traces.gate import gate, recall
from bot.traces.gate.base_broken import base_broken

BASE = "b" * 40
TEST = "tests.test_store::test_a_week"
OTHER = "tests.test_store::test_a_day"
RED = (Signal("test-failed", detail=TEST),)
GREEN = (Signal("tests-run", value=3.0),)
LOG = (Signal("log-key", detail="v1-0123456789abcdef"), Signal("job-failed", detail="make: *** Error <N>"))


def trace(prompt: str = "Add a page for overdue parcels.") -> Trace:
    return Trace("test", (Source("t.jsonl", "", 1),), (Step(0, 1, "hello"), Step(0, 1, "done")), prompt=prompt)


def run(number: int = 1, hour: int = 12, **fields: object) -> Run:
    stamp = f"2026-05-10T{hour:02}:00:00Z"
    return Run(number, workflow="ci", event="pull_request", created_at=stamp, **fields)  # type: ignore[arg-type]


def attempt(pull: int, outcome: str = "fail", hour: int = 12, **fields: object) -> Episode:
    given: dict[str, object] = {
        "trace": trace(),
        "signals": RED if outcome == "fail" else GREEN,
        "task": f"issue-{pull}",
        "pull": pull,
        "head_sha": f"{pull:040}",
        "base_sha": BASE,
        "agent": Agent("claude-code"),
        "run": run(pull, hour),
        "diff": Diff((f"src/page_{pull}.py",)),
        "reports": ("junit.xml",),
        **fields,
    }
    return Episode(f"o/r/pull-{pull}", "o/r", outcome, **given)  # type: ignore[arg-type]


def base(*signals: Signal, outcome: str = "fail", sha: str = BASE, hour: int = 10, number: int = 100) -> Episode:
    """A run of the base branch as an episode of its own: no pull, no transcript."""
    return Episode(
        f"o/r/base-{number}", "o/r", outcome, signals=signals, head_sha=sha, run=run(number, hour, base=True),
        reports=("junit.xml",),
    )  # fmt: skip


def seen(episode: Episode, *others: Episode) -> str:
    return base_broken(episode, recall([episode, *others]))


@pytest.mark.parametrize(
    ("episode", "others"),
    [
        (attempt(1), ()),
        (attempt(1), (base(*GREEN, outcome="pass"),)),
        (attempt(1, signals=(*RED, Signal("test-failed", detail=OTHER))), (base(*RED),)),
        (attempt(1, signals=(*RED, Signal("tests-failed", value=40.0))), (base(*RED),)),
        (attempt(1), (base(*RED, sha="c" * 40),)),
        (attempt(1), (base(*RED, hour=9, number=98), base(*GREEN, outcome="pass", hour=10, number=99))),
        (attempt(1), (base(*RED), attempt(2, "pass"))),
        (attempt(1, trace=trace("The test test_a_week fails on main. Make it pass.")), (base(*RED),)),
        (attempt(1, trace=trace("Please fix the broken CI.")), (base(*RED),)),
        (attempt(1, diff=Diff(("tests/test_store.py",))), (base(*RED),)),
        (attempt(1, signals=(Signal("job-failed", detail="Error"),)), (base(Signal("job-failed", detail="Error")),)),
        (attempt(1, run=Run(1, workflow="lint")), (base(*RED),)),
        (attempt(1, witnesses=(Witness("base", "fail", BASE),)), ()),
    ],
    ids=[
        "nobody else",
        "a green base",
        "one more failing test at the head",
        "more failing tests than are named",
        "another commit was red",
        "the newest run of the base is green",
        "another pull from this base passed",
        "the failing test is the task",
        "the red build is the task",
        "the agent changed the failing test",
        "nothing that could be recognised again",
        "a run of another workflow",
        "a witness without a report",
    ],
)
def test_a_base_that_does_not_explain_everything_excuses_nobody(episode, others):
    assert seen(episode, *others) == ""


@pytest.mark.parametrize(
    ("episode", "others"),
    [
        (attempt(1), (base(*RED),)),
        (attempt(1), (base(*RED, Signal("test-failed", detail=OTHER)),)),
        (attempt(1, signals=LOG), (base(*LOG),)),
        (attempt(1, signals=(*RED, *LOG)), (base(*RED),)),
        (attempt(1, witnesses=(Witness("base", "fail", BASE, RED, run(99)),)), ()),
        (attempt(1), (base(*RED), attempt(2))),
    ],
    ids=[
        "the same test",
        "and more at the base",
        "the same key of the log",
        "one log beside the tests",
        "a run that the bundle carries",
        "and another pull is red too",
    ],
)
def test_all_that_failed_was_red_at_the_base_already(episode, others):
    said = seen(episode, *others)

    assert said.startswith("all that failed (")
    assert BASE[:7] in said


def test_the_same_mistake_in_every_task_is_not_excused_by_itself():
    fleet = [attempt(number, hour=number) for number in range(1, 12)]
    history = recall(fleet)

    assert [gate(episode, history) for episode in fleet] == [None] * 11


def test_a_key_of_the_log_that_recurs_over_tasks_is_not_excused_by_itself():
    fleet = [attempt(number, hour=number, signals=LOG) for number in range(1, 12)]
    history = recall(fleet)

    assert [gate(episode, history) for episode in fleet] == [None] * 11


PERSON = {"trace": None, "agent": Agent()}


@pytest.mark.parametrize(
    "others",
    [
        (attempt(2), attempt(3, **PERSON), attempt(4, "pass", hour=12)),
        (attempt(2), attempt(3, **PERSON, hour=20), attempt(4, "pass", hour=15)),
        (attempt(2), attempt(2, **PERSON, head_sha="d" * 40)),
        (attempt(2), attempt(3, **PERSON, trust="T0")),
        (attempt(2), attempt(3, **PERSON, diff=Diff(("src/page_1.py",)))),
        (attempt(2), attempt(3, **PERSON, run=Run(3, workflow="ci", created_at="2026-05-12T12:00:00Z"))),
        (attempt(2), attempt(3, **PERSON, run=Run(3, workflow="ci"))),
        (attempt(2), attempt(3, **PERSON, task="issue-1")),
        (attempt(2), attempt(3)),
    ],
    ids=[
        "a pull passed at the same time",
        "a pull passed in between",
        "one other pull only",
        "the witness is a fork",
        "the witness changed the same file",
        "two days later",
        "at an unknown time",
        "another pull for the same task",
        "agents only",
    ],
)
def test_a_spread_without_a_sound_witness_excuses_nobody(others):
    assert seen(attempt(1), *others) == ""


@pytest.mark.parametrize(
    ("others", "witness"),
    [
        ((attempt(2), attempt(3, **PERSON)), "one of them without an agent: o/r/pull-3"),
        ((attempt(2), attempt(3), base(*RED, sha="c" * 40, hour=11)), "in a run of the base branch: o/r/base-100"),
        (
            (attempt(2), attempt(3, signals=(*RED, Signal("infrastructure", detail="network")))),
            "the machine was in trouble: o/r/pull-3",
        ),
        ((attempt(2), attempt(3, **PERSON, hour=14), attempt(4, "pass", hour=18)), "without an agent"),
    ],
    ids=["a person's pull", "the base branch", "trouble of the machine", "a pass when it was over"],
)
def test_a_spread_that_no_agents_habit_explains_is_excused(others, witness):
    said = seen(attempt(1), *others)

    assert said.startswith(f"{TEST} failed in 2 unrelated pulls within")
    assert witness in said


def elsewhere(repository: str, **fields: object) -> Episode:
    """A pull of another repository, half an hour later."""
    number = ord(repository[-1])
    late = Run(number, workflow="ci", created_at="2026-05-10T12:30:00Z")
    return replace(attempt(number, signals=LOG, run=late, **fields), id=f"{repository}/pull", repository=repository)


@pytest.mark.parametrize(
    ("episode", "others"),
    [
        (attempt(1, signals=LOG), (elsewhere("o/s"), elsewhere("o/t"))),
        (attempt(1, signals=LOG), (elsewhere("o/s", **PERSON),)),
        (attempt(1, signals=LOG, run=run(1, 10)), (elsewhere("o/s", **PERSON), elsewhere("o/t"))),
        (attempt(1, signals=LOG), (elsewhere("o/s", **PERSON, trust="T0"), elsewhere("o/t"))),
        (attempt(1, signals=(*RED, *LOG)), (elsewhere("o/s", **PERSON), elsewhere("o/t"))),
        (attempt(1, signals=LOG), (elsewhere("o/s", **PERSON), elsewhere("o/t"), attempt(9, "pass", hour=12))),
    ],
    ids=[
        "agents only", "two repositories", "hours before", "the witness is a fork", "a failing test beside the log",
        "a pass here at the time",
    ],
)  # fmt: skip
def test_the_same_log_in_other_repositories_excuses_nobody_without_a_sound_witness(episode, others):
    assert seen(episode, *others) == ""


def test_the_same_log_in_three_repositories_within_an_hour_is_an_outage():
    said = seen(attempt(1, signals=LOG), elsewhere("o/s", **PERSON), elsewhere("o/t"))

    assert said == f"{LOG[0].detail} failed in 3 repositories within an hour, one of them without an agent: o/s/pull"


def test_a_run_of_the_base_branch_is_no_agents_attempt():
    failed, passed = base(*RED), base(*GREEN, outcome="pass", sha="c" * 40)
    history = recall([failed, passed])

    exclusions = [gate(one, history) for one in (failed, passed)]

    assert ["X2 no-verdict"] * 2 == [one.code for one in exclusions if one]
