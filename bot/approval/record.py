"""Takes the entries of ledgers and returns the record of each category, and whether it has earned autonomy.

The record of another model of the agents is another record (research/mining.md §4.8).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from bot.approval.cusum import alarms, risen
from bot.approval.outcomes import Outcome, outcomes
from bot.approval.policy import Policy
from bot.model import Entry, Modification, replace

DOUBT = 0.05
FAR = 200
"""Further than so many successes nobody looks ahead."""
HOPES = (0.85, 0.90, 0.95, 0.99)
"""The true shares over which the e-process is a mean; each is above what it is held against."""


class Record(msgspec.Struct, frozen=True):
    """One category's changes since it last began from zero: kept on one side, failed on the other.

    `repositories` counts the distinct ones. `earned` holds from graduation to demotion, `by` says by which rule;
    `demoted` holds from an alarm until the record is earned anew, `reason` says which. `borrowed` are the successes and
    failures that categories like it lent while it was thin. `evidence` is the e-value.
    """

    category: str
    kept: int = 0
    failed: int = 0
    repositories: int = 0
    demoted: bool = False
    earned: bool = False
    by: str = ""
    reason: str = ""
    borrowed: tuple[int, int] = (0, 0)
    evidence: float = 1.0


class Cell(msgspec.Struct, frozen=True):
    """A category's record in the making; `height` is its demotion chart, `lent` its totals that no demotion erases."""

    record: Record
    names: frozenset[str] = frozenset()
    logs: tuple[float, ...] = (0.0,) * len(HOPES)
    height: float = 0.0
    lent: tuple[int, int] = (0, 0)


def category(modification: Modification) -> str:
    """Kind of edit, component and detector (design.md §5)."""
    return f"{modification.kind}/{modification.component}/{modification.detector}"


def of(modification: Modification, records: Iterable[Record]) -> Record:
    """The record of this modification's category; an empty one when there is none."""
    name = category(modification)
    return next((record for record in records if record.category == name), Record(name))


def records(entries: Iterable[Entry], policy: Policy, model: str = "") -> tuple[Record, ...]:
    """The record of every category under this model of the agents, sorted by name."""
    cells: dict[str, Cell] = {}
    for outcome in outcomes(entries, model):
        name = outcome.category
        cell = cells.get(name) or Cell(Record(name))
        cells[name] = after(cell, outcome, policy, *lenders(cells, name, policy.autonomous.borrowed))
    return tuple(cells[name].record for name in sorted(cells))


def after(
    cell: Cell,
    outcome: Outcome,
    policy: Policy,
    borrowed: tuple[int, int] = (0, 0),
    names: frozenset[str] = frozenset(),
) -> Cell:
    """The cell after one more outcome: counted, graduated when it has earned it, demoted at once on an alarm.

    `borrowed` and `names` are what categories like it lend. An integrity alarm demotes also what has not graduated,
    and takes its successes only: evidence against a category is never forgotten for a misdeed.
    """
    record = cell.record
    if outcome.kept is None:
        empty = Record(record.category, failed=record.failed, demoted=True, reason=outcome.reason or "integrity")
        lost = tuple(min(log, 0.0) for log in cell.logs)
        return replace(cell, record=empty, names=frozenset(), logs=lost, height=0.0)
    kept, beaten, chart = outcome.kept, policy.autonomous.beaten_share, policy.autonomous.demotion
    lent = (cell.lent[0] + kept, cell.lent[1] + (not kept))
    height = risen(chart, cell.height, not kept) if record.earned else 0.0
    if alarms(chart, height):
        fresh = Record(record.category, demoted=True, reason="failures")
        return Cell(fresh, lent=lent)
    logs = tuple(
        log + math.log(hope / beaten if kept else (1 - hope) / (1 - beaten))
        for log, hope in zip(cell.logs, HOPES, strict=True)
    )
    own = cell.names | {outcome.repository}
    counted = replace(
        record,
        kept=record.kept + kept,
        failed=record.failed + (not kept),
        borrowed=borrowed if record.kept + record.failed + 1 < policy.autonomous.thin else (0, 0),
        evidence=sum(math.exp(min(log, 600.0)) for log in logs) / len(logs),
    )
    counted = replace(counted, repositories=len(own | names if any(counted.borrowed) else own))
    return Cell(_graduated(counted, policy), own, logs, height, lent)


def _graduated(record: Record, policy: Policy) -> Record:
    """The record with its graduation, when either rule holds and enough repositories took part."""
    bars = policy.autonomous
    if record.earned or record.repositories < bars.repositories:
        return record
    rule = "e-process" if record.evidence >= 1 / DOUBT else "beta" if proven(record, bars.kept_share) else ""
    return replace(record, earned=True, by=rule, demoted=False, reason="") if rule else record


def lacking(record: Record, policy: Policy) -> tuple[int, int]:
    """How many more repositories, and how many more successes without a failure, it lacks for autonomy; (0, 0) if none.

    By the bound; the e-process may be a little sooner.
    """
    if record.earned:
        return 0, 0
    repositories = max(0, policy.autonomous.repositories - record.repositories)
    more = 0
    while more < FAR and not proven(replace(record, kept=record.kept + more), policy.autonomous.kept_share):
        more += 1
    return repositories, max(more, repositories)


def proven(record: Record, share: float) -> bool:
    """Whether more than `share` is kept with 95 % certainty, from a flat prior; what was borrowed counts with it.

    The lower tail of a Beta with whole parameters is an upper tail of a binomial: P(Beta(a, b) <= x) =
    P(Binomial(a + b - 1, x) >= a), https://dlmf.nist.gov/8.17#E5.
    """
    return _doubt(record.kept + record.borrowed[0], record.failed + record.borrowed[1], share) <= DOUBT


@lru_cache(maxsize=1 << 12)
def _doubt(kept: int, failed: int, share: float) -> float:
    draws = kept + failed + 1
    return sum(math.comb(draws, k) * share**k * (1 - share) ** (draws - k) for k in range(kept + 1, draws + 1))


def lenders(cells: Mapping[str, Cell], name: str, most: int) -> tuple[tuple[int, int], frozenset[str]]:
    """What categories like this one lend it, and in which repositories they were tried.

    First other detectors of the same kind and component, then other components of the same kind. At most `most` changes
    count, in the proportion in which they succeeded, a broken one on the side of failure.
    """
    kept = failed = 0
    names: frozenset[str] = frozenset()
    kind, component, *_ = (*name.split("/"), "")
    near = f"{kind}/{component}/"
    groups = (
        [cell for other, cell in cells.items() if other != name and other.startswith(near)],
        [cell for other, cell in cells.items() if other.startswith(f"{kind}/") and not other.startswith(near)],
    )
    for group in groups:
        good, bad = sum(cell.lent[0] for cell in group), sum(cell.lent[1] for cell in group)
        taken = min(most - kept - failed, good + bad)
        if taken <= 0:
            continue
        kept += taken * good // (good + bad)
        failed += taken - taken * good // (good + bad)
        names = names.union(*(cell.names for cell in group))
    return (kept, failed), names
