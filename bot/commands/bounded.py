"""A path in, the bytes of a regular file out, bounded: a pipe would never end, a huge file would fill the memory."""

from __future__ import annotations

from pathlib import Path

from bot.errors import UserError


def read(path: Path, most: int, mend: str, *, links: bool = True) -> bytes:
    """The first `most` bytes and one more, so that whoever asks sees that there is more. UserError ends with `mend`."""
    try:
        if not path.is_file() or (path.is_symlink() and not links):
            raise UserError(f"{path}: it is no regular file. {mend}")
        with path.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise UserError(f"{path}: it cannot be read ({error.strerror or error}). {mend}") from error
