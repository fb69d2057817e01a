"""Takes what `cursor-agent -p --output-format stream-json` printed, one event a line; gives its Trace.

What is counted: a **step** is what the agent thought, said and called up to the next answer of a tool; with partial
output a message is printed in pieces and then once more as a whole, which is not counted. A **call** is one `call_id`
of the `tool_call` events; its name is the key of `tool_call` without `ToolCall`; its **error** is a result other than
`success`, or an exit code other than 0; `rejected` is no error. **end_reason** is the `result`'s: `success` finished,
else error (limit when it names one). Without a `result`: `killed` when a record was cut off or a call waits, else
`unknown`.

Unverified: no real file was at hand; the shapes are those of https://cursor.com/docs/cli/reference/output-format and of
the tests of other readers.
"""

from __future__ import annotations

import re

import msgspec

from bot.model import CallStatus, EndReason, Tokens, Trace
from bot.signals.transcripts.acts import act
from bot.signals.transcripts.assemble import TEXT_CAP, Answer
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.reader import Reader
from bot.signals.transcripts.rejoin import read_rejoined
from bot.signals.transcripts.tools import cited, quote
from bot.signals.transcripts.values import iso, mapping, text, texts, whole

NAME = "cursor-stream"
TYPES = frozenset({"system", "user", "assistant", "thinking", "tool_call", "interaction_query", "result"})
STARTS = tuple(f'{{"type":{space}"{kind}"' for kind in sorted(TYPES) for space in ("", " "))


class Message(msgspec.Struct, gc=False):
    """A message in Anthropic's shape; only its text is used."""

    content: object = None


class Event(msgspec.Struct, gc=False):
    """One event of any type."""

    type: str = ""
    subtype: str | None = None
    session_id: str | None = None
    cwd: str | None = None
    model: str | None = None
    message: Message | None = None
    text: object = None
    timestamp_ms: object = None
    call_id: object = None
    tool_call: object = None
    result: object = None
    is_error: object = None
    usage: object = None


_LIMIT = re.compile(r"limit|quota|too long|usage", re.I)
_REFUSED = ("rejected", "permissionDenied")


def matches(head: Head) -> bool:
    """JSON lines of Cursor: an `init` with its few fields, or `tool_call` events whose key ends with `ToolCall`."""
    if head.shape != "lines" or any("uuid" in record or "sessionId" in record for record in head.records):
        return False
    first = head.first
    opening = first.get("type") == "system" and first.get("subtype") == "init" and "permissionMode" in first
    foreign = any(key in first for key in ("mcp_servers", "tools", "slash_commands", "claude_code_version"))
    return (opening and "apiKeySource" in first and not foreign) or any(
        record.get("type") == "tool_call" and "call_id" in record and record.get("tool_call") == "{"
        for record in head.records
    )


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is an event and no part of one."""
    return text(value.get("type")) in TYPES and ("session_id" in value or "tool_call" in value or "message" in value)


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace. A string broken by a raw newline (call ids have held one) is put together."""
    return read_rejoined(CursorReader(lines, NAME, "cursor"), path)


