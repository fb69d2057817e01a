"""The labels of a pull or an issue: made once with their look, added where missing, exactly one tier of them borne."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from urllib.parse import quote

from bot.forge.github.client import Writer
from bot.forge.github.errors import StatusError
from bot.forge.github.place import Place
from bot.model import TIERS

LABEL = "flywheel"
"""Every issue and pull of ours bears it from its first moment."""


class LabelLook(Protocol):
    """What bot/approval/labels.py says of a label; a forge imports no stage."""

    @property
    def name(self) -> str:
        """As people see it."""

    @property
    def colour(self) -> str:
        """Six hex digits."""

    @property
    def description(self) -> str:
        """At most 100 characters."""


class Labels:
    """The labels of one repository. `looks` are those that we may have to make."""

    def __init__(self, place: Place, writer: Writer, looks: Sequence[LabelLook]) -> None:
        self.place = place
        self.writer = writer
        self.looks = {look.name: look for look in looks}
        self._made: set[str] = set()

    def make(self, names: Sequence[str], borne: Collection[str]) -> None:
        """Labels that are not there yet, with colour and description; the others stay as a person likes them."""
        for name in names:
            look = self.looks.get(name)
            if look is None or name in self._made or name in borne:
                continue
            if self.place.reader.find(f"{self.place.path}/labels/{quote(name, safe='')}", dict) is None:
                asked = {"name": name, "color": look.colour, "description": look.description}
                self._make_one(asked)
            self._made.add(name)

    def _make_one(self, asked: dict[str, str]) -> None:
        try:
            self.writer.call("POST", f"{self.place.path}/labels", body=asked)
        except StatusError as error:
            if error.status != 422 or "already_exists" not in error.said:
                raise

    def put(self, number: int, wanted: Sequence[str], there: Collection[str]) -> bool:
        """Add what is missing. Exactly one tier: a more careful one that is there stays, a less careful one goes.

        NOTE: who set the more careful one is not asked, so our own earlier one stays too, until a person lifts it.
        """
        ranks = {f"{LABEL}:{tier}": rank for rank, tier in enumerate(TIERS)}
        kept = min((ranks[name] for name in {*there, *wanted} if name in ranks), default=0)
        missing = [name for name in wanted if name not in there and ranks.get(name, kept) == kept]
        path = f"{self.place.path}/issues/{number}/labels"
        if missing:
            self.writer.call("POST", path, body={"labels": missing})
        spare = sorted(name for name in there if ranks.get(name, kept) > kept)
        for name in spare:
            self.writer.call("DELETE", f"{path}/{quote(name, safe='')}", missing=True)
        return bool(missing or spare)
