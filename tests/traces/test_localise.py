"""Where a failed run went wrong: what is never said, what speaks for a turn, and that any run gives a sane window."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bot.model import Call, Check, Episode, Finding, Source, Step, Trace, replace
from bot.traces.analyse import analyse
from bot.traces.detectors import load
from bot.traces.localise import CODES, REACH, WEIGHTS, Moment, evidence, kind_of, localise, moments, shares

RULE = """
id: says-nothing
title: It has steps
status: experimental
level: low
detect: {steps: 1}
remedy: {component: instructions, text: Stop.}
"""


def turn(number, **what):
    return Moment(number=number, text=what.pop("text", "x" * 200), size=what.pop("size", 200), **what)


def run(length=30, at=0, **what):
    """Equal turns, but for the one with number `at`."""
    return [turn(number, **(what if number == at else {})) for number in range(1, length + 1)]


def test_a_run_without_turns_has_no_window():
    assert localise([]) is None


def test_a_passing_episode_and_one_without_a_trace_have_no_window():
    detectors = load({"rules/loops/says-nothing.yml": RULE})
    trace = Trace("test", (Source("a", "", 0),), tuple(Step(0, 1, "I look.") for _ in range(9)))
    windows = [
        finding.window
        for outcome in ("pass", "none", "fail")
        for finding in analyse(Episode("e", "o/r", outcome, trace), detectors)
    ]

    assert [None, None] == windows[:2]
    assert windows[2].first <= windows[2].step <= windows[2].last
    assert analyse(Episode("e", "o/r", "fail"), detectors) == ()


def test_equal_turns_of_a_long_run_are_told_apart_without_confidence():
    assert localise(run()).confidence == "none"


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("error-came-back", {"failed": True}),
        ("changed", {"changes": True}),
        ("long-turn", {"size": 5000}),
    ],
)
def test_what_sets_a_turn_apart_is_the_point_and_the_reason(reason, what):
    window = localise(run(at=12, **what))

    assert window.step == 12
    assert window.reason == reason


def test_what_is_made_up_is_blamed_on_a_small_team():
    text = "Let us assume that the file holds ten rows."
    team = [turn(n, speaker="ab"[n % 2], **({"text": text} if n == 5 else {})) for n in range(1, 9)]

    assert ("made-up", 5) == (localise(team).reason, localise(team).step)


def test_a_turn_that_only_hands_on_or_opens_is_blamed_last():
    idle = [turn(n, idle=n != 4, answered=True) for n in range(1, 8)]

    assert localise(idle).step == 4
    assert localise([turn(1), turn(2, does=True)]).step == 2


def test_what_a_detector_cites_first_weighs():
    finding = Finding("loops", "e", (17, 18, 19))

    assert localise(run()).step != 17
    assert localise(run(), [finding]).step == 17
    assert localise(run(), [finding]).reason == "cited"


def test_the_window_keeps_its_seven_steps_at_either_end():
    assert (1, 7) == (lambda w: (w.first, w.last))(localise(run(at=1, failed=True, changes=True, size=9)))
    assert (24, 30) == (lambda w: (w.first, w.last))(localise(run(at=30, failed=True, changes=True)))


def test_turns_keep_the_numbers_of_the_steps_a_red_check_is_no_error_and_an_edit_can_be_taken_back():
    red = Call("Bash", "shell", "error", "pytest", check=Check("fail"))
    lost = Call("Edit", "edit", "error", error="string not found")
    asked = Call("get_order", "other", "ok")
    done = Call("cancel_order", "other", "ok")
    edited = Call("Edit", "edit", "ok", paths=("a.py",))
    listed = Call("TodoWrite", "other", "ok")
    steps = tuple(Step(0, 9, "I go on", (call,)) for call in (red, lost, asked, done, edited, listed))
    seen = moments(Trace("test", (), steps))

    assert [1, 2, 3, 4, 5, 6] == [one.number for one in seen]
    assert [False, True, False, False, False, False] == [one.failed for one in seen]
    assert [False, False, False, True, False, False] == [one.changes for one in seen]


def test_every_code_has_a_weight_and_every_weight_its_evidence():
    (row,) = evidence([turn(1)])

    assert all(list(CODES) == list(own) == list(row) for own in WEIGHTS.values())


def test_a_run_is_of_one_or_of_a_team_that_is_small_or_not():
    team = [turn(n, speaker=f"agent {n % 2}") for n in range(1, 12)]

    assert ["alone", "small-team", "team"] == [kind_of(team[:1]), kind_of(team[:10]), kind_of(team)]
    assert kind_of(run()) == "alone"


turns = st.builds(
    Moment,
    number=st.just(0),
    text=st.text(max_size=50),
    size=st.integers(0, 10_000),
    does=st.booleans(),
    changes=st.booleans(),
    failed=st.booleans(),
    answered=st.booleans(),
    idle=st.booleans(),
)


@given(st.lists(turns, min_size=1, max_size=40), st.lists(st.integers(1, 3), min_size=40, max_size=40))
def test_any_run_has_its_point_inside_a_window_inside_the_run(seen, gaps):
    number, numbered = 0, []
    for one, gap in zip(seen, gaps, strict=False):
        number += gap
        numbered.append(replace(one, number=number))
    window = localise(numbered)

    assert numbered[0].number <= window.first <= window.step <= window.last <= numbered[-1].number
    assert window.last - window.first <= 2 * REACH
    assert window.step in {one.number for one in numbered}
    assert window == localise(numbered)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20))
def test_shares_add_up_to_one(scores):
    assert sum(shares(scores)) == pytest.approx(1)
