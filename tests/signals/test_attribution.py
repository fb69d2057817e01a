"""Whose doing a failed job is: first what must not be excused, then each question alone, then their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import replace
from bot.signals.attribution import QUESTIONS, Elsewhere, FailedJob, History, attribute, of_log

A, B = frozenset({"tests/test_a.py::test_a"}), frozenset({"tests/test_b.py::test_b"})
JOB = FailedJob("octo/shop", 7, "agent", keys=A)


def seen(pull: int, author: str, hours: float = 2.0, repository: str = "octo/shop") -> Elsewhere:
    return Elsewhere(repository, pull, author, hours, A | B)


RED = [
    JOB,
    replace(JOB, keys=frozenset()),
    replace(JOB, keys=frozenset(), base=(frozenset(),), flips={}),
    replace(JOB, reruns=("fail", "none")),
    replace(JOB, keys=A | B, base=(A,)),
    replace(JOB, base=(B,)),
    replace(JOB, elsewhere=(seen(8, "ann"),)),
    replace(JOB, elsewhere=(seen(8, "agent"), seen(9, "agent"), seen(10, "agent"))),
    replace(JOB, elsewhere=(seen(7, "ann"), seen(7, "bob"))),
    replace(JOB, elsewhere=(seen(8, "ann", 50), seen(9, "bob", -50))),
    replace(JOB, elsewhere=(seen(1, "ann", 2, "a/b"), seen(1, "bob", 2, "c/d"))),
    replace(JOB, flips={next(iter(A)): History(1, 50)}),
    replace(JOB, flips={next(iter(A)): History(2, 500)}),
    replace(JOB, keys=A | B, flips={next(iter(A)): History(9, 50)}),
    replace(JOB, paths=frozenset({"src/a.py"}), touched=frozenset({"src/b.py"})),
    replace(JOB, signature="infra/network-curl", own_doing=True),
    replace(JOB, signature="config/permission"),
    replace(JOB, signature="test/pytest"),
]


@pytest.mark.parametrize("job", RED)
def test_what_is_not_known_excuses_nobody(job: FailedJob) -> None:
    assert attribute(job).cause == "uncertain"


TOUCHED = {"paths": frozenset({"src/a.py"}), "touched": frozenset({"src/a.py"})}
ANSWERS = [
    ({"conclusion": "cancelled"}, "excluded", "no-verdict"),
    ({"superseded": True}, "excluded", "no-verdict"),
    ({"bot_only": True}, "excluded", "no-verdict"),
    ({"signature": "excluded/dependabot"}, "excluded", "no-verdict"),
    ({"signature": "derivative/other-checks"}, "derivative", "derivative"),
    ({"signature": "infra/network-curl"}, "infrastructure", "infrastructure"),
    ({"signature": "infra/runner-lost", "own_doing": True}, "infrastructure", "infrastructure"),
    ({"reruns": ("fail", "pass")}, "flaky", "flaky-rerun"),
    ({"base": (frozenset(), A | B)}, "base-broken", "base-broken"),
    ({"elsewhere": (seen(8, "ann"), seen(9, "bob", -20))}, "environment", "spread"),
    ({"elsewhere": (seen(1, "ann", 0.5, "a/b"), seen(1, "bob", 0.5, "c/d"))}, "environment", "spread"),
    ({"flips": {next(iter(A)): History(2, 50)}}, "flaky", "known-flaky"),
    (TOUCHED, "agent", "touched"),
]


@pytest.mark.parametrize(("known", "cause", "code"), ANSWERS)
def test_each_question_answers_alone(known: dict[str, object], cause: str, code: str) -> None:
    found = attribute(replace(JOB, **known))

    assert (found.cause, found.code) == (cause, code)
    assert found.seen


def test_the_earlier_question_answers_first() -> None:
    job = replace(
        JOB,
        superseded=True,
        signature="derivative/other-checks",
        reruns=("pass",),
        base=(A,),
        elsewhere=(seen(8, "ann"), seen(9, "bob")),
        flips={next(iter(A)): History(2, 50)},
    )
    answers = []
    for step in ({"superseded": False}, {"signature": "infra/x"}, {"signature": ""}, {"reruns": ()}, {"base": ()}):
        answers.append(attribute(job).code)
        job = replace(job, **step)
    answers += [attribute(job).code, attribute(replace(job, elsewhere=())).code]

    assert answers == [code for _, code, _ in QUESTIONS if code != "touched"]


@pytest.mark.parametrize("known", [ANSWERS[9][0], ANSWERS[11][0]])
def test_a_change_that_touches_what_failed_is_not_excused_by_coincidence(known: dict[str, object]) -> None:
    assert attribute(replace(JOB, **known, **TOUCHED)).cause == "agent"


@pytest.mark.parametrize("known", [ANSWERS[7][0], ANSWERS[8][0]])
def test_a_pass_of_the_same_code_or_a_red_base_is_proof_all_the_same(known: dict[str, object]) -> None:
    assert attribute(replace(JOB, **known, **TOUCHED)).cause != "agent"


def test_a_log_alone_answers_only_what_it_can() -> None:
    causes = [of_log(name, False).cause for name in ("derivative/x", "infra/x", "excluded/x", "test/x", "")]

    assert causes == ["derivative", "infrastructure", "excluded", "uncertain", "uncertain"]


@given(st.builds(FailedJob, st.just("o/r"), st.integers(1, 3), st.text(max_size=3)))
def test_any_job_has_an_answer(job: FailedJob) -> None:
    known = {code for _, code, _ in QUESTIONS} | {"no-question-holds"}

    assert attribute(job).code in known
