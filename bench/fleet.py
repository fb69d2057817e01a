"""A labelled fleet in; per detector its rates and odds ratio, the null fleets, and how well signals tell failures out.

usage: python -m bench.fleet [--shuffles 200]      (tau-bench from ../shared/data, and our examples)

Bars (research/mining.md §3.2): AUC of all signals .699, of run length alone .664, task-disjoint. A null fleet has its
outcomes shuffled within tasks; at most 5 % of them may show any actionable pattern.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bot.commands.wiring import shipped_detectors
from bot.model import Detector, Episode, Finding, Trace, replace
from bot.signals.collect import collect
from bot.traces import claims
from bot.traces.analyse import analyse
from bot.traces.gate import gate, recall
from bot.traces.mine import mine

TAU = Path("../shared/data/transcripts/tau-bench/historical_trajectories__gpt-4o-airline.json")
EXAMPLES = Path("examples/episodes")
PLANTED = Path("examples/planted.json")


LOOKS = re.compile(
    r"(?i)(?:get|list|search|find|read|show|view|fetch|query|look|calculate|think|count|check)(?:_|\b|[A-Z])"
)
"""Tools whose name says that they only look; all others act."""
HANDS_OVER = re.compile(r"(?i)transfer|human|escalat|hand_?off")
"""Tools that give the task to a person: an agent that knows its limit."""


def judged(path: Path) -> list[Episode]:
    """The episodes with an outcome that the gate lets through."""
    fleet = list(collect([path]))
    history = recall(fleet)
    return [one for one in fleet if one.outcome != "none" and gate(one, history) is None]


def shuffled(episodes: Sequence[Episode], rng: random.Random) -> list[Episode]:
    """The same episodes, their outcomes shuffled within each task."""
    tasks: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for place, episode in enumerate(episodes):
        tasks[(episode.repository, episode.task)].append(place)
    after = list(episodes)
    for places in tasks.values():
        outcomes = [episodes[place].outcome for place in places]
        rng.shuffle(outcomes)
        for place, outcome in zip(places, outcomes, strict=True):
            after[place] = replace(episodes[place], outcome=outcome)
    return after


def null_fleets(
    episodes: Sequence[Episode], findings: Sequence[Finding], detectors: Sequence[Detector], shuffles: int
) -> int:
    """In how many null fleets any pattern is actionable. Findings do not depend on outcomes, so they stand."""
    rng = random.Random(20261124)
    return sum(
        any(pattern.status == "actionable" for pattern in mine(findings, shuffled(episodes, rng), detectors))
        for _ in range(shuffles)
    )


def features(trace: Trace) -> list[float]:
    """Signals of any run, none of them about its task: length, errors, repetition, variety, how it ended."""
    calls = [call for step in trace.steps for call in step.calls]
    names = Counter(call.name for call in calls)
    errors = Counter(call.error for call in calls if call.status == "error")
    streak = longest = 0
    for call in calls:
        streak = streak + 1 if call.status == "error" else 0
        longest = max(longest, streak)
    read = sum(step.end - step.start for step in trace.steps)
    answered = sum(call.end - call.start for call in calls)
    acts = [place for place, call in enumerate(calls, 1) if not LOOKS.match(call.name)]
    says = claims.says(trace.final)
    return [
        len(trace.steps),
        len(calls),
        sum(errors.values()),
        longest,
        max(errors.values(), default=0),
        len(names),
        max(names.values(), default=0),
        len(trace.steps) - sum(bool(step.calls) for step in trace.steps),
        read,
        answered,
        len(trace.final),
        float(trace.end_reason == "finished"),
        len(acts),
        len(calls) - len(acts),
        max(acts, default=0) / max(len(calls), 1),
        len({calls[place - 1].name for place in acts}),
        float(says == "success"),
        float(says == "failure"),
        float(any(HANDS_OVER.search(call.name) for call in calls)),
    ]


def disjoint_auc(values: np.ndarray, failed: np.ndarray, tasks: np.ndarray) -> tuple[float, float, float]:
    """(AUC, low, high): 5 folds of whole tasks, the mean of 20 splits; 95 % interval by bootstrap over tasks.

    Scores leave the intercept out: it knows the rate of failures in the other folds, and a fold that was drawn with few
    of them would be told apart from one with many, the wrong way round.
    """
    rng = np.random.default_rng(0)
    logs = np.log1p(values)
    known = np.unique(tasks)
    scores = np.zeros((20, len(failed)))
    for guessed in scores:
        fold_of = dict(zip(rng.permutation(known), np.arange(len(known)) % 5, strict=True))
        folds = np.array([fold_of[task] for task in tasks])
        for fold in range(5):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
            model.fit(logs[folds != fold], failed[folds != fold])
            guessed[folds == fold] = model.decision_function(logs[folds == fold]) - model[-1].intercept_

    pairs = np.mean([_ordered(guessed[failed], guessed[~failed]) for guessed in scores], axis=0)
    drawn = []
    for _ in range(1000):
        times = np.bincount(rng.integers(len(known), size=len(known)), minlength=len(known))
        weight = times[np.searchsorted(known, tasks)]
        both = weight[failed].sum() * weight[~failed].sum()
        if both:
            drawn.append(weight[failed] @ pairs @ weight[~failed] / both)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(pairs.mean()), float(low), float(high)


def _ordered(failed: np.ndarray, passed: np.ndarray) -> np.ndarray:
    """For each failure and pass 1 when the failure scores higher, a half when equal; their mean is the AUC."""
    apart = np.subtract.outer(failed, passed)
    return (apart > 0) + 0.5 * (apart == 0)


def show(path: Path, shuffles: int) -> None:
    detectors = shipped_detectors()
    episodes = judged(path)
    findings = [finding for episode in episodes for finding in analyse(episode, detectors)]
    outcomes = Counter(episode.outcome for episode in episodes)
    print(f"\n{path}: {outcomes['fail']} failed, {outcomes['pass']} passed, gated in")
    print(f"{'detector':32} {'failed':>8} {'passed':>8} {'odds ratio [95 % mid-p]':>28} {'q':>7}  status")
    for pattern in mine(findings, episodes, detectors):
        seen = pattern.contrast
        ratio = "-"
        if seen:
            upper = "inf" if seen.high is None else f"{seen.high:.2f}"
            point = "inf" if seen.odds_ratio is None else f"{seen.odds_ratio:.2f}"
            ratio = f"{point} [{seen.low:.2f}, {upper}] {seen.stratum}"
        rates = f"{pattern.failed / pattern.failed_of:8.1%} {pattern.passed / pattern.passed_of:8.1%}"
        q = "-" if pattern.q is None else f"{pattern.q:.3f}"
        print(f"{pattern.detector:32} {rates} {ratio:>28} {q:>7}  {pattern.status} {' '.join(pattern.reasons)}")
    loud = null_fleets(episodes, findings, detectors, shuffles)
    print(f"null fleets with any actionable pattern: {loud} of {shuffles} = {loud / shuffles:.1%} (bar: at most 5 %)")


def show_auc(path: Path) -> None:
    episodes = [one for one in judged(path) if one.trace is not None]
    values = np.array([features(one.trace) for one in episodes if one.trace])
    failed = np.array([one.outcome == "fail" for one in episodes])
    tasks = np.array([f"{one.repository}/{one.task}" for one in episodes])
    print(f"\n{path}: task-disjoint AUC of failure, {len(episodes)} runs, {len(set(tasks))} tasks")
    for name, columns, bar in (("all signals", slice(None), 0.699), ("run length alone", slice(0, 1), 0.664)):
        area, low, high = disjoint_auc(values[:, columns], failed, tasks)
        print(f"  {name:18} {area:.3f} [{low:.3f}, {high:.3f}]   published bar {bar}")


def show_planted(path: Path) -> None:
    """Whether what the examples' maker planted is what is found."""
    detectors = shipped_detectors()
    episodes = judged(path)
    findings = [finding for episode in episodes for finding in analyse(episode, detectors)]
    found = {one.detector for one in mine(findings, episodes, detectors) if one.status == "actionable"}
    planted = {one["detector"].split("/")[-1] for one in json.loads(PLANTED.read_text(encoding="utf-8"))["planted"]}
    print(f"\nplanted:    {sorted(planted)}\nactionable: {sorted(found)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shuffles", type=int, default=200)
    shuffles = parser.parse_args().shuffles
    if TAU.exists():
        show(TAU, shuffles)
        show_auc(TAU)
    show(EXAMPLES, shuffles)
    show_planted(EXAMPLES)


if __name__ == "__main__":
    main()
