"""What `--json` prints: a turn, a transcript, a replay as plain JSON values with the keys of design.md §4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bot.model import Contrast, Finding, Pattern, Performed, Pin, Proposal, Replay, Report, Trace, Turn, asdict
from bot.pages import words


def run(turn: Turn, performed: Mapping[str, Performed]) -> dict[str, Any]:
    """The whole turn. `performed` maps a change's id to what the forge did with it; absent = nothing was written."""
    return {
        "episodes": turn.episodes,
        "outcomes": dict(turn.outcomes),
        "excluded": [{"episode": one.episode, "reason": one.code, "detail": one.detail} for one in turn.excluded],
        "findings": len(turn.findings),
        "dropped_pins": turn.dropped_pins,
        "patterns": [pattern(one) for one in turn.patterns],
        "modifications": [modification(one, performed.get(one.modification.id)) for one in turn.proposals],
        "held": [modification(one, None) for one in turn.held],
        "integrity": [
            {
                "episode": one.episode,
                "code": one.code,
                "steps": list(one.steps),
                "detail": one.detail,
                "pins": [pin(cited) for cited in one.pins],
            }
            for one in turn.integrity
        ],
        "warnings": list(turn.warnings),
    }


def pattern(one: Pattern) -> dict[str, Any]:
    """One pattern; the interval's upper end and the odds ratio are null when infinite."""
    contrast = one.contrast
    return {
        "id": one.id,
        "detector": one.detector,
        "status": one.status,
        "reasons": list(one.reasons),
        "rank": one.rank,
        "stratum": contrast.stratum if contrast else None,
        "strata": contrast.strata if contrast else 0,
        "repositories": list(one.repositories),
        "tasks": list(one.tasks),
        "failed": one.failed,
        "passed": one.passed,
        "failed_of": one.failed_of,
        "passed_of": one.passed_of,
        "unjudged": one.unjudged,
        "odds_ratio": contrast.odds_ratio if contrast else None,
        "interval": interval(contrast),
        "p": contrast.p if contrast else None,
        "q": one.q,
        "replication": asdict(one.replication) if one.replication else None,
        "causes": [{"fingerprint": cause, "episodes": count} for cause, count in one.causes],
        "findings": [finding(found) for found in one.findings],
    }


def interval(contrast: Contrast | None) -> list[float | None] | None:
    """[low, high], high null when infinite; null without a contrast."""
    return [contrast.low, contrast.high] if contrast else None


def finding(one: Finding) -> dict[str, Any]:
    """One finding with its citations; quotes are the redacted ones."""
    return {
        "episode": one.episode,
        "steps": list(one.steps),
        "window": asdict(one.window) if one.window else None,
        "instance": one.instance,
        "cause": one.cause,
        "pins": [pin(cited) for cited in one.pins],
    }


def pin(one: Pin) -> dict[str, Any]:
    """A citation: what to open, where to look, how to check it."""
    return {
        "path": one.path,
        "line": one.line,
        "sha256": one.sha256,
        "start": one.start,
        "end": one.end,
        "quote": one.shown,
    }


def modification(one: Proposal, done: Performed | None) -> dict[str, Any]:
    """One modification with its decision; `branch` is null when no repository was given or the tier makes an issue."""
    change = one.modification
    has_branch = done is not None and done.where.startswith("flywheel/")
    return {
        "id": change.id,
        "revision": change.revision,
        "detector": change.detector,
        "pattern": change.pattern.id,
        "component": change.component,
        "kind": change.kind,
        "title": change.title,
        "tier": one.decision.tier,
        "held": one.decision.held or None,
        "reasons": [
            {"code": reason.code, "allows": reason.allows, "seen": reason.seen} for reason in one.decision.reasons
        ],
        "repository": change.repository,
        "branch": done.where if done is not None and has_branch else None,
        "status": done.status if done else None,
        "files": [edit.path for edit in change.edits],
        "fixes": list(change.prediction.fixes),
        "risks": list(change.prediction.risks),
        "score": dict(change.prediction.score),
        "replay": replay(change.prediction.replay) if change.prediction.replay else None,
        "notes": list(change.notes),
    }


def replay(one: Replay) -> dict[str, Any]:
    """A back-test."""
    return {
        "guard": one.guard,
        "failed": _fired(len(one.failed_fired), one.failed_episodes),
        "passed": _fired(len(one.passed_fired), one.passed_episodes),
        "fixes": list(one.failed_fired),
        "risks": list(one.passed_fired),
        "microseconds": {"p50": one.microseconds_p50, "p99": one.microseconds_p99},
        "parameters": dict(one.parameters),
        "steps": dict(one.steps),
    }


def _fired(fired: int, episodes: int) -> dict[str, Any]:
    """A fire rate with its 95 % interval."""
    return {"episodes": episodes, "fired": fired, "interval": [round(end, 4) for end in words.wilson(fired, episodes)]}


def transcript(traces: Sequence[Trace], path: str) -> dict[str, Any]:
    """What a transcript file holds; a file of several runs (tau-bench) is summed up and says how many in `runs`."""
    steps = [step for trace in traces for step in trace.steps]
    calls = [call for step in steps for call in step.calls]
    reasons = sorted({trace.end_reason for trace in traces})
    first = traces[0] if traces else None
    return {
        "path": path,
        "kind": "transcript",
        "format": first.format if first else "unknown",
        "runs": len(traces),
        "steps": len(steps),
        "calls": len(calls),
        "errors": sum(call.status == "error" for call in calls),
        "end_reason": reasons[0] if len(reasons) == 1 else "unknown",
        "warnings": [warning for trace in traces for warning in trace.warnings],
        "agent": asdict(first.agent) if first else None,
        "tokens": {
            name: sum(getattr(trace.tokens, name) for trace in traces) for name in ("input", "output", "cached")
        },
        "cost_usd": _total([trace.cost_usd for trace in traces]),
        "outcomes": dict(Counter(trace.outcome for trace in traces)),
        "started": (first.started or None) if first else None,
        "ended": (traces[-1].ended or None) if traces else None,
    }


def unknown(path: str, why: str) -> dict[str, Any]:
    """A file that no reader knows."""
    empty = {"steps": 0, "calls": 0, "errors": 0, "end_reason": None}
    return {"path": path, "kind": "unknown", "format": "unknown", **empty, "warnings": [why]}


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def report(one: Report) -> dict[str, Any]:
    """What a report holds; a job log is of kind `log`."""
    return {
        "path": one.source.path,
        "kind": "log" if one.format.endswith("log") else "report",
        "format": one.format,
        "steps": 0,
        "calls": 0,
        "errors": sum(signal.name == "test-failed" for signal in one.signals),
        "end_reason": None,
        "outcome": one.outcome,
        "partial": one.partial,
        "warnings": list(one.warnings),
        "signals": [
            {"name": signal.name, "held": signal.held, "detail": signal.detail, "value": signal.value}
            for signal in one.signals
        ],
    }
