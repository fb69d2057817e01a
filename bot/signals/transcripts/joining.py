"""Takes the traces of many files; gives them joined: a session with its subagents and continuations, or an attempt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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


def in_sequence(traces: Sequence[Trace]) -> Trace | None:
    """Several sessions of one attempt as one trace, in the order of their start; the end of the last one counts.

    They are different sessions: no step is taken for a copy, and what they cost adds up.
    """
    if not traces:
        return None
    if len(traces) == 1:
        return traces[0]
    main = sorted((trace for trace in traces if not _is_subagent(trace)), key=lambda trace: trace.started)
    ordered = main + [trace for trace in traces if _is_subagent(trace)]
    first, last = ordered[0], main[-1] if main else ordered[-1]
    costs = [trace.cost_usd for trace in ordered if trace.cost_usd is not None]
    final = next((trace.final for trace in reversed(main) if trace.final), first.final)
    return replace(
        _merged(ordered, last, [step for steps in _laid(ordered) for step in steps]),
        ended=last.ended,
        started=first.started,
        final=final,
        cost_usd=sum(costs) if costs else None,
    )


def placed(step: Step, sources: int, offset: int = 0) -> Step:
    """A step whose file now stands behind so many `sources` of its trace, and begins at this `offset` of the file."""
    if not sources and not offset:
        return step
    calls = tuple(
        replace(call, source=call.source + sources, start=call.start + offset, end=call.end + offset)
        for call in step.calls
    )
    source = step.source + sources
    return replace(step, calls=calls, source=source, start=step.start + offset, end=step.end + offset)


def aside(trace: Trace) -> Trace:
    """A trace that is only a helper's: all its steps are a subagent's."""
    return replace(trace, steps=tuple(replace(step, origin="subagent") for step in trace.steps))


def _joined(group: list[Trace]) -> Trace:
    main = sorted((trace for trace in group if not _is_subagent(trace)), key=_begun)
    ordered = main + [trace for trace in group if _is_subagent(trace)]
    last = max(reversed(main), key=lambda trace: trace.ended, default=ordered[0])
    kept, dropped = _without_copies(ordered)
    joined = _merged(ordered, last, kept)
    if not dropped:
        return joined
    said = f"{dropped} step(s) that stand in several files of the session were counted once"
    return replace(joined, warnings=(*joined.warnings, said))


def _merged(ordered: Sequence[Trace], last: Trace, steps: Sequence[Step]) -> Trace:
    """The traces, whose `steps` are numbered for all their sources, as one; `last` knows how it ended."""
    first = ordered[0]
    costs = [trace.cost_usd for trace in ordered if trace.cost_usd is not None]
    return replace(
        first,
        sources=tuple(source for trace in ordered for source in trace.sources),
        steps=tuple(steps),
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
        warnings=tuple(warning for trace in ordered for warning in trace.warnings),
    )


def _begun(trace: Trace) -> tuple[str, int, str]:
    """When a trace began; where no time is told, Harbor's `trajectory.cont-N.json` come behind `trajectory.json`."""
    path = trace.sources[0].path if trace.sources else ""
    part = _PART.search(path[-40:])
    return trace.started, int(part[1]) if part else 0, path


def _laid(ordered: Sequence[Trace]) -> Iterator[list[Step]]:
    """The steps of each trace, with the numbers their sources have behind those of the traces before."""
    shift = 0
    for trace in ordered:
        yield [placed(step, shift) for step in trace.steps]
        shift += len(trace.sources)


def _without_copies(ordered: Sequence[Trace]) -> tuple[list[Step], int]:
    """The steps of all traces, copies of a step in a second one dropped and counted."""
    kept: list[Step] = []
    seen: set[tuple[object, ...]] = set()
    dropped = 0
    for steps in _laid(ordered):
        new = [(key, step) for step in steps if (key := _key(step)) not in seen]
        dropped += len(steps) - len(new)
        kept += [step for _, step in new]
        seen.update(key for key, _ in new)
    return kept, dropped


def _key(step: Step) -> tuple[object, ...]:
    """What makes two records the same in two files: their length, words and calls."""
    calls = tuple((call.name, call.command, call.paths, call.end - call.start, call.quote) for call in step.calls)
    return (step.end - step.start, step.quote, calls)


def _is_subagent(trace: Trace) -> bool:
    return bool(trace.steps) and all(step.origin == "subagent" for step in trace.steps)
