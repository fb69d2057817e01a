"""Takes an ATIF trajectory (Harbor's Agent Trajectory Interchange Format, 1.0 to 1.8); gives its Trace.

A **step** is a step of source `agent` that is no copied context; a **call** is one of its `tool_calls`, or a
`<function=…>` in its message where the agent calls tools by text. Results without a `source_call_id` answer the calls
that wait, in order; the last of them answers all that are left (Terminus types several commands and looks once).
ATIF has no field for failure: an **error** is told by what converters put into `extra` (`tool_result_is_error`,
`is_error`, `exit_code`), by an exit code in the text, or by our own export, whose `extra.flywheel` gives every field
back. Embedded `subagent_trajectories` are steps of a subagent. **end_reason**: what our export says, else `finished`
when the last step called nothing or a tool such as `finish`, else unknown: the format does not tell.
https://github.com/harbor-framework/harbor/blob/main/rfcs/0001-trajectory-format.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from bot.model import Call, EndReason, Origin, Outcome, Tokens, Trace
from bot.signals.transcripts.acts import ENDS
from bot.signals.transcripts.atif_calls import OURS, answer_of, ended, name_of, paired, restored, spoken, use_of
from bot.signals.transcripts.held import Document, Element
from bot.signals.transcripts.lines import Lines, Losses
from bot.signals.transcripts.objects import document
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.told import Told
from bot.signals.transcripts.tools import quote
from bot.signals.transcripts.values import amount, mapping, mappings, text, texts, whole

NAME = "atif"
DEEPEST = 8
"""Embedded subagents of embedded subagents are read to this depth."""


def matches(head: Head) -> bool:
    """An object that says its `schema_version` is ATIF's, or, where that comes late, whose steps are built so."""
    if head.shape not in ("object", "lines"):
        return False
    built = all(f"steps..{key}" in head.first for key in ("step_id", "source", "message"))
    return head.first.get("schema_version").startswith("ATIF-v") or built


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    data = lines.document()
    found = document(data, lines.losses, ("steps",), ("step_id", "timestamp", "source"))
    told = Told(NAME, text(mapping(found.get("agent")).get("name")) or NAME)
    _root(told, found)
    for element, step in found.records(lines.losses):
        _step(told, element, step, "main")
    if "subagent_trajectories" in found.rest:
        _subagents(told, data, 0, lines, 1)
    _ours(told, mapping(mapping(found.get("extra")).get(OURS)))
    continued = text(found.get("continued_trajectory_ref"))
    if continued:
        lines.losses.note(f"the trajectory goes on in another file: {continued[:200]!r}")
    if not found.whole:
        told.end_reason = "unknown"
    return [told.trace((lines.source(path),), lines.losses.warnings())]


def _root(told: Told, found: Document) -> None:
    agent = mapping(found.get("agent"))
    metrics = mapping(found.get("final_metrics"))
    told.version, told.model = text(agent.get("version")), text(agent.get("model_name"))
    told.session = text(found.get("session_id"))
    told.cwd = text(mapping(agent.get("extra")).get("cwd"))
    told.cost_usd = amount(metrics.get("total_cost_usd"))
    told.tokens = Tokens(
        whole(metrics.get("total_prompt_tokens")),
        whole(metrics.get("total_completion_tokens")),
        whole(metrics.get("total_cached_tokens")),
    )


def _subagents(told: Told, data: bytes, shift: int, lines: Lines, depth: int) -> None:
    """The steps of embedded trajectories; what was lost of the whole document has been told already."""
    for one in document(data, Losses(), ("subagent_trajectories",), ("schema_version", "agent"), shift=shift).elements:
        if one.mended or depth > DEEPEST:
            lines.losses.lost(one.line, one.start, one.end, "an embedded trajectory that was not read")
            continue
        held = bytes(one.raw)
        found = document(held, lines.losses, ("steps",), ("step_id",), shift=one.start, line=one.line)
        for element, step in found.records(lines.losses):
            _step(told, element, step, "subagent")
        if "subagent_trajectories" in found.rest:
            _subagents(told, held, one.start, lines, depth + 1)


def _step(told: Told, element: Element, step: Mapping[str, Any], origin: Origin) -> None:
    said = texts(step.get("message"))
    if step.get("is_copied_context") is True:
        return
    told.at(step.get("timestamp"))
    source = text(step.get("source"))
    if source == "user" and origin == "main":
        told.prompt = told.prompt or said
    if mapping(mapping(step.get("extra")).get("context_management")).get("type") == "compaction":
        told.compactions += 1
    if source == "agent":
        _agent(told, element, step, said, origin)


def _agent(told: Told, element: Element, step: Mapping[str, Any], said: str, origin: Origin) -> None:
    told.model = told.model or text(step.get("model_name"))
    if mapping(mapping(step.get("extra")).get(OURS)).get("origin") == "subagent":
        origin = "subagent"
    plain = element.mended
    thought = text(step.get("reasoning_content"))
    results = list(mappings(mapping(step.get("observation")).get("results")))
    calls = list(mappings(step.get("tool_calls"))) or spoken(said, bool(results))
    draft = told.assembly.step(
        element.start, element.end, quote(said, plain) or quote(thought, plain), "source", origin
    )
    uses = [use_of(name_of(call), call) for call in calls]
    for place, call in enumerate(calls):
        name, key = name_of(call), f"{element.start}.{place}"
        said_of = quote(name, plain) or "source"
        told.assembly.call(draft, key, name, uses[place], element.start, element.end, said_of)
    for place, result in (*paired(calls, results), *ended(calls)):
        told.assembly.answer(f"{element.start}.{place}", answer_of(result, calls[place], uses[place], element))
        answered = draft.calls[place]
        if isinstance(answered, Call):
            draft.calls[place] = restored(answered, mapping(mapping(result.get("extra")).get(OURS)))
    if origin == "main":
        told.final = said or told.final
        done = any(name_of(call).lower() in ENDS for call in calls) or not (calls or results)
        told.end_reason = "finished" if done else "unknown"


def _ours(told: Told, ours: Mapping[str, Any]) -> None:
    """What our own export keeps of the whole run."""
    if not ours:
        return
    told.cwd, told.branch = text(ours.get("cwd")), text(ours.get("branch"))
    told.started, told.ended = text(ours.get("started")), text(ours.get("ended"))
    told.task, told.repeat = text(ours.get("task")), text(ours.get("repeat"))
    told.final = text(ours.get("final"))
    told.compactions, told.provider_errors = whole(ours.get("compactions")), whole(ours.get("provider_errors"))
    if ours.get("end_reason") in get_args(EndReason):
        told.end_reason = ours["end_reason"]
    told.guard = text(ours.get("guard"))
    if ours.get("outcome") in get_args(Outcome):
        told.outcome = ours["outcome"]
