"""A guard's name and recorded episodes go in; where the guard would have spoken comes out, by the `decide` it installs.

A recording shows what the agent did without the guard, so only the steps before it first speaks say anything about it:
the replay of an episode ends there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.model import Call, Episode, Finding, Replay, Trace
from bot.modifications.guards import finish_guard, loop_guard

GUARDS = ("loop-guard", "finish-guard")

SAMPLES = 100_000
"""At most so many calls are timed."""
UNREACHABLE = 1 << 30

View = dict[str, Any]
"""What `decide` sees of a call, whether a hook or a recording saw it."""


def replay(guard: str, episodes: Iterable[Episode], parameters: Mapping[str, int] | None = None) -> Replay:
    """Which judged episodes the guard would have touched, and before which step it first speaks.

    A step of one more than the trace has means: after the last one. Unjudged episodes are left out.
    """
    judged = [episode for episode in episodes if episode.outcome != "none"]
    spent: list[int] = []
    steps = {episode.id: step for episode in judged if (step := first(guard, episode.trace, parameters, spent))}
    spent.sort()
    return Replay(
        guard=guard,
        failed_episodes=sum(episode.outcome == "fail" for episode in judged),
        passed_episodes=sum(episode.outcome == "pass" for episode in judged),
        failed_fired=tuple(e.id for e in judged if e.outcome == "fail" and e.id in steps),
        passed_fired=tuple(e.id for e in judged if e.outcome == "pass" and e.id in steps),
        microseconds_p50=_quantile(spent, 50) / 1000,
        microseconds_p99=_quantile(spent, 99) / 1000,
        parameters=dict(parameters or {}),
        steps=steps,
    )


def replay_rule(detector: str, findings: Iterable[Finding], episodes: Iterable[Episode]) -> Replay:
    """The replay of a rule: its findings, by the first step each cites."""
    steps = {f.episode: min(f.steps, default=0) for f in findings if f.detector == detector}
    judged = [episode for episode in episodes if episode.outcome != "none"]
    return Replay(
        guard=detector,
        failed_episodes=sum(episode.outcome == "fail" for episode in judged),
        passed_episodes=sum(episode.outcome == "pass" for episode in judged),
        failed_fired=tuple(e.id for e in judged if e.outcome == "fail" and e.id in steps),
        passed_fired=tuple(e.id for e in judged if e.outcome == "pass" and e.id in steps),
        steps={e.id: steps[e.id] for e in judged if e.id in steps},
    )


def first(
    guard: str, trace: Trace | None, parameters: Mapping[str, int] | None = None, spent: list[int] | None = None
) -> int:
    """The step before which the guard first speaks, 0 when it never does. `spent` collects nanoseconds per call."""
    state: dict[str, Any] = {}
    for step, view in views(guard, trace) if trace else ():
        begin = time.perf_counter_ns()
        state, text = _decide(guard, state, view, parameters or {})
        if spent is not None and len(spent) < SAMPLES:
            spent.append(time.perf_counter_ns() - begin)
        if text:
            return step + 1
    return 0


def calibrate(guard: str, episodes: Iterable[Episode]) -> dict[str, int]:
    """The loop guard's thresholds for these episodes: above what 95 % of passing runs reach, never below the shipped.

    A passing run's figure is the most edits of one file that the guard would have counted. Without passing runs, and
    for a guard without such a threshold, the shipped numbers stand.
    """
    if guard != "loop-guard":
        return {}
    counted = sorted(edits_in_vain(episode.trace) for episode in episodes if episode.outcome == "pass")
    nudge = max(loop_guard.NUDGE, _quantile(counted, 95) + 1)
    return {"nudge": nudge, "pause": nudge + loop_guard.PAUSE - loop_guard.NUDGE}


def edits_in_vain(trace: Trace | None) -> int:
    """The most edits of one file that the loop guard counts in a run when it never speaks."""
    state: dict[str, Any] = {}
    most = 0
    for _, view in views("loop-guard", trace) if trace else ():
        state, _ = loop_guard.decide(state, view, UNREACHABLE, UNREACHABLE)
        most = max([most, *state.get("edits", {}).values()])
    return most


def views(guard: str, trace: Trace) -> Iterator[tuple[int, View]]:
    """The calls of a trace as the guard's hooks would have seen them, each with its step.

    The finish guard sees the first prompt at
    step 0, and a stop after the last step of a run that ended by itself: the stops between a person's prompts are
    not recorded.
    """
    if guard == "finish-guard":
        yield 0, _event("UserPromptSubmit", trace.prompt)
    for number, step in enumerate(trace.steps, 1):
        for call in step.calls:
            if hooked(call):
                yield number, view(call, trace.cwd)
    if guard == "finish-guard" and trace.end_reason == "finished":
        yield len(trace.steps), _event("Stop")


def hooked(call: Call) -> bool:
    """Whether a hook of the guards runs after this call: not after an edit that failed, nor one a person refused."""
    return call.status == "ok" or (call.status == "error" and call.kind == "shell")


def view(call: Call, cwd: str = "") -> View:
    """A recorded call as `decide` sees it; a check without an outcome is none."""
    home = cwd.rstrip("/") + "/"
    check = call.check if call.check and call.check.outcome != "none" else None
    return {
        "tool": call.name,
        "kind": call.kind,
        "paths": [path.removeprefix(home) if cwd else path for path in call.paths],
        "creates": bool(call.paths) and set(call.paths) <= set(call.creates),
        "command": call.command,
        "check": {"red": check.outcome == "fail", "failing": sorted(check.failing)} if check else None,
        "exit": call.exit_code,
    }


def _event(name: str, text: str = "") -> View:
    bare: View = {"paths": [], "creates": False, "check": None, "exit": None, "active": False}
    return {**bare, "tool": name, "kind": "other", "command": text}


def _decide(guard: str, state: dict[str, Any], call: View, parameters: Mapping[str, int]) -> tuple[dict[str, Any], str]:
    decide = loop_guard.decide if guard == "loop-guard" else finish_guard.decide
    return decide(state, call, **parameters)


def _quantile(ordered: Sequence[int], percent: int) -> int:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0
