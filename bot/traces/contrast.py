"""Takes judged episodes and the ids of those that fired; returns how much rarer that is among passes, within strata.

Three levels, the finest first: repeats of one task, heads of one pull, and the group (repository, agent, model, month,
size class). The level is chosen from outcomes and tasks alone, before anybody looks at what fired: one that could pick
its level by the result would find a lift in noise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence, Set

from bot.model import Contrast, Episode, Stratum
from bot.traces.exact import Table, estimate

MIN_FAILED = 5
MIN_TASKS = 3
"""Fewer failed episodes, or tasks, than this can never make a pattern actionable (design.md §4)."""
SMALL, MEDIUM = (2, 10), (20, 60)
"""Size classes: at most 2 or 10 files in the diff; without a diff, at most 20 or 60 steps; `large` is above.

An empty diff is small like any other, since being empty is itself what a detector looks for.
"""

Key = Hashable
Strata = Sequence[Sequence[Episode]]


def contrast(episodes: Iterable[Episode], fired: Set[str]) -> Contrast | None:
    """The exact contrast at the finest level that can carry one; None when no stratum of it tells anything.

    Episodes without a verdict are left out. Counts are those of the informative strata: both outcomes, and the detector
    neither silent nor everywhere.
    """
    level, strata = choose(episodes)
    tables = [table for table in (table_of(stratum, fired) for stratum in strata) if table.informative]
    found = estimate(tables)
    if found is None:
        return None
    return Contrast(
        stratum=level,
        strata=len(tables),
        failed=sum(table.failed for table in tables),
        passed=sum(table.passed for table in tables),
        fired_failed=sum(table.fired_failed for table in tables),
        fired_passed=sum(table.fired_passed for table in tables),
        odds_ratio=found.odds_ratio,
        low=found.low,
        high=found.high,
        p=found.p,
        exact=found.exact,
    )


def choose(episodes: Iterable[Episode]) -> tuple[Stratum, Strata]:
    """The level and its strata that hold both outcomes, from outcomes, tasks and pulls alone.

    The finest level whose mixed strata hold at least 5 failed episodes on 3 tasks; when none does, the finest that
    holds both outcomes anywhere (a contrast to be shown, not to act on).
    """
    judged = [episode for episode in episodes if episode.outcome != "none"]
    levels: list[tuple[Stratum, Strata]] = [
        ("task", _mixed(judged, _by_task)),
        ("pull", _mixed(judged, _by_pull)),
        ("group", _mixed(_once_per_task(judged), _by_group)),
    ]
    enough = (level for level in levels if _can_carry(level[1]))
    return next(enough, next((level for level in levels if level[1]), levels[-1]))


def task_of(episode: Episode) -> str:
    """What the episode worked on, readable: its task, else its pull, else nothing it shares with another episode."""
    if episode.task:
        return f"{episode.repository}/{episode.task}"
    return f"{episode.repository}#{episode.pull}" if episode.pull is not None else episode.id


def size_class(episode: Episode) -> str:
    """`small`, `medium` or `large` by the files of the diff, else by the steps of the trace; else `unknown`."""
    if episode.diff is not None:
        size, (small, medium) = len(episode.diff.changed) + len(episode.diff.added), SMALL
    elif episode.trace is not None:
        size, (small, medium) = len(episode.trace.steps), MEDIUM
    else:
        return "unknown"
    return "small" if size <= small else "medium" if size <= medium else "large"


def _by_task(episode: Episode) -> Key | None:
    return (episode.repository, episode.task) if episode.task else None


def _by_pull(episode: Episode) -> Key | None:
    return (episode.repository, episode.pull) if episode.pull is not None else None


def _by_group(episode: Episode) -> Key | None:
    trace = episode.trace
    agent = episode.agent.name or (trace.agent.name if trace else "")
    model = episode.agent.model or (trace.agent.model if trace else "")
    month = (episode.run.created_at or (trace.started if trace else ""))[:7]
    return (episode.repository, agent, model, month, size_class(episode))


def _mixed(episodes: Iterable[Episode], key: Callable[[Episode], Key | None]) -> Strata:
    strata: dict[Key, list[Episode]] = defaultdict(list)
    for episode in episodes:
        stratum = key(episode)
        if stratum is not None:
            strata[stratum].append(episode)
    return [stratum for stratum in strata.values() if len({episode.outcome for episode in stratum}) > 1]


def _once_per_task(episodes: Iterable[Episode]) -> list[Episode]:
    """The last episode of each task and outcome.

    Attempts at one task resemble each other (correlation .49-.86, research/mining.md §3.5). Across tasks they would
    count as independent and make a certainty out of three hard tasks.
    """
    last: dict[Key, Episode] = {}
    for episode in episodes:
        key = (task_of(episode), episode.outcome)
        last[key] = max(last.get(key, episode), episode, key=_when)
    return list(last.values())


def _when(episode: Episode) -> tuple[str, int, int, str]:
    return (episode.run.created_at, episode.run.id, episode.run.attempt, episode.id)


def _can_carry(strata: Strata) -> bool:
    failed = [episode for stratum in strata for episode in stratum if episode.outcome == "fail"]
    return len(failed) >= MIN_FAILED and len({task_of(episode) for episode in failed}) >= MIN_TASKS


def table_of(stratum: Iterable[Episode], fired: Set[str]) -> Table:
    """The counts of one stratum."""
    stratum = list(stratum)
    failed = [episode.id in fired for episode in stratum if episode.outcome == "fail"]
    passed = [episode.id in fired for episode in stratum if episode.outcome == "pass"]
    return Table(sum(failed), len(failed), sum(passed), len(passed))
