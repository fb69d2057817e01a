"""A merged change and the runs since in; what its watch says out: entries, reruns, and whether to take it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from bot.approval.aftermath import Answer, answer, told
from bot.approval.seen import before, seen_of, when
from bot.approval.watch import Merge, Watch, watch
from bot.hosting.acts import Rerun
from bot.jobs.tending_sight import Known
from bot.ledger import Ledger
from bot.model import Edit, Entry, Episode, replace


class Watched(NamedTuple):
    """How one change stands: the charts, the answer, what is to be remembered, which runs are to be run again."""

    state: Watch
    answer: Answer
    entries: tuple[Entry, ...] = ()
    reruns: tuple[Rerun, ...] = ()


class Evidence(NamedTuple):
    """What a watch reads of this visit's turn: the judged runs, what the gate took out, where each detector fired."""

    episodes: Sequence[Episode]
    excluded: frozenset[str]
    found: Mapping[str, frozenset[str]]


def evidence(known: Known) -> Evidence:
    """The evidence of this visit; nothing without a turn."""
    if known.turn is None:
        return Evidence((), frozenset(), {})
    found: dict[str, set[str]] = {}
    for finding in known.turn.findings:
        found.setdefault(finding.detector, set()).add(finding.episode)
    excluded = frozenset(one.episode for one in known.turn.excluded)
    return Evidence(known.episodes, excluded, {name: frozenset(ids) for name, ids in found.items()})


def merge_of(story: Sequence[Entry]) -> Entry | None:
    """The entry of the merge that is watched: the last one, if it was not taken back since."""
    last = None
    for entry in story:
        last = entry if entry.event in ("merged", "completed") else None if entry.event == "reverted" else last
    return last


def observe(story: Sequence[Entry], edits: Sequence[Edit], read: Evidence, known: Known, now: str) -> Watched | None:
    """The watch over one change; None when it is not merged, or its watch has ended.

    The runs of this repository alone: its own failure rate, its own baseline, and those that saw these bytes.
    """
    merged = merge_of(story)
    if merged is None:
        return None
    since = story[story.index(merged) :]
    said = next((entry for entry in reversed(since) if entry.event == "watched"), None)
    ended = said is not None and said.aftermath and said.watch != "alarm"
    if ended:
        return None
    own = [one for one in read.episodes if one.repository == merged.repository]
    runs, _ = seen_of(own, read.excluded, read.found.get(merged.detector, frozenset()), edits)
    merge = Merge(merged.change, merged.at, before(runs, merged.at))
    state = watch(merge, runs, known.policy)
    word = answer(merge, state, known.policy, now)
    merged = replace(merged, event="merged", head="", by=0)
    entry = told(merged, word, said, now)
    reruns = tuple(_reruns(word, own, since, now))
    entries = (*((entry,) if entry is not None else ()), *(line for line, _ in reruns))
    return Watched(state, word, entries, tuple(act for _, act in reruns))


def incidents(ledger: Ledger, episodes: Sequence[Episode]) -> frozenset[str]:
    """The failed runs of incidents: from a merge that an alarm was raised about until it was taken back.

    They were failed by our own change; mined, they would teach the flywheel its own mistake. They belong to trials.
    """
    failed = [(one.id, one.repository, one.run.created_at) for one in episodes if one.outcome == "fail"]
    found: set[str] = set()
    for change in ledger.changes:
        story = ledger.story(change)
        merges = [entry for entry in story if entry.event == "merged"]
        alarmed = [entry for entry in story if entry.event == "watched" and entry.watch == "alarm"]
        if not merges or not alarmed:
            continue
        since, back = when(merges[-1].at), [entry.at for entry in story if entry.event == "reverted"]
        until = when(back[-1]) if back else None
        found |= {
            name for name, repository, at in failed if repository == story[-1].repository and _between(at, since, until)
        }
    return frozenset(found)


def _between(at: str, since: datetime, until: datetime | None) -> bool:
    try:
        told = when(at)
    except ValueError:
        return False
    return told > since and (until is None or told <= until)


def _reruns(word: Answer, own: Sequence[Episode], since: Sequence[Entry], now: str) -> Iterator[tuple[Entry, Rerun]]:
    """The suspects that were not yet run again at their revision, each once."""
    asked = {entry.reason for entry in since if entry.event == "rerun"}
    for episode in own:
        if episode.id in word.episodes and episode.id not in asked and episode.run.id:
            asked.add(episode.id)
            yield replace(since[0], event="rerun", at=now, reason=episode.id, head="", by=0), Rerun(episode.run.id)
