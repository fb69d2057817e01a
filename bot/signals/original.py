"""A pin's path in, the bytes that it cites out, stretch by stretch; None when they are gone."""

from __future__ import annotations

from pathlib import Path

from bot.signals.archive import open_source

MAX_PINNED_BYTES = 256 << 20
"""Of what has to be held in memory, because it lies in an archive."""


class OnDisk:
    """The bytes of a plain file, stretch by stretch: however large, it is never in memory as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, stretch: slice) -> bytes:
        start, end, _ = stretch.indices(self._size)
        try:
            with self._path.open("rb") as stream:
                stream.seek(start)
                return stream.read(max(0, end - start))
        except OSError:
            return b""  # gone since: its digest is no longer the one that was cited


def original(path: str) -> OnDisk | bytes | None:
    """A file where it lies, a member of an archive in memory."""
    try:
        if Path(path).is_file():
            return OnDisk(Path(path))
    except OSError:
        return None
    stream = open_source(path)
    if stream is None:
        return None
    with stream:
        data = stream.read(MAX_PINNED_BYTES + 1)
    return data if len(data) <= MAX_PINNED_BYTES else None
