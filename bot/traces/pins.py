"""A pin and the bytes of its file go in; whether the claim stands comes out. A claim that does not stand is dropped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol

from bot.model import Pin, replace

MAX_RANGE = 16 * 1024 * 1024
"""Bytes of one cited record: the cap of a line. A pin that needs more is no citation."""
MAX_NESTED = 2
"""How many times a string that is JSON itself is opened (agents wrap a command's output so)."""

CHUNK = 1 << 20


class Original(Protocol):
    """The bytes of a file, or what gives them stretch by stretch, so that a large one is never in memory as a whole."""

    def __len__(self) -> int:
        """How many bytes."""

    def __getitem__(self, stretch: slice, /) -> bytes:
        """Some of them."""


def holds(data: Original, pin: Pin) -> bool:
    """Whether `data` has the pin's digest and the quote stands in `start:end`, as it is or in a string of its JSON."""
    return _digest(data) == pin.sha256 and stands(data, pin)


def held(pins: Iterable[Pin], read: Callable[[str], Original | None]) -> tuple[Pin, ...]:
    """Those pins that hold, in their order and with their line; each file is read and hashed once.

    `read` gives None for what is gone.
    """
    kept: dict[int, Pin] = {}
    by_path: dict[str, list[tuple[int, Pin]]] = {}
    for place, pin in enumerate(pins):
        by_path.setdefault(pin.path, []).append((place, pin))
    for path, cited in by_path.items():
        data = read(path)
        if data is None:
            continue
        digest = _digest(data)
        standing = [(place, pin) for place, pin in cited if pin.sha256 == digest and stands(data, pin)]
        lines = _lines(data, sorted({pin.start for _place, pin in standing}))
        kept.update({place: replace(pin, line=lines[pin.start]) for place, pin in standing})
    return tuple(kept[place] for place in sorted(kept))


def _digest(data: Original) -> str:
    known = sha256()
    for start in range(0, len(data), CHUNK):
        known.update(data[start : start + CHUNK])
    return known.hexdigest()


def _lines(data: Original, places: Sequence[int]) -> dict[int, int]:
    """The line of each place, counted from 1; the places in ascending order."""
    found: dict[int, int] = {}
    line, at = 1, 0
    for place in places:
        for start in range(at, place, CHUNK):
            line += data[start : min(start + CHUNK, place)].count(b"\n")
        at = place
        found[place] = line
    return found


def stands(data: Original, pin: Pin) -> bool:
    """Whether the quote stands in the range, the digest aside. An empty quote proves nothing and does not stand."""
    if not pin.quote or not 0 <= pin.start < pin.end <= len(data) or pin.end - pin.start > MAX_RANGE:
        return False
    text = data[pin.start : pin.end].decode("utf-8", "replace")
    if pin.quote in text or any(json.dumps(pin.quote, ensure_ascii=way)[1:-1] in text for way in (False, True)):
        return True
    return any(pin.quote in string for string in _strings(_json(text), MAX_NESTED))


def _json(text: str) -> object:
    """The first JSON value in the text, a NUL run or a half record before it skipped; None when there is none."""
    start = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=-1)
    if start < 0:
        return None
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _strings(value: object, nested: int) -> Iterator[str]:
    """Every string in a JSON value; those that look like JSON are opened too, `nested` times."""
    waiting = [(value, nested)]
    while waiting:
        here, left = waiting.pop()
        if isinstance(here, str):
            yield here
            if left and here.lstrip()[:1] in ("{", "["):
                waiting.append((_json(here), left - 1))
        elif isinstance(here, dict):
            waiting.extend((part, left) for part in here.values())
        elif isinstance(here, list):
            waiting.extend((part, left) for part in here)
