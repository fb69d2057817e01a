"""What opens a file goes in; a stream comes out that opens it at the first read and closes it at its end.

A conversation may be ten thousand files, and a process may hold only about a thousand open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from bot.errors import UserError
from bot.signals.member import DAMAGED


class Late:
    """To be read once, to the end. A file that cannot be read ends there, and `problem` says why."""

    def __init__(self, opened: Callable[[], BinaryIO]) -> None:
        self.problem = ""
        self._opened = opened
        self._stream: BinaryIO | None = None
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end."""
        if self._ended:
            return b""
        try:
            if self._stream is None:
                self._stream = self._opened()
            block = self._stream.read(size)
        except (UserError, *DAMAGED) as error:
            self.problem = f"it cannot be read ({error}). Check the file and its permissions."
            block = b""
        if not block:
            self._ended = True
            if self._stream is not None:
                self._stream.close()
        return block
