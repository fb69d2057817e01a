"""Takes the records of Claude Code, one by one, however they were wrapped; gives one Trace.

Sessions (`~/.claude/projects`), `--output-format stream-json` and the execution file of claude-code-action hold the
same messages. What is counted:

- a **step** is one distinct `message.id` of an assistant record (a record without id stands for itself); the model
  `<synthetic>` makes none; a summary after a compaction is the user's side and makes none;
- a **call** is one distinct `tool_use.id`; its **error** is `is_error` on its `tool_result`, unless a person refused
  it (`rejected`) or it was cut short by an interrupt (`aborted`);
- **end_reason**: the last `result` record says it (`subtype`, `is_error`, `terminal_reason`). Without one: an interrupt
  after the last message of the model is `aborted`; a provider's error in its place is `error` (`limit` when it says
  that a limit was reached); a last record that was cut off, or a call still waiting, is `killed`; the model's last
  word being text, or a Stop hook having run, is `finished`; all else (an answer was given and nothing more said) is
  `unknown`, because a copy taken in flight looks the same.
"""

from __future__ import annotations

import re

import msgspec

from bot.model import Agent, CallStatus, EndReason, Origin, Tokens, Trace
from bot.signals.transcripts.assemble import TEXT_CAP, Answer, Assembly, Draft
from bot.signals.transcripts.lines import BROKEN, Lines
from bot.signals.transcripts.salvage import salvage_line
from bot.signals.transcripts.tools import describe, quote


class Usage(msgspec.Struct, gc=False):
    """Tokens of one model call; fields are null when the call was killed."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class Block(msgspec.Struct, gc=False):
    """A content block. `input` stays undecoded until it is asked for, a signature always."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw()
    tool_use_id: str = ""
    content: object = None
    is_error: bool | None = None


class Message(msgspec.Struct, gc=False):
    """An Anthropic message."""

    id: str | None = None
    model: str | None = None
    content: str | list[Block] | None = None
    usage: Usage | None = None
    stop_reason: str | None = None


class Record(msgspec.Struct, gc=False):
    """One record of any Claude format; `tool_use_result` and the like are the stream's spelling."""

    type: str = ""
    subtype: str | None = None
    uuid: str | None = None
    session_id: str | None = None
    sessionId: str | None = None  # noqa: N815
    timestamp: str | None = None
    isSidechain: bool | None = None  # noqa: N815
    isMeta: bool | None = None  # noqa: N815
    isSynthetic: bool | None = None  # noqa: N815
    isCompactSummary: bool | None = None  # noqa: N815
    isApiErrorMessage: bool | None = None  # noqa: N815
    parent_tool_use_id: str | None = None
    cwd: str | None = None
    version: str | None = None
    claude_code_version: str | None = None
    gitBranch: str | None = None  # noqa: N815
    model: str | None = None
    message: Message | None = None
    toolUseResult: msgspec.Raw = msgspec.Raw()  # noqa: N815
    tool_use_result: msgspec.Raw = msgspec.Raw()


class Result(msgspec.Struct, gc=False):
    """What the `result` record says of the whole run."""

    subtype: object = None
    is_error: object = None
    terminal_reason: object = None
    result: object = None
    total_cost_usd: object = None
    usage: object = None
    modelUsage: object = None  # noqa: N815
    api_error_status: object = None


class Outcome(msgspec.Struct, gc=False):
    """The few fields of `toolUseResult` that say more than the text; `originalFile` is never decoded."""

    type: object = None
    timedOutAfterMs: object = None  # noqa: N815
    interrupted: object = None
    backgroundTaskId: object = None  # noqa: N815
    durationMs: object = None  # noqa: N815
    totalDurationMs: object = None  # noqa: N815


RECORDS = frozenset({"user", "assistant", "system", "result"})
NOISE = frozenset({
    "progress", "file-history-snapshot", "summary", "queue-operation", "pr-link", "attachment", "ai-title",
    "permission-mode", "agent-setting", "stream_event", "rate_limit_event", "tool_progress",
    "tool_use_summary", "conversation_reset", "auth_status", "custom-title", "agent-name", "last-prompt",
    "mode", "prompt_suggestion", "worktree-state", "control_request", "control_response",
    "marble-origami-commit", "saved_hook_context",
})  # fmt: skip
STARTS = (
    '{"type":"user"', '{"type":"assistant"', '{"type":"system"', '{"type":"progress"', '{"type":"summary"',
    '{"type":"file-history-snapshot"', '{"type":"queue-operation"', '{"type":"result"', '{"type":"attachment"',
    '{"parentUuid":', '{"uuid":', '{"sessionId":', '{"timestamp":', '{"isSidechain":',
    '{"type": "user"', '{"type": "assistant"', '{"type": "system"', '{"type": "result"', '{"parentUuid": ', '{"uuid": ',
)  # fmt: skip

