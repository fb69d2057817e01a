"""The members of an archive go in; the attempts that layouts claim among them, and all other members, come out."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bot.errors import UserError
from bot.signals.layouts import MARKERS, Claim, Folder, claims, worth_asking
from bot.signals.member import DAMAGED, Member

Attempts = list[tuple[str, Claim, list[Member]]]
"""The folder in the archive (the top is ""), the claim, and the members below with their names relative to there."""


def attempts(members: Sequence[Member], above: tuple[str, ...]) -> tuple[Attempts, list[Member]]:
    """`above` are the names of the folders in which the archive lies, its own name last."""
    if not any(posixpath.basename(member.name) in MARKERS for member in members):
        return [], list(members)
    by_name = {member.name: member for member in members}
    claimed: dict[str, tuple[Claim, ...]] = {}
    shared: set[str] = set()
    for folder, names, subfolders in _folders(by_name):
        if not worth_asking(names, subfolders) or _owner(folder, claimed) is not None:
            continue
        place = (*above, *folder.split("/")) if folder else above
        if found := claims(Folder(place, names, subfolders, _reader(by_name, folder))):
            claimed[folder] = found
            shared.update(name for claim in found for name in _shared(folder, claim))
    inner: dict[str, list[Member]] = {folder: [] for folder in claimed}
    rest: list[Member] = []
    for member in members:
        owner = _owner(posixpath.dirname(member.name), claimed)
        if owner is not None:
            inner[owner].append(replace(member, name=member.name[len(owner) + 1 if owner else 0 :]))
        elif member.name not in shared:
            rest.append(member)
    return [(folder, claim, inner[folder]) for folder, found in claimed.items() for claim in found], rest


def _owner(folder: str, claimed: Mapping[str, object]) -> str | None:
    """The claimed folder that is this one or lies above it."""
    while folder not in claimed:
        if not folder:
            return None
        folder = posixpath.dirname(folder)
    return folder


def _shared(folder: str, claim: Claim) -> Iterator[str]:
    for _height in range(claim.above):
        if not folder:
            return
        folder = posixpath.dirname(folder)
        yield from (posixpath.join(folder, name) for name in claim.shared)


def _folders(names: Iterable[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """(folder, files, subfolders), from the top down."""
    files: dict[str, list[str]] = {"": []}
    subfolders: dict[str, set[str]] = {}
    for name in names:
        folder, last = posixpath.split(name)
        files.setdefault(folder, []).append(last)
        while folder:
            above, last = posixpath.split(folder)
            files.setdefault(above, [])
            if last in subfolders.setdefault(above, set()):
                break
            subfolders[above].add(last)
            folder = above
    for folder in sorted(files):
        yield folder, sorted(files[folder]), sorted(subfolders.get(folder, ()))


def _reader(members: Mapping[str, Member], folder: str) -> Callable[[str, int], bytes | None]:
    """Reads a small member by its name relative to a folder of the archive."""

    def read(name: str, limit: int) -> bytes | None:
        member = members.get(posixpath.normpath(posixpath.join(folder, name)))
        if member is None:
            return None
        try:
            with member.open() as stream:
                return stream.read(limit)
        except (UserError, *DAMAGED):
            return None

    return read
