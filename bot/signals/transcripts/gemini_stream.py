"""Takes what `gemini --output-format stream-json` printed, one event a line; gives its Trace.

What is counted: a **step** is what the agent said (its `message` events, which are parts of one text when they bear
`delta`) and called up to the next answer of a tool; a **call** is one `tool_use`, its **error** a `tool_result` with
status `error` or an exit code other than 0. **end_reason** is the `result`'s: `success` finished, `error` limit when
it names one, else error. Without a `result`: `killed` when a record was cut off or a call waits, else `unknown`.

Unverified: no real file was at hand; the shapes are those of packages/core/src/output/types.ts in
https://github.com/google-gemini/gemini-cli.
"""

from __future__ import annotations

import re

import msgspec

from bot.model import EndReason, Tokens, Trace
from bot.signals.transcripts.acts import act
from bot.signals.transcripts.assemble import TEXT_CAP, Answer
from bot.signals.transcripts.exits import timed_out
from bot.signals.transcripts.gemini_messages import REFUSED, exit_code_of, status_of
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.reader import Reader, read_lines
from bot.signals.transcripts.tools import cited, quote
from bot.signals.transcripts.values import lasted, mapping, moment, text, whole

NAME = "gemini-stream-json"
TYPES = frozenset({"init", "message", "tool_use", "tool_result", "error", "result"})
STARTS = tuple(f'{{"type":{space}"{kind}"' for kind in sorted(TYPES) for space in ("", " "))


class Event(msgspec.Struct, gc=False):
    """One event of any type."""

    type: str = ""
    timestamp: str | None = None
    session_id: str | None = None
    model: str | None = None
    role: object = None
    content: object = None
    tool_name: object = None
    tool_id: object = None
    parameters: object = None
    status: object = None
    output: object = None
    error: object = None
    severity: object = None
    message: object = None
    stats: object = None


_LIMIT = re.compile(r"limit|quota|exhausted|too long|max(?:imum)? session turns", re.I)


def matches(head: Head) -> bool:
    """JSON lines that begin with `init`, or with a call or a message in Gemini's own words."""
    first = head.first
    if head.shape != "lines":
        return False
    return first.get("type") == "init" and "session_id" in first and "model" in first


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is an event; a part of one (an error has a type as well) bears no time."""
    return text(value.get("type")) in TYPES and "timestamp" in value


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    return read_lines(StreamReader(lines, NAME, "gemini-cli"), path)


class StreamReader(Reader[Event]):
    """Takes events in file order; `trace` ends it."""

    KIND = Event
    DECODER = msgspec.json.Decoder(Event)
    STARTS = STARTS
    is_record = staticmethod(is_record)

    def __init__(self, lines: Lines, name: str, agent: str) -> None:
        super().__init__(lines, name, agent)
        self._begun: dict[str, float | None] = {}
        self._spoken = ""
        self._said = ""

    def record(self, record: Event, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one event."""
        self.at(record.timestamp)
        match record.type:
            case "init":
                self.session = self.session or record.session_id or ""
                self.by(model=record.model)
            case "message" if record.role is None:
                self.empty(number, start, end)
            case "message":
                self._message(record, start, end, mended)
            case "tool_use":
                self._call(record, start, end, mended)
            case "tool_result":
                self._answer(record, start, end, mended)
            case "error":
                self.provider_errors += record.severity == "error"
                self._said = text(record.message) or self._said
            case "result":
                self._result(record)
            case _:
                self.passed_over(record.type, number)

    def _message(self, record: Event, start: int, end: int, plain: bool) -> None:
        said = text(record.content)
        if record.role == "user":
            self.step = None
            self.prompt = self.prompt or said[:TEXT_CAP]
            self.last = "request"
            return
        if self.step is None:
            self._spoken = ""
        self.growing(start, end, quote(said, plain), "message")
        self._spoken = (self._spoken + said)[:TEXT_CAP]
        self.final = self._spoken if self._spoken.strip() else self.final
        self.last = "text"

    def _call(self, record: Event, start: int, end: int, plain: bool) -> None:
        call_id, name = text(record.tool_id), text(record.tool_name)
        use = act(name, record.parameters)
        said = cited(use, name, "tool_use", plain)
        if call_id in self.assembly.pending:
            return
        self._begun[call_id] = moment(record.timestamp)
        step = self.growing(start, end, said, "tool_use")
        self.assembly.call(step, call_id, name, use, start, end, said, start)
        self.last = "call"

    def _answer(self, record: Event, start: int, end: int, plain: bool) -> None:
        call_id = text(record.tool_id)
        waiting = self.assembly.pending.get(call_id)
        is_shell = waiting is not None and waiting.use.kind == "shell"
        failed = text(mapping(record.error).get("message"))
        output = text(record.output) or failed
        code = exit_code_of(output, record.status == "success") if is_shell else None
        status = "cancelled" if output.startswith(REFUSED) else text(record.status)
        answer = Answer(
            start, end, status_of(status, output, bool(failed), code), output, code,
            timed_out=code == 124 or (is_shell and timed_out(output)),
            duration_ms=lasted(self._begun.pop(call_id, None), moment(record.timestamp)),
            fallback="tool_result", plain=plain,
        )  # fmt: skip
        self.step = None
        if self.assembly.answer(call_id, answer):
            self.last = "answer"

    def _result(self, record: Event) -> None:
        stats, error = mapping(record.stats), mapping(record.error)
        self._said = f"{text(error.get('type'))} {text(error.get('message'))}".strip() or self._said
        self.last = "complete" if record.status == "success" else "error"
        self.tokens = Tokens(
            whole(stats.get("input_tokens")), whole(stats.get("output_tokens")), whole(stats.get("cached"))
        )

    def end_reason(self) -> EndReason:
        """The result says it."""
        if self.last == "complete":
            return "finished"
        if self.last == "error":
            return "limit" if _LIMIT.search(self._said[:2_000]) else "error"
        return "killed" if self.cut_off or self.assembly.pending else "unknown"
