"""Takes runs of tau-bench (a JSON array of runs, or the few-shot lines); gives one Trace a run.

A **step** is one assistant message, a **call** one of its `tool_calls` (some models reuse call ids within a run); a
call's **error** is an answer that begins with `Error`. The reward is the outcome (1 pass, less fail). **end_reason**: a
run ends when the simulated user says `###STOP###` or the agent hands over to a person (`Transfer successful`); a run
that ends otherwise was stopped at its limit of steps.
https://github.com/sierra-research/tau-bench
"""

from __future__ import annotations

import re

import msgspec

from bot.model import Agent, EndReason, Outcome, Trace, replace
from bot.signals.transcripts.assemble import TEXT_CAP, Answer, Assembly
from bot.signals.transcripts.documents import elements, spans
from bot.signals.transcripts.lines import BROKEN, Lines, Losses
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.tools import COMMAND_CAP, Use, quote

NAME = "tau-bench"
STARTS = ('{\n    "task_id":', '{"task_id":', '{"task_id": ', '{\n  "task_id":', '{\n"task_id":')


class Run(msgspec.Struct, gc=False):
    """One run of one task."""

    task_id: object = None
    reward: object = None
    trial: object = None
    traj: msgspec.Raw = msgspec.Raw()


class Function(msgspec.Struct, gc=False):
    """The function of a tool call; its arguments are JSON in a string."""

    name: str = ""
    arguments: object = None


class ToolCall(msgspec.Struct, gc=False):
    """A tool call in OpenAI's shape."""

    id: str = ""
    function: Function = msgspec.field(default_factory=Function)


class Message(msgspec.Struct, gc=False):
    """A message in OpenAI's shape."""

    role: str = ""
    content: object = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None


class Shown(msgspec.Struct, gc=False):
    """A line of the few-shot files."""

    messages_display: str | None = None


_SHOWN = msgspec.json.Decoder(Shown)
_RUN = msgspec.json.Decoder(Run)
_MESSAGE = msgspec.json.Decoder(Message)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_SPEAKER = re.compile(r"^(user|assistant|tool|system): ", re.M)


def matches(head: Head) -> bool:
    """An array of runs with `task_id`, `reward` and `info`, or lines with nothing but `messages_display`."""
    first = head.first
    if head.shape == "lines":
        return set(first.keys) == {"messages_display"}
    return head.shape == "array" and {"task_id", "reward"} <= set(first.keys) and ("traj" in first or "info" in first)


def read(lines: Lines, path: str) -> list[Trace]:
    """A Trace for each run, all of one source; what is lost of the file is told in the first Trace's warnings."""
    array = lines.head.lstrip(b"\xef\xbb\xbf\0 \t\r\n")[:1] == b"["
    traces = _runs(lines) if array else _few_shot(lines)
    source = lines.source(path)
    warnings = lines.losses.warnings()
    if not traces:
        return [Trace(NAME, (source,), (), warnings=warnings)]
    return [
        replace(trace, sources=(source,), warnings=warnings if place == 0 else ()) for place, trace in enumerate(traces)
    ]


def is_run(value: dict[str, object]) -> bool:
    """Whether a salvaged object is a run."""
    return "task_id" in value and "reward" in value


def _runs(lines: Lines) -> list[Trace]:
    data = lines.document()
    traces: list[Trace] = []
    for number, start, end, json, mended in elements(data, lines.losses, STARTS, is_run):
        try:
            run = _RUN.decode(json)
            messages = _ARRAY.decode(run.traj)
        except BROKEN:
            lines.losses.lost(number, start, end, "no run with messages")
            continue
        # In a mended run the places of its messages are unknown: they cite the whole run.
        where = [(start, end)] * len(messages) if mended else _places(data, start, run.traj, messages)
        traces.append(_run(run, [bytes(message) for message in messages], where, number, lines.losses))
    return traces


def _places(data: bytes, start: int, traj: msgspec.Raw, messages: list[msgspec.Raw]) -> list[tuple[int, int]]:
    at = data.find(bytes(traj), start)
    return list(spans(data, messages, at + 1))


