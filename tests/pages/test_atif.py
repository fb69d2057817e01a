"""Every trace as ATIF: valid by the specification's rules, nothing of a call lost, and read back the same."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.model import Agent, Call, Check, Source, Step, Tokens, Trace
from bot.pages.atif import trajectory
from bot.signals import transcripts

SHARED = Path(__file__).resolve().parents[2] / "../shared/data/transcripts"

# --- the specification as rules (Harbor's RFC 0001 with its changelog; written without Harbor's or any other code) ----

ROOT = {
    "schema_version": str, "session_id": str, "trajectory_id": str, "agent": dict, "steps": list, "notes": str,
    "final_metrics": dict, "continued_trajectory_ref": str, "extra": dict, "subagent_trajectories": list,
}  # fmt: skip
AGENT = {"name": str, "version": str, "model_name": str, "tool_definitions": list, "extra": dict}
STEP = {
    "step_id": int, "timestamp": str, "source": str, "model_name": str, "reasoning_effort": (str, float),
    "message": (str, list), "reasoning_content": str, "tool_calls": list, "observation": dict, "metrics": dict,
    "extra": dict, "is_copied_context": bool, "llm_call_count": int,
}  # fmt: skip
CALL = {"tool_call_id": str, "function_name": str, "arguments": dict, "extra": dict}
RESULT = {
    "source_call_id": (str, type(None)), "content": (str, list, type(None)),
    "subagent_trajectory_ref": list, "extra": dict,
}  # fmt: skip
TOTALS = {
    "total_prompt_tokens": int, "total_completion_tokens": int, "total_cached_tokens": int,
    "total_cost_usd": (int, float), "total_steps": int, "extra": dict,
}  # fmt: skip
METRICS = {
    "prompt_tokens": int, "completion_tokens": int, "cached_tokens": int, "cost_usd": (int, float),
    "prompt_token_ids": list, "completion_token_ids": list, "logprobs": list, "extra": dict,
}  # fmt: skip
AGENTS_ONLY = {"model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"}
SINCE = {
    "ROOT": {"extra": 1, "continued_trajectory_ref": 5, "trajectory_id": 7, "subagent_trajectories": 7},
    "STEP": {"is_copied_context": 5, "llm_call_count": 7},
    "CALL": {"extra": 7},
    "RESULT": {"extra": 7},
}


def problems(value: dict[str, Any]) -> Iterator[str]:
    """Each rule of the specification that the document breaks."""
    version = value.get("schema_version", "")
    if version not in [f"ATIF-v1.{minor}" for minor in range(9)]:
        yield f"schema_version {version!r}"
        return
    minor = int(version.rpartition(".")[2])
    required = {"schema_version", "agent", "steps"} | ({"session_id"} if minor <= 6 else set())
    yield from _shape("ROOT", value, ROOT, required, minor)
    yield from _shape("AGENT", value["agent"], AGENT, {"name", "version"}, minor)
    yield from _shape("TOTALS", value.get("final_metrics", {}), TOTALS, set(), minor)
    if not value["steps"]:
        yield "no steps"
    for number, step in enumerate(value["steps"], 1):
        if step.get("step_id") != number:
            yield f"step {number}: step_id {step.get('step_id')}"
        yield from (f"step {number}: {problem}" for problem in _step(step, minor))
    embedded = [inner.get("trajectory_id") for inner in value.get("subagent_trajectories", [])]
    if None in embedded or len(set(embedded)) != len(embedded):
        yield "trajectory_id of embedded trajectories"
    for inner in value.get("subagent_trajectories", []):
        yield from problems(inner)


def _step(step: dict[str, Any], minor: int) -> Iterator[str]:
    yield from _shape("STEP", step, STEP, {"step_id", "source", "message"}, minor)
    source = step.get("source")
    if source not in ("system", "user", "agent"):
        yield f"source {source!r}"
    if source != "agent" and AGENTS_ONLY & set(step):
        yield f"fields of agents on a step of {source}"
    if "timestamp" in step:
        datetime.fromisoformat(step["timestamp"].replace("Z", "+00:00"))
    yield from _shape("METRICS", step.get("metrics", {}), METRICS, set(), minor)
    ids = [call.get("tool_call_id") for call in step.get("tool_calls", [])]
    if len(set(ids)) != len(ids):
        yield "tool_call_id is not unique"
    for call in step.get("tool_calls", []):
        yield from _shape("CALL", call, CALL, {"tool_call_id", "function_name", "arguments"}, minor)
    if "observation" in step and set(step["observation"]) != {"results"}:
        yield "observation without results"
    for result in step.get("observation", {}).get("results", []):
        yield from _shape("RESULT", result, RESULT, set(), minor)
        if ids and result.get("source_call_id") not in (None, *ids):
            yield f"source_call_id {result['source_call_id']!r} is no call of this step"


def _shape(name: str, value: dict[str, Any], fields: dict[str, Any], required: set[str], minor: int) -> Iterator[str]:
    yield from (f"{name}: {key} is missing" for key in required - set(value))
    for key, item in value.items():
        if key not in fields:
            yield f"{name}: {key} is unknown"
        elif not isinstance(item, fields[key]) or (fields[key] is int and isinstance(item, bool)):
            yield f"{name}: {key} is {type(item).__name__}"
        elif SINCE.get(name, {}).get(key, 0) > minor:
            yield f"{name}: {key} is newer than the version"


def test_the_rules_find_what_breaks_them() -> None:
    sound = {"schema_version": "ATIF-v1.6", "session_id": "s", "agent": {"name": "a", "version": "1"}, "steps": []}
    user = {"step_id": 1, "source": "user", "message": ""}

    assert list(problems(sound | {"steps": [user]})) == []
    for broken in (
        sound,
        sound | {"steps": [user | {"step_id": 2}]},
        sound | {"steps": [user | {"tool_calls": []}]},
        sound | {"steps": [user], "trajectory_id": "newer"},
        sound | {"steps": [user], "odd": 1},
        {**sound, "agent": {"name": "a"}, "steps": [user]},
    ):
        assert list(problems(broken)) != []


# --- traces made here -------------------------------------------------------------------------------------------------

CALLS = (
    Call(
        "Bash",
        "shell",
        "error",
        "pytest",
        exit_code=1,
        error="boom <N>",
        check=Check("fail", ("a::b",)),
        quote="boom 7",
    ),
    Call("Edit", "edit", "ok", "", ("/w/a.py",), ("/w/a.py",), quote="done", duration_ms=12, start=3, end=9, source=1),
    Call("finish", "other", "missing", quote="finish"),
    Call("", "poll", "rejected", "sleep 1", timed_out=True, quote="no"),
)
TRACE = Trace(
    "demo", (Source("a.jsonl", "f" * 64, 9), Source("b.jsonl", "e" * 64, 9)),
    (Step(0, 3, "I look", CALLS), Step(3, 9, "deep", (), "subagent", 1), Step(9, 12, "All")),
    "limit", Agent("claude-code", "2", "m"), "s", "/w", "main", "2026-01-01T00:00:00Z", "2026-01-02", "Mend it",
    "All mended.", Tokens(5, 4, 3), 0.5, 2, 1, ("line 1: lost",), "task", "2", "fail", "loop",
)  # fmt: skip
OF_THE_RUN = (
    "end_reason", "agent", "session", "cwd", "branch", "started", "ended", "prompt", "final", "tokens", "cost_usd",
    "compactions", "provider_errors", "task", "repeat", "outcome", "guard",
)  # fmt: skip
OF_A_CALL = (
    "name", "kind", "status", "command", "paths", "creates", "exit_code", "error", "timed_out", "check", "duration_ms",
)  # fmt: skip


def reread(value: dict[str, Any]) -> Trace:
    (trace,) = transcripts.read(io.BytesIO(json.dumps(value).encode()), "a.json")
    return trace


def steps_of(trace: Trace) -> list[Any]:
    return [
        (step.origin, [tuple(getattr(call, name) for name in OF_A_CALL) for call in step.calls]) for step in trace.steps
    ]


def test_a_trace_comes_back_the_same() -> None:
    value = trajectory(TRACE)
    found = reread(value)

    assert list(problems(value)) == []
    assert steps_of(TRACE) == steps_of(found)
    assert [getattr(TRACE, name) for name in OF_THE_RUN] == [getattr(found, name) for name in OF_THE_RUN]
    assert [step.quote for step in found.steps] == ["I look", "deep", "All mended."]


def test_a_trace_without_steps_is_a_document_too() -> None:
    value = trajectory(Trace("demo", (), ()))

    assert list(problems(value)) == []
    assert reread(value).steps == ()


def test_what_is_shown_is_redacted_everywhere() -> None:
    value = json.dumps(trajectory(TRACE, lambda text: "*" * len(text)))

    for secret in ("Mend it", "All mended", "I look", "pytest", "boom", "a.jsonl", "a::b", "lost"):
        assert secret not in value


texts = st.text(max_size=30)
kinds = st.sampled_from(["shell", "edit", "poll", "other"])
statuses = st.sampled_from(["ok", "error", "missing", "aborted"])
calls = st.builds(
    Call, texts, kinds, statuses, texts, st.tuples(texts), exit_code=st.none() | st.integers(-9, 300), error=texts,
    timed_out=st.booleans(), quote=texts,
)  # fmt: skip
steps = st.builds(Step, st.just(0), st.just(1), texts, st.lists(calls, max_size=3).map(tuple))


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=3).map(tuple), texts, texts, st.none() | st.floats())
def test_any_trace_is_valid_and_keeps_its_calls(
    made: tuple[Step, ...], said: str, when: str, cost: float | None
) -> None:
    trace = Trace("demo", (), made, prompt=said, session=said, started=when, cost_usd=cost)
    value = trajectory(trace)
    found = reread(value)

    assert list(problems(value)) == []
    assert [[(call.kind, call.status) for call in step.calls] for step in found.steps] == [
        [(call.kind, call.status) for call in step.calls] for step in made
    ]
    assert json.dumps(value, allow_nan=False)


# --- real files -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def every_trace() -> list[tuple[str, Trace]]:
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here")
    found: list[tuple[str, Trace]] = []
    for line in (SHARED / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        path = line.split("\t")[1]
        try:
            with (SHARED / path).open("rb") as stream:
                found += [(path, trace) for trace in transcripts.read(stream, path)]
        except UserError:
            continue
    return found


def test_every_real_trace_is_exported_and_comes_back_the_same(every_trace: list[tuple[str, Trace]]) -> None:
    wrong = []
    for path, trace in every_trace:
        value = trajectory(trace)
        found = reread(value)
        if list(problems(value)) or steps_of(trace) != steps_of(found) or found.warnings:
            wrong.append((path, list(problems(value))))

    assert wrong == []
    assert len(every_trace) > 500


def test_real_atif_keeps_the_rules() -> None:
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here")
    files = [path for path in sorted((SHARED / "atif").glob("*.json")) if "traces" not in path.name]

    assert [list(problems(json.loads(path.read_bytes()))) for path in files] == [[]] * len(files)
