"""Takes what `opencode run --format json` printed, one event a line; gives its Trace.

What is counted, as in an export: a **step** is what stands between `step_start` and `step_finish`; a **call** is one
`tool_use`, which is printed when it has ended. **end_reason**: an `error` event (aborted, limit or error by its name),
else the `reason` of the last `step_finish`: `stop` finished, `length` limit. When a record was cut off, or a step was
not finished, it is `killed`, all else `unknown`.

Unverified: no real file was at hand; the shapes are those of the `run` command in https://github.com/sst/opencode.
"""

from __future__ import annotations

import msgspec

from bot.model import EndReason, Tokens, Trace
from bot.signals.transcripts.assemble import TEXT_CAP
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.opencode_parts import ENDS, add_tool, error_end, spent
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.reader import Reader, read_lines
from bot.signals.transcripts.tools import quote
from bot.signals.transcripts.values import amount, iso, mapping, text

NAME = "opencode-stream"
TYPES = frozenset({"step_start", "step_finish", "text", "reasoning", "tool_use", "error"})
STARTS = tuple(f'{{"type":{space}"{kind}"' for kind in sorted(TYPES) for space in ("", " "))


class Event(msgspec.Struct, gc=False):
    """One event; `part` is a part of a message, as in an export."""

    type: str = ""
    timestamp: object = None
    sessionID: object = None  # noqa: N815
    part: object = None
    error: object = None


def matches(head: Head) -> bool:
    """JSON lines with a type of OpenCode's and `sessionID`."""
    first = head.first
    return head.shape == "lines" and first.get("type") in TYPES and first.get("sessionID").startswith("ses_")


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is an event; a part of one is named with a dash and has a `messageID`."""
    return text(value.get("type")) in TYPES and "sessionID" in value and "messageID" not in value


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    return read_lines(StreamReader(lines, NAME, "opencode"), path)


class StreamReader(Reader[Event]):
    """Takes events in file order; `trace` ends it."""

    KIND = Event
    DECODER = msgspec.json.Decoder(Event)
    STARTS = STARTS
    is_record = staticmethod(is_record)

    def __init__(self, lines: Lines, name: str, agent: str) -> None:
        super().__init__(lines, name, agent)
        self._finish = ""
        self._error: EndReason | None = None

    def record(self, record: Event, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one event."""
        part = mapping(record.part)
        kind = record.type
        self.session = self.session or text(record.sessionID)
        self.at(iso(record.timestamp))
        if kind not in TYPES:
            self.passed_over(kind, number)
        elif kind != "error" and not part:
            self.empty(number, start, end)
        elif kind == "error":
            self._error = error_end(mapping(record.error))
            self.provider_errors += self._error != "aborted"
        elif kind == "step_finish":
            self.step, self._finish = None, text(part.get("reason")) or "unknown"
            self._count(part)
        else:
            self._grow(kind, part, start, end, mended)

    def _grow(self, kind: str, part: dict[str, object], start: int, end: int, plain: bool) -> None:
        self._error = None
        if kind == "step_start":
            self.step, self._finish = None, ""
        said = text(part.get("text"))
        step = self.growing(start, end, quote(said, plain), kind)
        if kind == "text":
            self.final = said.strip()[:TEXT_CAP] or self.final
        elif kind == "tool_use":
            add_tool(self.assembly, step, part, start, end, plain, "tool_use")

    def _count(self, part: dict[str, object]) -> None:
        tokens, before = spent(part.get("tokens")), self.tokens
        self.tokens = Tokens(before.input + tokens.input, before.output + tokens.output, before.cached + tokens.cached)
        cost = amount(part.get("cost"))
        if cost and cost > 0:
            self.cost_usd = (self.cost_usd or 0.0) + cost

    def end_reason(self) -> EndReason:
        """An error after the last step says it, else the last step's end."""
        if self._error is not None:
            return self._error
        if self.cut_off or self.assembly.pending or (self.assembly.drafts and not self._finish):
            return "killed"
        return ENDS.get(self._finish, "unknown")
