"""Takes what GitHub says of who did something and answers whether that is enough; unknown means no."""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["none", "read", "triage", "write", "maintain", "admin", "unknown"]
Kind = Literal["human", "bot", "ours", "unknown"]
ROLES: tuple[Role, ...] = ("none", "read", "triage", "write", "maintain", "admin")
"""https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories, least first.

A role of an organisation's own making counts as the one that it is built on; one that GitHub does not tell (403, 404)
is `unknown`.
"""


class Actor(msgspec.Struct, frozen=True):
    """Who did something: GitHub's numeric id, never the name, which can be given up and taken by others.

    `ours` is our own App, by its id; every other App, workflow token or machine account that GitHub marks is `bot`.
    """

    id: int
    role: Role
    kind: Kind = "human"

    def reaches(self, role: Role) -> bool:
        """Whether the role is known and at least this one."""
        return self.role in ROLES and ROLES.index(self.role) >= ROLES.index(role)
