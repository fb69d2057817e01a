"""Takes what was seen of a change's runs since its merge and returns how its charts stand.

The state is a fold over the runs in their order: whoever has lost it reads the runs again and stands where he stood.
Evidence of trust T0 feeds nothing here, so that nobody outside can have a change reverted (design.md §7).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from bot.approval.cusum import Chart, alarms, likely, risen
from bot.approval.policy import Policy
from bot.approval.seen import Baseline, Seen, when
from bot.model import replace

ALARM_Z, CLAIM_Z = 0.2533, 0.8416
"""Normal quantiles of 60 and 80 %: how much doubt about the time before the merge goes against an alarm, which must not
come late, and against the claim that the pattern fell. Chosen by bench/operating.py: at most 10 % are false."""
DECIDED = math.log(9)
"""Both errors of the sequential test 10 %: log((1 - 0.1) / 0.1), Wald 1945."""


class Merge(msgspec.Struct, frozen=True):
    """What is watched: one merged change, since when (ISO 8601 with its zone), in which repositories, on what baseline.

    One repository watches its own; several are the fleet, pooled: each run is held against its own repository's chart.
    """

    change: str
    since: str
    baselines: Mapping[str, Baseline]


class Watch(msgspec.Struct, frozen=True):
    """How the charts stand: heights of failures and pattern, the log likelihood ratio that the pattern fell.

    `alarm` is `failures` or `pattern` (it became more frequent); the first stays. `returned` = it fell, and came back.
    `suspects` are the failed runs from where the failure chart last stood at zero to its alarm, `confirmed` those of
    them that failed again at the same revision. `blind` = some repository fails more than any chart expects. `fell` is
    None while that is open.
    """

    seen: int = 0
    failed: int = 0
    recurred: int = 0
    failing: float = 0.0
    recurring: float = 0.0
    falling: float = 0.0
    fell: bool | None = None
    alarm: str = ""
    alarmed_by: str = ""
    returned: bool = False
    suspects: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    blind: bool = False


class Charts(msgspec.Struct, frozen=True):
    """What one repository's runs are held against; None = no chart expects as much. `before` and `after` are the
    shares of the pattern between which the sequential test decides."""

    failures: Chart | None
    pattern: Chart | None
    before: float
    after: float


def watch(merge: Merge, runs: Iterable[Seen], policy: Policy) -> Watch:
    """The watch over all runs since the merge, each once, in the order of their times."""
    charts = {name: charts_of(baseline, policy) for name, baseline in merge.baselines.items()}
    state = Watch(blind=any(one.failures is None for one in charts.values()) or not charts)
    known: set[str] = set()
    for run in sorted(runs, key=lambda one: (when(one.at), one.episode)):
        counts = run.trust != "T0" and run.exposed and run.repository in charts and not (run.failed and _flaky(run))
        if not counts or run.episode in known or when(run.at) <= when(merge.since):
            continue
        known.add(run.episode)
        if state.seen < policy.watch.window:
            state = observe(state, run, charts[run.repository], policy)
    return state


def observe(state: Watch, run: Seen, charts: Charts, policy: Policy) -> Watch:
    """The watch after one more run. Nothing that follows takes back an alarm or an answer."""
    failing = risen(charts.failures, state.failing, run.failed) if charts.failures else state.failing
    pattern = charts_at(charts.after, policy) if state.fell else charts.pattern
    recurring = risen(pattern, state.recurring, run.recurred) if pattern else state.recurring
    heard = replace(
        state,
        seen=state.seen + 1,
        failed=state.failed + run.failed,
        recurred=state.recurred + run.recurred,
        failing=failing,
        recurring=recurring,
    )
    if not state.alarm:
        heard = _suspected(heard, run)
    if not heard.alarm and charts.failures and alarms(charts.failures, failing):
        heard = replace(heard, alarm="failures", alarmed_by=run.episode)
    if pattern and alarms(pattern, recurring):
        if state.fell:
            heard = replace(heard, returned=True)
        elif not heard.alarm:
            heard = replace(heard, alarm="pattern", alarmed_by=run.episode)
    return _tested(heard, run.recurred, charts)


def _suspected(state: Watch, run: Seen) -> Watch:
    """The runs that an alarm would rest on."""
    if not state.failing:
        return replace(state, suspects=(), confirmed=())
    if not run.failed:
        return state
    confirmed = (*state.confirmed, run.episode) if run.rerun == "fail" else state.confirmed
    return replace(state, suspects=(*state.suspects, run.episode), confirmed=confirmed)


def _tested(state: Watch, recurred: bool, charts: Charts) -> Watch:
    """The sequential test one run further; a decision is final, and a fall starts the pattern's chart anew."""
    if state.fell is not None or not charts.before:
        return state
    step = charts.after / charts.before if recurred else (1 - charts.after) / (1 - charts.before)
    falling = state.falling + math.log(step)
    if abs(falling) < DECIDED:
        return replace(state, falling=falling)
    fell = falling > 0
    return replace(state, falling=falling, fell=fell, recurring=0.0 if fell else state.recurring)


def charts_of(baseline: Baseline, policy: Policy) -> Charts:
    """The charts of one repository. Without runs before the merge nothing is known: every chart is missing."""
    _, failed = likely(baseline.failed, baseline.runs, ALARM_Z)
    _, recurred = likely(baseline.recurred, baseline.runs, ALARM_Z)
    low, _ = likely(baseline.recurred, baseline.runs, CLAIM_Z)
    return Charts(charts_at(failed, policy), charts_at(recurred, policy), low, low * policy.watch.falls_to)


def charts_at(share: float, policy: Policy) -> Chart | None:
    """The first chart that expects at least this share."""
    return next((chart for chart in policy.watch.charts if chart.expected >= share), None)


def _flaky(run: Seen) -> bool:
    """Whether the same revision passed when it was run again: the change is not to blame for that."""
    return run.rerun == "pass"
