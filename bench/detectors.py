"""Every rule on every labelled set here; fire rates, odds ratios, AUC, replication, null fleets, localisation out.

usage: python -m bench.detectors [--shuffles 200] [--whole DIR]      (DIR: checkouts, bench/swe_agent.py names them)

Rules are read from rules/detectors as it stands. Bars: a null fleet (outcomes shuffled within tasks, or among the tasks
where each has one run) may be loud in 5 %, the exact interval beside it; AUC of all signals above run length alone,
task-disjoint, in the same run; localisation beside the constants, in the same run. Replication: of what one half of the
tasks shows and the other is large enough to see, the share that it confirms, and of all that one half shows the share
that the other shows as well: by the halves of the product, over other halvings at random, and under shuffled outcomes,
which is what chance confirms.
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import add
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from bench import localising, swe_agent
from bench.fleet import TAU, disjoint_auc, features, judged, shuffled
from bench.labelled.agentrx import RUNS
from bench.labelled.case import DATA
from bench.rules import ratio
from bot.commands.wiring import shipped_detectors
from bot.model import Detector, Episode, Finding, Measured, Outcome, Remedy, Replication, replace
from bot.traces.analyse import analyse
from bot.traces.contrast import choose, table_of, task_of
from bot.traces.mine import mine
from bot.traces.replicate import CONFIRMED, compare, replicate

VERDICTS = Path("../shared/data/outcomes/terminal-bench-0.1.1.csv")
PLANTED = "our examples (planted, no evidence)"
SETS = (
    ("tau-bench airline, gpt-4o", (TAU,)),
    ("tau-bench retail (AgentRx)", (RUNS,)),
    (
        "others (OpenHands resolver, tau2, Inspect)",
        tuple(DATA / d for d in ("openhands-v0", "tau2-bench", "inspect-eval")),
    ),
    (PLANTED, (Path("examples/episodes"),)),
)
WHOLE: tuple[tuple[str, Callable[[Path], list[Episode]]], ...] = (
    ("SWE-agent, GPT-4, three runs of SWE-bench Lite", swe_agent.lite),
    ("SWE-agent, four models, Java", swe_agent.java),
)
HALVINGS = 100
MIN_RUNS = 20
"""Fewer judged runs than this are named and not tabulated."""
TIMED_OUT = Detector(
    "agent-timed-out",
    "budget",
    "The agent hit its wall clock",
    "experimental",
    "low",
    {},
    Remedy("instructions", "Mind the time."),
    Measured(by="ours"),
)


def verdicts() -> tuple[list[Episode], list[Finding]]:
    """Terminal-Bench: 2,800 verdicts without transcripts, and the one signal they bring."""
    episodes, findings = list[Episode](), list[Finding]()
    with VERDICTS.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            name = f"{row['submission']}/{row['task']}/{row['trial']}"
            if row["verdict"] == "none":
                continue
            outcome: Outcome = "pass" if row["verdict"] == "pass" else "fail"
            episodes.append(Episode(name, row["submission"], outcome, task=row["task"]))
            if row["failure_mode"] == "agent_timeout":
                findings.append(Finding(TIMED_OUT.id, name, ()))
    return episodes, findings


def null(episodes: Sequence[Episode], rng: random.Random) -> list[Episode]:
    """The same episodes with shuffled outcomes: within tasks, and among all where no task has two runs."""
    if any(times > 1 for times in Counter((e.repository, e.task) for e in episodes).values()):
        return shuffled(episodes, rng)
    outcomes = [episode.outcome for episode in episodes]
    rng.shuffle(outcomes)
    return [replace(episode, outcome=outcome) for episode, outcome in zip(episodes, outcomes, strict=True)]


class Replicated(NamedTuple):
    """How many detectors one half of the tasks found, and how many of these the other half, however small, sees as well
    (exact, one-sided, 10 %); of how many a half that is large enough was asked, and how many of these it confirmed."""

    found: int = 0
    seen: int = 0
    asked: int = 0
    confirmed: int = 0

    def plus(self, *more: int) -> Replicated:
        """Both together."""
        return Replicated(*map(add, self, more))

    def told(self, name: str) -> str:
        return (
            f"  {name:16} {share(self.confirmed, self.asked)} that the other half is large enough to see; "
            f"{share(self.seen, self.found)} that one half found, however small the other"
        )


class Noise(NamedTuple):
    """Loud null fleets of how many, and what the other half confirms in truth, over other halvings and by chance."""

    loud: int = 0
    shuffles: int = 0
    true: Replicated = Replicated()
    halvings: Replicated = Replicated()
    chance: Replicated = Replicated()

    def plus(self, more: Noise) -> Noise:
        """Both together."""
        return Noise(
            self.loud + more.loud,
            self.shuffles + more.shuffles,
            self.true.plus(*more.true),
            self.halvings.plus(*more.halvings),
            self.chance.plus(*more.chance),
        )

    def lines(self) -> Iterator[str]:
        low, high = binomtest(self.loud, self.shuffles).proportion_ci()
        interval = f"{self.loud / self.shuffles:.1%} [{low:.1%}, {high:.1%}]"
        yield f"  null fleets with an actionable pattern: {self.loud} of {self.shuffles} = {interval} (bar: 5 %)"
        yield self.true.told("replication")
        yield self.halvings.told(f"  {HALVINGS} halvings")
        yield self.chance.told("  shuffled")


def share(some: int, of: int) -> str:
    """`1 of 4 (25 %)`."""
    return f"{some} of {of}" + (f" ({some / of:.0%})" if of else "")


def replicated(
    episodes: Sequence[Episode],
    findings: Sequence[Finding],
    detectors: Sequence[Detector],
    told: Callable[[Sequence[Episode], set[str]], Replication] = replicate,
) -> Replicated:
    """What the two halves say of each other."""
    count = Replicated()
    for detector in detectors:
        fired = {finding.episode for finding in findings if finding.detector == detector.id}
        if not fired:
            continue
        other = told(episodes, fired)
        was_asked = other.code != "too-few-to-replicate"
        found = other.power > 0
        count = count.plus(found, found and other.p < CONFIRMED, was_asked, other.code == "replicated")
    return count


def halved(rng: random.Random) -> Callable[[Sequence[Episode], set[str]], Replication]:
    """`replicate` with halves that are drawn anew, still of whole tasks."""
    drawn = dict[str, int]()

    def side_of(episode: Episode) -> int:
        return drawn.setdefault(task_of(episode), rng.getrandbits(1))

    def told(episodes: Sequence[Episode], fired: set[str]) -> Replication:
        _, strata = choose(episodes)
        return compare([table_of((e for e in one if side_of(e) == side), fired) for one in strata] for side in (0, 1))

    return told


def rates(episodes: Sequence[Episode], findings: Sequence[Finding], detectors: Sequence[Detector]) -> None:
    """A line for each detector that fired, the silent ones named below."""
    print(f"  {'detector':30} {'failed':>13} {'passed':>13} {'odds ratio [95 % mid-p]':>26}  other half, status")
    patterns = {pattern.detector: pattern for pattern in mine(findings, episodes, detectors)}
    for name, seen in patterns.items():
        where = f" {seen.contrast.stratum}" if seen.contrast else ""
        failed = f"{seen.failed}/{seen.failed_of} {seen.failed / max(seen.failed_of, 1):4.0%}"
        passed = f"{seen.passed}/{seen.passed_of} {seen.passed / max(seen.passed_of, 1):4.0%}"
        other = seen.replication.code if seen.replication else "-"
        print(f"  {name:30} {failed:>13} {passed:>13} {ratio(seen.contrast) + where:>26}  {other}, {seen.status}")
    silent = [detector.id for detector in detectors if detector.id not in patterns]
    print(f"  silent: {', '.join(silent) or 'none'}")


def noise(
    episodes: Sequence[Episode], findings: Sequence[Finding], detectors: Sequence[Detector], shuffles: int
) -> Noise:
    """How loud shuffled outcomes are, and what the other half confirms in truth and by chance."""
    rng = random.Random(20261124)
    loud, chance, halvings = 0, Replicated(), Replicated()
    for _ in range(shuffles):
        drawn = null(episodes, rng)
        loud += any(one.status == "actionable" for one in mine(findings, drawn, detectors))
        chance = chance.plus(*replicated(drawn, findings, detectors))
    for _ in range(HALVINGS):
        halvings = halvings.plus(*replicated(episodes, findings, detectors, halved(rng)))
    return Noise(loud, shuffles, replicated(episodes, findings, detectors), halvings, chance)


def areas(episodes: Sequence[Episode], findings: Sequence[Finding], detectors: Sequence[Detector]) -> None:
    """AUC of failure, task-disjoint, of all signals and of run length alone."""
    runs = [episode for episode in episodes if episode.trace is not None]
    fired = {(finding.episode, finding.detector) for finding in findings}
    flags = np.array([[(run.id, detector.id) in fired for detector in detectors] for run in runs], float)
    told = np.array([features(run.trace) for run in runs if run.trace])
    failed = np.array([run.outcome == "fail" for run in runs])
    tasks = np.array([f"{run.repository}/{run.task or run.id}" for run in runs])
    rows = (
        ("run length alone", told[:, :1]),
        ("detectors alone", flags),
        ("all signals", np.hstack([told, flags])),
    )
    for name, values in rows:
        area, low, high = disjoint_auc(values, failed, tasks)
        print(f"  AUC {name:18} {area:.3f} [{low:.3f}, {high:.3f}]")


def show(name: str, episodes: Sequence[Episode], detectors: Sequence[Detector], shuffles: int) -> Noise:
    """Print one set; its noise, nothing where too few runs have a verdict."""
    outcomes = Counter(episode.outcome for episode in episodes)
    print(f"\n{name}: {outcomes['fail']} failed, {outcomes['pass']} passed, {len({e.task for e in episodes})} tasks")
    if len(episodes) < MIN_RUNS:
        print(f"  fewer than {MIN_RUNS} runs with a verdict: nothing can be said of rates")
        return Noise()
    findings = [finding for episode in episodes for finding in analyse(episode, detectors)]
    rates(episodes, findings, detectors)
    told = noise(episodes, findings, detectors, shuffles)
    print(*told.lines(), sep="\n")
    areas(episodes, findings, detectors)
    return told


def show_verdicts(shuffles: int) -> Noise:
    if not VERDICTS.exists():
        print("\nTerminal-Bench verdicts: not here")
        return Noise()
    episodes, findings = verdicts()
    print(f"\nTerminal-Bench verdicts: {len(episodes)} runs of 7 submissions, one signal")
    rates(episodes, findings, [TIMED_OUT])
    told = noise(episodes, findings, [TIMED_OUT], shuffles)
    print(*told.lines(), sep="\n")
    return told


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shuffles", type=int, default=200)
    parser.add_argument("--whole", type=Path)
    given = parser.parse_args()
    started = time.perf_counter()
    detectors = shipped_detectors()
    print(f"{len(detectors)} rules")
    real = Noise()
    for name, paths in SETS:
        episodes = [episode for path in paths if path.exists() for episode in judged(path)]
        told = show(name, episodes, detectors, given.shuffles)
        real = real if name == PLANTED else real.plus(told)
    for name, read in WHOLE:
        if given.whole is None:
            print(f"\n{name}: not here, see --whole")
        else:
            real = real.plus(show(name, read(given.whole), detectors, given.shuffles))
    real = real.plus(show_verdicts(given.shuffles))
    if real.shuffles:
        print("\nall labelled sets together, our examples left out", *real.lines(), sep="\n")
    print("\nwhere runs went wrong: the blamed agent and step", end="")
    for line in localising.table(localising.sets()):
        print(line)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
