"""The labels that a pull or issue bears, and who touched them, in; what stands, what is put back, and entries, out.

The ledger is the authority: labels are made to say what it says, whatever happened to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.approval.labels import HOLD, TIER_LABELS
from bot.approval.provenance import Standing, promotable, settle
from bot.hosting.acts import PutLabels
from bot.hosting.pulls import Thread
from bot.jobs.tending_sight import entry_of
from bot.ledger import hold_of, tier_of
from bot.model import TIERS, Decision, Entry, Tier, replace


class Labelled(NamedTuple):
    """What is to be remembered, and what the labels want; nothing when they are as they should be."""

    entries: tuple[Entry, ...]
    acts: tuple[PutLabels, ...]


def labels(
    thread: Thread, story: Sequence[Entry], decision: Decision | None, nodes: Mapping[str, str], now: str, *head: str
) -> Labelled:
    """`head` is the SHA of a pull's head and since when it is; nothing for an issue.

    Without a decision nobody knows what the policy allows: nothing can be made less careful then.
    """
    tier = known_tier(story)
    held = hold_of(story)
    sha, since = (*head, "", "")[:2]
    standing = Standing(
        tier,
        promotable(decision) if decision is not None else tier,
        sha,
        since,
        held.by if held is not None else None,
        thread.labels,
        nodes,
    )
    seen = max((entry.about for entry in story if entry.event == "settled"), default=0)
    said = settle(standing, [event for event in thread.touched if event.id > seen])
    acts = (PutLabels(thread.number, said.add, said.remove),) if said.add or said.remove else ()
    if not said.honoured and not said.undone:
        return Labelled((), acts)
    last = {event.label == HOLD.name: event for event in thread.touched if event.id in said.honoured}
    entries: list[Entry] = []
    if said.tier != tier:
        event = "promoted" if TIERS.index(said.tier) > TIERS.index(tier) else "demoted"
        actor, at = (last[False].actor.id, last[False].at) if False in last else (0, now)
        entries.append(entry_of(story, event, at, tier=said.tier, number=thread.number, head=sha, by=actor))
    if (said.held_by is None) != (held is None):
        event = "resumed" if said.held_by is None else "held"
        actor, at = (last[True].actor.id, last[True].at) if True in last else (said.held_by or 0, now)
        entries.append(entry_of(story, event, at, number=thread.number, by=actor))
    entries.append(entry_of(story, "settled", now, reason=said.says, number=thread.number, about=said.upto))
    return Labelled(tuple(entries), acts)


def careful(thread: Thread, story: Sequence[Entry], nodes: Mapping[str, str], now: str, *head: str) -> Labelled:
    """The same before anybody knows what the policy allows: where a label would make it less careful, only what makes
    it more careful is remembered, and all of it is looked at again when that is known."""
    tier, seen = known_tier(story), max((entry.about for entry in story if entry.event == "settled"), default=0)
    more = {TIER_LABELS[one].name for one in TIERS[TIERS.index(tier) + 1 :]}
    new = [event for event in thread.touched if event.id > seen and event.actor.kind != "ours"]
    waiting = [event for event in new if event.added and (event.label in more or nodes.get(event.label, "") in more)]
    if not waiting:
        return labels(thread, story, None, nodes, now, *head)
    without = replace(thread, touched=tuple(one for one in thread.touched if one not in waiting))
    found = labels(without, story, None, nodes, now, *head)
    return Labelled(tuple(one for one in found.entries if one.event != "settled"), ())


def known_tier(story: Sequence[Entry]) -> Tier:
    """The tier that the ledger gives a change; the most careful one for a word that nobody knows."""
    said = tier_of(story)
    return next((tier for tier in TIERS if tier == said), "backlog")
