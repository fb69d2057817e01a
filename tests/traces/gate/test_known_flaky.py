"""X7: a test that goes red and green on the base branch excuses; a base that broke once and was mended does not."""

import pytest

from bot.model import Diff, Episode, Run, Signal, Source, Step, Trace
from bot.traces.gate import gate, recall

TEST, OTHER = "tests.test_mail::test_sends", "tests.test_mail::test_parses"
RED = (Signal("test-failed", detail=TEST),)
GREEN = (Signal("tests-run", value=3.0),)


def attempt(number: int = 1, *signals: Signal, outcome: str = "fail", **fields: object) -> Episode:
    given: dict[str, object] = {
        "trace": Trace("test", (Source("t", "", 1),), (Step(0, 1, "a"), Step(0, 1, "b")), prompt="Add a page."),
        "signals": signals or RED,
        "task": f"issue-{number}",
        "pull": number,
        "head_sha": f"{number:040}",
        "run": Run(number, workflow="ci", created_at="2026-05-10T12:00:00Z"),
        "diff": Diff(("src/page.py",)),
        "reports": ("junit.xml",),
        **fields,
    }
    return Episode(f"o/r/pull-{number}", "o/r", outcome, **given)  # type: ignore[arg-type]


def branch(colours: str, heads: str = "") -> list[Episode]:
    """Runs of the base branch, one a letter (r = the test is red, g = green), each at its own commit or `heads`."""
    return [
        Episode(
            f"o/r/base-{place}", "o/r", "fail" if colour == "r" else "pass",
            signals=RED if colour == "r" else GREEN,
            head_sha=(heads[place] if heads else f"{place:x}") * 40,
            run=Run(1000 + place, workflow="ci", created_at=f"2026-05-01T00:{place:02}:00Z", base=True),
            reports=("junit.xml",),
        )
        for place, colour in enumerate(colours)
    ]  # fmt: skip


MARK = Signal("test-flaky", detail=TEST)


@pytest.mark.parametrize(
    ("failed", "others"),
    [
        (attempt(), branch("gggg")),
        (attempt(), branch("grrg")),
        (attempt(), branch("rrrr")),
        (attempt(1, *RED, Signal("test-failed", detail=OTHER)), branch("grgrg")),
        (attempt(1, diff=Diff(("tests/test_mail.py",))), branch("grgrg")),
        (attempt(1, *RED, Signal("log-key", detail="v1-1"), Signal("log-key", detail="v1-2")), branch("grgrg")),
        (attempt(), [attempt(2, MARK, outcome="pass")]),
        (attempt(), [attempt(1, MARK, outcome="pass"), attempt(2, MARK, outcome="pass", task="issue-1")]),
        (attempt(1, *RED, MARK), []),
        (attempt(), branch("rgrg" + "g" * 50)),
    ],
    ids=[
        "always green",
        "broken once and mended",
        "always red",
        "another test failed as well",
        "the agent changed the test",
        "a second job was red",
        "one mark",
        "marks of its own pull and task",
        "its own mark",
        "long ago",
    ],
)
def test_a_test_that_is_not_known_to_flake_excuses_nobody(failed, others):
    assert gate(failed, recall([failed, *others])) is None


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (branch("grgrg"), f"{TEST} failed in 2 of the last 5 runs of the base branch"),
        (branch("rg", "cc"), f"{TEST} failed in 1 of the last 2 runs of the base branch"),
        (
            [attempt(2, MARK, outcome="pass"), attempt(3, MARK, outcome="pass")],
            f"{TEST} is marked flaky by the reports of 2 other runs",
        ),
    ],
    ids=["twice back to green", "both colours at one commit", "marked by reports"],
)
def test_a_test_that_is_known_to_flake_excuses(others, said):
    failed = attempt()

    exclusion = gate(failed, recall([failed, *others]))

    assert exclusion is not None
    assert exclusion.code == "X7 known-flaky-test"
    assert exclusion.detail.startswith(said)


def test_an_agent_that_was_asked_to_mend_the_flake_is_judged():
    asked = Trace("test", (Source("t", "", 1),), (Step(0, 1, "a"), Step(0, 1, "b")), prompt="Deflake test_sends.")
    failed = attempt(trace=asked)

    assert gate(failed, recall([failed, *branch("grgrg")])) is None
