"""Takes what the ledger says of a change and who has touched its labels since; returns what stands and what is undone.

A label is a view, never the authority (design.md, rule 7). Care is honoured from anyone who may triage, or whose role
could not be looked up; generosity needs a person who may write, the head as it stands, and a policy that allows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from bot.approval.labels import FLYWHEEL, HOLD, TIER_LABELS
from bot.approval.seen import when
from bot.hosting.pulls import Touched
from bot.model import TIERS, Decision, Tier, replace

Code = Literal["not-human", "template", "role", "unknown-role", "older-head", "policy", "recreated", "not-their-hold"]
WORDS: Mapping[Code, str] = {
    "not-human": "only a person can make a change more autonomous",
    "template": "a label that comes with an issue's template or form shows nobody's authority",
    "role": "this needs the role write or more (triage or more to be careful)",
    "unknown-role": "GitHub did not say which role you have here; try again later",
    "older-head": "it was set for an older head; look at the new one and set it again",
    "policy": "the policy does not allow it for these files; `/flywheel explain` prints why",
    "recreated": "this label is not the one that Flywheel made; it has its name only",
    "not-their-hold": "a hold is ended by whoever set it, or by the role write or more",
}
STRICT = frozenset({"switch", "integrity", "paths"})
"""What no person can override with a label, whatever the tier."""
NEVER_ALONE = frozenset(
    {"shared-file", "blast-radius", "inverse", "kind", "safeguards", "trust", "honesty", "disturbance"}
)
"""What a person may take into his own hands, and cannot make merge itself."""


class Standing(msgspec.Struct, frozen=True):
    """What the ledger and the API say of a change now; an issue has no head.

    `allows` is the most generous tier that a person may give it (`promotable`). `present` maps the labels that it bears
    to their node ids, `nodes` the names of our labels to the ids we made them with (empty while unknown).
    """

    tier: Tier
    allows: Tier
    head: str = ""
    head_at: str = ""
    held_by: int | None = None
    present: Mapping[str, str] = msgspec.field(default_factory=dict)
    nodes: Mapping[str, str] = msgspec.field(default_factory=dict)


class Undone(msgspec.Struct, frozen=True):
    """A label event that does not stand, and why."""

    event: int
    label: str
    code: Code


class Settled(msgspec.Struct, frozen=True):
    """What stands: tier, who holds it (None = nobody), the labels to add and remove, what was undone.

    `honoured` are the events that moved something. `says` is the one explanation, "" when nothing was undone;
    `upto` the last event that was looked at, so that nothing is explained twice.
    """

    tier: Tier
    held_by: int | None
    add: tuple[str, ...]
    remove: tuple[str, ...]
    honoured: tuple[int, ...] = ()
    undone: tuple[Undone, ...] = ()
    says: str = ""
    upto: int = 0


def settle(standing: Standing, touched: Iterable[Touched]) -> Settled:
    """Replay the events since the ledger's last word, in their order; then say which labels must change."""
    now = standing
    honoured: list[int] = []
    undone: list[Undone] = []
    upto = 0
    for event in sorted(touched, key=lambda one: (when(one.at), one.id)):
        upto = max(upto, event.id)
        name = _name(event.label, event.node, standing.nodes)
        if event.actor.kind == "ours" or name is None:
            continue
        after, code = _held(now, event) if name == HOLD.name else _moved(now, event, name)
        if code:
            undone.append(Undone(event.id, name, code))
        elif after != now:
            honoured.append(event.id)
        now = after
    wanted = {FLYWHEEL.name, TIER_LABELS[now.tier].name} | ({HOLD.name} if now.held_by is not None else set())
    borne = {_name(label, node, standing.nodes): label for label, node in standing.present.items()}
    ours = {name: label for name, label in borne.items() if name is not None}
    return Settled(
        tier=now.tier,
        held_by=now.held_by,
        add=tuple(sorted(wanted - ours.keys())),
        remove=tuple(sorted(label for name, label in ours.items() if name not in wanted)),
        honoured=tuple(honoured),
        undone=tuple(undone),
        says="\n".join(_explained(undone)),
        upto=upto,
    )


def promotable(decision: Decision) -> Tier:
    """The most generous tier that a person may give a change of this decision.

    Paths, switch and integrity bind everybody; what makes a change too large to merge itself binds only autonomy.
    """
    caps = [reason.allows for reason in decision.reasons if reason.code in STRICT]
    caps += ["interactive" for one in decision.reasons if one.code in NEVER_ALONE and one.allows != "autonomous"]
    return min(caps, key=TIERS.index, default="backlog")


def _name(label: str, node: str, nodes: Mapping[str, str]) -> str | None:
    """Which of our labels it is, by node id first, then by name; None for other people's."""
    by_node = next((name for name, known in nodes.items() if node and known == node), None)
    names = {FLYWHEEL.name, HOLD.name, *(one.name for one in TIER_LABELS.values())}
    return by_node or (label if label in names else None)


def _held(now: Standing, event: Touched) -> tuple[Standing, Code | None]:
    """Anyone who may triage can hold; a hold ends by who set it, or by a writer. A recreated label holds as well."""
    actor = event.actor
    if event.added:
        if event.template and not actor.reaches("triage"):
            return now, "template"
        if actor.role != "unknown" and not actor.reaches("triage"):
            return now, "role"
        return (now if now.held_by is not None else replace(now, held_by=actor.id)), None
    if now.held_by is None:
        return now, None
    if actor.kind != "human":
        return now, "not-human"
    if actor.role == "unknown":
        return now, "unknown-role"
    if actor.reaches("write") or (actor.id == now.held_by and actor.reaches("triage")):
        return replace(now, held_by=None), None
    return now, "not-their-hold"


def _moved(now: Standing, event: Touched, name: str) -> tuple[Standing, Code | None]:
    """A tier label was set or taken away. Taking away `autonomous` is a demotion; any other is put back in silence."""
    tier = next((tier for tier, label in TIER_LABELS.items() if label.name == name), None)
    if tier is None:
        return now, None
    if not event.added:
        if tier != "autonomous" or now.tier != "autonomous":
            return now, None
        tier = "interactive"
    if tier == now.tier:
        return now, None
    code = _careless(now, event, tier) if TIERS.index(tier) > TIERS.index(now.tier) else _forbidden(event)
    return (now, code) if code else (replace(now, tier=tier), None)


def _forbidden(event: Touched) -> Code | None:
    """What speaks against a demotion: only that its author is known to have no say."""
    if event.actor.role == "unknown" or event.actor.reaches("triage"):
        return None
    return "template" if event.template else "role"


def _careless(now: Standing, event: Touched, tier: Tier) -> Code | None:
    """What speaks against a promotion, the first of it."""
    if event.template:
        return "template"
    if event.actor.kind != "human":
        return "not-human"
    if event.actor.role == "unknown":
        return "unknown-role"
    if not event.actor.reaches("write"):
        return "role"
    known = now.nodes.get(event.label, "")
    if known and event.node != known:
        return "recreated"
    if now.head and (event.head != now.head or not now.head_at or when(event.at) < when(now.head_at)):
        return "older-head"
    return "policy" if TIERS.index(tier) > TIERS.index(now.allows) else None


def _explained(undone: Iterable[Undone]) -> Iterator[str]:
    """One sentence for each reason, with the labels that it concerns."""
    by_code: dict[Code, list[str]] = {}
    for one in undone:
        by_code.setdefault(one.code, []).append(one.label)
    for code, names in by_code.items():
        yield f"Put back {', '.join(f'`{name}`' for name in dict.fromkeys(names))}: {WORDS[code]}."
