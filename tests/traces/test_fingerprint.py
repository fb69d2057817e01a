"""What makes two findings one, inside a repository and across."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Call, Check, Episode, Signal, Step, Trace
from bot.traces.fingerprint import fingerprint, mask


def episode(error="", failing=(), signals=(), repository="o/r"):
    check = Check("fail", failing) if failing else None
    call = Call("Bash", "shell", "error" if error else "ok", error=error, check=check)
    trace = Trace("codex-exec", (), (Step(0, 1, ""), Step(1, 2, "", (call,))))
    return Episode("e", repository, "fail", trace=trace, signals=signals)


def of(*args, detector="fails-in-a-row", steps=(2,), **what):
    return fingerprint(detector, episode(*args, **what), steps)


def test_another_exception_is_another_cause():
    assert of("KeyError: 'a'")[1] != of("ValueError: 'a'")[1]


def test_another_detector_is_another_cause():
    assert of("KeyError: 'a'") != of("KeyError: 'a'", detector="reaches-limit")


def test_another_failing_test_is_another_instance_of_the_same_cause():
    one, other = of("KeyError: 'a'", ("t::a",)), of("KeyError: 'a'", ("t::b",))

    assert one[0] != other[0]
    assert one[1] == other[1]


def test_another_repository_is_another_instance_of_the_same_cause():
    here = of("ModuleNotFoundError: No module named 'shop' in /home/me/shop/a.py")
    there = of("ModuleNotFoundError: No module named 'bank' in /srv/bank/b.py", repository="o/bank")

    assert here[0] != there[0]
    assert here[1] == there[1]


def test_numbers_do_not_tell_causes_apart():
    assert of("exited after 12 s")[1] == of("exited after 345 s")[1] == of("exited after <N> s")[1]


def test_what_was_not_cited_does_not_count():
    assert of("KeyError: 'a'", steps=(1,)) == of("", steps=(1,)) == of("", steps=(99,))


def test_a_failing_test_in_the_reports_stands_in_for_the_steps():
    signals = (Signal("test-failed", detail="t::a"),)

    assert of("KeyError: 'a'", ("t::a",))[0] == of("KeyError: 'a'", signals=signals)[0]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("error in <p>: line <n>", "error in /srv/x<N>/a.py: line <N>"),
        ("no module <s>", "no  module 'shop'"),
        ("can't open <p>", "can't open setup.py"),
        ("commit <h>", "commit deadbeef12"),
    ],
)
def test_the_full_mask_leaves_what_every_repository_says(expected, text):
    assert mask(text) == expected


@given(st.text(), st.text())
def test_any_text_has_two_fingerprints_of_twelve_hex_digits(error, failing):
    found = of(error, (failing,))

    assert all(re.fullmatch("[0-9a-f]{12}", digest) for digest in found)
    assert of(error, (failing,)) == found
