"""What a document of one long array holds: its elements with their places, its other members; decoded when asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bot.signals.transcripts.lines import BROKEN, Losses

DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _name: None)
"""Takes what the quick parser refuses: control characters, lone surrogates, `NaN`, numbers of any size."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its line, its byte range in the file, and its JSON.

    `mended` when the JSON is not the file's own bytes: quotes must then be plain.
    """

    line: int
    start: int
    end: int
    raw: bytes | memoryview
    mended: bool

    def value(self, losses: Losses | None = None) -> object:
        """The element decoded; None when a number in it is beyond all measure, which is told in the losses if given."""
        return decoded(self.raw, None if self.mended else losses, self.line)


@dataclass(slots=True)
class Document:
    """The elements of the array that was looked for, the other members, and whether the end was seen."""

    elements: list[Element] = field(default_factory=list)
    rest: dict[str, bytes | msgspec.Raw] = field(default_factory=dict)
    whole: bool = True
    mended: bool = False
    """True when the document was no sound JSON, so that quotes from its members must be plain."""

    def get(self, name: str) -> object:
        """Another member's value, decoded; None when there is none."""
        return decoded(self.rest[name]) if name in self.rest else None

    def records(self, losses: Losses) -> Iterator[tuple[Element, dict[str, Any]]]:
        """Each element that is an object; any other is told in the losses."""
        for element in self.elements:
            value = element.value(losses)
            if isinstance(value, dict):
                yield element, value
            else:
                losses.lost(element.line, element.start, element.end, "no record")


def decoded(raw: bytes | memoryview | msgspec.Raw, losses: Losses | None = None, line: int = 0) -> object:
    """JSON that was found sound, though its numbers may be too large for the quick way (`1e999` becomes infinite).

    That is told in the losses, if they are given.
    """
    try:
        return msgspec.json.decode(raw)
    except BROKEN:
        pass
    if losses is not None:
        losses.note(f"line {line}: a number is too large to be read as it stands")
    try:
        return DECODER.decode(bytes(raw).decode("utf-8", "replace"))
    except BROKEN:
        return None
