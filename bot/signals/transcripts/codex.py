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
from datetime import datetime

import msgspec

from bot.model import Agent, CallStatus, EndReason, Tokens, Trace
from bot.signals.transcripts.assemble import TEXT_CAP, Answer, Assembly, Draft
from bot.signals.transcripts.lines import BROKEN, Lines
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.salvage import salvage_line
from bot.signals.transcripts.tools import describe, describe_patch, describe_stdin, quote

NAME = "codex-rollout"
TYPES = frozenset(
    {"session_meta", "response_item", "event_msg", "turn_context", "compacted", "inter_agent_communication"}
)
BARE = frozenset({
    "message", "reasoning", "function_call", "function_call_output", "custom_tool_call",
    "custom_tool_call_output", "local_shell_call", "local_shell_call_output", "web_search_call",
    "tool_search_call", "tool_search_output", "ghost_snapshot", "compaction", "compaction_summary",
    "agent_message", "image_generation_call",
})  # fmt: skip
STARTS = (
    '{"timestamp":', '{"type":"message"', '{"type":"function_call', '{"type":"reasoning"', '{"type":"response_item"',
    '{"type":"event_msg"', '{"payload":', '{"record_type":', '{"timestamp": ', '{"type": "', '{"id":',
)  # fmt: skip


class Payload(msgspec.Struct, gc=False):
    """The payload of an item or event, or a bare item; encrypted and encoded content is never decoded."""

    type: str = ""
    role: str = ""
    id: str | None = None
    call_id: str = ""
    name: str = ""
    turn_id: str | None = None
    content: object = None
    summary: object = None
    arguments: object = None
    input: object = None
    action: msgspec.Raw = msgspec.Raw()
    output: object = None
    info: msgspec.Raw = msgspec.Raw()
    git: msgspec.Raw = msgspec.Raw()
    message: object = None
    last_agent_message: object = None
    exit_code: int | None = None
    success: bool | None = None
    cwd: str | None = None
    cli_version: str | None = None
    model: str | None = None


class Line(msgspec.Struct, gc=False):
    """One line: an envelope with a payload, or (old rollouts) the item itself."""

    type: str = ""
    timestamp: str | None = None
    payload: Payload | None = None
    record_type: str | None = None


class Info(msgspec.Struct, gc=False):
    """The info of a token count."""

    total_token_usage: dict[str, object] | None = None


class Envelope(msgspec.Struct, gc=False):
    """An answer that is JSON inside a string."""

    output: object = None
    metadata: object = None


_LINE = msgspec.json.Decoder(Line)
_BARE = msgspec.json.Decoder(Payload)
_INFO = msgspec.json.Decoder(Info)
_ENVELOPE = msgspec.json.Decoder(Envelope)

_CALLS = frozenset({
    "function_call", "custom_tool_call", "local_shell_call", "web_search_call", "tool_search_call",
})  # fmt: skip
_EXIT = re.compile(r'(?:Process exited with code|^Exit code:|"exit_code":)\s{0,4}(-?\d{1,6})', re.M)
_WALL = re.compile(r"^Wall time: (\d{1,9}(?:\.\d{1,9})?) seconds", re.M)
_FAILED = (
    "apply_patch verification failed", "failed to parse function arguments", "exec_command failed",
    "write_stdin failed", "unsupported call", "tool call error", "execution error", "failed in sandbox", "Error:",
    "error:", "failed to ", "err: ", "invalid patch", "unknown process id", "unable to ",
)  # fmt: skip
_REJECTED = ("exec command rejected by user", "rejected by user", "user rejected", "patch rejected by user")
_INJECTED = ("<environment_context>", "<user_instructions>", "<subagent_notification>", "# AGENTS.md instructions",
             "<turn_aborted>", "<permissions", "<skill", "<INSTRUCTIONS>", "<user_shell_command>")  # fmt: skip
_LIMIT = re.compile(r"limit|quota|context window|too long", re.I)


