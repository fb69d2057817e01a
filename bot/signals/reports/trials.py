"""The bytes of a Terminal-Bench or Harbor result go in, a Report comes out: resolved or not, and how the trial ended.

Terminal-Bench writes `results.json` for a trial and for a run, Harbor `result.json` for a trial and for a job and a
`reward.json` or `reward.txt` beside it. A trial without a verdict has the outcome none, whatever else it tells:
https://github.com/laude-institute/terminal-bench-leaderboard holds 175 such among the 2,800 of seven submissions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import Outcome, Report, Signal, Source
from bot.signals.reports import json_text
from bot.signals.reports.json_text import Citer, inside, objects, shown
from bot.signals.transcripts.outline import Head

TERMINAL_BENCH = "terminal-bench-results"
HARBOR = "harbor-result"
REWARD = "reward"

SIGNALS_CAP = 1_000
TEXT_CAP = 4_096
"""Bytes of a reward file; a longer one is none."""

_INFRASTRUCTURE = (
    "agent-installation-failed",
    "agent-setup-timeout",
    "environment",
    "healthcheck",
    "sandbox",
    "docker",
    "verifier",
    "reward-file",
    "add-tests-dir",
    "download-verifier-dir",
)
"""How the names of endings begin that are the machine's and not the agent's."""

_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{0,20})?(?:e-?\d{1,3})?", re.I)
_SEPARATOR = re.compile(r"[/\\!]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\s]+")


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial as its record tells it: task, verdict, how it ended other than well, its tests, and its reward."""

    task: str
    outcome: Outcome
    ended: str = ""
    failed: tuple[str, ...] = ()
    ran: int = 0
    reward: float | None = None


def is_terminal_bench(head: Head) -> bool:
    """A trial's verdict with its mode of failure, or a run's list of trials with its counts before or behind it."""
    first = head.first
    if head.shape not in ("object", "lines"):
        return False
    if "is_resolved" in first and ("failure_mode" in first or "parser_results" in first):
        return True
    return first.get("results") == "[" and ("n_resolved" in first or '"is_resolved"' in head.text)


def is_harbor(head: Head) -> bool:
    """A trial's result of its verifier or its exception beside its names, or a job's statistics."""
    first = head.first
    if head.shape not in ("object", "lines"):
        return False
    trial = "trial_name" in first and ("task_name" in first or "verifier_result" in first)
    return (trial and "is_resolved" not in first) or "n_total_trials" in first or "verifier_result.rewards" in first


def is_reward(head: Head) -> bool:
    """An object of one number called `reward` (others beside it), or a lone number in a file of that name."""
    if head.shape in ("object", "lines"):
        keys = head.first.keys
        return _number(keys.get("reward")) is not None and all(_number(value) is not None for value in keys.values())
    named = _SEPARATOR.split(head.name)[-1] == "reward.txt"
    return named and _NUMBER.fullmatch(head.text.strip()) is not None


def read_terminal_bench(data: bytes, path: str) -> Report:
    """Read `results.json` of a trial or of a run."""
    return _read(TERMINAL_BENCH, data, path)


def read_harbor(data: bytes, path: str) -> Report:
    """Read `result.json` of a trial or of a job."""
    return _read(HARBOR, data, path)


def read_reward(data: bytes, path: str) -> Report:
    """Read a reward: 1 or more is a pass, 0 or less a failure, what lies between is no verdict."""
    source = json_text.source_of(data, path)
    if len(data) > TEXT_CAP:
        return json_text.unreadable(REWARD, source, "longer than a reward is")
    loaded = json_text.load(data)
    value = loaded.value if isinstance(loaded.value, (int, float)) else inside(loaded.value, "reward")
    reward = _number(shown(value))
    if reward is None:
        return json_text.unreadable(REWARD, source, loaded.why or "it holds no number called reward")
    warnings = json_text.loss(source, loaded)
    outcome = _graded(reward) if not warnings else "none"
    return Report(REWARD, source, outcome, (Signal("reward", value=reward),), bool(warnings), warnings)


