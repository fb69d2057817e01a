from datetime import UTC, datetime, timedelta

from parcel.store import Hold, Shelf

NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


def test_waiting_is_per_owner():
    shelf = Shelf([Hold("p1", NOW, "ana"), Hold("p2", NOW, "ben")])

    assert [hold.parcel for hold in shelf.waiting("ana", NOW)] == ["p1"]


def test_overdue_after_a_week():
    shelf = Shelf([Hold("p1", NOW - timedelta(days=8), "ana")])

    assert [hold.parcel for hold in shelf.overdue(NOW)] == ["p1"]
