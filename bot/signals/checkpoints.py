"""What Entire keeps of agents' sessions in a git repository goes in; bundles come out, one a session.

A checkpoint stores its sessions whole, again and again as they grow: of each session the largest transcript counts. The
commit whose trailer names that checkpoint is the head the session led to (join `trailer`); when several commits do
(a rebase, a cherry-pick) it is none of them (`ambiguous-commits`). There are no verdicts: the outcome is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from bot.signals.bundle import Bundle, bundles
from bot.signals.layouts.claim import Claim, Role, name_of, text
from bot.signals.member import Member

AT_ONCE = 500
"""Metadata that is held at the same time."""


class Stored(Protocol):
    """What a forge gives of a repository (bot/forge/checkpoints.py)."""

    @property
    def repository(self) -> str:
        """The repository's name."""

    @property
    def transcripts(self) -> Mapping[str, str]:
        """The name of each session's transcript → its checkpoint."""

    @property
    def commits(self) -> Mapping[str, tuple[str, ...]]:
        """Checkpoint → the commits that bear its trailer."""

    def path(self, name: str) -> str:
        """A file as pins cite it."""

    def size(self, name: str) -> int:
        """A file's size in bytes; -1 when its bytes are missing."""

    def open(self, name: str) -> BinaryIO:
        """A file's bytes."""

    def read(self, names: Iterable[str]) -> Mapping[str, bytes]:
        """Many small files at once; those that are not there are left out."""


def bundles_of(path: Path, stored: Callable[[Path], Stored | None] | None = None) -> Iterator[Bundle]:
    """The bundles of a path: of what Entire stored in it when it is such a repository, else of its files."""
    found = stored(path) if stored else None
    return bundles(path) if found is None else sessions(found)


def sessions(stored: Stored) -> Iterator[Bundle]:
    """A bundle for each session, in the order of their names."""
    names = sorted(stored.transcripts)
    told: dict[str, dict[str, str]] = {}
    for start in range(0, len(names), AT_ONCE):
        about = {name: name.removesuffix("full.jsonl") + "metadata.json" for name in names[start : start + AT_ONCE]}
        read = stored.read(about.values())
        told |= {name: _told(read.get(meta, b"")) for name, meta in about.items()}
    best: dict[str, str] = {}
    for name in names:
        session = told[name]["session_id"] or name
        if session not in best or stored.size(name) >= stored.size(best[session]):
            best[session] = name
    for session, name in best.items():
        yield _bundle(stored, session, name, told[name])


def _bundle(stored: Stored, session: str, name: str, told: Mapping[str, str]) -> Bundle:
    commits = stored.commits.get(stored.transcripts[name], ())
    claim = Claim(
        layout="entire",
        repository=name_of(stored.repository, ""),
        task="",
        name=name_of(session.removesuffix("/full.jsonl"), ""),
        role=_role,
        facts={
            "agent": {"model": told["model"]},
            "head_sha": commits[0] if len(commits) == 1 else "",
            "run": {"created_at": told["created_at"]},
        },
        joined="trailer" if len(commits) == 1 else "ambiguous-commits" if commits else "layout",
        expects=True,
    )
    member = Member(stored.path(name), "full.jsonl", stored.size(name), partial(stored.open, name))
    return Bundle(member.path, claim.repository, None, claim.name, (member,), claim=claim)


def _role(_name: str) -> Role:
    return "transcript"


def _told(data: bytes) -> dict[str, str]:
    """What a session's metadata says that is of use here."""
    try:
        value = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        value = None
    return {key: text(value, key) for key in ("session_id", "model", "created_at")}
