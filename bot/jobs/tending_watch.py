"""A merged change and the runs since in; what its watch says out: entries, reruns, and whether to take it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bot.approval.aftermath import Answer, answer, told
from bot.approval.seen import before, seen_of, when
from bot.approval.watch import Merge, Watch, watch
from bot.hosting.acts import Rerun
from bot.jobs.tending_sight import Known
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


def pool(story: Sequence[Entry], read: Evidence, known: Known) -> tuple[str, ...]:
    """The failed runs of an incident: what came after a merge that an alarm was raised about.

    They were failed by our own change; mined, they would teach the flywheel its own mistake.
    """
    merged = next((entry for entry in reversed(story) if entry.event == "merged"), None)
    if merged is None or not any(entry.event == "watched" and entry.watch == "alarm" for entry in story):
        return ()
    taken_back = next((entry.at for entry in story if entry.event == "reverted" and entry.at >= merged.at), "")
    runs, _ = seen_of(
        [one for one in read.episodes if one.repository == merged.repository], read.excluded, frozenset(), ()
    )
    return tuple(
        run.episode
        for run in runs
        if run.failed and when(run.at) > when(merged.at) and (not taken_back or when(run.at) <= when(taken_back))
    )


def _reruns(word: Answer, own: Sequence[Episode], since: Sequence[Entry], now: str) -> Iterator[tuple[Entry, Rerun]]:
    """The suspects that were not yet run again at their revision, each once."""
    asked = {entry.reason for entry in since if entry.event == "rerun"}
    for episode in own:
        if episode.id in word.episodes and episode.id not in asked and episode.run.id:
            asked.add(episode.id)
            yield replace(since[0], event="rerun", at=now, reason=episode.id, head="", by=0), Rerun(episode.run.id)
