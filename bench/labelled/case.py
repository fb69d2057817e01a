"""The shape of a labelled run: its turns as localisation sees them, and the turn that people blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.traces.localise import Moment

DATA = Path("../shared/data/transcripts")


@dataclass(frozen=True)
class Case:
    """One run. `step` is the number of the blamed message, from 1; runs of one `task` are never apart in a split."""

    name: str
    task: str
    seen: Sequence[Moment]
    step: int
    agent: str
    messages: int
    speakers: Sequence[str]
    """Who spoke each message, tools and users included: what the baselines see."""
    errors: Sequence[int] = ()
    """Numbers of the messages that look like errors, by the rule of research/mining.md §3.3."""


def find(folder: Path, path: str) -> Path:
    """A file of a set's repository: in a checkout at its path, in our selection by its path in one name."""
    whole = folder / path
    return whole if whole.exists() else folder / path.replace("/", "__")
