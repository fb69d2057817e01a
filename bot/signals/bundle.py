"""Paths on disk become bundles: a folder or a zip that carries one run's transcripts, reports and harness files.

A bundle is a folder with a `manifest.json` of ours, a zip, what a layout of another tool claims (bot/signals/layouts),
or else a leaf folder (design.md §4). Nothing is unpacked (bot/signals/archive.py).
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bot.errors import UserError
from bot.signals import layouts
from bot.signals.archive import inflated, is_cut, open_source, zip_members
from bot.signals.layouts import Claim, Folder
from bot.signals.layouts.archived import attempts
from bot.signals.member import DAMAGED, Member
from bot.signals.walk import file_member, is_plain, peek, walk

__all__ = ["Bundle", "Member", "bundles", "open_source"]

MAX_MANIFEST_BYTES = 1 << 20
INNER_FOLDERS = frozenset({"transcripts", "reports", "harness", "witnesses", "subagents", "workflows", "tool-results"})
EVENT = re.compile(r"event-\d{1,9}-.{0,200}\.json")
"""OpenHands keeps an event a file in `<conversation>/events/` (research/transcripts.md §3.9)."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one run left behind. `repository` and `task` are what the folders or a layout say; the manifest may say
    better. With a `claim` the bundle is one attempt, and its files are read as the claim's layout has them.
    """

    path: str
    repository: str
    task: str | None
    name: str
    members: tuple[Member, ...]
    manifest: Mapping[str, object] | None = None
    warnings: tuple[str, ...] = ()
    claim: Claim | None = None


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
    if zipfile.is_zipfile(path) or is_cut(path):
        yield from _zip_bundles(path, path.parent.name, None)
        return
    member = inflated(file_member(path, path.parent))
    yield Bundle(str(path), path.parent.resolve().name, None, path.stem, (member,))


def _below(root: Path) -> Iterator[Bundle]:
    """Walk once; a folder with our manifest, one that a layout claims, or a zip, is a bundle; the rest is by leaf."""
    groups: dict[Path, list[Path]] = {}
    roots: set[Path] = set()
    claimed: dict[Path, Sequence[Claim]] = {}
    conversations: set[Path] = set()
    unreadable: list[str] = []
    for folder, subfolders, names in walk(root, unreadable):
        if "manifest.json" in names and _is_manifest(folder / "manifest.json"):
            roots.add(folder)
            subfolders.clear()
            continue
        if found := _claims(root, folder, names, subfolders):
            claimed[folder] = found
            subfolders.clear()
            continue
        if folder.name == "events" and any(EVENT.fullmatch(name) for name in names):
            conversations.add(folder)
        if plain := [folder / name for name in names if is_plain(folder / name, root)]:
            groups.setdefault(_leaf(folder, root, conversations), []).extend(plain)
    shared = {path for folder, found in claimed.items() for path in _shared(folder, found)}
    for folder in sorted({*roots, *groups, *claimed}):
        if folder in roots:
            yield _folder_bundle(folder, root)
        elif folder in claimed:
            yield from _claimed_folder(folder, claimed[folder])
        else:
            yield from _loose_bundles(folder, [file for file in groups[folder] if file not in shared], root)
    if unreadable:
        yield Bundle(str(root), "", None, "unreadable", (), None, tuple(unreadable))


def _claims(root: Path, folder: Path, names: Sequence[str], subfolders: Sequence[str]) -> tuple[Claim, ...]:
    """What layouts say of a folder on disk."""
    if not layouts.worth_asking(names, subfolders):
        return ()
    place = (*root.resolve().parts[1:], *folder.relative_to(root).parts)
    return layouts.claims(Folder(place, names, subfolders, lambda name, limit: peek(folder / name, limit)))


def _shared(folder: Path, found: Iterable[Claim]) -> Iterator[Path]:
    """The files above a trial that tell of the whole job."""
    for claim in found:
        for above in folder.parents[: claim.above]:
            yield from (above / name for name in claim.shared)


def _leaf(folder: Path, root: Path, conversations: set[Path]) -> Path:
    """The folder that stands for one episode: inner folders of a bundle belong to the folder above them.

    Claude Code keeps subagents in `<session>/subagents/` beside `<session>.jsonl` (research/transcripts.md §3.2).
    """
    while folder != root and (
        folder.name in INNER_FOLDERS or folder in conversations or folder.with_suffix(".jsonl").is_file()
    ):
        folder = folder.parent
    return folder


def _loose_bundles(folder: Path, files: list[Path], root: Path) -> Iterator[Bundle]:
    repository, task, name = _placed(folder, root)
    zips = [file for file in files if file.suffix == ".zip" and (zipfile.is_zipfile(file) or is_cut(file))]
    for file in zips:
        yield from _zip_bundles(file, repository, task)
    rest = tuple(inflated(file_member(file, folder)) for file in files if file not in zips)
    if rest:
        yield Bundle(str(folder), repository, task, name, rest)


def _folder_bundle(folder: Path, root: Path) -> Bundle:
    repository, task, name = _placed(folder, root)
    members, warnings = _members(folder)
    manifest, problem = _manifest(lambda: (folder / "manifest.json").open("rb"), str(folder / "manifest.json"))
    kept = tuple(member for member in members if member.name != "manifest.json")
    return Bundle(str(folder), repository, task, name, kept, manifest, (*warnings, *problem))


def _claimed_folder(folder: Path, found: Sequence[Claim]) -> Iterator[Bundle]:
    members, warnings = _members(folder)
    for claim in found:
        yield _claimed(str(folder), claim, members, warnings)
        warnings = []


def _claimed(path: str, claim: Claim, members: Iterable[Member], warnings: Sequence[str]) -> Bundle:
    """What a layout says is one attempt, with the files that may tell of it."""
    kept = tuple(member for member in members if claim.role(member.name) != "none")
    return Bundle(path, claim.repository, claim.task or None, claim.name, kept, None, tuple(warnings), claim)


def _members(folder: Path) -> tuple[list[Member], list[str]]:
    """All plain files below a folder."""
    members: list[Member] = []
    warnings: list[str] = []
    for below, _subfolders, names in walk(folder, warnings):
        plain = (below / name for name in names if is_plain(below / name, folder))
        members.extend(inflated(file_member(file, folder)) for file in plain)
    return members, warnings


def _placed(folder: Path, root: Path) -> tuple[str, str | None, str]:
    """(repository, task, run) from the folders below the path that was given."""
    parts = folder.relative_to(root).parts
    repository = parts[0] if parts else root.resolve().name
    task = parts[1] if len(parts) > 1 else None
    return repository, task, "/".join(parts[2:])


def _zip_bundles(path: Path, repository: str, task: str | None) -> Iterator[Bundle]:
    """The attempts that layouts claim in a zip, each a bundle; and all the rest together."""
    members, warnings = zip_members(path)
    manifest: Mapping[str, object] | None = None
    for member in members:
        if member.name == "manifest.json":
            manifest, problems = _manifest(member.open, member.path)
            warnings.extend(problems)
    rest = [inflated(member) for member in members if member.name != "manifest.json"]
    if manifest is None:
        claimed, rest = attempts(rest, (*path.resolve().parent.parts[1:], path.stem))
        for folder, claim, inner in claimed:
            yield _claimed(f"{path}!{folder}" if folder else str(path), claim, inner, ())
        if claimed and not rest and not warnings:
            return
    yield Bundle(str(path), repository, task, path.stem, tuple(rest), manifest, tuple(warnings))


def _is_manifest(path: Path) -> bool:
    """A manifest of ours names itself; a browser extension's `manifest.json` does not."""
    return b'"flywheel_bundle"' in (peek(path, MAX_MANIFEST_BYTES) or b"")


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
