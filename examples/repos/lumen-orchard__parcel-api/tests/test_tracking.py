from datetime import UTC, datetime

from parcel.tracking import Event, state, timeline

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_no_events_is_unknown():
    assert state([]) == "unknown"


def test_last_event_wins():
    later = NOON.replace(hour=13)

    assert state([Event("sorted", later), Event("accepted", NOON)]) == "sorted"


def test_timeline_is_sorted():
    later = NOON.replace(hour=13)

    assert [e.kind for e in timeline([Event("sorted", later), Event("accepted", NOON)])] == ["accepted", "sorted"]
