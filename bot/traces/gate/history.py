"""The episodes of a fleet go in, once; a History that can be asked about other runs of the same code comes out.

Runs are known by repository and head. What bundles carry as witnesses (`Witness`) is added to what the fleet itself
holds. Times are seconds since 1970, nan when the source wrote none: nan is never within any window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from math import nan
from typing import TypeVar

import msgspec

from bot.model import Episode, Outcome, Signal, Witness
from bot.traces.gate.failing import Failing, failing

Key = TypeVar("Key", bound=Hashable)


class Sighting(msgspec.Struct, frozen=True):
    """One run as the history remembers it.

    `told` says that a report was read: without one a pass is only claimed. `agent` is False when nothing names an
    agent, so that a person or a bot made the head. `work` is what the head holds: the session that produced it.
    """

    repository: str
    where: str
    outcome: Outcome
    red: Failing
    told: bool = False
    base: bool = False
    head_sha: str = ""
    base_sha: str = ""
    pull: int | None = None
    task: str | None = None
    agent: bool = False
    work: str = ""
    touched: frozenset[str] = frozenset()
    trusted: bool = True
    troubled: bool = False
    flaky: frozenset[str] = frozenset()
    at: float = nan
    run: tuple[int, int] = (0, 1)
    workflow: str = ""


Runs = tuple[Sighting, ...]


class History(msgspec.Struct, frozen=True):
    """What is known of other runs. Every tuple is in the order of time, unknown times first."""

    at_head: Mapping[tuple[str, str], Runs] = msgspec.field(default_factory=dict)
    on_base: Mapping[tuple[str, str], Runs] = msgspec.field(default_factory=dict)
    from_base: Mapping[tuple[str, str], Runs] = msgspec.field(default_factory=dict)
    branch: Mapping[str, Runs] = msgspec.field(default_factory=dict)
    red_with: Mapping[tuple[str, str], Runs] = msgspec.field(default_factory=dict)
    red_anywhere: Mapping[str, Runs] = msgspec.field(default_factory=dict)
    """By the key of a log, over all repositories: a test's name means something in its own only."""
    passes: Mapping[str, Runs] = msgspec.field(default_factory=dict)
    flaky: Mapping[tuple[str, str], Runs] = msgspec.field(default_factory=dict)
    bases: frozenset[tuple[str, str]] = frozenset()
    """Heads, by repository and SHA, on which some episode is based."""

    def is_base(self, episode: Episode) -> bool:
        """Whether an episode is no agent's attempt but a run of the base branch: no transcript, no pull, and a head
        that is marked so, or that others are based on."""
        if episode.trace is not None or episode.pull is not None or episode.agent.name:
            return False
        return episode.run.base or (episode.repository, episode.head_sha) in self.bases


def recall(episodes: Iterable[Episode]) -> History:
    """The history of these episodes and of the witnesses they carry."""
    fleet = list(episodes)
    bases = frozenset((one.repository, one.base_sha) for one in fleet if one.base_sha)
    known = History(bases=bases)
    seen = [sighting(one, known.is_base(one)) for one in fleet]
    seen += list({(one.where, one.run, one.head_sha): one for one in _witnesses(fleet)}.values())
    seen.sort(key=lambda one: (one.at if one.at == one.at else -1.0, one.where))
    based = [one for one in seen if one.base]
    return History(
        at_head=_by(seen, lambda one: [(one.repository, one.head_sha)] if one.head_sha else []),
        on_base=_by(based, lambda one: [(one.repository, one.head_sha)] if one.head_sha else []),
        from_base=_by(seen, lambda one: [(one.repository, one.base_sha)] if one.base_sha and not one.base else []),
        branch=_by(based, lambda one: [one.repository]),
        red_with=_by(seen, lambda one: [(one.repository, key) for key in sorted(one.red.tests | one.red.logs)]),
        red_anywhere=_by(seen, lambda one: sorted(one.red.logs)),
        passes=_by((one for one in seen if one.outcome == "pass"), lambda one: [one.repository]),
        flaky=_by(seen, lambda one: [(one.repository, test) for test in sorted(one.flaky)]),
        bases=bases,
    )


def sighting(episode: Episode, base: bool = False) -> Sighting:
    """What is remembered of an episode."""
    diff, trace = episode.diff, episode.trace
    return Sighting(
        repository=episode.repository,
        where=episode.id,
        outcome=episode.outcome,
        red=failing(episode.signals),
        told=bool(episode.reports),
        base=base,
        head_sha=episode.head_sha,
        base_sha=episode.base_sha,
        pull=episode.pull,
        task=episode.task,
        agent=trace is not None or bool(episode.agent.name),
        work=trace.session if trace else "",
        touched=frozenset((*diff.changed, *diff.added)) if diff else frozenset(),
        trusted=episode.trust != "T0",
        troubled=_troubled(episode.signals),
        flaky=_flaky(episode.signals),
        at=seconds(episode.run.created_at),
        run=(episode.run.id, episode.run.attempt),
        workflow=episode.run.workflow,
    )


def witnessed(episode: Episode, witness: Witness) -> Sighting:
    """What is remembered of a run that an episode's bundle carries: only the bytes of its reports count."""
    base = witness.kind == "base"
    return Sighting(
        repository=episode.repository,
        where=f"{episode.id} ({witness.kind})",
        outcome=witness.outcome if witness.signals else "none",
        red=failing(witness.signals),
        told=bool(witness.signals),
        base=base,
        head_sha=witness.sha or (episode.base_sha if base else episode.head_sha),
        pull=None if base else episode.pull,
        task=None if base else episode.task,
        trusted=episode.trust != "T0",
        troubled=_troubled(witness.signals),
        flaky=_flaky(witness.signals),
        at=seconds(witness.run.created_at),
        run=(witness.run.id, witness.run.attempt),
        workflow=witness.run.workflow or episode.run.workflow,
    )


def _witnesses(episodes: Iterable[Episode]) -> Iterator[Sighting]:
    for episode in episodes:
        yield from (witnessed(episode, witness) for witness in episode.witnesses)


def _troubled(signals: Iterable[Signal]) -> bool:
    return any(signal.held and signal.name == "infrastructure" for signal in signals)


def _flaky(signals: Iterable[Signal]) -> frozenset[str]:
    return frozenset(one.detail for one in signals if one.held and one.name == "test-flaky" and one.detail)


def _by(runs: Iterable[Sighting], keys: Callable[[Sighting], Iterable[Key]]) -> dict[Key, Runs]:
    found: dict[Key, list[Sighting]] = defaultdict(list)
    for run in runs:
        for key in keys(run):
            found[key].append(run)
    return {key: tuple(runs) for key, runs in found.items()}


def seconds(written: str) -> float:
    """An ISO 8601 time as seconds since 1970, UTC where it names no zone; nan when it is none."""
    try:
        time = datetime.fromisoformat(written[:40])
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return nan