class CursorReader(Reader[Event]):
    """Takes events in file order; `trace` ends it."""

    KIND = Event
    DECODER = msgspec.json.Decoder(Event)
    STARTS = STARTS
    is_record = staticmethod(is_record)

    def __init__(self, lines: Lines, name: str, agent: str) -> None:
        super().__init__(lines, name, agent)
        self._spoken = ""
        self._said = ""
        self._done: set[str] = set()

    def record(self, record: Event, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one event."""
        self.at(iso(record.timestamp_ms))
        self.session = self.session or record.session_id or ""
        message = record.message or Message()
        if (record.type == "assistant" and message.content is None) or (
            record.type == "tool_call" and not mapping(record.tool_call)
        ):
            self.empty(number, start, end)
            return
        match record.type:
            case "system":
                self.cwd = self.cwd or record.cwd or ""
                self.by(model=record.model)
            case "user":
                self.step, self._spoken, self.last = None, "", "request"
                self.prompt = self.prompt or texts(message.content)[:TEXT_CAP]
            case "thinking":
                self.growing(start, end, quote(text(record.text), mended), "thinking")
            case "assistant":
                self._message(texts(message.content), record.timestamp_ms is None, start, end, mended)
            case "tool_call":
                self._tool(record, start, end, mended)
            case "result":
                self._result(record)
            case "interaction_query":
                pass
            case _:
                self.passed_over(record.type, number)

    def _message(self, said: str, untimed: bool, start: int, end: int, plain: bool) -> None:
        if untimed and self._spoken and said == self._spoken:
            return
        self.growing(start, end, quote(said, plain), "assistant")
        self._spoken += said
        self.final = self._spoken.strip()[:TEXT_CAP] or self.final
        self.last = "text"

    def _tool(self, record: Event, start: int, end: int, plain: bool) -> None:
        key, body = next(iter(mapping(record.tool_call).items()), ("", {}))
        name, arguments = _named(key, mapping(body))
        use = act(name, arguments)
        call_id = text(record.call_id) or f"#{name}"
        if call_id in self._done and record.subtype == "completed":
            return
        if call_id not in self.assembly.pending:
            said = cited(use, name, "tool_call", plain)
            step = self.growing(start, end, said, "tool_call")
            self.assembly.call(step, call_id, name, use, start, end, said, start)
            self.last = "call"
        if record.subtype == "completed":
            self.step, self._spoken, self.last = None, "", "answer"
            self._done.add(text(record.call_id) or f"{start}")
            self.assembly.answer(call_id, _answer(mapping(mapping(body).get("result")), start, end, plain))

    def _result(self, record: Event) -> None:
        usage = mapping(record.usage)
        cached = whole(usage.get("cacheReadTokens"))
        fresh = whole(usage.get("inputTokens")) + whole(usage.get("cacheWriteTokens"))
        self.tokens = Tokens(fresh + cached, whole(usage.get("outputTokens")), cached)
        self._said = text(record.result)
        good = record.subtype == "success" and record.is_error is not True
        self.last = "complete" if good else "error"
        self.final = self._said.strip()[:TEXT_CAP] or self.final if good else self.final

    def end_reason(self) -> EndReason:
        """The result says it."""
        if self.last == "complete":
            return "finished"
        if self.last == "error":
            return "limit" if _LIMIT.search(self._said[:2_000]) else "error"
        return "killed" if self.cut_off or self.assembly.pending else "unknown"


def _named(key: str, body: dict[str, object]) -> tuple[str, object]:
    """A call's name and arguments: `{"shellToolCall": {"args": …}}`, or a function's of another server."""
    if key == "function":
        return text(body.get("name")), body.get("arguments")
    arguments = mapping(body.get("args"))
    if key == "mcpToolCall":
        inner = text(arguments.get("toolName")) or text(arguments.get("name")) or "mcp"
        return inner, arguments.get("args", {})
    return key.removesuffix("ToolCall"), arguments


def _answer(result: dict[str, object], start: int, end: int, plain: bool) -> Answer:
    kind, value = next(iter(result.items()), ("success", {}))
    told = mapping(value)
    code = told.get("exitCode") if type(told.get("exitCode")) is int else None
    streams = (text(told.get(key)) for key in ("stdout", "stderr", "output", "content", "errorMessage", "error"))
    output = "\n".join(part for part in streams if part) or text(told.get("reason")) or text(value)
    timed_out = kind == "timeout" or code == 124
    status: CallStatus = "error" if kind != "success" or code else "ok"
    spent = told.get("executionTime")
    return Answer(
        start, end, "rejected" if kind in _REFUSED else status, output, code if isinstance(code, int) else None,
        timed_out=timed_out, duration_ms=whole(spent) if isinstance(spent, int | float) and spent >= 0 else None,
        fallback="tool_call", plain=plain,
    )  # fmt: skip
