"""Other runs in a bundle are believed by their bytes, whatever the manifest says of them."""

from hypothesis import given
from hypothesis import strategies as st

from bot.model import Closure, Report, Run, Signal, Source, Witness
from bot.signals.witness import closure, witnesses

RED = Report("junit", Source("r", "", 1), "fail", (Signal("test-failed", detail="t::a"),))
GREEN = Report("junit", Source("g", "", 1), "pass", (Signal("tests-run", value=1.0),))
REPORTS = {"witnesses/base/junit.xml": RED, "witnesses/again/junit.xml": GREEN}


def of(*entries: object) -> tuple[Witness, ...]:
    return witnesses({"witnesses": list(entries)}, REPORTS, lambda declared: Run(int(declared.get("id", 0))))  # type: ignore[call-overload]


def test_a_manifest_without_witnesses_has_none():
    assert witnesses({}, REPORTS, lambda _: Run()) == ()


def test_what_the_manifest_claims_without_bytes_witnesses_nothing():
    [claimed] = of({"kind": "base", "outcome": "fail", "sha": "a" * 40, "reports": ["witnesses/gone.xml"]})

    assert claimed == Witness("base", "none", "a" * 40)


def test_an_odd_entry_is_passed_over():
    assert of(None, {}, {"kind": "friend"}, {"kind": ["base"]}) == ()


def test_the_outcome_and_the_signals_are_those_of_the_reports():
    base, attempt = of(
        {"kind": "base", "sha": "a" * 40, "run": {"id": 7}, "reports": ["witnesses/base/junit.xml"]},
        {"kind": "attempt", "sha": "not one", "reports": ["witnesses/again/junit.xml", "witnesses/base/junit.xml"]},
    )

    assert base == Witness("base", "fail", "a" * 40, RED.signals, Run(7))
    assert attempt == Witness("attempt", "fail", "", (*GREEN.signals, *RED.signals))


def test_a_closing_is_read_with_care():
    assert closure({}) is None
    assert closure({"closure": "superseded"}) is None
    assert closure({"closure": {"reason": "a\0b", "by_bot": "yes", "reviews": True}}) == Closure()
    assert closure({"closure": {"reason": "duplicate", "by_bot": True, "reviews": 2}}) == Closure("duplicate", True, 2)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["base", "attempt", *REPORTS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "sha", "run", "reports", "reason", "reviews"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_any_manifest_is_read(value):
    manifest = {"witnesses": value, "closure": value}

    assert len(witnesses(manifest, REPORTS, lambda _: Run())) <= 50
    assert closure(manifest) is None or isinstance(value, dict)
