"""Paths on disk become bundles: a folder or a zip that carries one run's transcripts, reports and harness files.

A bundle is a folder with a `manifest.json` of ours, a zip, or, without a manifest, a leaf folder (design.md §4).
Nothing is unpacked: members of a zip are streamed and bounded (figures: research/ci.md §1.4). Names from a zip never
become paths on disk; `..`, absolute names, links and bombs are refused and said in `warnings`.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from bot.errors import UserError

MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 256 << 20
MAX_TOTAL_BYTES = 512 << 20
MAX_RATIO = 200
RATIO_FLOOR = 1 << 20
MAX_MANIFEST_BYTES = 1 << 20
INNER_FOLDERS = frozenset({"transcripts", "reports", "harness", "witnesses", "subagents", "workflows", "tool-results"})
SKIPPED_FOLDERS = frozenset({".git", "node_modules", "__pycache__", ".venv"})
MAX_MARKS = 64
DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What opening or reading a file, or a member of a zip, raises when its bytes are not what they should be."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a bundle: `path` as shown to people, `name` inside the bundle, `open` gives its bytes anew."""

    path: str
    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one run left behind. `repository` and `task` are what the folders say; the manifest may say better."""

    path: str
    repository: str
    task: str | None
    name: str
    members: tuple[Member, ...]
    manifest: Mapping[str, object] | None = None
    warnings: tuple[str, ...] = ()


def bundles(path: Path) -> Iterator[Bundle]:
    """All bundles at or below `path`, in sorted order. Raises UserError when `path` is not there or not readable."""
    try:
        is_folder = path.is_dir()
        if not is_folder and not path.exists():
            raise UserError(
                f"{path}: there is no such file or folder. Name a folder of runs, a bundle or a transcript."
            )
        if is_folder:
            yield from _below(path)
            return
    except PermissionError as error:
        raise UserError(f"{path}: it may not be read. Give the user running flywheel read access.") from error
    if not path.is_file():
        raise UserError(f"{path}: it is no regular file. Name a folder of runs, a bundle or a transcript.")
    if zipfile.is_zipfile(path):
        yield _zip_bundle(path, path.parent.name, None)
        return
    member = _file_member(path, path.parent)
    yield Bundle(str(path), path.parent.resolve().name, None, path.stem, (member,))


def open_source(path: str) -> BinaryIO | None:
    """The bytes that a pin's path cites (`archive!member` inside a zip); None when they are gone.

    Folders, archives and members may have a `!` in their own names: the first split that leads somewhere counts.
    """
    parts = path.split("!", MAX_MARKS)
    try:
        if Path(path).is_file():
            return Path(path).open("rb")
        for count in range(1, len(parts)):
            archive, name = "!".join(parts[:count]), "!".join(parts[count:])
            if not zipfile.is_zipfile(archive):
                continue
            with zipfile.ZipFile(archive) as zipped:
                return io.BytesIO(_bounded(zipped, zipped.getinfo(name)).read())
    except (KeyError, UserError, *DAMAGED):
        pass
    return None


def _below(root: Path) -> Iterator[Bundle]:
    """Walk once; a folder with our manifest, or a zip, is a bundle; all other files are grouped by leaf folder."""
    groups: dict[Path, list[Path]] = {}
    roots: set[Path] = set()
    unreadable: list[str] = []
    for folder, subfolders, names in _walk(root, unreadable):
        if "manifest.json" in names and _is_manifest(folder / "manifest.json"):
            roots.add(folder)
            subfolders.clear()
            continue
        for name in names:
            if _is_plain(folder / name, root):
                groups.setdefault(_leaf(folder, root), []).append(folder / name)
    for folder in sorted({*roots, *groups}):
        if folder in roots:
            yield _folder_bundle(folder, root)
        else:
            yield from _loose_bundles(folder, groups[folder], root)
    if unreadable:
        yield Bundle(str(root), "", None, "unreadable", (), None, tuple(unreadable))


def _walk(root: Path, unreadable: list[str]) -> Iterator[tuple[Path, list[str], list[str]]]:
    """(folder, subfolders, files), sorted, top down, links to folders not followed; unreadable ones noted in words.

    Who takes a name out of the subfolders keeps it from being entered. NOTE: `os.walk` of Python 3.11 calls itself
    for every level and ends in a RecursionError at about 1,000.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        subfolders: list[str] = []
        names: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    (subfolders if entry.is_dir(follow_symlinks=False) else names).append(entry.name)
        except OSError as error:
            unreadable.append(f"{folder}: {error.strerror or error}. Give read access, or leave it out.")
            continue
        subfolders[:] = sorted(name for name in subfolders if name not in SKIPPED_FOLDERS)
        yield folder, subfolders, sorted(names)
        waiting.extend(folder / name for name in reversed(subfolders))


