"""X8: a closing without a review excuses what nothing else shows; what was red in the run was red."""

import pytest

from bot.model import Closure, Episode, Run, Signal, Source, Step, Trace
from bot.traces.gate import gate

TRACE = Trace("test", (Source("t", "", 1),), (Step(0, 1, "a"), Step(0, 1, "b")))


def closed(closure: Closure | None, outcome: str = "fail", **fields: object) -> Episode:
    return Episode("e", "o/r", outcome, trace=TRACE, closure=closure, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "episode",
    [
        closed(None),
        closed(Closure("superseded by #12", reviews=1)),
        closed(Closure("superseded"), signals=(Signal("test-failed", detail="t::a"),)),
        closed(Closure("superseded"), signals=(Signal("job-failed", detail="error: x"),)),
        closed(Closure("superseded"), run=Run(conclusion="failure")),
        closed(Closure("superseded"), outcome="pass"),
    ],
    ids=["open", "reviewed", "a failing test", "a failed job", "a red run", "a pass"],
)
def test_a_failure_that_bytes_show_or_people_judged_is_no_matter_of_closing(episode):
    assert gate(episode) is None


@pytest.mark.parametrize(
    ("closure", "said"),
    [
        (Closure("Superseded by #12"), "closed as superseded, after no review"),
        (Closure("closed for inactivity", by_bot=True), "closed as inactivity, after no review"),
        (Closure("", by_bot=True), "closed by a bot, after no review"),
        (Closure(""), "closed without a reason, after no review"),
    ],
)
def test_a_closing_that_judges_nothing_excuses(closure, said):
    exclusion = gate(closed(closure))

    assert exclusion is not None
    assert exclusion.code == "X8 workflow-closure"
    assert said in exclusion.detail
