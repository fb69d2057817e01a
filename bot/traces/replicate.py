"""Judged episodes and the ids of those that fired go in; whether one half of the tasks confirms the other comes out.

A hash of its task puts an episode into one of two halves, for ever: a task never changes sides as the fleet grows, and
runs of one task, which resemble each other, are never on both. The strata are those of the whole fleet's contrast, cut
in two. The half with the smaller p found the pattern; the other, where it shows *less*, has to confirm it, so choosing
the finder can only make it harder.

**Enough.** A half that can hardly see an effect says nothing by not seeing it. It is asked only when its exact,
one-sided mid-p test at 10 % would see the effect with a chance of 80 %, the effect being the finding half's odds ratio
taken down by a quarter on the logarithmic scale: what is found first looks larger than it is (winner's curse). With
less it is `too-few-to-replicate`, which refuses nothing; the whole fleet's contrast must carry it alone. 10 % and not
5, because the whole fleet has held the error rate already and this only has to refuse one half's accident.

What it costs and gives (`python -m bench.contrast`): the other half confirms about 6 % of noise that is asked about, 80
to 95 % of effects of odds ratio 10, but only 24 to 67 % of those of 3; these wait for more episodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from hashlib import sha256
from operator import itemgetter
from typing import Literal

from bot.model import Episode, Replication
from bot.traces.contrast import choose, table_of, task_of
from bot.traces.exact import Table, confirm, estimate

Code = Literal["replicated", "not-replicated", "too-few-to-replicate"]
FOUND, CONFIRMED, POWER = 0.05, 0.10, 0.80
SHRUNK = 0.75
LARGEST = 25.0
"""An odds ratio that is infinite or larger is taken as this."""


def replicate(episodes: Sequence[Episode], fired: Set[str]) -> Replication:
    """Whether the half of the tasks that did not find the pattern confirms it; see above for what is enough."""
    _, strata = choose(episodes)
    return compare(
        [table_of((episode for episode in stratum if half_of(episode) == side), fired) for stratum in strata]
        for side in (0, 1)
    )


def compare(halves: Iterable[Sequence[Table]]) -> Replication:
    """The same of the tables of two halves, in either order."""
    tested = [(confirm(half, 1.0, FOUND)[0], half) for half in halves]
    (least, found), (_, other) = sorted(tested, key=itemgetter(0))
    seen = estimate(found)
    if seen is None or least >= FOUND:
        return _of("too-few-to-replicate", other)
    odds = LARGEST if seen.odds_ratio is None else min(seen.odds_ratio, LARGEST)
    p, power = confirm(other, odds**SHRUNK, CONFIRMED)
    if power < POWER:
        return _of("too-few-to-replicate", other, p, power)
    return _of("replicated" if p < CONFIRMED else "not-replicated", other, p, power)


def half_of(episode: Episode) -> int:
    """The half, 0 or 1, that an episode's task belongs to."""
    return sha256(f"half\0{task_of(episode)}".encode("utf-8", "surrogatepass")).digest()[0] & 1


def _of(code: Code, tables: Sequence[Table], p: float = 1.0, power: float = 0.0) -> Replication:
    told = [table for table in tables if table.informative]
    return Replication(
        code,
        fired_failed=sum(table.fired_failed for table in told),
        failed=sum(table.failed for table in told),
        fired_passed=sum(table.fired_passed for table in told),
        passed=sum(table.passed for table in told),
        p=p,
        power=power,
    )
