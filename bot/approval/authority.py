"""Takes a command, who gave it and where; returns whether it is to be obeyed, and if not, what is to be said.

Only what GitHub's API says counts: ids, roles, and the head as it stands now. Unknown means no.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import msgspec

from bot.approval.commands import VERBS, Command, usage
from bot.approval.seen import when
from bot.hosting.people import Actor

MAX_AN_HOUR = 12
"""Actions of ours in one thread within an hour; beyond, two bots may be talking to each other."""


class Asked(msgspec.Struct, frozen=True):
    """Where and how a command was given: on creation of a comment, unedited, at which head (an issue has none)."""

    created: bool = True
    edited: bool = False
    head: str = ""
    acted: tuple[str, ...] = ()
    """When we last acted in this thread, as ISO 8601 strings."""


class Ruling(msgspec.Struct, frozen=True):
    """Whether a command is obeyed; if not, `says` is the answer, "" for silence: a bot is never answered."""

    code: Literal["obeyed", "bot", "not-created", "edited", "too-often", "unknown-role", "role", "stale-sha", "no-head"]
    says: str = ""

    @property
    def obeyed(self) -> bool:
        """Whether the command is to be carried out."""
        return self.code == "obeyed"


def rule(command: Command, actor: Actor, asked: Asked, now: str) -> Ruling:
    """The ruling over one command at `now` (ISO 8601)."""
    if actor.kind != "human":
        return Ruling("bot")
    if not asked.created:
        return Ruling("not-created")
    if asked.edited:
        return Ruling("edited")
    if too_often(asked.acted, now):
        return Ruling("too-often")
    verb = VERBS[command.verb]
    if actor.role == "unknown":
        return Ruling("unknown-role", "GitHub did not say which role you have here: nothing was done. Try again later.")
    if not actor.reaches(verb.role):
        return Ruling("role", f"`{usage(verb)}` needs the role {verb.role} or more; yours is {actor.role}.")
    if command.verb == "approve" and not asked.head:
        return Ruling("no-head", "There is no pull here to approve. Promote the issue first.")
    if command.verb == "approve" and command.argument != asked.head.lower():
        return Ruling("stale-sha", f"The head is {asked.head}. Read it, then write `/flywheel approve {asked.head}`.")
    return Ruling("obeyed")


def too_often(acted: Sequence[str], now: str, most: int = MAX_AN_HOUR) -> bool:
    """Whether we acted so often in the last hour that a person should look first."""
    since = when(now) - timedelta(hours=1)
    return sum(when(one) > since for one in acted) >= most
