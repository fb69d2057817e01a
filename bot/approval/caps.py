"""Takes proposals and what stands open or was proposed lately; returns them with all above a cap held, and by which.

Silence is a feature (design.md, rule 9): what is open already stays open, the best proposals go first, and who is held
is told the limit (`3 of 3 pulls open`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.approval.policy import Caps
from bot.approval.record import category
from bot.approval.seen import when
from bot.model import Entry, Proposal, replace

DAY = timedelta(days=1)


class _Shown:
    """What a repository and its owner are asked to look at already. `at` is an ISO 8601 time, "" where none is kept.

    `standing` holds the last entry of every change that is open, `entries` all that a ledger tells.
    """

    def __init__(self, standing: Iterable[Entry], entries: Sequence[Entry], at: str) -> None:
        self.open = {one.change for one in standing}
        self.pulls: Counter[str] = Counter()
        self.issues: Counter[str] = Counter()
        self.alike: Counter[tuple[str, str]] = Counter()
        for one in standing:
            self._count(one.repository, one.tier, one.category)
        self.today: Counter[str] = Counter()
        self.new: Counter[str] = Counter()
        self.closed: dict[str, str] = {}
        self.at = at
        for entry in entries if at else ():
            if entry.tier == "backlog":
                continue
            if entry.event == "proposed" and when(at) - when(entry.at) < DAY:
                self.today[entry.repository] += 1
            if entry.event == "dismissed":
                self.closed[entry.repository] = max(entry.at, self.closed.get(entry.repository, ""))

    def add(self, proposal: Proposal) -> None:
        """Count a new one."""
        change = proposal.modification
        self._count(change.repository, proposal.decision.tier, category(change))
        if proposal.decision.tier != "backlog":
            self.new[change.repository] += 1
            self.today[change.repository] += 1

    def limit(self, proposal: Proposal, caps: Caps) -> str:
        """The cap that a new proposal would pass; "" when there is room."""
        change = proposal.modification
        repository, owner = change.repository, _owner(change.repository)
        if proposal.decision.tier == "backlog":
            alike = self.alike[owner, category(change)]
            return _full(self.issues[owner], caps.issues, "issues open") or _full(
                alike, caps.issues_of_category, "issues of this category open"
            )
        closed = self.closed.get(repository, "")
        if closed and when(self.at) - when(closed) < timedelta(days=caps.cooldown_days):
            return f"cap: a pull was turned down on {closed[:10]}, {caps.cooldown_days} days of rest"
        return (
            _full(self.pulls[repository], caps.open_pulls, "pulls open")
            or _full(self.new[repository], caps.new_per_run, "new pulls in this run")
            or (_full(self.today[repository], caps.new_per_day, "new pulls today") if self.at else "")
        )

    def _count(self, repository: str, tier: str, of_category: str) -> None:
        if tier != "backlog":
            self.pulls[repository] += 1
            return
        self.issues[_owner(repository)] += 1
        self.alike[_owner(repository), of_category] += 1


def capped(
    proposals: Iterable[Proposal], standing: Sequence[Entry], entries: Sequence[Entry], caps: Caps, at: str = ""
) -> list[Proposal]:
    """The proposals in their order, those above a cap held. Without a time the caps by the day are not asked."""
    shown = _Shown(standing, entries, at)
    kept: list[Proposal] = []
    for proposal in proposals:
        if proposal.decision.held or proposal.modification.id in shown.open:
            kept.append(proposal)
            continue
        limit = shown.limit(proposal, caps)
        if limit:
            proposal = replace(proposal, decision=replace(proposal.decision, held=limit))
        else:
            shown.add(proposal)
        kept.append(proposal)
    return kept


def _full(count: int, most: int, what: str) -> str:
    return f"cap: {count} of {most} {what}" if count >= most else ""


def _owner(repository: str) -> str:
    return repository.partition("/")[0]
