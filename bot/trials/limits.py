"""A result and what it was said from go in; what may not be read into it comes out, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.trials.results import Run, counted

FEW = 10
"""Fewer tasks speak for themselves only (research/mining.md §6)."""


def of(
    result: str, first: Sequence[Run], tasks: int, interval: tuple[float, float], guarded: bool, registered: bool
) -> Iterator[str]:
    """The limits of one result: the runs of stage 1, the number of targeted tasks and the interval of their gain."""
    low, high = interval
    if not registered:
        yield "The design was not registered before the runs: tasks and repeats may have been chosen afterwards."
    if 0 < tasks < FEW:
        yield f"Seen on {counted(tasks, 'task')} only: that says little of others like them."
    if result == "confirmed" and low <= 0:
        yield f"These tasks gained; of others like them the 95 % interval [{low:+.2f}, {high:+.2f}] allows a loss."
    if result == "cosmetic":
        yield f"Passes may still have risen by up to {max(high, 0.0):.2f} (95 %)."
    if result == "confirmed" and not guarded:
        yield "There was no guard set: what else the change breaks is not known."
    if both := len(_tasks(first, "targeted") & _tasks(first, "guard")):
        yield f"{counted(both, 'task')} in both sets: a guard must be disjoint from what is aimed at."
    if _uneven(first):
        yield "Tasks or arms have unequal repeats: sound only if nobody looked at outcomes before adding some."


def _tasks(first: Sequence[Run], of_set: str) -> set[str]:
    return {run.task for run in first if run.set == of_set}


def _uneven(first: Sequence[Run]) -> bool:
    counts: dict[tuple[str, str, str], int] = {}
    for run in first:
        key = (run.set, run.task, run.arm)
        counts[key] = counts.get(key, 0) + 1
    return len({(key[0], count) for key, count in counts.items()}) > len({key[0] for key in counts})