def matches(head: Head) -> bool:
    """Envelopes with a payload, or the old shape: `{id, timestamp, instructions}` and then bare items."""
    if head.shape != "lines" or not head.records:
        return False
    for record in head.records[:3]:
        if record.get("type") in TYPES and record.get("payload") == "{":
            return True
    first = head.first
    if not ("id" in first and "timestamp" in first and ("instructions" in first or "git" in first)) or "type" in first:
        return False
    return all(record.get("type") in BARE or "record_type" in record for record in head.records[1:])


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is a record and no part of one."""
    kind = value.get("type")
    if not isinstance(kind, str):
        return "record_type" in value
    return kind in TYPES or "record_type" in value or (kind in BARE and ("role" in value or "call_id" in value))


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    reader = Reader(lines)
    for number, start, line in lines:
        reader.line(number, start, line)
    return [reader.trace(path)]


class Reader:
    """Takes lines in file order; `trace` ends it."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.assembly = Assembly()
        self._step: Draft | None = None
        self._agent = Agent("codex")
        self._session = self._cwd = self._branch = self._started = self._ended = self._prompt = self._final = ""
        self._tokens = Tokens()
        self._compactions = 0
        self._provider_errors = 0
        self._last = ""
        self._said = ""
        self._cut_off = False
        self._exits: dict[str, int] = {}
        self._own_born: float | None = None
        self._replay_from: float | None = None
        self._replaying = False
        self._unknown: dict[str, list[int]] = {}
        self._odd = 0

    def line(self, number: int, start: int, line: bytes) -> None:
        """Read one line, by salvage where the quick way fails; what cannot be read is told in the losses."""
        try:
            record = _LINE.decode(line)
        except msgspec.ValidationError:
            self._odd_line(number, start, line)
        except BROKEN:
            self._bad_line(number, start, line)
        else:
            self._record(record, number, start, start + len(line), line, False)

    def _odd_line(self, number: int, start: int, line: bytes) -> None:
        """Valid JSON of an unexpected shape: read it without the fields that do not fit."""
        try:
            msgspec.json.decode(line)
        except BROKEN:
            self._bad_line(number, start, line)
        else:
            self._odd_record(number, start, start + len(line), line, False)

    def _odd_record(self, number: int, start: int, end: int, json: bytes, plain: bool) -> None:
        try:
            value = msgspec.json.decode(json)
        except BROKEN:
            value = None
        if not isinstance(value, dict):
            self.lines.losses.lost(number, start, end, "no record")
            return
        self._odd += 1
        fitted = msgspec.json.encode(_mended(value))
        self._record(_LINE.decode(fitted), number, start, end, fitted, plain)

    def _bad_line(self, number: int, start: int, line: bytes) -> None:
        if not line.strip():
            return
        records, cut = salvage_line(self.lines.losses, number, start, line, STARTS, is_record)
        for found in records:
            try:
                self._record(_LINE.decode(found.json), number, start + found.start, start + found.end, found.json, True)
            except BROKEN:
                self._odd_record(number, start + found.start, start + found.end, found.json, True)
        self._cut_off = cut

    def _record(self, record: Line, number: int, start: int, end: int, raw: bytes, plain: bool) -> None:
        kind = record.type
        self._cut_off = False
        if record.timestamp and not self._replaying:
            self._started = self._started or record.timestamp
            self._ended = record.timestamp
        if record.payload is None and kind in BARE:
            item = _bare(raw)
            if item is None:
                self.lines.losses.lost(number, start, end, "no record")
            else:
                self._item(item, start, end, plain)
            return
        payload = record.payload or Payload()
        if kind not in TYPES:
            self._header(raw, record, number)
            return
        if kind == "session_meta":
            self._meta(payload, record.timestamp)
            return
        if self._replaying and self._still_replaying(payload, kind, record.timestamp):
            return
        if kind == "response_item":
            self._item(payload, start, end, plain)
        elif kind == "event_msg":
            self._event(payload)
        elif kind == "turn_context":
            self._step = None
            self._agent = self._agent if self._agent.model else Agent("codex", self._agent.version, payload.model or "")
            self._cwd = self._cwd or payload.cwd or ""
        elif kind == "compacted":
            self._compactions += 1
            self._step = None

    # --- heads and replay ---------------------------------------------------------------------------------------------

    def _header(self, raw: bytes, record: Line, number: int) -> None:
        """The head of an old rollout is bare; its state lines say nothing we count."""
        bare = _bare(raw) or Payload()
        if record.record_type is not None:
            return
        if bare.id and record.timestamp and not self._session and not record.type:
            self._session = bare.id
            self._branch = _branch(bytes(bare.git))
            return
        self._unknown.setdefault(record.type[:60], []).append(number)

    def _meta(self, payload: Payload, timestamp: str | None) -> None:
        if not self._session:
            self._session = payload.id or ""
            self._cwd = payload.cwd or ""
            self._branch = _branch(bytes(payload.git))
            self._agent = Agent("codex", payload.cli_version or "", self._agent.model)
            self._own_born = _uuid_time(payload.id) or _time(timestamp)
            self._replay_from = _time(timestamp)
        elif payload.id != self._session:
            self._replaying = True
            self._replay_from = max(self._replay_from or 0.0, _time(timestamp) or 0.0)

    def _still_replaying(self, payload: Payload, kind: str, timestamp: str | None) -> bool:
        """A fork writes its parent's items in one go; its own begin with a turn younger than the session itself."""
        born = _uuid_time(payload.turn_id) if kind == "turn_context" or payload.type == "task_started" else None
        written = _time(timestamp)
        young = born is not None and self._own_born is not None and born >= self._own_born
        later = written is not None and self._replay_from is not None and written > self._replay_from + 1.0
        self._replaying = not (young or later)
        return self._replaying

    # --- items and events ---------------------------------------------------------------------------------------------

    def _item(self, item: Payload, start: int, end: int, plain: bool) -> None:
        kind = item.type or ("message" if item.role else "")
        if kind == "message" and item.role != "assistant":
            self._step = None
            self._request(item)
        elif kind in ("message", "reasoning", "agent_message"):
            said = _texts(item.content) or _texts(item.summary)
            self._open(start, end, quote(said, plain), kind)
            if kind == "message":
                self._final = said[:TEXT_CAP] or self._final
                self._last = "text"
        elif kind in _CALLS:
            self._call(item, kind, start, end, plain)
        elif kind.endswith("_output"):
            self._step = None
            if self.assembly.answer(item.call_id, self._answer(item, start, end, plain)):
                self._last = "answer"

    def _open(self, start: int, end: int, said: str, fallback: str) -> Draft:
        self._provider_errors = 0
        if self._step is None:
            self._step = self.assembly.step(start, end, said, fallback)
        else:
            self.assembly.speak(self._step, start, end, said)
        return self._step

    def _request(self, item: Payload) -> None:
        if item.role != "user":
            return
        text = _texts(item.content)
        if text.startswith("<turn_aborted>"):
            self._last = "aborted"
        elif text and not text.lstrip().startswith(_INJECTED):
            self._prompt = self._prompt or text[:TEXT_CAP]
            self._last = "request"

    def _call(self, item: Payload, kind: str, start: int, end: int, plain: bool) -> None:
        name = item.name or kind
        arguments = _arguments(item.arguments)
        if kind == "custom_tool_call":
            use = describe_patch(_text(item.input)) if name == "apply_patch" else describe(name, b"")
        elif kind == "local_shell_call":
            use = describe(name, b'{"action":%s}' % bytes(item.action))
        elif name == "write_stdin":
            use = describe_stdin(arguments)
        else:
            use = describe(name, arguments)
        said = quote(use.command, plain=True) or (use.paths[0][:120] if use.paths else "") or name[:120]
        step = self._open(start, end, said, name[:120])
        call_id = item.call_id or (item.id or "" if kind == "local_shell_call" else "")
        fresh = self.assembly.call(step, call_id, name, use, start, end, said, hash(arguments or _text(item.input)))
        self._last = "call" if fresh else self._last
        if kind == "web_search_call":  # the provider searches; there is no answer to wait for
            self.assembly.answer(call_id or f"#{start}.{len(step.calls) - 1}", Answer(start, end, "ok", fallback=name))

    def _answer(self, item: Payload, start: int, end: int, plain: bool) -> Answer:
        output, exit_code, success, nested = _output(item.output)
        exit_code = self._exits.pop(item.call_id, exit_code) if exit_code is None else exit_code
        wall = _WALL.search(output[:400])
        timed_out = exit_code == 124 or "command timed out" in output[:400]
        return Answer(
            start,
            end,
            _status(output, exit_code, success, timed_out),
            output,
            exit_code,
            timed_out=timed_out,
            duration_ms=round(float(wall[1]) * 1000) if wall else None,
            fallback=item.call_id[:120],
            plain=plain or nested,
        )

    def _event(self, event: Payload) -> None:
        match event.type:
            case "token_count":
                self._step = None
                self._count(bytes(event.info))
            case "task_started" | "turn_started":
                self._step, self._last = None, "started"
            case "task_complete" | "turn_complete":
                self._step, self._last = None, "complete"
                self._final = _text(event.last_agent_message)[:TEXT_CAP] or self._final
            case "turn_aborted":
                self._step, self._last = None, "aborted"
            case "exec_command_end" if event.exit_code is not None and event.call_id in self.assembly.pending:
                self._exits[event.call_id] = event.exit_code
            case "error":
                self._step, self._last = None, "error"
                self._said = _text(event.message)[:TEXT_CAP]
                self._provider_errors += 1
            case "stream_error":
                self._provider_errors += 1
            case "user_message" if not self._prompt:
                self._prompt = _text(event.message)[:TEXT_CAP]

    def _count(self, info: bytes) -> None:
        if info[:1] != b"{":
            return
        try:
            total = _INFO.decode(info).total_token_usage or {}
        except BROKEN:
            return
        self._tokens = Tokens(
            _int(total.get("input_tokens")), _int(total.get("output_tokens")), _int(total.get("cached_input_tokens"))
        )

    # --- the end ------------------------------------------------------------------------------------------------------

    def trace(self, path: str) -> Trace:
        """The whole run. Reads the stream to its end."""
        losses = self.lines.losses
        for kind, numbers in self._unknown.items():
            losses.note(f"{len(numbers)} record(s) of unknown type {kind!r} passed over (first on line {numbers[0]})")
        if self._odd:
            losses.note(f"{self._odd} record(s) with fields of an unexpected type, read without those fields")
        end_reason = self._end_reason()
        return Trace(
            format=NAME,
            sources=(self.lines.source(path),),
            steps=self.assembly.steps(),
            end_reason=end_reason,
            agent=self._agent,
            session=self._session,
            cwd=self._cwd,
            branch=self._branch,
            started=self._started,
            ended=self._ended,
            prompt=self._prompt,
            final=self._final,
            tokens=self._tokens,
            compactions=self._compactions,
            provider_errors=self._provider_errors,
            warnings=losses.warnings(),
        )

    def _end_reason(self) -> EndReason:
        match self._last:
            case "complete":
                return "finished"
            case "aborted":
                return "aborted"
            case "error":
                return "limit" if _LIMIT.search(self._said[:2_000]) else "error"
        if self._cut_off or self.assembly.pending:
            return "killed"
        return "finished" if self._last == "text" else "unknown"


