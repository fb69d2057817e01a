"""X5: the same code in another run excuses; another session that began at the same commit does not."""

import pytest

from bot.model import Episode, Run, Signal, Source, Step, Trace, Witness
from bot.traces.gate import gate, recall

HEAD, BASE = "a" * 40, "b" * 40
RED = (Signal("test-failed", detail="t::one"),)
GREEN = (Signal("tests-run", value=3.0),)


def run(outcome: str, number: int = 1, tries: int = 1, session: str = "s1", **fields: object) -> Episode:
    given: dict[str, object] = {
        "trace": Trace("test", (Source("t", "", 1),), (Step(0, 1, "a"), Step(0, 1, "b")), session=session),
        "signals": RED if outcome == "fail" else GREEN,
        "pull": 7,
        "head_sha": HEAD,
        "base_sha": BASE,
        "run": Run(number, tries, "ci"),
        "reports": ("junit.xml",),
        **fields,
    }
    return Episode(f"o/r/{number}-{tries}-{outcome}", "o/r", outcome, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        run("fail", tries=2),
        run("none", tries=2),
        run("pass", tries=2, head_sha="c" * 40),
        run("pass", 2, session="s2"),
        run("pass", 2, run=Run(2, 1, "lint")),
        run("pass", 2, pull=8),
        run("pass", tries=2, reports=(), signals=()),
        run("pass", tries=2, trust="T0"),
    ],
    ids=[
        "it failed again",
        "it was cancelled",
        "another head",
        "another session at the same head",
        "another workflow",
        "another pull",
        "a pass that is only claimed",
        "a fork's pass",
    ],
)
def test_another_run_that_is_no_rerun_excuses_nobody(other):
    assert gate(run("fail"), recall([run("fail"), other])) is None


def test_two_agents_that_began_at_the_same_commit_are_no_rerun():
    first, second = run("fail", head_sha=BASE, session=""), run("pass", 2, head_sha=BASE, session="")

    assert gate(first, recall([first, second])) is None


@pytest.mark.parametrize(
    "other",
    [run("pass", tries=2), run("pass", 2, trace=None), run("pass", 2)],
    ids=["a later attempt", "another run", "another run that carries the same session"],
)
def test_a_pass_of_the_same_code_excuses(other):
    exclusion = gate(run("fail"), recall([run("fail"), other]))

    assert exclusion is not None
    assert exclusion.code == "X5 flaky-rerun"
    assert exclusion.detail.startswith(f"head {HEAD[:7]} failed in run 1 attempt 1 and passed in run {other.run.id}")


def test_an_attempt_that_the_bundle_carries_excuses():
    failed = run("fail", tries=2, witnesses=(Witness("attempt", "pass", HEAD, GREEN, Run(1, 1, "ci")),))

    exclusion = gate(failed)

    assert exclusion is not None
    assert exclusion.code == "X5 flaky-rerun"


def test_an_attempt_without_a_report_witnesses_nothing():
    assert gate(run("fail", tries=2, witnesses=(Witness("attempt", "pass", HEAD, (), Run(1, 1, "ci")),))) is None


def test_the_run_that_passed_stays_a_pass():
    passed = run("pass", tries=2)

    assert gate(passed, recall([run("fail"), passed])) is None
