"""Bundles of finished heads in, a folder tree that `bot.signals.collect` reads out: `<owner>/<repo>/<head sha>/`.

The store is a cache: all of it can be collected anew for as long as GitHub keeps artifacts. Only what collecting made
from the API's answers stands in its manifests, so what they say of trust is believed here, and nowhere else.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.commands.packing import MAX_MANIFEST_BYTES, pack
from bot.errors import UserError
from bot.model import Episode
from bot.signals.collect import collect

OWNER = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}")
NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
WORK = ".flywheel-bundle-*"
"""What `pack` leaves beside a bundle when it is killed."""


def folder(store: Path, repository: str, head_sha: str) -> Path:
    """Where the bundle of a head is. UserError for a name or a SHA that is none: neither may lead elsewhere."""
    owner, _, name = repository.partition("/")
    if not (OWNER.fullmatch(owner) and NAME.fullmatch(name) and SHA.fullmatch(head_sha)):
        raise UserError(f"{repository[:200]!r} at {head_sha[:80]!r}: no owner/name and SHA. Report this.")
    return store / owner / name / head_sha


def keep(place: Path, manifest: Mapping[str, object], files: Mapping[str, bytes]) -> None:
    """Put a head's bundle there, whole, instead of the one there was. One writer a repository."""
    for left in place.parent.glob(WORK):
        shutil.rmtree(left, ignore_errors=True)
    pack(place, manifest, files)


def seen(place: Path) -> object:
    """What a head looked like when it was collected; None when it was not."""
    try:
        with (place / "manifest.json").open("rb") as stream:
            manifest = json.loads(stream.read(MAX_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return manifest.get("seen") if isinstance(manifest, dict) else None


def episodes(store: Path, owner: str) -> Iterator[Episode]:
    """The evidence of all of an owner's repositories; none before the first was collected."""
    if not OWNER.fullmatch(owner):
        raise UserError(f"{owner[:200]!r}: no name of an owner. Report this.")
    for repository in sorted((store / owner).glob("*/")):
        yield from collect([repository], ours=True)