def _read(name: str, data: bytes, path: str) -> Report:
    source = json_text.source_of(data, path)
    if len(data) > json_text.SIZE_CAP:
        return json_text.unreadable(name, source, f"larger than {json_text.SIZE_CAP >> 20} MiB")
    loaded = json_text.load(data)
    value = loaded.value
    if not isinstance(value, dict) or not value:
        return json_text.unreadable(name, source, loaded.why or "it is no result")
    warnings = json_text.loss(source, loaded)
    several = value.get("results", value.get("trial_results"))
    if isinstance(several, list):
        trials = [_terminal_bench(one) if name == TERMINAL_BENCH else _harbor(one) for one in objects(several)]
        return _many(name, source, trials, loaded, warnings)
    if "n_total_trials" in value:
        return _many(name, source, _of_job(value), loaded, warnings)
    trial = _terminal_bench(value) if name == TERMINAL_BENCH else _harbor(value)
    citer = Citer(data, source)
    tests = [Signal("test-failed", detail=test, pin=citer.pin(test)) for test in trial.failed[:SIGNALS_CAP]]
    counts = [Signal("tests-run", value=float(trial.ran)), Signal("tests-failed", value=float(len(trial.failed)))]
    signals = (*_told(trial), *tests, *(counts if trial.ran else ()), *_spent(value))
    outcome = trial.outcome if trial.outcome == "fail" or not warnings else "none"
    return Report(name, source, outcome, signals, bool(loaded.why), warnings)


def _many(
    name: str, source: Source, trials: Sequence[Trial], loaded: json_text.Loaded, warnings: tuple[str, ...]
) -> Report:
    """A run of several trials has no outcome of its own: they are several attempts."""
    if len(trials) > SIGNALS_CAP:
        warnings += (f"{source.path}: {len(trials) - SIGNALS_CAP} of {len(trials)} trials are counted, not listed.",)
    signals = [
        Signal(
            "task-resolved", one.outcome == "pass", one.task if one.outcome != "none" else f"{one.task} (not judged)"
        )
        for one in trials[:SIGNALS_CAP]
    ]
    return Report(name, source, "none", tuple(signals), bool(loaded.why), warnings)


def _terminal_bench(value: dict[str, object]) -> Trial:
    """`failure_mode` is no verdict: a trial that ran out of time may have been resolved (232 of 940 were)."""
    verdicts: dict[object, Outcome] = {True: "pass", False: "fail"}
    resolved = value.get("is_resolved")
    tests = value.get("parser_results")
    told = [(shown(test), shown(end)) for test, end in tests.items()] if isinstance(tests, dict) else []
    return Trial(
        task=shown(value.get("task_id")),
        outcome=verdicts[resolved] if isinstance(resolved, bool) else "none",
        ended=_ended(value.get("failure_mode")),
        failed=tuple(test for test, end in told if end == "failed"),
        ran=len(told),
    )


def _harbor(value: dict[str, object]) -> Trial:
    reward = _number(shown(inside(value, "verifier_result", "rewards", "reward")))
    if reward is None:
        reward = _number(shown(inside(value, "verifier_result", "reward")))
    return Trial(
        task=shown(value.get("task_name")) or shown(value.get("trial_name")),
        outcome="none" if reward is None else _graded(reward),
        ended=_ended(inside(value, "exception_info", "exception_type")),
        reward=reward,
    )


def _of_job(value: dict[str, object]) -> list[Trial]:
    """The trials of a job by the reward they got: `stats.evals.<name>.reward_stats.reward.<reward>` lists them."""
    found: list[Trial] = []
    evals = inside(value, "stats", "evals")
    for told in evals.values() if isinstance(evals, dict) else ():
        rewards = inside(told, "reward_stats", "reward")
        for text, names in rewards.items() if isinstance(rewards, dict) else ():
            reward = _number(text)
            if reward is not None and isinstance(names, list):
                found += [Trial(shown(name), _graded(reward), reward=reward) for name in names]
    return found


def _told(trial: Trial) -> list[Signal]:
    signals = [Signal("task-resolved", trial.outcome == "pass", trial.task)] if trial.outcome != "none" else []
    if trial.reward is not None:
        signals.append(Signal("reward", value=trial.reward))
    if trial.ended:
        signals.append(Signal("trial-ended", detail=trial.ended))
    if trial.ended.startswith(_INFRASTRUCTURE):
        signals.append(Signal("infrastructure", detail=trial.ended))
    return signals


def _spent(value: dict[str, object]) -> list[Signal]:
    told = [value.get("total_input_tokens"), value.get("total_output_tokens")]
    told += [inside(value, "agent_result", key) for key in ("n_input_tokens", "n_output_tokens")]
    tokens = sum(number for one in told if (number := _number(shown(one))) and number > 0)
    cost = _number(shown(inside(value, "agent_result", "cost_usd")))
    signals = [Signal("tokens", value=tokens)] if tokens else []
    return [*signals, Signal("cost", value=cost)] if cost is not None else signals


def _ended(mode: object) -> str:
    """`AgentTimeoutError` and `agent_timeout` as `agent-timeout`; "" for what ended well."""
    name = "-".join(part for part in _HUMP.split(shown(mode).removesuffix("Error")) if part).lower()
    return "" if name in ("unset", "none") else name


def _graded(reward: float) -> Outcome:
    if reward >= 1:
        return "pass"
    return "fail" if reward <= 0 else "none"


def _number(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None
