import json
from datetime import UTC, datetime

from parcel import http
from parcel.tracking import Event

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_quote():
    status, _, body = http.get_quote({"grams": "500", "zone": "1"})

    assert status == 200
    assert "price" in json.loads(body)


def test_events_are_listed():
    http.EVENTS["p1"] = [Event("accepted", NOON)]

    assert json.loads(http.get_events("p1", {})[2]) == ["accepted"]
