"""Traces and reports found in one bundle become the attempts they belong to, each with the reason code of its join.

On disk the bundle itself is the join (`bundle`: a manifest says so; `folder`: they lie in one leaf folder). Reports in
a folder that holds several independent sessions could belong to any of them: ambiguous is unjoined and said, never
guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import Report, Trace, replace


@dataclass(frozen=True, slots=True)
class Attempt:
    """One trace (or none) with the reports that are about it. `label` tells attempts of one bundle apart."""

    trace: Trace | None
    reports: tuple[Report, ...]
    joined: str
    label: str = ""


def join(traces: Sequence[Trace], reports: Sequence[Report], has_manifest: bool) -> tuple[Attempt, ...]:
    """The attempts of one bundle; with a manifest exactly one, its sessions in the order of their start."""
    if has_manifest:
        return (Attempt(in_sequence(traces), tuple(reports), "bundle"),)
    if len(traces) <= 1:
        return (Attempt(traces[0] if traces else None, tuple(reports), "folder"),) if traces or reports else ()
    joined = "ambiguous-reports" if reports else "folder"
    return tuple(Attempt(trace, (), joined, _label(trace, number)) for number, trace in enumerate(traces, 1))


def in_sequence(traces: Sequence[Trace]) -> Trace | None:
    """Several sessions of one attempt as one trace: steps in order of start, the end of the last one counts."""
    if not traces:
        return None
    ordered = sorted(traces, key=lambda trace: trace.started)
    merged = ordered[0]
    for trace in ordered[1:]:
        merged = _append(merged, trace)
    return merged


def _append(first: Trace, second: Trace) -> Trace:
    offset = len(first.sources)
    steps = tuple(
        replace(
            step,
            source=step.source + offset,
            calls=tuple(replace(call, source=call.source + offset) for call in step.calls),
        )
        for step in second.steps
    )
    costs = [cost for cost in (first.cost_usd, second.cost_usd) if cost is not None]
    return replace(
        first,
        sources=first.sources + second.sources,
        steps=first.steps + steps,
        end_reason=second.end_reason,
        ended=second.ended,
        final=second.final or first.final,
        tokens=replace(
            first.tokens,
            input=first.tokens.input + second.tokens.input,
            output=first.tokens.output + second.tokens.output,
            cached=first.tokens.cached + second.tokens.cached,
        ),
        cost_usd=sum(costs) if costs else None,
        compactions=first.compactions + second.compactions,
        provider_errors=second.provider_errors,
        warnings=first.warnings + second.warnings,
    )


def _label(trace: Trace, number: int) -> str:
    if trace.task or trace.repeat:
        return "/".join(part for part in (trace.task, trace.repeat) if part)
    return trace.session or str(number)
