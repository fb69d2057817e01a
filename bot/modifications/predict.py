"""A detector, its pattern and episodes go in; the failures its remedy should cure and the passes it may disturb."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set

import msgspec

from bot.model import Detector, Episode, Pattern, Prediction
from bot.modifications.backtest import GUARDS, calibrate, first, replay, replay_rule

FEWEST = 5
"""Failures, and passes, that the held-out half must have before a score says anything."""
STABLE = 3
"""Runs that a task must have passed, all of them, to be a sentinel."""


def predict(
    detector: Detector, pattern: Pattern, episodes: Sequence[Episode], parameters: Mapping[str, int] | None = None
) -> Prediction:
    """What the remedy should do to these episodes, computed, not asked of anybody.

    A guard should cure the failures that show the pattern and in which it would have spoken before the end; it may
    disturb every pass in which it would have spoken. Prose speaks wherever the pattern shows.
    """
    shown = {finding.episode for finding in pattern.findings}
    guard = detector.remedy.guard
    if guard not in GUARDS:
        told = replay_rule(detector.id, pattern.findings, episodes)
        return Prediction(told.failed_fired, told.passed_fired, told, _score(episodes, shown))
    done = replay(guard, episodes, parameters)
    lengths = {episode.id: len(episode.trace.steps) for episode in episodes if episode.trace}
    in_time = [name for name in done.failed_fired if guard == "finish-guard" or done.steps[name] <= lengths[name]]
    fixes = tuple(name for name in in_time if name in shown)
    return Prediction(fixes, done.passed_fired, done, _score_guard(guard, episodes))


class Spoken(msgspec.Struct, frozen=True):
    """A task's judged runs: how many passed, and in what share of failing and of passing ones the remedy speaks.

    What `bot.trials.forecast.Known` takes; in failing runs only speaking in time counts.
    """

    task: str
    passed: int
    runs: int
    speaks_failing: float
    speaks_passing: float


def spoken(prediction: Prediction, episodes: Sequence[Episode], repository: str) -> tuple[Spoken, ...]:
    """Every task of a repository that was ever judged, by name: also those that the prediction does not touch."""
    tasks: dict[str, list[Episode]] = {}
    for episode in episodes:
        if episode.repository == repository and episode.outcome != "none":
            name = episode.task or str(episode.id if episode.pull is None else episode.pull)
            tasks.setdefault(name, []).append(episode)
    fixes, risks = set(prediction.fixes), set(prediction.risks)
    return tuple(_spoken(task, runs, fixes, risks) for task, runs in sorted(tasks.items()))


def sentinels(found: Sequence[Spoken]) -> tuple[str, ...]:
    """Tasks that passed each of several runs, the remedy silent: a change that breaks one of them breaks blindly."""
    return tuple(one.task for one in found if one.runs >= STABLE and one.passed == one.runs and not one.speaks_passing)


def _spoken(task: str, runs: Sequence[Episode], fixes: Set[str], risks: Set[str]) -> Spoken:
    failed = [run.id in fixes for run in runs if run.outcome == "fail"]
    passed = [run.id in risks for run in runs if run.outcome == "pass"]
    return Spoken(task, len(passed), len(runs), _share(failed), _share(passed))


def _share(held: Sequence[bool]) -> float:
    return sum(held) / len(held) if held else 0.0


def _score_guard(guard: str, episodes: Sequence[Episode]) -> dict[str, float]:
    """The score of a guard whose thresholds were chosen on the tasks of the other half."""
    parameters = calibrate(guard, _half(episodes, 0))
    return _score(episodes, {e.id for e in _half(episodes, 1) if first(guard, e.trace, parameters)})


def _score(episodes: Sequence[Episode], fired: Set[str]) -> dict[str, float]:
    """How well "it speaks" foretells "it fails" on the held-out half; empty when that half is too thin or silent."""
    half = [episode for episode in _half(episodes, 1) if episode.outcome != "none"]
    failed = {episode.id for episode in half if episode.outcome == "fail"}
    spoken = {episode.id for episode in half if episode.id in fired}
    if len(failed) < FEWEST or len(half) - len(failed) < FEWEST or not spoken:
        return {}
    hits = len(failed & spoken)
    return {
        "precision": hits / len(spoken),
        "recall": hits / len(failed),
        "always_yes_precision": len(failed) / len(half),
        "episodes": float(len(half)),
    }


def _half(episodes: Sequence[Episode], side: int) -> list[Episode]:
    """One half of the tasks, always the same one: no task has episodes in both."""
    return [e for e in episodes if hashlib.sha256(_task(e).encode()).digest()[0] % 2 == side]


def _task(episode: Episode) -> str:
    if episode.task is not None:
        return f"{episode.repository}\0{episode.task}"
    return f"{episode.repository}\0{episode.id if episode.pull is None else episode.pull}"
