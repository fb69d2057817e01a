"""Takes the events of GitHub Copilot CLI (`~/.copilot/session-state/<id>/events.jsonl`); gives their Trace.

What `copilot --output-format json` prints has the same events, and a `result` at the end. What is counted:

- a **step** is one `assistant.message` (its `messageId`); a session in which nothing was asked has none;
- a **call** is one `toolCallId`, asked for in a message or begun by `tool.execution_start`; its **error** is `success`
  false or an exit code other than 0 in its text (`<shellId: 0 completed with exit code 1>`), unless a person refused it
  (`rejected`); `hook.*` events repeat what tools were given and said, and are not counted;
- **end_reason**: the last border says it: `session.shutdown` (`routine` finished, unless an abort or an error stood
  before it; `error` error), `session.task_complete` finished, `abort` aborted, `session.error` error (limit when it
  names one). Without one: a record cut off or a call waiting is `killed`, a last word followed by the end of its turn
  `finished`, all else `unknown`.

https://www.npmjs.com/package/@github/copilot-sdk has the events' types.
"""

from __future__ import annotations

import re

import msgspec

from bot.model import CallStatus, EndReason, Origin, Tokens, Trace
from bot.signals.transcripts.acts import act
from bot.signals.transcripts.assemble import TEXT_CAP, Answer
from bot.signals.transcripts.exits import exit_code, timed_out
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.reader import Reader, read_lines
from bot.signals.transcripts.tools import cited, quote
from bot.signals.transcripts.values import lasted, mapping, mappings, moment, text, texts, whole

NAME = "copilot-events"
FAMILIES = frozenset({
    "session", "assistant", "tool", "user", "system", "hook", "subagent", "permission", "skill", "command", "mcp",
    "user_input", "elicitation", "external_tool", "exit_plan_mode", "model", "sampling", "commands", "capabilities",
    "pending_messages", "auto_mode_switch", "mcp_app",
})  # fmt: skip
"""The first parts of the types of events; all that says nothing we count is passed over in silence."""
STARTS = (
    *(f'{{"type":{space}"{family}.' for family in sorted(FAMILIES) for space in ("", " ")),
    '{"type":"abort"', '{"type": "abort"', '{"type":"result"', '{"type": "result"',
)  # fmt: skip


class Data(msgspec.Struct, gc=False):
    """What an event says, of any type."""

    sessionId: object = None  # noqa: N815
    producer: object = None
    copilotVersion: object = None  # noqa: N815
    selectedModel: object = None  # noqa: N815
    newModel: object = None  # noqa: N815
    context: object = None
    content: object = None
    messageId: object = None  # noqa: N815
    model: object = None
    reasoningText: object = None  # noqa: N815
    toolRequests: object = None  # noqa: N815
    outputTokens: object = None  # noqa: N815
    parentToolCallId: object = None  # noqa: N815
    toolCallId: object = None  # noqa: N815
    toolName: object = None  # noqa: N815
    arguments: object = None
    success: object = None
    result: object = None
    error: object = None
    errorType: object = None  # noqa: N815
    message: object = None
    summary: object = None
    shutdownType: object = None  # noqa: N815
    modelMetrics: object = None  # noqa: N815


class Event(msgspec.Struct, gc=False):
    """One event: its type, what it says, and the agent that it is about when that is a subagent."""

    type: str = ""
    data: Data | None = None
    timestamp: str | None = None
    agentId: str | None = None  # noqa: N815
    sessionId: str | None = None  # noqa: N815
    exitCode: int | None = None  # noqa: N815


_EXIT = re.compile(r"completed with exit code (-?\d{1,10})>\s{0,4}$")
_REFUSED = ("rejected", "denied")
_WORDS = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)*")
"""What the types of events look like; anything else was damaged."""
_LIMIT = re.compile(r"limit|quota|context|too long|credit", re.I)


def matches(head: Head) -> bool:
    """JSON lines with events of Copilot: `<family>.<what>` and `data`."""
    if head.shape != "lines":
        return False
    families = [record.get("type").split(".")[0] for record in head.records if "." in record.get("type")]
    if not families or any(family not in FAMILIES for family in families):
        return False
    return any(
        record.get("data") == "{" and record.get("type").startswith(("session.", "assistant.", "user.", "hook."))
        for record in head.records
    )


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is an event and no part of one."""
    kind = text(value.get("type"))
    return ("data" in value and (kind == "abort" or kind.split(".")[0] in FAMILIES)) or kind == "result"


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace; what a subagent said and did has origin `subagent`."""
    return read_lines(CopilotReader(lines, NAME, "copilot"), path)


