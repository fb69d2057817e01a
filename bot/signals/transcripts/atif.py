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

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import msgspec

from bot.model import Call, CallKind, CallStatus, Check, EndReason, Origin, Outcome, Tokens, Trace, replace
from bot.signals.transcripts.acts import ENDS, act
from bot.signals.transcripts.assemble import ERROR_CAP, Answer
from bot.signals.transcripts.exits import exit_code, timed_out
from bot.signals.transcripts.functions import functions
from bot.signals.transcripts.lines import BROKEN, Lines, Losses
from bot.signals.transcripts.objects import Document, Element, document
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.told import Told
from bot.signals.transcripts.tools import COMMAND_CAP, MOST_PATHS, PATH_CAP, Use, quote
from bot.signals.transcripts.values import amount, mapping, mappings, text, texts, whole

NAME = "atif"
OURS = "flywheel"
"""The member of `extra` under which our export keeps what ATIF has no field for."""
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
    calls = list(mappings(step.get("tool_calls"))) or _spoken(said, bool(results))
    draft = told.assembly.step(
        element.start, element.end, quote(said, plain) or quote(thought, plain), "source", origin
    )
    for place, call in enumerate(calls):
        name = _name(call)
        told.assembly.call(
            draft, f"{element.start}.{place}", name, _use(name, call), element.start, element.end,
            quote(name, plain) or "source",
        )  # fmt: skip
    for place, result in (*_paired(calls, results), *_ended(calls)):
        told.assembly.answer(f"{element.start}.{place}", _answer(result, calls[place], element))
        answered = draft.calls[place]
        if isinstance(answered, Call):
            draft.calls[place] = _restored(answered, mapping(mapping(result.get("extra")).get(OURS)))
    if origin == "main":
        told.final = said or told.final
        done = any(_name(call).lower() in ENDS for call in calls) or not (calls or results)
        told.end_reason = "finished" if done else "unknown"


def _ended(calls: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """By some calls an agent says that it is done: nothing comes back, and nothing is missing."""
    said = enumerate(calls)
    return ((place, {}) for place, call in said if _name(call).lower() in ENDS and not _is_ours(call))


def _name(call: Mapping[str, Any]) -> str:
    """The tool's name; our own export tells a call without one."""
    ours = mapping(mapping(call.get("extra")).get(OURS))
    return text(ours.get("name", call.get("function_name")))


def _is_ours(call: Mapping[str, Any]) -> bool:
    return OURS in mapping(call.get("extra"))


def _spoken(said: str, answered: bool) -> list[dict[str, Any]]:
    """The calls of an agent that calls by text: by `<function=…>`, or as Terminus by a JSON object with `commands`."""
    if said.startswith("{") and '"commands"' in said:
        return _typed(said)
    if not answered and "<function=finish" not in said:
        return []
    return [{"function_name": name, "arguments": given} for name, given in functions(said)]


def _typed(said: str) -> list[dict[str, Any]]:
    try:
        answer = mapping(msgspec.json.decode(said))
    except BROKEN:
        return []
    typed = [{"function_name": "bash_command", "arguments": one} for one in mappings(answer.get("commands"))]
    done = [{"function_name": "mark_task_complete"}] if answer.get("task_complete") is True else []
    return typed + done


def _paired(calls: list[dict[str, Any]], results: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Which call each result answers; an id that repeats is answered in order."""
    waiting: dict[str, list[int]] = {}
    for place, call in enumerate(calls):
        waiting.setdefault(text(call.get("tool_call_id")), []).append(place)
    left = dict.fromkeys(range(len(calls)))
    loose = []
    for result in results:
        call_id = text(result.get("source_call_id"))
        if call_id and waiting.get(call_id):
            place = waiting[call_id].pop(0)
            del left[place]
            yield place, result
        elif not call_id:
            loose.append(result)
    for number, result in enumerate(loose, 1):
        for place in list(left) if number == len(loose) else list(left)[:1]:
            del left[place]
            yield place, result


def _use(name: str, call: Mapping[str, Any]) -> Use:
    """What the call does; of our own export, what it said it does."""
    given = call.get("arguments")
    ours = mapping(mapping(call.get("extra")).get(OURS))
    if ours.get("kind") not in get_args(CallKind):
        return act(name, given)
    command = text(mapping(given).get("command"))[:COMMAND_CAP]
    return Use(ours["kind"], command, _texts(mapping(given).get("paths")), _texts(ours.get("creates")))


def _answer(result: Mapping[str, Any], call: Mapping[str, Any], element: Element) -> Answer:
    output = texts(result.get("content"))
    extra = {**mapping(call.get("extra")), **mapping(result.get("extra"))}
    ours = mapping(mapping(result.get("extra")).get(OURS))
    code = ours.get("exit_code", extra.get("exit_code"))
    code = code if isinstance(code, int) and abs(code) < 1 << 31 else exit_code(output)
    late = ours.get("timed_out") is True or timed_out(output)
    status: CallStatus = "error" if _failed(extra, output, code) or late else "ok"
    if ours.get("status") in get_args(CallStatus):
        status, late = ours["status"], ours.get("timed_out") is True
        code = ours.get("exit_code") if isinstance(ours.get("exit_code"), int) else None
    duration = ours.get("duration_ms")
    return Answer(
        element.start, element.end, status, output, code, late,
        whole(duration) if duration is not None else None,
        fallback="source", plain=element.mended,
    )  # fmt: skip


def _restored(call: Call, ours: Mapping[str, Any]) -> Call:
    """A call of our own export with what its text alone does not tell."""
    if ours.get("status") not in get_args(CallStatus):
        return call
    told = mapping(ours.get("check"))
    check = None
    if told.get("outcome") in get_args(Outcome):
        check = Check(told["outcome"], _texts(told.get("failing")))
    return replace(call, error=text(ours.get("error"))[:ERROR_CAP], check=check)


def _failed(extra: Mapping[str, Any], output: str, code: int | None) -> bool:
    told = [extra.get(key) for key in ("tool_result_is_error", "is_error", "error")]
    if any(value is True or (isinstance(value, str | dict) and value) for value in told):
        return True
    if extra.get("status") in ("error", "failed", "failure"):
        return True
    return code not in (None, 0) or output.startswith("[error] ")


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


def _texts(value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list) else []
    return tuple(item[:PATH_CAP] for item in given[:MOST_PATHS] if isinstance(item, str))
