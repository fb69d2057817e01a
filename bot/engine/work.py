"""What the queue and a handler say to each other: Work goes in, Done, Failed or Later comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from bot.hosting.hints import Hint


class Work(msgspec.Struct, frozen=True):
    """All hints of one repository, oldest first, ours while `lease` is the last one given for it; `attempts` counts
    this one. `repository` is 0 for what is about none: the hints of one `kind` and `subject` then.
    """

    installation: int
    repository: int
    kind: str
    subject: str
    hints: tuple[Hint, ...]
    lease: str
    attempts: int


class Done(msgspec.Struct, frozen=True):
    """It ended well; `note` goes into the log."""

    note: str = ""


class Failed(msgspec.Struct, frozen=True):
    """It cannot be done, now or again: a dead letter, for a person to see."""

    reason: str


class Later(msgspec.Struct, frozen=True):
    """Nothing is wrong but the time: begin it again at `until` (seconds since 1970), or soon after.

    With the scope `installation` nothing of that installation is begun before: it is what a rate limit means.
    """

    until: float
    reason: str
    scope: Literal["work", "installation"] = "work"


Answer = Done | Failed | Later
Handler = Callable[[Work], Answer]
"""UserError counts as Failed with its text; any other exception lets the work be tried again after a while."""


class Letter(msgspec.Struct, frozen=True):
    """A dead letter: work that was given up, how many deliveries it was, when (seconds since 1970) and why."""

    installation: int
    repository: int
    name: str
    kind: str
    subject: str
    deliveries: int
    attempts: int
    ended_at: float
    reason: str
