"""Sessions in, shared ones by default; per rule its fire rate on ordinary sessions and its odds ratio on labelled runs.

usage: python -m bench.rules [--firings]      (--firings lists each firing with its steps and quotes, to read by hand)

Ordinary sessions (Claude Code, Codex) have no outcome: a rule that fires on many of them fires on good work. Bar: 5 %
(research/transcripts.md §4.3), the upper end of the interval (Clopper-Pearson, 95 %) beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from scipy.stats import beta

from bot.errors import UserError
from bot.model import Contrast, Detector, Episode, Finding
from bot.signals import transcripts
from bot.traces import detectors
from bot.traces.analyse import analyse
from bot.traces.contrast import contrast
from bot.traces.gate import gate

RULES = Path("rules/detectors")
DATA = Path("../shared/data/transcripts")
ORDINARY = ("claude-code-session", "codex-rollout")
LABELLED = DATA / "tau-bench" / "historical_trajectories__gpt-4o-airline.json"
BAR = 0.05


def episodes(path: Path, repository: str) -> Iterator[Episode]:
    """The runs of one file; nothing when it is no transcript."""
    with path.open("rb") as stream:
        try:
            traces = transcripts.read(stream, str(path))
        except UserError:
            return
    for number, trace in enumerate(traces, 1):
        task = trace.task or None
        yield Episode(f"{path.name}#{number}", repository, trace.outcome, trace, task=task, agent=trace.agent)


def upper(fired: int, of: int) -> float:
    """The upper end of the exact 95 % interval of a rate."""
    return float(beta.ppf(0.975, fired + 1, of - fired)) if fired < of else 1.0


def ratio(seen: Contrast | None) -> str:
    if seen is None:
        return "-"
    point, high = ("inf" if end is None else f"{end:.2f}" for end in (seen.odds_ratio, seen.high))
    return f"{point} [{seen.low:.2f}, {high}]"


def show(rule: Detector, ordinary: Sequence[Episode], labelled: Sequence[Episode], found: Sequence[Finding]) -> None:
    fired = {finding.episode for finding in found if finding.detector == rule.id}
    calm = sum(episode.id in fired for episode in ordinary)
    failed, passed = ([e for e in labelled if e.outcome == outcome] for outcome in ("fail", "pass"))
    rates = [f"{sum(e.id in fired for e in some)}/{len(some)}" for some in (failed, passed)]
    over = "over the bar" if calm > BAR * len(ordinary) else ""
    print(
        f"{rule.id:28} {calm:>3}/{len(ordinary)} = {calm / len(ordinary):5.1%} (<{upper(calm, len(ordinary)):5.1%}) "
        f"{rates[0]:>8} {rates[1]:>7} {ratio(contrast(labelled, fired)):>22}  {over}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--firings", action="store_true")
    shown = parser.parse_args().firings
    rules = detectors.load({str(path): path.read_text(encoding="utf-8") for path in sorted(RULES.glob("*/*.yml"))})
    ordinary = [e for kind in ORDINARY for path in sorted((DATA / kind).iterdir()) for e in episodes(path, kind)]
    labelled = [episode for episode in episodes(LABELLED, "tau-bench-airline") if gate(episode) is None]
    found = [finding for episode in (*ordinary, *labelled) for finding in analyse(episode, rules)]
    print(f"{'rule':28} {'ordinary sessions':>23} {'tau fail':>8} {'pass':>7} {'odds ratio [95 %]':>22}")
    for rule in rules:
        show(rule, ordinary, labelled, found)
    for finding in found if shown else ():
        print(f"\n{finding.detector}  {finding.episode}  steps {', '.join(map(str, finding.steps))}")
        for pin in finding.pins:
            print(f"    {pin.start}:{pin.end} {pin.quote[:120]!r}")


if __name__ == "__main__":
    main()
