"""The HTTP interface: paths in, JSON out. No rules here."""

import json
from http import HTTPStatus

from parcel import rates, tracking

EVENTS: dict[str, list[tracking.Event]] = {}


def respond(status: HTTPStatus, body: object) -> tuple[int, dict[str, str], bytes]:
    """A status, headers and bytes."""
    return int(status), {"Content-Type": "application/json"}, json.dumps(body).encode()


def get_quote(query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """GET /quote?grams=…&zone=…"""
    price = rates.quote(int(query["grams"]), int(query["zone"]))
    return respond(HTTPStatus.OK, {"price": str(price)})


def get_parcel(number: str) -> tuple[int, dict[str, str], bytes]:
    """GET /parcels/{number}"""
    events = EVENTS[number]
    return respond(HTTPStatus.OK, {"number": number, "state": tracking.state(events)})


def get_events(number: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """GET /parcels/{number}/events"""
    events = tracking.timeline(EVENTS.get(number, []))
    return respond(HTTPStatus.OK, [event.kind for event in events])