class CopilotReader(Reader[Event]):
    """Takes events in file order; `trace` ends it."""

    KIND = Event
    DECODER = msgspec.json.Decoder(Event)
    STARTS = STARTS
    is_record = staticmethod(is_record)

    def __init__(self, lines: Lines, name: str, agent: str) -> None:
        super().__init__(lines, name, agent)
        self._messages: set[str] = set()
        self._begun: dict[str, float | None] = {}
        self._said = ""
        self._output = 0

    def record(self, record: Event, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one event: what the agent said, called and got, else what tells of the session."""
        kind, data = record.type, record.data or Data()
        self.at(record.timestamp)
        if record.data is None and kind.startswith(("assistant.message", "tool.execution", "user.message")):
            self.empty(number, start, end)
            return
        origin: Origin = "subagent" if record.agentId or data.parentToolCallId else "main"
        if kind == "assistant.message":
            self._message(data, origin, start, end, mended)
        elif kind == "tool.execution_start":
            self._begun[text(data.toolCallId)] = moment(record.timestamp)
            self._call(text(data.toolCallId), text(data.toolName), data.arguments, origin, kind, start, end, mended)
        elif kind == "tool.execution_complete":
            self._answer(data, record.timestamp, origin, start, end, mended)
        elif kind == "user.message":
            self.step = None
            self.prompt = self.prompt or text(data.content)[:TEXT_CAP]
            self.last = "request" if origin == "main" else self.last
        elif kind == "abort":
            self.last = "aborted"
        elif kind == "result":
            self.session = self.session or record.sessionId or ""
            self._ends("error" if record.exitCode else "complete", "")
        elif kind.split(".")[0] in FAMILIES and _WORDS.fullmatch(kind[:100]):
            self._about(kind, data)
        else:
            self.passed_over(kind, number)

    def _about(self, kind: str, data: Data) -> None:
        match kind:
            case "session.start" | "session.resume":
                self._head(data)
            case "session.model_change":
                self.by(model=text(data.newModel))
            case "assistant.turn_end" if self.last == "text":
                self.last = "turn over"
            case "session.compaction_complete" if data.success is not False:
                self.compactions += 1
            case "session.task_complete":
                self.last, self.final = "complete", text(data.summary)[:TEXT_CAP] or self.final
            case "session.error":
                self.provider_errors += 1
                self._ends("error", text(data.message) or text(data.errorType))
            case "model.call_failure":
                self.provider_errors += 1
            case "session.shutdown":
                self._shutdown(data)

    def _ends(self, how: str, said: str) -> None:
        if self.last != "aborted":
            self.last, self._said = how, said or self._said

    def _head(self, data: Data) -> None:
        context = mapping(data.context)
        self.session = self.session or text(data.sessionId)
        self.cwd = self.cwd or text(context.get("cwd"))
        self.branch = self.branch or text(context.get("branch"))
        self.by(text(data.copilotVersion), text(data.selectedModel))

    def _message(self, data: Data, origin: Origin, start: int, end: int, plain: bool) -> None:
        identity = text(data.messageId)
        if identity and identity in self._messages:
            return
        self._messages.add(identity)
        self.by(model=text(data.model))
        self._output += whole(data.outputTokens)
        said = text(data.content)
        self.step = None
        self.growing(start, end, quote(said or text(data.reasoningText), plain), "assistant.message", origin)
        if origin == "main":
            self.final = said[:TEXT_CAP] or self.final
            self.last = "text"
        for request in mappings(data.toolRequests):
            call_id, name = text(request.get("toolCallId")), text(request.get("name"))
            self._call(call_id, name, request.get("arguments"), origin, "assistant.message", start, end, plain)

    def _call(
        self, call_id: str, name: str, arguments: object, origin: Origin, kind: str, start: int, end: int, plain: bool
    ) -> None:
        if call_id in self.assembly.pending:
            return
        use = act(name, arguments)
        said = cited(use, name, kind, plain)
        step = self.step or self.growing(start, end, said, kind, origin)
        if self.assembly.call(step, call_id, name, use, start, end, said) and origin == "main":
            self.last = "call"

    def _answer(self, data: Data, timestamp: str | None, origin: Origin, start: int, end: int, plain: bool) -> None:
        call_id = text(data.toolCallId)
        result, error = mapping(data.result), mapping(data.error)
        output = text(result.get("content")) or texts(result.get("contents")) or text(error.get("message"))
        found = _EXIT.search(output[-200:])
        code = int(found[1]) if found else exit_code(output) if data.success is False else None
        refused = text(error.get("code")) in _REFUSED or output.startswith("The user rejected")
        status: CallStatus = "error" if data.success is False or code else "ok"
        answer = Answer(
            start, end, "rejected" if refused else status, output, code,
            timed_out=status == "error" and (code == 124 or timed_out(output)),
            duration_ms=lasted(self._begun.pop(call_id, None), moment(timestamp)),
            fallback="tool.execution_complete", plain=plain,
        )  # fmt: skip
        if self.assembly.answer(call_id, answer) and origin == "main":
            self.last = "answer"

    def _shutdown(self, data: Data) -> None:
        models = [mapping(mapping(model).get("usage")) for model in mapping(data.modelMetrics).values()]
        spent = Tokens(
            sum(whole(usage.get("inputTokens")) for usage in models),
            sum(whole(usage.get("outputTokens")) for usage in models),
            sum(whole(usage.get("cacheReadTokens")) for usage in models),
        )
        self.tokens = spent if spent.input or spent.output else self.tokens
        if data.shutdownType == "error":
            self._ends("error", "")
        elif self.last not in ("aborted", "error"):
            self.last = "complete"

    def end_reason(self) -> EndReason:
        """The last border says it; without one, what stands last."""
        if not self.tokens.output:
            self.tokens = Tokens(self.tokens.input, self._output, self.tokens.cached)
        match self.last:
            case "complete":
                return "finished"
            case "aborted":
                return "aborted"
            case "error":
                return "limit" if _LIMIT.search(self._said[:2_000]) else "error"
        if self.cut_off or self.assembly.pending:
            return "killed"
        return "finished" if self.last == "turn over" else "unknown"
