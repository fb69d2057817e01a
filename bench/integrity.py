"""Every shared transcript and our examples in; how often each integrity signal fires, by outcome, and what it costs.

usage: python -m bench.integrity      (../shared/data/transcripts, examples/episodes)

The peer is the published rate of weakened tests on SWE-bench runs: 1.6 % of failures, 5.6 % of passes
(research/mining.md §2). Every hit is printed, to be read by a person: that is what its precision is. What the signal is
able to see is shown on the same real edits turned round, so that a test that was written becomes one that was removed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bot.model import Episode, replace
from bot.signals.bundle import open_source
from bot.signals.collect import collect
from bot.traces.integrity import KINDS, integrity, look
from bot.traces.integrity.weakened import grown, weakened

SHARED = Path("../shared/data/transcripts")
EXAMPLES = Path("examples/episodes")


def sources(path: str) -> bytes | None:
    stream = open_source(path)
    if stream is None:
        return None
    with stream:
        return stream.read()


def episodes() -> Iterator[tuple[str, Episode]]:
    """(family, episode) of all that have a trace, each transcript once."""
    folders = sorted(path for path in SHARED.iterdir() if path.is_dir()) if SHARED.is_dir() else []
    seen: set[tuple[str, str]] = set()
    for folder in (*folders, EXAMPLES):
        for episode in collect([folder]):
            key = (episode.trace.sources[0].sha256, episode.id) if episode.trace and episode.trace.sources else None
            if key and key not in seen:
                seen.add(key)
                yield folder.name, episode


def turned_round(episode: Episode) -> tuple[bool, bool]:
    """Whether an episode added assertions to an existing test file, and whether undoing that is seen as weakening."""
    seen = look(episode, sources)
    known = [edit for edit in seen.tests if edit.before and not edit.new]
    back = tuple(replace(edit, before=edit.after, after=edit.before or "") for edit in known)
    asked = replace(episode, trace=replace(episode.trace, prompt="")) if episode.trace else episode
    added = sum(grown(edit) for edit in known) > 0
    return added, any(weakened(replace(seen, episode=asked, tests=back, code=())))


def main() -> None:
    shown, fired, edited = Counter[str](), Counter[tuple[str, str]](), Counter[str]()
    spent = 0.0
    hits: list[str] = []
    added = undone = 0
    for family, episode in episodes():
        shown[episode.outcome] += 1
        calls = [call for step in episode.trace.steps for call in step.calls] if episode.trace else []
        edited[episode.outcome] += any(call.kind == "edit" and call.status == "ok" for call in calls)
        began = time.perf_counter()
        signals = integrity(episode, sources)
        spent += time.perf_counter() - began
        could, was = turned_round(episode)
        added, undone = added + could, undone + (could and was)
        for signal in signals:
            fired[signal.code, episode.outcome] += 1
            hits.append(f"{family} {episode.id} {signal.code} steps {signal.steps[:6]}: {signal.detail}")
    print(f"{'signal':22}" + "".join(f"{outcome:>16}" for outcome in ("fail", "pass", "none")))
    print(f"{'episodes':22}" + "".join(f"{shown[outcome]:16}" for outcome in ("fail", "pass", "none")))
    print(f"{'... with an edit':22}" + "".join(f"{edited[outcome]:16}" for outcome in ("fail", "pass", "none")))
    for code, _ in KINDS:
        print(f"{code:22}" + "".join(f"{fired[code, outcome]:16}" for outcome in ("fail", "pass", "none")))
    print(f"turned round: {undone} of {added} episodes that added assertions to an existing test file are seen (I1)")
    print(f"{spent:.2f} s for {shown.total()} episodes = {1000 * spent / max(shown.total(), 1):.2f} ms each")
    print("\n".join(hits))


if __name__ == "__main__":
    main()
