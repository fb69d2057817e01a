"""Takes the traces of many files; gives them with the subagents and continuations of one session joined into one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.model import Step, Tokens, Trace, replace

_PART = re.compile(r"\.cont-(\d{1,6})\.json$")


def join(traces: Sequence[Trace]) -> list[Trace]:
    """One Trace for each session, in the order in which the sessions were first seen.

    Traces of the same format, agent and session id are one run (runs that carry a task are never joined). The file
    with the main steps that began first leads; a file of which all steps are a subagent's adds its steps behind, and
    changes neither end nor final text. A step is counted once: copies of the same record in a second file are dropped.
    """
    groups: dict[tuple[str, ...], list[Trace]] = {}
    for place, trace in enumerate(traces):
        alone = not trace.session or trace.task != "" or trace.repeat != "" or trace.outcome != "none"
        key = (trace.format, trace.agent.name, trace.session) if not alone else ("", "", str(place))
        groups.setdefault(key, []).append(trace)
    return [group[0] if len(group) == 1 else _joined(group) for group in groups.values()]


def _joined(group: list[Trace]) -> Trace:
    main = sorted((trace for trace in group if not _is_subagent(trace)), key=_begun)
    ordered = main + [trace for trace in group if _is_subagent(trace)]
    first = ordered[0]
    last = max(reversed(main), key=lambda trace: trace.ended, default=first)
    kept, dropped = _steps(ordered)
    warnings = [warning for trace in ordered for warning in trace.warnings]
    if dropped:
        warnings.append(f"{dropped} step(s) that stand in several files of the session were counted once")
    costs = [trace.cost_usd for trace in ordered if trace.cost_usd is not None]
    return replace(
        first,
        sources=tuple(source for trace in ordered for source in trace.sources),
        steps=kept,
        end_reason=last.end_reason,
        started=min((trace.started for trace in ordered if trace.started), default=""),
        ended=max((trace.ended for trace in ordered if trace.ended), default=""),
        final=last.final or first.final,
        tokens=Tokens(
            sum(trace.tokens.input for trace in ordered),
            sum(trace.tokens.output for trace in ordered),
            sum(trace.tokens.cached for trace in ordered),
        ),
        cost_usd=max(costs) if costs else None,
        compactions=sum(trace.compactions for trace in ordered),
        provider_errors=last.provider_errors,
        guard=last.guard,
        warnings=tuple(warnings),
    )


def _begun(trace: Trace) -> tuple[str, int, str]:
    """When a trace began; where no time is told, Harbor's `trajectory.cont-N.json` come behind `trajectory.json`."""
    path = trace.sources[0].path if trace.sources else ""
    part = _PART.search(path[-40:])
    return trace.started, int(part[1]) if part else 0, path


def _steps(ordered: list[Trace]) -> tuple[tuple[Step, ...], int]:
    """The steps of all files, each with the number of its own source, copies of a step dropped."""
    kept: list[Step] = []
    seen: set[tuple[object, ...]] = set()
    dropped = shift = 0
    for trace in ordered:
        here: set[tuple[object, ...]] = set()
        for step in trace.steps:
            key = _key(step)
            if key in seen:
                dropped += 1
                continue
            here.add(key)
            calls = tuple(replace(call, source=call.source + shift) for call in step.calls)
            kept.append(replace(step, calls=calls, source=step.source + shift))
        seen |= here
        shift += len(trace.sources)
    return tuple(kept), dropped


def _key(step: Step) -> tuple[object, ...]:
    """What makes two records the same in two files: their length, words and calls."""
    calls = tuple((call.name, call.command, call.paths, call.end - call.start, call.quote) for call in step.calls)
    return (step.end - step.start, step.quote, calls)


def _is_subagent(trace: Trace) -> bool:
    return bool(trace.steps) and all(step.origin == "subagent" for step in trace.steps)
