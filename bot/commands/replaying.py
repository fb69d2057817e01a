"""`flywheel backtest`: a guard or a rule and recorded runs in; where it would have fired, in failures and in passes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from bot.errors import UserError
from bot.model import Detector, Episode, Replay
from bot.modifications.backtest import GUARDS, calibrate, replay
from bot.traces.analyse import analyse
from bot.traces.gate import gate


def backtest(
    name: str,
    episodes: Iterable[Episode],
    detectors: Sequence[Detector],
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Replay:
    """Replay over all episodes with an outcome that the gate lets through."""
    judged = [episode for episode in episodes if episode.outcome != "none" and gate(episode) is None]
    if name in GUARDS:
        return replay(name, judged, calibrate(name, judged))
    for detector in detectors:
        if detector.id == name:
            return _replay_rule(detector, judged, clock)
    known = ", ".join([*GUARDS, *(detector.id for detector in detectors)])
    raise UserError(f"{name}: there is no such guard or rule. Known: {known}.")


def _replay_rule(detector: Detector, judged: Sequence[Episode], clock: Callable[[], int]) -> Replay:
    fired: dict[str, int] = {}
    spent: list[float] = []
    for episode in judged:
        begin = clock()
        found = analyse(episode, (detector,))
        spent.append((clock() - begin) / 1000)
        if found:
            fired[episode.id] = min(found[0].steps, default=0)
    spent.sort()
    outcomes = {episode.id: episode.outcome for episode in judged}
    return Replay(
        guard=detector.id,
        failed_episodes=sum(outcome == "fail" for outcome in outcomes.values()),
        passed_episodes=sum(outcome == "pass" for outcome in outcomes.values()),
        failed_fired=tuple(name for name in fired if outcomes[name] == "fail"),
        passed_fired=tuple(name for name in fired if outcomes[name] == "pass"),
        microseconds_p50=spent[len(spent) // 2] if spent else 0.0,
        microseconds_p99=spent[min(len(spent) - 1, len(spent) * 99 // 100)] if spent else 0.0,
        steps=fired,
    )
