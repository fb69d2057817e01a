"""Issues that bear the hold label in; what they say of the kill switch of their repository or owner out.

An issue of anybody that bears `flywheel:hold` stops merges; one whose title says `rollbacks` stops those. Who put the
label on decides, not who opened the issue: a template puts labels on for people who may not (pytorch #188383).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from bot.approval.labels import HOLD
from bot.approval.switches import Lookup, Place
from bot.hosting.pulls import Thread
from bot.jobs.tending_sight import is_ours


def switches(issues: Iterable[Thread], nodes: Mapping[str, str], place: Place) -> Iterator[Lookup]:
    """One look-up for each issue that is a switch. The label counts by its name and by its node."""
    node = nodes.get(HOLD.name, "")
    for issue in issues:
        bears = HOLD.name in issue.labels or (node and node in issue.labels.values())
        if is_ours(issue) or issue.state != "open" or not bears:
            continue
        put = [one for one in issue.touched if one.added and (one.label == HOLD.name or (node and one.node == node))]
        what: Literal["merges", "rollbacks"] = "rollbacks" if "rollback" in issue.title.casefold() else "merges"
        last = max(put, key=lambda one: (one.at, one.id), default=None)
        if last is None:
            yield Lookup(place, what, True, issue.author, template=True)
        else:
            yield Lookup(place, what, True, last.actor, template=last.template)
