"""Any fleet, however odd its times and names: the history is built, only failures are excused, and order is nothing."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.model import Episode, Run, Signal, Witness
from bot.traces.gate import gate, recall
from bot.traces.gate.history import seconds

texts = st.sampled_from(["", "a", "tests.t::x", "\0", "v1-0"])
names = st.sampled_from(["test-failed", "log-key", "test-flaky", "tests-failed", "infrastructure", "permission"])
signals = st.lists(st.builds(Signal, names, st.booleans(), texts, st.none() | st.floats(0, 9)), max_size=4).map(tuple)
shas = st.sampled_from(["", "a" * 40, "b" * 40])
times = st.sampled_from(["", "2026-05-10T12:00:00Z", "2026-05-10T13:00:00", "2026-13-99", "0001-01-01T00:00:00+23:00"])
runs = st.builds(
    Run,
    st.integers(0, 3),
    st.integers(1, 2),
    st.just("ci"),
    created_at=st.text(max_size=30) | times,
    base=st.booleans(),
)
witnesses = st.builds(
    Witness, st.sampled_from(["base", "attempt"]), st.sampled_from(["pass", "fail", "none"]), shas, signals, runs
)


@st.composite
def fleets(draw: st.DrawFn) -> list[Episode]:
    return [
        Episode(
            f"e{number}",
            draw(st.sampled_from(["o/r", "o/s"])),
            draw(st.sampled_from(["pass", "fail", "none"])),
            signals=draw(signals),
            pull=draw(st.none() | st.integers(1, 4)),
            head_sha=draw(shas),
            base_sha=draw(shas),
            run=draw(runs),
            witnesses=tuple(draw(st.lists(witnesses, max_size=2))),
            reports=draw(st.sampled_from([(), ("junit.xml",)])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(fleets(), st.integers())
def test_any_fleet_is_remembered_and_its_order_is_nothing(fleet, seed):
    mixed = random.Random(seed).sample(fleet, len(fleet))
    first, second = recall(fleet), recall(mixed)

    for episode in fleet:
        found = gate(episode, first)

        assert found == gate(episode, second)
        assert found is None or episode.outcome == "fail" or found.code == "X2 no-verdict"


@given(st.text(max_size=60))
def test_any_text_is_a_time_or_none(text):
    assert isinstance(seconds(text), float)


def test_a_time_without_a_zone_is_utc():
    assert seconds("2026-05-10T12:00:00Z") == seconds("2026-05-10T12:00:00") == seconds("2026-05-10T14:00:00+02:00")