_RECORD = msgspec.json.Decoder(Record)
_RESULT = msgspec.json.Decoder(Result)
_OUTCOME = msgspec.json.Decoder(Outcome)

_REJECTED = ("The user doesn't want to proceed with this tool use", "The user doesn't want to take this action")
_INTERRUPTED = "[Request interrupted by user"
_INJECTED = (
    "<command-", "<local-command-", "<system-reminder>", "<task-notification>", "Caveat: The messages below",
    "[Request interrupted", "<user-prompt-submit-hook>", "<bash-", "This session is being continued",
)  # fmt: skip
_EXIT = re.compile(r"\s{0,4}(?:Error: )?Exit code:? (-?\d{1,6})\b")
_LIMIT = re.compile(
    r"limit reached|usage limit|hit your limit|prompt is too long|credit balance|max(?:imum)? turns", re.I
)
_LIMIT_REASONS = frozenset({
    "max_turns", "budget_exhausted", "blocking_limit", "prompt_too_long", "rapid_refill_breaker",
    "structured_output_retry_exhausted",
})  # fmt: skip
_ERROR_REASONS = frozenset({
    "model_error", "api_error", "image_error", "malformed_tool_use_exhausted", "turn_setup_failed",
    "tool_deferred_unavailable",
})  # fmt: skip


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is a record and no part of one (a content block has a type too)."""
    kind = value.get("type")
    return isinstance(kind, str) and (kind in RECORDS or kind in NOISE)


class Reader:
    """Takes records in file order; `trace` ends it. A copy of history (resume, fork) changes no count."""

    def __init__(self, lines: Lines, name: str) -> None:
        self.lines = lines
        self.name = name
        self.assembly = Assembly()
        self.cut_off = False
        self._steps: dict[int, Draft] = {}
        self._agent = Agent("claude-code")
        self._session = self._cwd = self._branch = self._started = self._ended = self._prompt = self._final = ""
        self._tokens = [0, 0, 0]
        self._last_usage: tuple[int, tuple[int, int, int]] = (0, (0, 0, 0))
        self._compactions: set[str] = set()
        self._provider_errors = 0
        self._told_of_error = False
        self._provider_says = ""
        self._last = ""
        self._sidechain_only = True
        self._result: Result | None = None
        self._unknown: dict[str, list[int]] = {}
        self._odd = 0

    # --- one record ---------------------------------------------------------------------------------------------------

    def line(self, number: int, start: int, line: bytes) -> None:
        """Read one line, by salvage where the quick way fails; what cannot be read is told in the losses."""
        try:
            record = _RECORD.decode(line)
        except msgspec.ValidationError:
            self._odd_line(number, start, line)
        except BROKEN:
            self._bad_line(number, start, line)
        else:
            self.record(record, number, start, start + len(line), line)

    def element(self, number: int, start: int, end: int, json: bytes, mended: bool) -> None:
        """Take in one JSON value that stands at `start:end`; `mended` when `json` is not the file's own bytes."""
        try:
            self.record(_RECORD.decode(json), number, start, end, json, plain=mended)
        except msgspec.ValidationError:
            self._odd_record(number, start, end, json, mended)
        except BROKEN:  # a part that was only skipped so far
            if mended:
                self.lines.losses.lost(number, start, end, "no record")
            else:
                self._bad_line(number, start, json)

    def _odd_record(self, number: int, start: int, end: int, json: bytes, mended: bool) -> None:
        """Valid JSON of an unexpected shape: read it without the fields that do not fit."""
        try:
            fitted = _fitted(msgspec.json.decode(json))
        except BROKEN:
            fitted = None
        if fitted is None:
            self.lines.losses.lost(number, start, end, "no record")
            return
        self._odd += 1
        self.record(_RECORD.decode(fitted), number, start, end, fitted, plain=mended)

    def _odd_line(self, number: int, start: int, line: bytes) -> None:
        try:
            msgspec.json.decode(line)
        except BROKEN:
            self._bad_line(number, start, line)
        else:
            self._odd_record(number, start, start + len(line), line, mended=False)

    def _bad_line(self, number: int, start: int, line: bytes) -> None:
        if not line.strip():
            return
        records, cut = salvage_line(self.lines.losses, number, start, line, STARTS, is_record)
        for found in records:
            self.element(number, start + found.start, start + found.end, found.json, mended=True)
        self.cut_off = cut

    def record(self, record: Record, number: int, start: int, end: int, raw: bytes, plain: bool = False) -> None:
        """Take in one record, which stands at `start:end`; `raw` is its JSON."""
        kind = record.type
        self.cut_off = False
        if kind not in RECORDS:
            if kind not in NOISE:
                self._unknown.setdefault(kind[:60], []).append(number)
            return
        self._about(record)
        if kind == "assistant":
            self._assistant(record, start, end, plain)
        elif kind == "user":
            self._user(record, start, end, plain)
        elif kind == "system":
            self._system(record)
        else:
            self._end(raw, number, start, end)

    def _end(self, raw: bytes, number: int, start: int, end: int) -> None:
        try:
            self._result = _RESULT.decode(raw.decode("utf-8", "replace"))
        except BROKEN:
            self.lines.losses.lost(number, start, end, "a result that cannot be read")
        else:
            self._last = "result"

    def _about(self, record: Record) -> None:
        """Times, and who and where when first told."""
        if record.timestamp:
            self._started = self._started or record.timestamp
            self._ended = record.timestamp
        if not self._session:
            self._session = record.sessionId or record.session_id or ""
        if not self._cwd and record.cwd:
            self._cwd = record.cwd
        if not self._branch and record.gitBranch:
            self._branch = record.gitBranch
        version = record.version or record.claude_code_version
        if version and not self._agent.version:
            self._agent = Agent("claude-code", version, self._agent.model)
        if record.model and not self._agent.model:
            self._agent = Agent("claude-code", self._agent.version, record.model)

    def _assistant(self, record: Record, start: int, end: int, plain: bool) -> None:
        message = record.message or Message()
        blocks = _blocks(message.content)
        origin = _origin(record)
        if message.model == "<synthetic>" or record.isApiErrorMessage:
            self._synthetic(record, blocks, origin)
            return
        identity = hash(message.id or record.uuid or f"#{start}")
        draft = self._steps.get(identity)
        new = draft is None
        if draft is None:
            fallback = message.id or "assistant"
            draft = self.assembly.step(start, end, _step_quote(blocks, plain), fallback, origin)
            self._steps[identity] = draft
        elif draft.mute:
            self.assembly.speak(draft, start, end, _step_quote(blocks, plain))
        if message.model and not (self._agent.model and origin == "subagent"):
            self._agent = self._agent if self._agent.model else Agent("claude-code", self._agent.version, message.model)
        self._count(identity, message.usage, new)
        self._provider_errors = 0
        said = last = ""
        for block in blocks:
            if block.type == "tool_use":
                last = "call"
                self._call(draft, block, start, end, plain)
            elif block.type == "text" and block.text:
                said = f"{said}\n{block.text}" if said else block.text
                last = last or "text"
            elif block.type == "thinking":
                last = last or "thinking"
        if origin == "main":
            self._sidechain_only = False
            self._final = said[:TEXT_CAP] or self._final
        if last and (origin == "main" or self._sidechain_only):
            self._last = last

    def _call(self, draft: Draft, block: Block, start: int, end: int, plain: bool) -> None:
        use = describe(block.name, block.input)
        said = quote(use.command, plain) or (use.paths[0][:120] if use.paths else "") or block.name[:120] or "tool_use"
        self.assembly.call(draft, block.id, block.name, use, start, end, said)

    def _user(self, record: Record, start: int, end: int, plain: bool) -> None:
        message = record.message or Message()
        if record.isCompactSummary:
            return
        main = _origin(record) == "main" or self._sidechain_only
        for block in _blocks(message.content):
            if block.type == "tool_result":
                raw = record.toolUseResult or record.tool_use_result
                if self.assembly.answer(block.tool_use_id, _answer(block, raw, start, end, plain)) and main:
                    self._last = "answer"
            elif block.text.startswith(_INTERRUPTED) and main:
                self._last = "interrupt"
            elif block.text and not record.isMeta and not record.isSynthetic:
                self._said(block.text, main)

    def _said(self, text: str, main: bool) -> None:
        if text.lstrip().startswith(_INJECTED):
            return
        self._prompt = self._prompt or text[:TEXT_CAP]
        if main:
            self._last = "request"

    def _system(self, record: Record) -> None:
        match record.subtype:
            case "compact_boundary":
                self._compactions.add(record.uuid or f"#{len(self._compactions)}")
            case "api_error" | "api_retry":
                self._provider_errors += 1
                self._told_of_error = True
            case "stop_hook_summary" | "turn_duration" if self._last not in ("interrupt", "provider"):
                self._last = "turn over"

    def _synthetic(self, record: Record, blocks: list[Block], origin: Origin) -> None:
        said = " ".join(block.text for block in blocks)
        if not (record.isApiErrorMessage or said.startswith("API Error")):
            return
        self._provider_errors += not self._told_of_error  # the message repeats what the record before it said
        self._told_of_error = False
        if origin == "main" or self._sidechain_only:
            self._last = "provider"
            self._provider_says = said[:TEXT_CAP]

    def _count(self, identity: int, usage: Usage | None, new: bool) -> None:
        """Tokens: the last usage of each message counts, its fragments correct it; a copy of old history does not."""
        if usage is None or not (new or identity == self._last_usage[0]):
            return
        cached = usage.cache_read_input_tokens or 0
        fresh = (usage.input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        now = (fresh + cached, usage.output_tokens or 0, cached)
        last, before = self._last_usage
        for place in range(3):
            self._tokens[place] += now[place] - (before[place] if last == identity else 0)
        self._last_usage = (identity, now)

    # --- the end ------------------------------------------------------------------------------------------------------

    def trace(self, path: str) -> Trace:
        """The whole run. Reads the stream to its end."""
        losses = self.lines.losses
        for kind, numbers in self._unknown.items():
            losses.note(f"{len(numbers)} record(s) of unknown type {kind!r} passed over (first on line {numbers[0]})")
        if self._odd:
            losses.note(f"{self._odd} record(s) with fields of an unexpected type, read without those fields")
        waiting = any(call.step.origin == "main" for call in self.assembly.pending.values())
        end_reason = self._end_reason(waiting or (self._sidechain_only and bool(self.assembly.pending)))
        self._steps.clear()
        result = self._result or Result()
        final = result.result[:TEXT_CAP] if isinstance(result.result, str) and result.result else self._final
        return Trace(
            format=self.name,
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
            final=final,
            tokens=_result_tokens(result) or Tokens(*self._tokens),
            cost_usd=_cost(result.total_cost_usd),
            compactions=len(self._compactions),
            provider_errors=self._provider_errors,
            warnings=losses.warnings(),
        )

    def _end_reason(self, waiting: bool) -> EndReason:
        if self._result is not None:
            return _result_end(self._result)
        if self._last == "interrupt":
            return "aborted"
        if self._last == "provider":
            return "limit" if _LIMIT.search(self._provider_says[:2_000]) else "error"
        if self.cut_off or waiting:
            return "killed"
        return "finished" if self._last in ("text", "turn over") else "unknown"


def _result_end(result: Result) -> EndReason:
    """What the `result` record says; `success` with `is_error` is a failure."""
    reason = result.terminal_reason if isinstance(result.terminal_reason, str) else ""
    subtype = result.subtype if isinstance(result.subtype, str) else ""
    said = result.result[:2_000] if isinstance(result.result, str) else ""
    if subtype.startswith("error_max_") or reason in _LIMIT_REASONS:
        return "limit"
    if reason.startswith("aborted"):
        return "aborted"
    if subtype.startswith("error") or reason in _ERROR_REASONS or result.is_error is True:
        return "limit" if _LIMIT.search(said) else "error"
    return "finished"


def _result_tokens(result: Result) -> Tokens | None:
    """Of all models, when the record tells; else of the main loop."""
    if isinstance(result.modelUsage, dict) and result.modelUsage:
        used = [use for use in result.modelUsage.values() if isinstance(use, dict)]
        cached = sum(_int(use.get("cacheReadInputTokens")) for use in used)
        fresh = sum(_int(use.get("inputTokens")) + _int(use.get("cacheCreationInputTokens")) for use in used)
        return Tokens(fresh + cached, sum(_int(use.get("outputTokens")) for use in used), cached)
    if isinstance(result.usage, dict):
        use = result.usage
        cached = _int(use.get("cache_read_input_tokens"))
        fresh = _int(use.get("input_tokens")) + _int(use.get("cache_creation_input_tokens"))
        return Tokens(fresh + cached, _int(use.get("output_tokens")), cached)
    return None


def _answer(block: Block, raw: msgspec.Raw, start: int, end: int, plain: bool) -> Answer:
    output = _output(block.content)
    outcome = _outcome(raw)
    timed_out = outcome.timedOutAfterMs is not None or "Command timed out after" in output[:400]
    duration = outcome.durationMs if isinstance(outcome.durationMs, int) else outcome.totalDurationMs
    exit_code: int | None = None
    status: CallStatus = "ok"
    found = _EXIT.match(output[:200])
    if block.is_error:
        status = _error_status(output)
        exit_code = int(found[1]) if found else None
    elif outcome.interrupted is True:
        status = "aborted"
    elif outcome.backgroundTaskId is None and not output.startswith("Command running in background"):
        exit_code = 0
    if timed_out and status == "ok":
        status = "error"
    return Answer(
        start, end, status, output, exit_code,
        timed_out=timed_out or exit_code == 124,
        duration_ms=duration if isinstance(duration, int) else None,
        created=outcome.type == "create" or output.startswith("File created successfully"),
        fallback=block.tool_use_id[:120],
        plain=plain,
    )  # fmt: skip


def _error_status(output: str) -> CallStatus:
    if output.startswith(_REJECTED):
        return "rejected"
    return "aborted" if output.startswith(_INTERRUPTED) else "error"


def _outcome(raw: msgspec.Raw) -> Outcome:
    if not raw:
        return Outcome()
    try:
        return _OUTCOME.decode(raw)
    except BROKEN:
        return Outcome()


def _output(content: object) -> str:
    """The text of a tool's answer; images and other blobs are left out."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [block.get("text") for block in content if isinstance(block, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _blocks(content: str | list[Block] | None) -> list[Block]:
    if isinstance(content, str):
        return [Block("text", content)]
    return content or []


def _origin(record: Record) -> Origin:
    return "subagent" if record.isSidechain or record.parent_tool_use_id else "main"


def _step_quote(blocks: list[Block], plain: bool) -> str:
    for block in blocks:
        if said := quote(block.text or block.thinking, plain):
            return said
    return next((block.name[:120] for block in blocks if block.name), "")


def _cost(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e9 else None


def _int(value: object) -> int:
    return int(value) if isinstance(value, int | float) and abs(value) < 1e15 else 0


_FLAGS = frozenset({
    "isSidechain", "isMeta", "isSynthetic", "isCompactSummary", "isApiErrorMessage", "is_error",
})  # fmt: skip
_STRINGS = frozenset({
    "type", "subtype", "uuid", "session_id", "sessionId", "timestamp", "parent_tool_use_id", "cwd", "version",
    "claude_code_version", "gitBranch", "model", "id", "text", "thinking", "name", "tool_use_id",
    "stop_reason",
})  # fmt: skip


def _fitted(value: object) -> bytes | None:
    """The JSON of a record with only what fits; None when it is no record."""
    return msgspec.json.encode(_mended(value)) if isinstance(value, dict) else None


def _mended(value: dict[str, object]) -> dict[str, object]:
    """A record without the fields that do not fit `Record`; messages and blocks likewise."""
    mended: dict[str, object] = {}
    for key, item in value.items():
        if key in _STRINGS and not isinstance(item, str):
            continue
        if key in _FLAGS and not isinstance(item, bool):
            continue
        if key == "message":
            if isinstance(item, dict):
                mended[key] = _mended_message(item)
            continue
        mended[key] = item
    return mended


def _mended_message(message: dict[str, object]) -> dict[str, object]:
    mended: dict[str, object] = {
        key: item for key, item in message.items() if key in ("id", "model", "stop_reason") and isinstance(item, str)
    }
    content = message.get("content")
    if isinstance(content, list):
        blocks: list[object] = [{"type": "text", "text": item} if isinstance(item, str) else item for item in content]
        mended["content"] = [_mended(block) for block in blocks if isinstance(block, dict)]
    elif isinstance(content, str):
        mended["content"] = content
    usage = message.get("usage")
    if isinstance(usage, dict):
        numbers = {key: item for key, item in usage.items() if type(item) is int and abs(item) < 1e15}
        mended["usage"] = numbers
    return mended
