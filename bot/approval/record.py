"""Takes what became of earlier changes of one category and says whether that category is proven.

The fold over the ledger that yields these records comes with the life of a change; an empty record means none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from bot.model import Modification

DOUBT = 0.05


class Record(msgspec.Struct, frozen=True):
    """One category's changes: merged, kept and confirmed on one side; reverted or disturbed on the other.

    `repositories` counts the distinct ones; `demoted` holds after an alarm, until the record begins anew.
    """

    category: str
    kept: int = 0
    failed: int = 0
    repositories: int = 0
    demoted: bool = False


def category(modification: Modification) -> str:
    """Kind of edit, component and detector (design.md §5)."""
    return f"{modification.kind}/{modification.component}/{modification.detector}"


def of(modification: Modification, records: Iterable[Record]) -> Record:
    """The record of this modification's category; several lines of one are added up, the fewest repositories count."""
    name = category(modification)
    mine = [record for record in records if record.category == name]
    return Record(
        category=name,
        kept=sum(record.kept for record in mine),
        failed=sum(record.failed for record in mine),
        repositories=max((record.repositories for record in mine), default=0),
        demoted=any(record.demoted for record in mine),
    )


def proven(record: Record, share: float, repositories: int) -> bool:
    """Whether more than `share` is kept with 95 % certainty, from a flat prior, over enough repositories.

    The lower tail of a Beta with whole parameters is an upper tail of a binomial: P(Beta(a, b) <= x) =
    P(Binomial(a + b - 1, x) >= a), https://dlmf.nist.gov/8.17#E5.
    """
    if record.demoted or record.repositories < repositories:
        return False
    draws, at_least = record.kept + record.failed + 1, record.kept + 1
    tail = sum(math.comb(draws, k) * share**k * (1 - share) ** (draws - k) for k in range(at_least, draws + 1))
    return tail <= DOUBT
