"""The events of a parcel's journey, and its state now."""

from dataclasses import dataclass
from datetime import datetime

ORDER = ("announced", "accepted", "sorted", "out-for-delivery", "delivered", "returned")


@dataclass(frozen=True)
class Event:
    """One scan: what happened, when, and where."""

    kind: str
    at: datetime
    place: str = ""


def timeline(events: list[Event]) -> list[Event]:
    """Events in the order they happened."""
    return sorted(events, key=lambda event: event.at)


def state(events: list[Event]) -> str:
    """The state after the last event, or ``unknown``."""
    ordered = timeline(events)
    return ordered[-1].kind if ordered else "unknown"
