"""The issue that asks an owner where to start: where it stands, and what people answered."""

from __future__ import annotations

import msgspec

from bot.hosting.pulls import Comment


class Pilot(msgspec.Struct, frozen=True):
    """`repository` is `owner/name`. The authors' roles are not looked up: what counts is the repository they name."""

    repository: str
    number: int
    comments: tuple[Comment, ...] = ()
