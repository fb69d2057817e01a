"""Takes the heads and turns of a rollout; says which items are copies of its parent's, written when it was forked.

A fork writes its parent's head and items behind its own head, in one go. Its own begin with the first turn that is
younger than the session, by the time inside its UUIDv7 or by its line.
"""

from __future__ import annotations

import re

from bot.signals.transcripts.values import moment


class Fork:
    """Whether the items that are read now are the parent's."""

    def __init__(self) -> None:
        self.replaying = False
        self._born: float | None = None
        self._from: float | None = None

    def own(self, session: str | None, timestamp: str | None) -> None:
        """The session's own head."""
        self._born = _uuid_time(session) or moment(timestamp)
        self._from = moment(timestamp)

    def foreign(self, timestamp: str | None) -> None:
        """A parent's head."""
        self.replaying = True
        self._from = max(self._from or 0.0, moment(timestamp) or 0.0)

    def still(self, turn: str | None, timestamp: str | None) -> bool:
        """Whether a replay goes on with this line; `turn` is the id of the turn that it begins, if it begins one."""
        born = _uuid_time(turn)
        written = moment(timestamp)
        young = born is not None and self._born is not None and born >= self._born
        later = written is not None and self._from is not None and written > self._from + 1.0
        self.replaying = not (young or later)
        return self.replaying


def _uuid_time(uuid: str | None) -> float | None:
    """The seconds inside a UUIDv7; None for any other id. https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7"""
    match = re.fullmatch(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", (uuid or "")[:40])
    return int(match[1] + match[2], 16) / 1000 if match else None
