"""Takes a Trace; gives it as a trajectory in ATIF, Harbor's exchange format, as plain JSON values.

A Trace holds no long texts: a message is the first line of what the agent said, a result the line that told most, and
each step, call and result says in `extra.flywheel` where in the original file the whole stands. There too stands what
ATIF has no field for: the status of a call, its exit code, its check. Reading the document gives the same steps, calls
and statuses. Subagents' steps stay in their place among the others, marked by `extra.flywheel.origin`.
https://github.com/harbor-framework/harbor/blob/main/rfcs/0001-trajectory-format.md
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.model import Call, Step, Trace, asdict

VERSION = "ATIF-v1.7"
"""The first version in which calls and results may carry `extra`."""
UNKNOWN = "unknown"
NOTES = (
    "Exported by Flywheel. Messages and results are quotes: extra.flywheel gives the byte range of the whole in the "
    "original transcript, whose sha256 stands in the root's extra.flywheel.sources."
)
NO_STEPS = "The transcript holds no step of the agent."


def trajectory(trace: Trace, show: Callable[[str], str] = str) -> dict[str, Any]:
    """The trace as one ATIF document; every text of the transcript goes through `show` (redaction) before."""

    def shown(text: str) -> str:
        return show(text).encode("utf-8", "replace").decode()

    steps: list[dict[str, Any]] = []
    if trace.prompt:
        steps.append({"source": "user", "message": shown(trace.prompt)})
    last = max((place for place, step in enumerate(trace.steps) if step.origin == "main"), default=-1)
    for place, step in enumerate(trace.steps):
        said = trace.final if place == last and step.quote in trace.final else step.quote
        steps.append(_step(step, place + 1, said, shown))
    if not trace.steps:
        steps.append({"source": "system", "message": NO_STEPS})
    if trace.started and _is_iso(trace.started):
        steps[0]["timestamp"] = trace.started
    return {
        "schema_version": VERSION,
        **({"session_id": shown(trace.session)} if trace.session else {}),
        "trajectory_id": _identity(trace),
        "agent": _agent(trace, shown),
        "steps": [{"step_id": number, **step} for number, step in enumerate(steps, 1)],
        "notes": NOTES,
        "final_metrics": _metrics(trace, len(steps)),
        "extra": {"flywheel": _whole(trace, shown)},
    }


def _identity(trace: Trace) -> str:
    """Unlike a session's, this id belongs to one document: the digest of what it was made from, and the run in it."""
    run = "/".join(part for part in (trace.sources[0].sha256[:16] if trace.sources else "", trace.session) if part)
    return run.encode("utf-8", "replace").decode() or UNKNOWN


def _agent(trace: Trace, shown: Callable[[str], str]) -> dict[str, Any]:
    agent = {"name": shown(trace.agent.name) or trace.format, "version": shown(trace.agent.version) or UNKNOWN}
    return agent | ({"model_name": shown(trace.agent.model)} if trace.agent.model else {})


def _step(step: Step, number: int, said: str, shown: Callable[[str], str]) -> dict[str, Any]:
    where: dict[str, Any] = {"step": number, "source": step.source, "start": step.start, "end": step.end}
    if step.origin != "main":
        where["origin"] = step.origin
    made: dict[str, Any] = {"source": "agent", "message": shown(said), "extra": {"flywheel": where}}
    if step.calls:
        calls = [(f"call_{number}_{place}", call) for place, call in enumerate(step.calls, 1)]
        made["tool_calls"] = [_call(key, call, shown) for key, call in calls]
        results = [_result(key, call, shown) for key, call in calls if call.status != "missing"]
        if results:
            made["observation"] = {"results": results}
    return made


def _call(key: str, call: Call, shown: Callable[[str], str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if call.command:
        arguments["command"] = shown(call.command)
    if call.paths:
        arguments["paths"] = [shown(path) for path in call.paths]
    kept: dict[str, Any] = {"kind": call.kind, "name": shown(call.name)}
    if call.creates:
        kept["creates"] = [shown(path) for path in call.creates]
    return {
        "tool_call_id": key,
        "function_name": shown(call.name) or UNKNOWN,
        "arguments": arguments,
        "extra": {"flywheel": kept},
    }


def _result(key: str, call: Call, shown: Callable[[str], str]) -> dict[str, Any]:
    kept: dict[str, Any] = {"status": call.status, "source": call.source, "start": call.start, "end": call.end}
    if call.exit_code is not None:
        kept["exit_code"] = call.exit_code
    if call.error:
        kept["error"] = shown(call.error)
    if call.timed_out:
        kept["timed_out"] = True
    if call.duration_ms is not None:
        kept["duration_ms"] = call.duration_ms
    if call.check:
        kept["check"] = {"outcome": call.check.outcome, "failing": [shown(name) for name in call.check.failing]}
    return {"source_call_id": key, "content": shown(call.quote), "extra": {"flywheel": kept}}


def _metrics(trace: Trace, steps: int) -> dict[str, Any]:
    tokens = trace.tokens
    metrics: dict[str, Any] = {"total_steps": steps}
    if tokens.input or tokens.output:
        metrics |= {
            "total_prompt_tokens": tokens.input,
            "total_completion_tokens": tokens.output,
            "total_cached_tokens": tokens.cached,
        }
    if trace.cost_usd is not None and math.isfinite(trace.cost_usd):
        metrics["total_cost_usd"] = trace.cost_usd
    return metrics


def _whole(trace: Trace, shown: Callable[[str], str]) -> dict[str, Any]:
    """What ATIF's root has no field for; what says nothing is left out."""
    texts = {
        "cwd": trace.cwd,
        "branch": trace.branch,
        "started": trace.started,
        "ended": trace.ended,
        "final": trace.final,
        "task": trace.task,
        "repeat": trace.repeat,
        "guard": trace.guard,
    }
    return {
        "format": trace.format,
        "end_reason": trace.end_reason,
        "outcome": trace.outcome,
        **{name: shown(text) for name, text in texts.items() if text},
        "compactions": trace.compactions,
        "provider_errors": trace.provider_errors,
        "warnings": [shown(warning) for warning in trace.warnings],
        "sources": [asdict(source) | {"path": shown(source.path)} for source in trace.sources],
    }


def _is_iso(when: str) -> bool:
    try:
        datetime.fromisoformat(when.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True
