"""What Entire keeps of agents' sessions in a git repository goes in; bundles come out, one a session.

A checkpoint stores its sessions whole, again and again as they grow: of each session the largest transcript counts. The
commit whose trailer names that checkpoint is the head the session led to (join `trailer`); when several commits do
(a rebase, a cherry-pick) it is none of them (`ambiguous-commits`). There are no verdicts: the outcome is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from bot.signals.bundle import Bundle, bundles
from bot.signals.layouts.claim import Claim, Role, name_of, text
from bot.signals.member import Member

TRANSCRIPT = re.compile(r"([0-9a-f]{2})/([0-9a-f]{10})/(?:\d{1,4}/)?full\.jsonl")
"""The session of a checkpoint; older ones had one alone, without a number."""


class Stored(Protocol):
    """What a forge gives of a repository (bot/forge/checkpoints.py)."""

    @property
    def path(self) -> str:
        """How people know the branch."""

    @property
    def repository(self) -> str:
        """The repository's name."""

    @property
    def commits(self) -> Mapping[str, tuple[str, ...]]:
        """Checkpoint → the commits that bear its trailer."""

    def sizes(self) -> Mapping[str, int]:
        """Every file with its size in bytes."""

    def open(self, name: str) -> BinaryIO:
        """A file's bytes."""

    def read(self, names: list[str]) -> Mapping[str, bytes]:
        """Many small files at once."""


def bundles_of(path: Path, stored: Callable[[Path], Stored | None] | None = None) -> Iterator[Bundle]:
    """The bundles of a path: of what Entire stored in it when it is such a repository, else of its files."""
    found = stored(path) if stored else None
    return bundles(path) if found is None else sessions(found)


def sessions(stored: Stored) -> Iterator[Bundle]:
    """A bundle for each session, in the order of their names on the branch."""
    sizes = stored.sizes()
    places = {name: match for name in sorted(sizes) if (match := TRANSCRIPT.fullmatch(name))}
    about = {name: name.removesuffix("full.jsonl") + "metadata.json" for name in places}
    read = stored.read([meta for meta in about.values() if meta in sizes])
    told = {name: _object(read.get(meta, b"")) for name, meta in about.items()}
    best: dict[str, str] = {}
    for name in places:
        session = text(told[name], "session_id") or name
        if session not in best or sizes[name] >= sizes[best[session]]:
            best[session] = name
    for session, name in best.items():
        checkpoint = places[name][1] + places[name][2]
        yield _bundle(stored, session, name, sizes[name], told[name], stored.commits.get(checkpoint, ()))


def _bundle(
    stored: Stored, session: str, name: str, size: int, told: Mapping[str, object], commits: tuple[str, ...]
) -> Bundle:
    path = f"{stored.path}:{name}"
    claim = Claim(
        layout="entire",
        repository=name_of(stored.repository, ""),
        task="",
        name=name_of(session.removesuffix("/full.jsonl"), ""),
        role=_role,
        facts={
            "agent": {"model": text(told, "model")},
            "head_sha": commits[0] if len(commits) == 1 else "",
            "run": {"created_at": text(told, "created_at")},
        },
        joined="trailer" if len(commits) == 1 else "ambiguous-commits" if commits else "layout",
        expects=True,
    )
    member = Member(path, "full.jsonl", size, partial(stored.open, name))
    return Bundle(path, claim.repository, None, claim.name, (member,), claim=claim)


def _role(_name: str) -> Role:
    return "transcript"


def _object(data: bytes) -> Mapping[str, object]:
    try:
        value = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