def _status(output: str, exit_code: int | None, success: bool | None, timed_out: bool) -> CallStatus:
    head = output[:200]
    if any(word in head for word in _REJECTED):
        return "rejected"
    if head.startswith("aborted"):
        return "aborted"
    if exit_code or timed_out or success is False:
        return "error"
    return "error" if exit_code is None and head.startswith(_FAILED) else "ok"


def _output(raw: object) -> tuple[str, int | None, bool | None, bool]:
    """The text of an answer, its exit code and its own word on success, in every shape Codex has had.

    The last is true when the text stood as JSON inside a string.
    """
    success = None
    text = _texts(raw)
    if isinstance(raw, dict):
        text = _texts(raw.get("content"))
        success = raw.get("success") if isinstance(raw.get("success"), bool) else None
    if text[:1] == "{" and ('"metadata"' in text or '"output"' in text[:20]):
        try:
            inner = _ENVELOPE.decode(text)
        except BROKEN:
            return text, None, success, False
        code = inner.metadata.get("exit_code") if isinstance(inner.metadata, dict) else None
        said = inner.output if isinstance(inner.output, str) else text
        return said, code if isinstance(code, int) else None, success, True
    found = _EXIT.search(text[:400])
    return text, int(found[1]) if found else None, success, False


def _texts(value: object) -> str:
    """A string, or the text of a list of parts; images are left out."""
    if not isinstance(value, list):
        return _text(value)
    texts = [part.get("text") for part in value if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _arguments(value: object) -> str:
    """Arguments are JSON in a string; some writers put the object itself."""
    if isinstance(value, str) or value is None:
        return value or ""
    return msgspec.json.encode(value).decode()


def _bare(raw: bytes) -> Payload | None:
    """The item that stands on a line by itself, without the fields that do not fit; None when it cannot be read."""
    text = raw.decode("utf-8", "replace")
    try:
        return _BARE.decode(text)
    except msgspec.ValidationError:
        return _fitted(text)
    except BROKEN:
        return None


def _fitted(text: str) -> Payload | None:
    try:
        return _BARE.decode(msgspec.json.encode(_mended(msgspec.json.decode(text))))
    except BROKEN:
        return None


def _branch(git: bytes) -> str:
    try:
        value = msgspec.json.decode(git) if git[:1] == b"{" else {}
    except BROKEN:
        return ""
    branch = value.get("branch")
    return branch if isinstance(branch, str) else ""


def _uuid_time(uuid: str | None) -> float | None:
    """The seconds inside a UUIDv7; None for any other id. https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7"""
    match = re.fullmatch(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", (uuid or "")[:40])
    return int(match[1] + match[2], 16) / 1000 if match else None


def _time(timestamp: str | None) -> float | None:
    try:
        return datetime.fromisoformat((timestamp or "").replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None


def _int(value: object) -> int:
    return int(value) if isinstance(value, int | float) and abs(value) < 1e15 else 0


_STRINGS = frozenset({
    "type", "role", "id", "call_id", "name", "turn_id", "timestamp", "cwd", "cli_version", "model",
    "record_type",
})  # fmt: skip


def _mended(value: dict[str, object]) -> dict[str, object]:
    """A record without the fields that do not fit `Line` and `Payload`."""
    mended: dict[str, object] = {}
    for key, item in value.items():
        if key in _STRINGS and not isinstance(item, str):
            continue
        if (key == "exit_code" and not _is_small(item)) or (key == "success" and not isinstance(item, bool)):
            continue
        if key == "payload":
            if isinstance(item, dict):
                mended[key] = _mended(item)
            continue
        mended[key] = item
    return mended


def _is_small(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 31
