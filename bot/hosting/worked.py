"""What a forge shows of pulls at a glance, before a repository takes part: who opened them, and how they fared."""

from __future__ import annotations

import msgspec


class Glimpse(msgspec.Struct, frozen=True):
    """One pull: its author's login ("" when the account is gone), its branch, when it was opened, and whether what
    checked its last head failed."""

    author: str
    branch: str
    created_at: str
    red: bool = False
