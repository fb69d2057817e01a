"""Takes a policy before and after as plain data; yields the keys that became less careful, and what may stand there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

BARS = ("passing_episodes", "kept_share", "beaten_share", "repositories", "check_seconds")
HIGHER = frozenset({*BARS, "runs", "days", "window", "most_days", "cooldown_days"})
"""Numbers that grow with care; every other number, and the switch, shrinks with it."""
SHORTER = {"kinds", "numbers"}
"""Lists that only shrink with care; every other one only grows."""
FIXED = {"expected", "feared", "reruns"}
"""What a chart asks, and how sure blame must be: only an alarm may come sooner."""


def careless(after: object, before: object, key: str = "") -> Iterator[tuple[str, str]]:
    """The keys that became less careful, each with the mend."""
    name = key.rpartition(".")[2]
    match before, after:
        case dict(), dict():
            for inner in before:
                yield from careless(after[inner], before[inner], f"{key}.{inner}".lstrip("."))
        case ((tuple() | list()), (tuple() | list())):
            yield from _lists(after, before, key, name)
        case ((int() | float()), (int() | float())):
            yield from _numbers(after, before, key, name)


def _lists(after: Sequence[object], before: Sequence[object], key: str, name: str) -> Iterator[tuple[str, str]]:
    """Charts stay as many; what may merge itself only shrinks, what a person must see only grows."""
    if name == "charts":
        if len(after) != len(before):
            yield key, f"all {len(before)} of them"
        for old, new in zip(before, after, strict=False):
            yield from careless(new, old, key)
    elif name in SHORTER and not {*after} <= {*before}:
        yield key, f"some of {', '.join(map(str, before))}, or []"
    elif name not in SHORTER and not {*before} <= {*after}:
        yield key, f"all of {', '.join(map(str, before))}, and more"


def _numbers(after: float, before: float, key: str, name: str) -> Iterator[tuple[str, str]]:
    if name in FIXED:
        if after != before:
            yield key, f"{before}"
    elif name in HIGHER and after < before:
        yield key, f"at least {before}"
    elif name not in HIGHER and after > before:
        yield key, f"{before}" if isinstance(before, bool) else f"at most {before}"
