"""Takes names as they are met; says of each the how-manieth it is, in some 20 bytes a name (a dict takes 100)."""

from __future__ import annotations

from array import array


class Seen:
    """Names by their hashes: keys in the order in which they were first met, and slots (a power of two) that point to
    them, a third of them empty at least. NOTE: of two names with the same 64 bits the second counts as the first.
    """

    def __init__(self) -> None:
        self._keys = array("q")
        self._slots = array("I", bytes(4 * 64))

    def __len__(self) -> int:
        return len(self._keys)

    def place(self, name: object) -> int:
        """How many other names were met before this one was for the first time."""
        keys, slots = self._keys, self._slots
        key, last = hash(name), len(slots) - 1
        at = key & last
        while met := slots[at]:
            if keys[met - 1] == key:
                return met - 1
            at = at + 1 & last
        keys.append(key)
        slots[at] = len(keys)
        if 3 * len(keys) > 2 * last:
            self._grow()
        return len(keys) - 1

    def _grow(self) -> None:
        slots = array("I", bytes(8 * len(self._slots)))
        last = len(slots) - 1
        for number, key in enumerate(self._keys, 1):
            at = key & last
            while slots[at]:
                at = at + 1 & last
            slots[at] = number
        self._slots = slots