def _run(run: Run, messages: list[bytes], where: list[tuple[int, int]], number: int, losses: Losses) -> Trace:
    assembly = Assembly()
    prompt = final = last = ""
    for raw, (start, end) in zip(messages, where, strict=True):
        try:
            message = _MESSAGE.decode(raw)
        except BROKEN:
            losses.lost(number, start, end, "no message of a run")
            continue
        said = message.content if isinstance(message.content, str) else ""
        last = said if message.role in ("user", "tool") else ""
        if message.role == "assistant":
            final = said[:TEXT_CAP] or final
            _assistant(assembly, message, said, start, end)
        elif message.role == "tool":
            assembly.answer(message.tool_call_id or "", _answer(said, start, end, message.tool_call_id or ""))
        elif message.role == "user":
            prompt = prompt or said[:TEXT_CAP]
    return Trace(
        format=NAME,
        sources=(),
        steps=assembly.steps(),
        end_reason=_end_reason(last),
        agent=Agent("tau-bench"),
        session=f"{run.task_id}/{run.trial}",
        prompt=prompt,
        final=final,
        task=str(run.task_id),
        repeat="" if run.trial is None else str(run.trial),
        outcome=_outcome(run.reward),
    )


def _assistant(assembly: Assembly, message: Message, said: str, start: int, end: int) -> None:
    calls = message.tool_calls or []
    names = [call.function.name for call in calls]
    step = assembly.step(start, end, quote(said), (names[0][:120] if names else "") or "assistant")
    for call in calls:
        arguments = call.function.arguments if isinstance(call.function.arguments, str) else ""
        use = Use("other", arguments[:COMMAND_CAP])
        assembly.call(
            step, call.id, call.function.name, use, start, end, call.function.name[:120] or "assistant", start
        )


def _answer(said: str, start: int, end: int, call_id: str) -> Answer:
    return Answer(start, end, "error" if said.startswith("Error") else "ok", said, fallback=call_id or "tool")


def _end_reason(last: str) -> EndReason:
    return "finished" if "###STOP###" in last[-2_000:] or last.startswith("Transfer successful") else "limit"


def _outcome(reward: object) -> Outcome:
    if not isinstance(reward, int | float):
        return "none"
    return "pass" if reward >= 1 else "fail"


# --- the few-shot lines -----------------------------------------------------------------------------------------------


def _few_shot(lines: Lines) -> list[Trace]:
    traces: list[Trace] = []
    for number, start, line in lines:
        if not line.strip():
            continue
        try:
            shown = _SHOWN.decode(line).messages_display
        except BROKEN:
            shown = None
        if not shown:
            why = "the last record was cut off" if lines.unterminated else "no shown conversation"
            lines.losses.lost(number, start, start + len(line), why)
            continue
        traces.append(_shown(shown, number, start, start + len(line)))
    return traces


def _shown(shown: str, number: int, start: int, end: int) -> Trace:
    """A conversation as plain text: a step for each `assistant:`, a call for each `tool:` that follows one."""
    assembly = Assembly()
    step = None
    parts = _SPEAKER.split(shown)[1:]
    turns = list(zip(parts[::2], parts[1::2], strict=True))
    for place, (speaker, said) in enumerate(turns):
        said = said.strip()
        if speaker == "assistant":
            mute = said == "None"
            step = assembly.step(start, end, "" if mute else quote(said), "assistant: None" if mute else "assistant: ")
        elif speaker == "tool" and step is not None:
            assembly.call(step, f"#{place}", "", Use("other"), start, end, "tool: ")
            assembly.answer(f"#{place}", _answer(said, start, end, "tool: "))
    spoken = [said.strip() for speaker, said in turns if speaker == "assistant" and said.strip() != "None"]
    return Trace(
        format=NAME,
        sources=(),
        steps=assembly.steps(),
        end_reason="finished",
        agent=Agent("tau-bench"),
        session=f"line {number}",
        prompt=turns[0][1].strip()[:TEXT_CAP] if turns else "",
        final=spoken[-1][:TEXT_CAP] if spoken else "",
    )