def _is_plain(file: Path, root: Path) -> bool:
    """A regular file below `root`: no pipe or device, which would never end, and no link that leaves the folder."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        return not file.is_symlink() or file.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _leaf(folder: Path, root: Path) -> Path:
    """The folder that stands for one episode: inner folders of a bundle belong to the folder above them.

    Claude Code keeps subagents in `<session>/subagents/` beside `<session>.jsonl` (research/transcripts.md §3.2).
    """
    while folder != root and (folder.name in INNER_FOLDERS or folder.with_suffix(".jsonl").is_file()):
        folder = folder.parent
    return folder


def _loose_bundles(folder: Path, files: list[Path], root: Path) -> Iterator[Bundle]:
    repository, task, name = _placed(folder, root)
    zips = [file for file in files if file.suffix == ".zip" and zipfile.is_zipfile(file)]
    for file in zips:
        yield _zip_bundle(file, repository, task)
    rest = tuple(_file_member(file, folder) for file in files if file not in zips)
    if rest:
        yield Bundle(str(folder), repository, task, name, rest)


def _folder_bundle(folder: Path, root: Path) -> Bundle:
    repository, task, name = _placed(folder, root)
    members: list[Member] = []
    warnings: list[str] = []
    for below, _subfolders, names in _walk(folder, warnings):
        members.extend(_file_member(below / file, folder) for file in names if _is_plain(below / file, folder))
    manifest, problem = _manifest(lambda: (folder / "manifest.json").open("rb"), str(folder / "manifest.json"))
    kept = tuple(member for member in members if member.name != "manifest.json")
    return Bundle(str(folder), repository, task, name, kept, manifest, (*warnings, *problem))


def _placed(folder: Path, root: Path) -> tuple[str, str | None, str]:
    """(repository, task, run) from the folders below the path that was given."""
    parts = folder.relative_to(root).parts
    repository = parts[0] if parts else root.resolve().name
    task = parts[1] if len(parts) > 1 else None
    return repository, task, "/".join(parts[2:])


def _file_member(file: Path, folder: Path) -> Member:
    try:
        size = file.stat().st_size
    except OSError:
        size = -1
    return Member(str(file), file.relative_to(folder).as_posix(), size, lambda: file.open("rb"))


def _zip_bundle(path: Path, repository: str, task: str | None) -> Bundle:
    try:
        zipped = zipfile.ZipFile(path)
    except DAMAGED as error:
        warning = f"{path}: the archive cannot be opened ({error}). Download it again."
        return Bundle(str(path), repository, task, path.stem, (), None, (warning,))
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
    manifest: Mapping[str, object] | None = None
    for member in members:
        if member.name == "manifest.json":
            manifest, problems = _manifest(member.open, member.path)
            warnings.extend(problems)
    kept = tuple(member for member in members if member.name != "manifest.json")
    return Bundle(str(path), repository, task, path.stem, kept, manifest, tuple(warnings))


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
        raise UserError(f"{zipped.filename}!{_printable(info.filename)}: refused, {problem}. Rebuild the bundle.")
    try:
        return cast("BinaryIO", zipped.open(info))
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise OSError(str(error)) from error


def _is_manifest(path: Path) -> bool:
    """A manifest of ours names itself; a browser extension's `manifest.json` does not."""
    try:
        if not _is_plain(path, path.parent):
            return False
        with path.open("rb") as stream:
            return b'"flywheel_bundle"' in stream.read(MAX_MANIFEST_BYTES)
    except OSError:
        return False


def _manifest(opened: Callable[[], BinaryIO], path: str) -> tuple[Mapping[str, object] | None, tuple[str, ...]]:
    mend = "Write it as `flywheel embed` does, or remove it"
    try:
        with opened() as stream:
            data = stream.read(MAX_MANIFEST_BYTES + 1)
        if len(data) > MAX_MANIFEST_BYTES:
            return None, (
                f"{path}: the manifest is larger than {MAX_MANIFEST_BYTES >> 20} MiB and was not read. {mend}.",
            )
        manifest = json.loads(data.decode("utf-8-sig"))
    except (UserError, *DAMAGED) as error:
        return None, (f"{path}: the manifest cannot be read ({error}). {mend}.",)
    if not isinstance(manifest, dict):
        return None, (f"{path}: the manifest is not an object. {mend}.",)
    if manifest.get("flywheel_bundle") != 1:
        return None, (f"{path}: flywheel_bundle is not 1, the only version known. {mend}.",)
    return manifest, ()


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name[:200])
