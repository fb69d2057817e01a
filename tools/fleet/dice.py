"""A name goes in, the same choices come out on every Python: dice that are hashes, not `random`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of choices that depends on its name alone."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._throws = 0

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        self._throws += 1
        digest = hashlib.sha256(f"{self._name}#{self._throws}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True so many times in a hundred."""
        return self.below(100) < percent

    def pick(self, items: Sequence[T]) -> T:
        """One of them."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All of them in another order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in items]


def digits(name: str, length: int) -> str:
    """So many hexadecimal digits that depend on the name alone."""
    return hashlib.sha256(name.encode()).hexdigest()[:length]


def uuid(name: str) -> str:
    """A version-4-shaped identifier that depends on the name alone."""
    raw = digits(name, 32)
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"
