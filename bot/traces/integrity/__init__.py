"""An episode and its bytes go in; what looks like cheating in it comes out, of whatever outcome: I1-I5.

Never a predictor: a test is weakened in more passes than failures (research/mining.md §2), so no detector may ask for
these, and nothing here changes an outcome, a count or an interval. They block (a change whose evidence holds one cannot
merge itself) and they are shown, each with the steps it cites.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from bot.model import Episode, IntegritySignal, Pattern, Source
from bot.traces.integrity.bypassed import bypassed
from bot.traces.integrity.hard_coded import hard_coded
from bot.traces.integrity.leaked import leaked
from bot.traces.integrity.places import is_code, is_test, is_verifier
from bot.traces.integrity.rewrites import Rewrite, Sources, patched, rewrites
from bot.traces.integrity.seen import Hit, Seen
from bot.traces.integrity.tampered import tampered
from bot.traces.integrity.weakened import weakened

__all__ = ["doubts", "integrity"]

KINDS: tuple[tuple[str, Callable[[Seen], Iterator[Hit]]], ...] = (
    ("I1 weakened-test", weakened),
    ("I2 bent-verifier", tampered),
    ("I3 hard-coded-result", hard_coded),
    ("I4 leaked-answer", leaked),
    ("I5 bypassed-check", bypassed),
)
"""Every kind of integrity signal, in the order of the research."""
MAX_PINS = 6


def integrity(episode: Episode, sources: Sources) -> tuple[IntegritySignal, ...]:
    """At most one signal a kind; pins are as found, neither verified nor redacted."""
    seen = look(episode, sources)
    found = ((code, list(kind(seen))) for code, kind in KINDS)
    return tuple(_signal(episode, code, hits) for code, hits in found if hits)


def doubts(pattern: Pattern, signals: Iterable[IntegritySignal]) -> tuple[str, ...]:
    """Why the evidence of a pattern may not carry an autonomous change, a line a kind; nothing when it may."""
    evidence = {finding.episode for finding in pattern.findings}
    held = Counter(signal.code for signal in signals if signal.episode in evidence)
    return tuple(
        f"{code} in {count} of {len(evidence)} episodes of its evidence" for code, count in sorted(held.items())
    )


def look(episode: Episode, sources: Sources) -> Seen:
    """The edits of an episode: those its patch shows, which is what came of them, else those of the transcript."""
    trace, patch = episode.trace, episode.patch
    origin: tuple[Source, ...] = ()
    edits: tuple[Rewrite, ...] = ()
    read = cache(sources)
    data = read(patch.path) if patch is not None else None
    if patch is not None and data is not None:
        edits, origin = patched(data, trace, _wanted), (patch,)
    elif trace is not None:
        edits, origin = rewrites(trace, _wanted, read), trace.sources

    def of(kind: Callable[[str], bool]) -> tuple[Rewrite, ...]:
        return tuple(edit for edit in edits if kind(edit.path))

    return Seen(episode, read, origin, of(is_test), of(is_verifier), of(is_code))


def _wanted(path: str) -> bool:
    return is_test(path) or is_verifier(path) or is_code(path)


def _signal(episode: Episode, code: str, hits: list[Hit]) -> IntegritySignal:
    more = f" (and {len(hits) - 1} more)" if len(hits) > 1 else ""
    steps = tuple(sorted({hit.step for hit in hits if hit.step}))
    pins = tuple(dict.fromkeys(hit.pin for hit in hits if hit.pin))[:MAX_PINS]
    return IntegritySignal(episode.id, code, steps, f"{hits[0].detail}{more}", pins)
