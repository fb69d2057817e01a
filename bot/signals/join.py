"""Traces and reports found in one bundle become the attempts they belong to, each with the reason code of its join.

On disk the bundle itself is the join (`bundle`: a manifest says so; `folder`: they lie in one leaf folder; `layout`:
another tool keeps them together). Reports in a folder that holds several independent sessions could belong to any of
them: ambiguous is unjoined and said, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import Report, Trace
from bot.signals.transcripts.joining import in_sequence

RETELLING = ("atif",)
"""Formats that are made from an agent's own files; what the agent wrote itself comes first."""


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


def one_run(traces: Sequence[Trace]) -> Trace | None:
    """The traces of one attempt, of which several formats may tell: only the fullest telling counts.

    An agent's session file, what it streamed and what was made of them hold the same steps.
    """
    tellings: dict[str, list[Trace]] = {}
    for trace in traces:
        tellings.setdefault(trace.format, []).append(trace)
    best = max(tellings, key=lambda name: (_calls(tellings[name]), name not in RETELLING), default="")
    return in_sequence(tellings.get(best, ()))


def _calls(traces: Sequence[Trace]) -> int:
    return sum(len(step.calls) for trace in traces for step in trace.steps)


def _label(trace: Trace, number: int) -> str:
    if trace.task or trace.repeat:
        return "/".join(part for part in (trace.task, trace.repeat) if part)
    return trace.session or str(number)
