"""`flywheel backtest`: a guard or a rule and recorded runs in; where it would have fired, in failures and in passes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from bot.errors import UserError
from bot.model import Detector, Episode, Finding, Replay, replace
from bot.modifications.backtest import GUARDS, calibrate, replay, replay_rule
from bot.traces.analyse import analyse
from bot.traces.gate import gate, recall


def backtest(
    name: str,
    episodes: Iterable[Episode],
    detectors: Sequence[Detector],
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Replay:
    """Replay over all episodes with an outcome that the gate lets through."""
    fleet = list(episodes)
    history = recall(fleet)
    judged = [episode for episode in fleet if episode.outcome != "none" and gate(episode, history) is None]
    if name in GUARDS:
        return replay(name, judged, calibrate(name, judged))
    for detector in detectors:
        if detector.id == name:
            return _replay_rule(detector, judged, clock)
    known = ", ".join([*GUARDS, *(detector.id for detector in detectors)])
    raise UserError(f"{name}: there is no such guard or rule. Known: {known}.")


def _replay_rule(detector: Detector, judged: Sequence[Episode], clock: Callable[[], int]) -> Replay:
    """The rule's findings, with what it costs for a whole episode."""
    findings: list[Finding] = []
    spent: list[float] = []
    for episode in judged:
        begin = clock()
        findings += analyse(episode, (detector,))
        spent.append((clock() - begin) / 1000)
    spent.sort()
    p50, p99 = (spent[len(spent) * share // 100] if spent else 0.0 for share in (50, 99))
    return replace(replay_rule(detector.id, findings, judged), microseconds_p50=p50, microseconds_p99=p99)
