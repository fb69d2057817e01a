"""Files of the out folder: bytes in, a file that is whole or not there at all; and the lock of the one run at work."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import UserError

LOCK = "flywheel.lock"


def write(path: Path, data: bytes) -> bool:
    """Put `data` at `path` in one step, making folders. False when it stood there already; then nothing is touched."""
    try:
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(
            f"{path}: it cannot be written ({error.strerror or error}). Name another folder by --out."
        ) from error
    return True


def check_folder(path: Path) -> None:
    """UserError when something else stands where this folder is, or would have to be made."""
    there = next(place for place in (path, *path.absolute().parents) if os.path.lexists(place))
    if not there.is_dir():
        raise UserError(f"{there}: it stands where a folder is needed. Move it away, or name another folder by --out.")


@contextmanager
def lock(out: Path) -> Iterator[None]:
    """Hold the out folder alone. UserError that names the holder when another run has it.

    The lock is the operating system's, on an open file: it ends with its process, so that none is ever stale. What the
    file holds is only for people.
    """
    path = out / LOCK
    try:
        out.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+b")
    except OSError as error:
        raise UserError(
            f"{out}: it cannot be written ({error.strerror or error}). Name another folder by --out."
        ) from error
    with stream:
        if not _take(stream.fileno()):
            stream.seek(0)
            holder = stream.read(40).decode("ascii", "replace").strip() or "another process"
            raise UserError(
                f"{path}: {holder} is at work in this folder. Wait for it, or name another folder by --out."
            )
        stream.truncate(0)
        stream.write(f"process {os.getpid()}\n".encode())
        stream.flush()
        yield
        stream.truncate(0)


def _take(descriptor: int) -> bool:
    """Whether the lock is ours now. NOTE: where there is no fcntl (Windows) nothing is locked; writes stay whole."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
