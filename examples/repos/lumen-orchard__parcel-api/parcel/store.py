"""Parcels held at a pick-up point until somebody fetches them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOLD = timedelta(days=7)


@dataclass
class Hold:
    """A parcel on the shelf, since when, and for whom."""

    parcel: str
    since: datetime
    owner: str


@dataclass
class Shelf:
    """The holds of one pick-up point."""

    holds: list[Hold] = field(default_factory=list)

    def put(self, hold: Hold) -> None:
        """Lay a parcel on the shelf."""
        self.holds.append(hold)

    def waiting(self, owner: str, now: datetime) -> list[Hold]:
        """What this person can still fetch."""
        return [hold for hold in self.holds if hold.owner == owner]

    def overdue(self, now: datetime) -> list[Hold]:
        """What goes back to the sender."""
        return [hold for hold in self.holds if now - hold.since > HOLD]
