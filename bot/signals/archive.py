"""A zip or a gzip goes in, its members come out: streamed and bounded, nothing is ever unpacked (research/ci.md §1.4).

Names from a zip never become paths on disk; `..`, absolute names, links and bombs are refused and said.
"""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from bot.errors import UserError
from bot.signals.member import DAMAGED, MAX_MEMBER_BYTES, MAX_MEMBERS, Member

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_TOTAL_BYTES = 512 << 20
MAX_ENTRIES = 100_000
"""Members that a zip in memory may list before it is not even opened: a million cost 10 s and 1 GB."""
MAX_RATIO = 200
RATIO_FLOOR = 1 << 20
MAX_MARKS = 64
GZIP = b"\x1f\x8b"


def is_cut(path: Path) -> bool:
    """Whether a file begins as a zip and has lost its end, where the list of its members stands."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04" and not zipfile.is_zipfile(path)
    except OSError:
        return False


def zip_members(path: Path, data: bytes | None = None) -> tuple[list[Member], list[str]]:
    """The members of a zip that may be read, and what was refused, in words. With `data` the zip is these bytes, and
    `path` only what it is called."""
    if data is not None and data.count(b"PK\x01\x02") > MAX_ENTRIES:
        return [], [f"{path}: the archive lists more than {MAX_ENTRIES} members. Split it."]
    try:
        zipped = zipfile.ZipFile(path if data is None else io.BytesIO(data))
    except DAMAGED as error:
        return [], [f"{path}: the archive cannot be opened ({error}). Download it again."]
    members: list[Member] = []
    warnings: list[str] = []
    total = 0
    for info in zipped.infolist()[:MAX_MEMBERS]:
        if info.is_dir():
            continue
        problem = _refused(info) or ("the archive holds too much" if total + info.file_size > MAX_TOTAL_BYTES else "")
        if problem:
            warnings.append(f"{path}!{_printable(info.filename)}: refused, {problem}. Rebuild the bundle without it.")
            continue
        total += info.file_size
        members.append(Member(f"{path}!{info.filename}", info.filename, info.file_size, _opener(zipped, info)))
    if len(zipped.infolist()) > MAX_MEMBERS:
        warnings.append(f"{path}: only the first {MAX_MEMBERS} members were read. Split the bundle.")
    return members, warnings


def inflated(member: Member) -> Member:
    """A member whose name ends in `.gz` as what is inside it, `a.jsonl.gz!a.jsonl`; every other one as it is."""
    stem = _stem(member.name)
    if not stem:
        return member
    name = member.name.removesuffix(PurePosixPath(member.name).name) + stem
    path = f"{member.path}!{stem}"
    return replace(member, path=path, name=name, size=-1, open=lambda: _inflated(member.open(), path))


def open_source(path: str) -> BinaryIO | None:
    """The bytes that a pin's path cites (`archive!member` inside a zip or a gzip); None when they are gone.

    Folders, archives and members may have a `!` in their own names: the first split that leads somewhere counts.
    """
    parts = path.split("!", MAX_MARKS)
    try:
        if Path(path).is_file():
            return Path(path).open("rb")
        if len(parts) > 1 and (inner := _inside_gzip("!".join(parts[:-1]), parts[-1])) is not None:
            return inner
        for count in range(1, len(parts)):
            archive, name = "!".join(parts[:count]), "!".join(parts[count:])
            if not zipfile.is_zipfile(archive):
                continue
            with zipfile.ZipFile(archive) as zipped:
                return io.BytesIO(_bounded(zipped, zipped.getinfo(name)).read())
    except (KeyError, UserError, *DAMAGED):
        pass
    return None


def _inside_gzip(outer: str, name: str) -> BinaryIO | None:
    """What stands in the gzip at `outer`; None when it is none, or holds something of another name."""
    if _stem(outer.replace("!", "/")) != name or (stream := open_source(outer)) is None:
        return None
    return _inflated(stream, f"{outer}!{name}")


def _stem(name: str) -> str:
    """The name of what a `.gz` holds; "" when the name says that it is none."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return last[:-3] if last.lower().endswith(".gz") and len(last) > len(".gz") else ""


def _inflated(stream: BinaryIO, path: str) -> BinaryIO:
    """The content of a gzip, bounded; a file that only bears such a name is given as it is."""
    magic = stream.read(len(GZIP))
    stream.seek(0)
    if magic != GZIP:
        return stream
    return cast("BinaryIO", io.BufferedReader(_Gunzip(stream, path)))


class _Gunzip(io.RawIOBase):
    """A gzip being read: UserError as soon as it gives too much, or too much for its size."""

    def __init__(self, stream: BinaryIO, path: str) -> None:
        self._stream = stream
        self._gzip = gzip.GzipFile(fileobj=stream)
        self._path = path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._gzip.seek(offset, whence)

    def tell(self) -> int:
        return self._gzip.tell()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._gzip.read(len(view))
        view[: len(data)] = data
        given, taken = self._gzip.tell(), self._stream.tell()
        if given > MAX_MEMBER_BYTES:
            raise UserError(f"{self._path}: it inflates to more than {MAX_MEMBER_BYTES >> 20} MiB. Split it.")
        if given > RATIO_FLOOR and given > MAX_RATIO * taken:
            raise UserError(f"{self._path}: it inflates more than {MAX_RATIO} times. Pack it anew without padding.")
        return len(data)

    def close(self) -> None:
        self._gzip.close()
        self._stream.close()
        super().close()


def _refused(info: zipfile.ZipInfo) -> str:
    """Why a member of a zip is not read; "" when it is fine."""
    name = PurePosixPath(info.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or (name.parts and name.parts[0].endswith(":")):
        return "its name leaves the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link"
    if info.file_size > MAX_MEMBER_BYTES:
        return f"it is larger than {MAX_MEMBER_BYTES >> 20} MiB"
    if info.file_size > RATIO_FLOOR and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return f"it inflates more than {MAX_RATIO} times"
    return ""


def _opener(zipped: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: _bounded(zipped, info)


def _bounded(zipped: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    """A stream of one member. `zipfile` itself stops at the declared size, which was checked before."""
    problem = _refused(info)
    if problem:
        raise UserError(f"{zipped.filename or ''}!{_printable(info.filename)}: refused, {problem}. Rebuild the bundle.")
    try:
        return cast("BinaryIO", zipped.open(info))
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise OSError(str(error)) from error


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name[:200])
