"""Takes a rollout of Codex (`~/.codex/sessions/…/rollout-*.jsonl`, old and new shapes); gives its Trace.

What is counted:

- a **step** is what the agent said and called in one response of the model: reasoning, messages and calls up to the
  next answer of a tool, word of the user, token count or border of a turn. `event_msg` repeats are not counted;
- a **call** is one `function_call`, `custom_tool_call`, `local_shell_call`, `web_search_call` or `tool_search_call`;
  its **error** is a nonzero exit code, a patch or tool that says it failed, or a time-out; a command the user refused
  is `rejected`, one that was cut short `aborted`;
- `replacement_history` of a compaction and what follows a foreign `session_meta` (a fork copies its parent's items) is
  not counted, up to the first turn that is younger than this session, by the time inside its UUIDv7 or its line;
- **end_reason**: the last border says it: `task_complete` finished, `turn_aborted` aborted, an `error` event error
  (limit when it names one). Without one: a record cut off or a call waiting is `killed`, the agent's text as last word
  `finished` (older versions wrote no border), all else `unknown`.
"""

from __future__ import annotations

import re

import msgspec

from bot.model import EndReason, Tokens, Trace
from bot.signals.transcripts.assemble import TEXT_CAP, Answer
from bot.signals.transcripts.codex_answers import answer
from bot.signals.transcripts.codex_fork import Fork
from bot.signals.transcripts.codex_records import BARE, NAME, STARTS, TYPES, Line, Payload, bare, is_record, matches
from bot.signals.transcripts.lines import BROKEN, Lines
from bot.signals.transcripts.reader import Reader, read_lines
from bot.signals.transcripts.tools import cited, describe, describe_patch, describe_stdin, quote
from bot.signals.transcripts.values import text, texts, whole

__all__ = ["NAME", "matches", "read"]


class Info(msgspec.Struct, gc=False):
    """The info of a token count."""

    total_token_usage: dict[str, object] | None = None


_INFO = msgspec.json.Decoder(Info)
_CALLS = frozenset({
    "function_call", "custom_tool_call", "local_shell_call", "web_search_call", "tool_search_call",
})  # fmt: skip
_INJECTED = ("<environment_context>", "<user_instructions>", "<subagent_notification>", "# AGENTS.md instructions",
             "<turn_aborted>", "<permissions", "<skill", "<INSTRUCTIONS>", "<user_shell_command>")  # fmt: skip
_LIMIT = re.compile(r"limit|quota|context window|too long", re.I)


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    return read_lines(CodexReader(lines, NAME, "codex"), path)


