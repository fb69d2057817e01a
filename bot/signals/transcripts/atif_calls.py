"""Takes the calls and results of one ATIF step; gives what each call does and how it ended.

ATIF has no field for failure, so it is read from what converters put into `extra`, from exit codes in the text, and,
for our own export, from `extra.flywheel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import msgspec

from bot.model import Call, CallKind, CallStatus, Check, Outcome, replace
from bot.signals.transcripts.acts import ENDS, act
from bot.signals.transcripts.assemble import ERROR_CAP, Answer
from bot.signals.transcripts.exits import exit_code, timed_out
from bot.signals.transcripts.functions import functions
from bot.signals.transcripts.held import Element
from bot.signals.transcripts.lines import BROKEN
from bot.signals.transcripts.tools import COMMAND_CAP, MOST_PATHS, PATH_CAP, Use
from bot.signals.transcripts.values import mapping, mappings, text, texts, whole

OURS = "flywheel"
"""The member of `extra` under which our export keeps what ATIF has no field for."""


def ended(calls: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """By some calls an agent says that it is done: nothing comes back, and nothing is missing."""
    said = enumerate(calls)
    return ((place, {}) for place, call in said if name_of(call).lower() in ENDS and not _is_ours(call))


def name_of(call: Mapping[str, Any]) -> str:
    """The tool's name; our own export tells a call without one."""
    ours = mapping(mapping(call.get("extra")).get(OURS))
    return text(ours.get("name", call.get("function_name")))


def _is_ours(call: Mapping[str, Any]) -> bool:
    return OURS in mapping(call.get("extra"))


def spoken(said: str, answered: bool) -> list[dict[str, Any]]:
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


def paired(calls: list[dict[str, Any]], results: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
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


def use_of(name: str, call: Mapping[str, Any]) -> Use:
    """What the call does; of our own export, what it said it does."""
    given = call.get("arguments")
    ours = mapping(mapping(call.get("extra")).get(OURS))
    if ours.get("kind") not in get_args(CallKind):
        return act(name, given)
    command = text(mapping(given).get("command"))[:COMMAND_CAP]
    return Use(ours["kind"], command, strings(mapping(given).get("paths")), strings(ours.get("creates")))


def answer_of(result: Mapping[str, Any], call: Mapping[str, Any], use: Use, element: Element) -> Answer:
    """What a result says of the call that it answers. A file or a page that was read may hold any words."""
    output = texts(result.get("content"))
    spoken_of = output if use.kind not in ("read", "search", "web") else ""
    extra = {**mapping(call.get("extra")), **mapping(result.get("extra"))}
    ours = mapping(mapping(result.get("extra")).get(OURS))
    code = ours.get("exit_code", extra.get("exit_code"))
    code = code if isinstance(code, int) and abs(code) < 1 << 31 else exit_code(spoken_of)
    late = ours.get("timed_out") is True or timed_out(spoken_of)
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


def restored(call: Call, ours: Mapping[str, Any]) -> Call:
    """A call of our own export with what its text alone does not tell."""
    if ours.get("status") not in get_args(CallStatus):
        return call
    told = mapping(ours.get("check"))
    check = None
    if told.get("outcome") in get_args(Outcome):
        check = Check(told["outcome"], strings(told.get("failing")))
    return replace(call, error=text(ours.get("error"))[:ERROR_CAP], check=check)


def _failed(extra: Mapping[str, Any], output: str, code: int | None) -> bool:
    told = [extra.get(key) for key in ("tool_result_is_error", "is_error", "error")]
    if any(value is True or (isinstance(value, str | dict) and value) for value in told):
        return True
    if extra.get("status") in ("error", "failed", "failure"):
        return True
    return code not in (None, 0) or output.startswith("[error] ")


def strings(value: object) -> tuple[str, ...]:
    """The strings of a list, cut short."""
    given = value if isinstance(value, list) else []
    return tuple(item[:PATH_CAP] for item in given[:MOST_PATHS] if isinstance(item, str))
