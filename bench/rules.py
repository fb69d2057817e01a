"""Transcripts in, shared ones by default; per rule its fire rate on failures, on passes and on ordinary sessions.

usage: python -m bench.rules [PATH …] [--firings]      (--firings lists each firing with its steps and quotes)

Labelled runs are those whose transcript or reports tell the outcome, failures behind the gate; the odds ratio is that
within tasks. Ordinary sessions (Claude Code, Codex) have none: a rule that fires on many of them fires on good work.
Bar: 5 % (research/transcripts.md §4.3), the upper end of the interval (Clopper-Pearson, 95 %) beside it. The last
column counts the files in which the rule fires: 0 = no shared file shows it. PATHs are collected as bundles.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scipy.stats import beta

from bot.errors import UserError
from bot.model import Contrast, Detector, Episode, Finding
from bot.signals import transcripts
from bot.signals.changed import changed
from bot.signals.collect import collect
from bot.traces import detectors
from bot.traces.analyse import analyse
from bot.traces.contrast import contrast
from bot.traces.gate import gate, recall

RULES = Path("rules/detectors")
DATA = Path("../shared/data/transcripts")
EXAMPLES = Path("examples/episodes")
ORDINARY = ("claude-code-session", "codex-rollout")
BAR = 0.05


def episodes(path: Path) -> Iterator[Episode]:
    """The runs of one file; nothing when it is no transcript."""
    with path.open("rb") as stream:
        try:
            traces = transcripts.read(stream, str(path))
        except UserError:
            return
    name = f"{path.parent.name}/{path.name}"
    for number, trace in enumerate(traces, 1):
        task = trace.task or None
        yield Episode(f"{name}#{number}", name, trace.outcome, trace, task=task, agent=trace.agent, diff=changed(trace))


def upper(fired: int, of: int) -> float:
    """The upper end of the exact 95 % interval of a rate."""
    return float(beta.ppf(0.975, fired + 1, of - fired)) if fired < of else 1.0


def ratio(seen: Contrast | None) -> str:
    if seen is None:
        return "-"
    point, high = ("inf" if end is None else f"{end:.2f}" for end in (seen.odds_ratio, seen.high))
    return f"{point} [{seen.low:.2f}, {high}]"


def rate(some: Sequence[Episode], fired: set[str]) -> str:
    """`3/40  7.5%`."""
    count = sum(episode.id in fired for episode in some)
    return f"{count:>3}/{len(some):<3} {count / len(some) if some else 0:6.1%}"


def show(rule: Detector, sets: dict[str, list[Episode]], found: Sequence[Finding]) -> None:
    fired = {finding.episode for finding in found if finding.detector == rule.id}
    failed, passed, ordinary = sets["failed"], sets["passed"], sets["ordinary"]
    calm = sum(episode.id in fired for episode in ordinary)
    files = len({key.split("#")[0] for key in fired})
    over = "over the bar" if calm > BAR * len(ordinary) else ""
    print(
        f"{rule.id:28} {rate(failed, fired)} {rate(passed, fired)} {ratio(contrast([*failed, *passed], fired)):>20} "
        f"{rate(ordinary, fired)} (<{upper(calm, max(len(ordinary), 1)):5.1%}) {files:>5}  {over}"
    )


def table(title: str, rules: Sequence[Detector], seen: Sequence[Episode]) -> list[Finding]:
    """Print one set; returns its findings."""
    started = time.perf_counter()
    found = [finding for episode in seen for finding in analyse(episode, rules)]
    took = time.perf_counter() - started
    history = recall(seen)
    judged = [episode for episode in seen if episode.outcome != "none" and gate(episode, history) is None]
    sets = {
        "failed": [episode for episode in judged if episode.outcome == "fail"],
        "passed": [episode for episode in judged if episode.outcome == "pass"],
        "ordinary": [episode for episode in seen if episode.id.startswith(ORDINARY)],
    }
    steps = sum(len(episode.trace.steps) for episode in seen if episode.trace)
    print(f"\n{title}: {len(seen)} runs, {steps} steps, {len(rules)} rules in {took * 1000:.0f} ms")
    print(f"{'rule':28} {'failed':>14} {'passed':>14} {'odds ratio [95 %]':>20} {'ordinary':>14} {'':9} files")
    for rule in rules:
        show(rule, sets, found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--firings", action="store_true")
    given = parser.parse_args()
    rules = detectors.load({str(path): path.read_text(encoding="utf-8") for path in sorted(RULES.glob("*/*.yml"))})
    if given.paths:
        found = table(", ".join(map(str, given.paths)), rules, list(collect(given.paths)))
    else:
        files = sorted(path for path in DATA.glob("*/*") if path.is_file())
        found = table(str(DATA), rules, [episode for path in files for episode in episodes(path)])
        found += table(str(EXAMPLES), rules, list(collect([EXAMPLES])))
    for finding in found if given.firings else ():
        print(f"\n{finding.detector}  {finding.episode}  steps {', '.join(map(str, finding.steps))}")
        for pin in finding.pins:
            print(f"    {pin.start}:{pin.end} {pin.quote[:120]!r}")


if __name__ == "__main__":
    main()