class CodexReader(Reader[Line]):
    """Takes lines in file order; `trace` ends it."""

    KIND = Line
    DECODER = msgspec.json.Decoder(Line)
    STARTS = STARTS
    is_record = staticmethod(is_record)

    def __init__(self, lines: Lines, name: str, agent: str) -> None:
        super().__init__(lines, name, agent)
        self._said = ""
        self._exits: dict[str, int] = {}
        self._fork = Fork()

    def record(self, record: Line, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one line: an envelope with a payload, or an old rollout's bare item."""
        kind = record.type
        if not self._fork.replaying:
            self.at(record.timestamp)
        if record.payload is None and kind in BARE:
            item = bare(raw)
            if item is None:
                self.lines.losses.lost(number, start, end, "no record")
            else:
                self._item(item, start, end, mended)
            return
        payload = record.payload or Payload()
        if kind not in TYPES:
            self._header(raw, record, number)
        elif kind == "session_meta":
            self._meta(payload, record.timestamp)
        elif not (self._fork.replaying and self._is_parents(payload, kind, record.timestamp)):
            self._own(payload, kind, start, end, mended)

    def _own(self, payload: Payload, kind: str, start: int, end: int, mended: bool) -> None:
        if kind == "response_item":
            self._item(payload, start, end, mended)
        elif kind == "event_msg":
            self._event(payload)
        elif kind == "turn_context":
            self.step = None
            self.by(model=payload.model)
            self.cwd = self.cwd or payload.cwd or ""
        elif kind == "compacted":
            self.compactions += 1
            self.step = None

    # --- heads and replay ---------------------------------------------------------------------------------------------

    def _header(self, raw: bytes, record: Line, number: int) -> None:
        """The head of an old rollout is bare; its state lines say nothing we count."""
        if record.record_type is not None:
            return
        head = bare(raw) or Payload()
        if head.id and record.timestamp and not self.session and not record.type:
            self.session = head.id
            self.branch = _branch(bytes(head.git))
            return
        self.passed_over(record.type, number)

    def _meta(self, payload: Payload, timestamp: str | None) -> None:
        if not self.session:
            self.session = payload.id or ""
            self.cwd = payload.cwd or ""
            self.branch = _branch(bytes(payload.git))
            self.by(payload.cli_version)
            self._fork.own(payload.id, timestamp)
        elif payload.id != self.session:
            self._fork.foreign(timestamp)

    def _is_parents(self, payload: Payload, kind: str, timestamp: str | None) -> bool:
        begins = kind == "turn_context" or payload.type == "task_started"
        return self._fork.still(payload.turn_id if begins else None, timestamp)

    # --- items and events ---------------------------------------------------------------------------------------------

    def _item(self, item: Payload, start: int, end: int, plain: bool) -> None:
        kind = item.type or ("message" if item.role else "")
        if kind == "message" and item.role != "assistant":
            self.step = None
            self._request(item)
        elif kind in ("message", "reasoning", "agent_message"):
            said = texts(item.content) or texts(item.summary)
            self.growing(start, end, quote(said, plain), kind)
            if kind == "message":
                self.final = said[:TEXT_CAP] or self.final
                self.last = "text"
        elif kind in _CALLS:
            self._call(item, kind, start, end, plain)
        elif kind.endswith("_output"):
            self.step = None
            told = self._exits.pop(item.call_id, None)
            if self.assembly.answer(item.call_id, answer(item.output, item.call_id, told, start, end, plain)):
                self.last = "answer"

    def _request(self, item: Payload) -> None:
        if item.role != "user":
            return
        said = texts(item.content)
        if said.startswith("<turn_aborted>"):
            self.last = "aborted"
        elif said and not said.lstrip().startswith(_INJECTED):
            self.prompt = self.prompt or said[:TEXT_CAP]
            self.last = "request"

    def _call(self, item: Payload, kind: str, start: int, end: int, plain: bool) -> None:
        name = item.name or kind
        arguments = _arguments(item.arguments)
        if kind == "custom_tool_call":
            use = describe_patch(text(item.input)) if name == "apply_patch" else describe(name, b"")
        elif kind == "local_shell_call":
            use = describe(name, b'{"action":%s}' % bytes(item.action))
        elif name == "write_stdin":
            use = describe_stdin(arguments)
        else:
            use = describe(name, arguments)
        said = cited(use, name, kind, plain=True)  # arguments are JSON in a string
        step = self.growing(start, end, said, name[:120])
        call_id = item.call_id or (item.id or "" if kind == "local_shell_call" else "")
        fresh = self.assembly.call(step, call_id, name, use, start, end, said, hash(arguments or text(item.input)))
        self.last = "call" if fresh else self.last
        if kind == "web_search_call":  # the provider searches; there is no answer to wait for
            self.assembly.answer(call_id or f"#{start}.{len(step.calls) - 1}", Answer(start, end, "ok", fallback=name))

    def _event(self, event: Payload) -> None:
        match event.type:
            case "token_count":
                self.step = None
                self._count(bytes(event.info))
            case "task_started" | "turn_started":
                self.step, self.last = None, "started"
            case "task_complete" | "turn_complete":
                self.step, self.last = None, "complete"
                self.final = text(event.last_agent_message)[:TEXT_CAP] or self.final
            case "turn_aborted":
                self.step, self.last = None, "aborted"
            case "exec_command_end" if event.exit_code is not None and event.call_id in self.assembly.pending:
                self._exits[event.call_id] = event.exit_code
            case "error":
                self.step, self.last = None, "error"
                self._said = text(event.message)[:TEXT_CAP]
                self.provider_errors += 1
            case "stream_error":
                self.provider_errors += 1
            case "user_message" if not self.prompt:
                self.prompt = text(event.message)[:TEXT_CAP]

    def _count(self, info: bytes) -> None:
        if info[:1] != b"{":
            return
        try:
            total = _INFO.decode(info).total_token_usage or {}
        except BROKEN:
            return
        self.tokens = Tokens(
            whole(total.get("input_tokens")), whole(total.get("output_tokens")), whole(total.get("cached_input_tokens"))
        )

    def end_reason(self) -> EndReason:
        """The last border says it; without one, what stands last."""
        match self.last:
            case "complete":
                return "finished"
            case "aborted":
                return "aborted"
            case "error":
                return "limit" if _LIMIT.search(self._said[:2_000]) else "error"
        if self.cut_off or self.assembly.pending:
            return "killed"
        return "finished" if self.last == "text" else "unknown"


def _arguments(value: object) -> str:
    """Arguments are JSON in a string; some writers put the object itself."""
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else text(value)


def _branch(git: bytes) -> str:
    try:
        value = msgspec.json.decode(git) if git[:1] == b"{" else {}
    except BROKEN:
        return ""
    branch = value.get("branch")
    return branch if isinstance(branch, str) else ""
