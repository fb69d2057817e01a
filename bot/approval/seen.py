"""Takes episodes and returns what a watch needs to know of each: when, failed or not, the pattern seen or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from bot.model import Edit, Episode, Outcome, Trust


class Baseline(msgspec.Struct, frozen=True):
    """A repository's judged runs before the merge: how many failed, in how many the pattern was seen."""

    runs: int
    failed: int
    recurred: int


class Seen(msgspec.Struct, frozen=True):
    """One judged run that passed the gate. `exposed` = its agent saw the change, by the digests of its harness files.

    `rerun` is the outcome of a later attempt at the same revision; none when there was none.
    """

    episode: str
    repository: str
    at: str
    failed: bool
    recurred: bool
    trust: Trust = "T2"
    exposed: bool = True
    rerun: Outcome = "none"


def seen_of(
    episodes: Iterable[Episode], excluded: Collection[str], found: Collection[str], edits: Sequence[Edit]
) -> tuple[tuple[Seen, ...], int]:
    """What was seen in every judged episode that passed the gate, and how many told no time and were left out.

    `excluded` and `found` are ids of episodes: what the gate took out, and where the pattern's detector fired.
    """
    told: list[Seen] = []
    timeless = 0
    for episode in episodes:
        if episode.outcome == "none" or episode.id in excluded:
            continue
        at = episode.run.created_at or (episode.trace.started if episode.trace is not None else "")
        try:
            when(at)
        except ValueError:
            timeless += 1
            continue
        again = {witness.outcome for witness in episode.witnesses if witness.kind == "attempt"}
        told.append(
            Seen(
                episode=episode.id,
                repository=episode.repository,
                at=at,
                failed=episode.outcome == "fail",
                recurred=episode.id in found,
                trust=episode.trust,
                exposed=_exposed(episode, edits),
                rerun="pass" if "pass" in again else "fail" if "fail" in again else "none",
            )
        )
    return tuple(told), timeless


def before(runs: Iterable[Seen], since: str) -> dict[str, Baseline]:
    """The baseline of every repository: its runs up to the merge, T0 left out."""
    counts: dict[str, list[int]] = {}
    for run in runs:
        if run.trust != "T0" and when(run.at) <= when(since):
            count = counts.setdefault(run.repository, [0, 0, 0])
            for place, one in enumerate((True, run.failed and run.rerun != "pass", run.recurred)):
                count[place] += one
    return {name: Baseline(*count) for name, count in counts.items()}


def when(at: str) -> datetime:
    """The time that an ISO 8601 string tells, in UTC where it tells no zone. Raises ValueError."""
    told = datetime.fromisoformat(at)
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def _exposed(episode: Episode, edits: Sequence[Edit]) -> bool:
    """Whether its agent may have seen the change: not when it had the bytes from before. Unknown means it may."""
    if not episode.harness:
        return True
    return all(episode.harness.get(edit.path, "") != _digest(edit.before) for edit in edits)


def _digest(text: str | None) -> str:
    return "" if text is None else sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
