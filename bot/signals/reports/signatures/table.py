"""What a signature is: how a failed step says that it failed in one known way."""

from __future__ import annotations

from typing import Literal

import msgspec

CLASSES: tuple[str, ...] = (
    *("infra", "config", "dependency", "lint", "type", "compile", "test", "gate", "policy", "vcs"),
    *("excluded", "derivative"),
)
"""Whose field a failure is. `excluded` judged nothing, `derivative` passes on what another job did
(research/ci.md §5.3).
"""

Strength = Literal["stop", "rule", "test", "error", "cause", "summary"]
"""`stop` ends a job whatever was said before; `rule`, `test` and `error` (at a line of source) are the
change's own, `cause` may be, `summary` says only that something failed.
"""


class Signature(msgspec.Struct, frozen=True):
    """One known way of failing; `name` is `class/id`.

    One of `needles` stands in every line that `pattern` matches. `tail` signatures count at the end of the step only,
    `marked` ones on lines that the runner marks as errors; `above` must stand in one of the two lines before.
    """

    name: str
    strength: Strength
    needles: tuple[str, ...]
    pattern: str
    tail: bool = False
    marked: bool = False
    above: str = ""

    @property
    def kind(self) -> str:
        """Its class."""
        return self.name.partition("/")[0]

    @property
    def id(self) -> str:
        """What it is called within its class."""
        return self.name.partition("/")[2]
