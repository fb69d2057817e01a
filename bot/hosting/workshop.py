"""What a repository's history and commands say to whoever makes tasks of them: merges, and how a command ended."""

from __future__ import annotations

import msgspec


class Merge(msgspec.Struct, frozen=True):
    """One commit of the default branch and its first parent; `merges` is whether it has a second one."""

    commit: str
    base: str
    message: str
    merges: bool


class Ended(msgspec.Struct, frozen=True):
    """How a command ended: its exit code, None when it took too long; the end of what it printed."""

    code: int | None
    seconds: float
    tail: str = ""

    @property
    def began(self) -> bool:
        """Whether the shell found something to run: 126 and 127 are its own (POSIX, Shell Command Language 2.8.2)."""
        return self.code not in (126, 127)
