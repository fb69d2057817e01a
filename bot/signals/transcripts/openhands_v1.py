"""Takes what OpenHands' agent SDK (1.x) keeps, events as lines, a list or a file each; gives their Trace.

It also reads a conversation's `base_state.json`. The logs of single model calls, which the SDK can write too, are no
transcripts: each repeats all that was said before.

A **step** is one answer of the model (`llm_response_id`), or a message of the agent; its **calls** are its
`ActionEvent`s. What answers a call is an observation, an `AgentErrorEvent` (an **error**) or a
`UserRejectObservation` (rejected) with its `tool_call_id`. An exit code of -1 alone means that nothing was run or the
command still runs. **end_reason** is a `ConversationErrorEvent`, else the last `execution_status` (`stuck`, the
SDK's own loop detection, is an error), else `finished` after a `finish` or a last message.
https://github.com/OpenHands/software-agent-sdk (openhands-sdk/openhands/sdk/event)
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import msgspec

from bot.model import Call, Source, Step, Trace, replace
from bot.signals.transcripts.held import Document, decoded
from bot.signals.transcripts.lines import BROKEN, Lines, Losses
from bot.signals.transcripts.objects import document
from bot.signals.transcripts.openhands_events import Events
from bot.signals.transcripts.outline import Head, Outline
from bot.signals.transcripts.salvage import salvage_line
from bot.signals.transcripts.told import Told
from bot.signals.transcripts.tools import PATH_CAP
from bot.signals.transcripts.values import mapping, text

NAME = "openhands-v1"
ARRAYS = ("items", "events")
MARKS = ("id", "timestamp", "kind")
STARTS = ('{"id":', '{"id": ', '{"timestamp":')
_TELLS = ("system_prompt", "llm_message", "thought", "observation", "tool_call_id", "llm_response_id", "kind", "key")


def matches(head: Head) -> bool:
    """Events with `source` and a nested body, or a conversation's base state."""
    first = head.first
    if head.shape in ("array", "lines", "object") and _is_event(first):
        return True
    if head.shape not in ("lines", "object"):
        return False
    return ("agent.llm" in first and "id" in first) or ("items..source" in first and "items..timestamp" in first)


def _is_event(first: Outline) -> bool:
    known = "id" in first and "timestamp" in first and "source" in first and "message" not in first
    kind = first.get("kind")
    named = kind.endswith(("Event", "Observation", "Condensation", "CondensationRequest", "Summary"))
    return known and (named or not kind) and any(key in first for key in _TELLS)


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    told = Told(NAME, "openhands")
    events = Events(told)
    _take(told, lines, events)
    events.told_of(lines.losses)
    return [told.trace((lines.source(path),), lines.losses.warnings())]


def read_folder(files: Iterable[tuple[str, BinaryIO]]) -> Trace:
    """The one Trace of a conversation that is kept as a file an event, beside its `base_state.json`.

    `files` are (path, stream), the paths as people know them; they are read in the order of their paths, which bear
    the events' numbers. Each file is a source of the Trace.
    """
    told = Told(NAME, "openhands")
    events = Events(told)
    sources: list[Source] = []
    bases: list[int] = []
    warnings: list[str] = []
    base = 0
    for path, stream in sorted(files, key=lambda file: file[0]):
        lines = Lines(stream)
        _take(told, lines, events, base)
        source = lines.source(path)
        sources.append(source)
        bases.append(base)
        base += source.size + 1
        events.told_of(lines.losses)
        warnings += [f"{path}: {warning}" for warning in lines.losses.warnings()]
    trace = told.trace(tuple(sources), tuple(warnings))
    return replace(trace, steps=tuple(_placed(step, bases) for step in trace.steps))


def conversation(path: str) -> str:
    """The folder of the conversation to which a file of this format belongs by its place, empty for one that stands
    alone. The files of one conversation are for `read_folder`, all together.
    """
    folder, _slash, name = path.rpartition("/")
    if name == "base_state.json":
        return folder or "."
    above, _slash, last = folder.rpartition("/")
    return (above or ".") if last == "events" and name.startswith("event-") and name.endswith(".json") else ""


def _placed(step: Step, bases: Sequence[int]) -> Step:
    """A step of many files laid end to end, with places in its own file."""
    at = bisect_right(bases, step.start) - 1
    calls = tuple(_placed_call(call, bases) for call in step.calls)
    return replace(step, start=step.start - bases[at], end=step.end - bases[at], calls=calls, source=at)


def _placed_call(call: Call, bases: Sequence[int]) -> Call:
    at = bisect_right(bases, call.start) - 1
    return replace(call, start=call.start - bases[at], end=call.end - bases[at], source=at)


def _take(told: Told, lines: Lines, events: Events, base: int = 0) -> None:
    """All events of one file; its places are counted from `base`."""
    if _is_jsonl(lines.head):
        for number, start, line in lines:
            _line(lines.losses, events, number, start, line, base)
        return
    data = lines.document()
    found = document(data, lines.losses, ARRAYS, MARKS)
    for element, value in found.records(lines.losses):
        events.take(element.start + base, element.end + base, value, element.mended, element.raw)
    if found.rest and not found.elements:
        _one(told, events, found, data, base)


def _is_jsonl(head: bytes) -> bool:
    """Whether the file holds a record a line: its first line ends with the record's end, and more follows."""
    line, ended, rest = head.lstrip(b"\xef\xbb\xbf\0 \t\r\n").partition(b"\n")
    return line[:1] == b"{" and line.rstrip()[-1:] == b"}" and bool(ended) and bool(rest.strip())


def _line(losses: Losses, events: Events, number: int, start: int, line: bytes, base: int) -> None:
    if not line.strip():
        return
    try:
        value = msgspec.json.decode(line)
    except BROKEN:
        found, _cut = salvage_line(losses, number, start, line, STARTS, lambda value: "kind" in value)
        for one in found:
            event, place = decoded(one.json), base + start
            if isinstance(event, dict):
                events.take(place + one.start, place + one.end, event, True, one.json)
            else:
                losses.lost(number, start + one.start, start + one.end, "no event")
        return
    if isinstance(value, dict):
        events.take(base + start, base + start + len(line), value, False, line)
    else:
        losses.lost(number, start, start + len(line), "no event")


def _one(told: Told, events: Events, found: Document, data: bytes, base: int) -> None:
    """A document that is one event, or the base state of a conversation."""
    value = {key: found.get(key) for key in found.rest}
    if "agent" not in value or "kind" in value:
        body = data.strip()
        start = base + data.find(body)
        events.take(start, start + len(body), value, found.mended, body)
        return
    told.session = text(value.get("id"))
    told.cwd = text(mapping(value.get("workspace")).get("working_dir"))[:PATH_CAP]
    told.model = text(mapping(mapping(value.get("agent")).get("llm")).get("model"))
    events.status(text(value.get("execution_status")))
    events.stats(mapping(value.get("stats")))
