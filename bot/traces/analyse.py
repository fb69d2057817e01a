"""An episode and the detectors go in; one finding for each detector that holds comes out, its steps pinned."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Call, Detector, Episode, Finding, Pin, Step, Trace, replace
from bot.traces.conditions import evaluate
from bot.traces.conditions.calls import last_step
from bot.traces.localise import localise, moments

MAX_PINS = 6
"""Pins of one finding: the first and the last steps it cites. A loop of forty edits needs no forty quotes."""


def analyse(episode: Episode, detectors: Sequence[Detector]) -> tuple[Finding, ...]:
    """What each detector sees in this episode, in the order of the detectors; fingerprints are left empty.

    The findings of a failure say where it went wrong: one window, the same in all of them.
    """
    found = ((detector, evaluate(detector.detect, episode)) for detector in detectors)
    findings = tuple(_finding(detector, episode, steps) for detector, steps in found if steps is not None)
    if not findings or episode.trace is None or episode.outcome != "fail":
        return findings
    window = localise(moments(episode.trace), findings)
    return tuple(replace(finding, window=window) for finding in findings)


def _finding(detector: Detector, episode: Episode, steps: tuple[int, ...]) -> Finding:
    """A finding always points somewhere: where no step shows it, at the last one and at the signals that are pinned."""
    cited = steps or last_step(episode)
    pins = _pins(episode.trace, cited)
    if not steps:
        pins += tuple(signal.pin for signal in episode.signals if signal.held and signal.pin)[: MAX_PINS - len(pins)]
    return Finding(detector.id, episode.id, cited, pins)


def _pins(trace: Trace | None, steps: tuple[int, ...]) -> tuple[Pin, ...]:
    if trace is None:
        return ()
    half = MAX_PINS // 2
    shown = steps if len(steps) <= MAX_PINS else (*steps[:half], *steps[-half:])
    pins = (pin_of(trace, trace.steps[number - 1]) for number in shown)
    return tuple(pin for pin in pins if pin)


def pin_of(trace: Trace, step: Step) -> Pin | None:
    """Where the step can be seen: the answer of the call that says most, else its own record; None without a quote."""
    quoted = [call for call in step.calls if call.quote and call.end > call.start]
    here: Call | Step = max(quoted, key=_telling) if quoted else step
    if not here.quote or here.source >= len(trace.sources):
        return None
    source = trace.sources[here.source]
    return Pin(source.path, source.sha256, here.start, here.end, here.quote)


def _telling(call: Call) -> int:
    """How much a call shows of a failure; of equals the first is taken."""
    if call.timed_out:
        return 4
    if call.check and call.check.outcome == "fail":
        return 3
    if call.status == "error":
        return 2
    return 1 if call.kind == "edit" else 0
