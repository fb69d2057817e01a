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

import sys

import msgspec

from bot.model import EndReason, Origin, Tokens, Trace
from bot.signals.transcripts.assemble import TEXT_CAP, Draft
from bot.signals.transcripts.claude_answers import INTERRUPTED, answer
from bot.signals.transcripts.claude_records import (
    NOISE,
    RECORDS,
    STARTS,
    Block,
    Message,
    Outcome,
    Record,
    Usage,
    is_record,
)
from bot.signals.transcripts.claude_result import Result, limit_or_error, result_end, result_tokens
from bot.signals.transcripts.lines import BROKEN, Lines
from bot.signals.transcripts.reader import Reader
from bot.signals.transcripts.seen import Seen
from bot.signals.transcripts.tools import cited, describe, quote
from bot.signals.transcripts.values import amount, text

_NOTHING = Outcome()
_RESULT = msgspec.json.Decoder(Result)
_INJECTED = (
    "<command-", "<local-command-", "<system-reminder>", "<task-notification>", "Caveat: The messages below",
    "[Request interrupted", "<user-prompt-submit-hook>", "<bash-", "This session is being continued",
)  # fmt: skip


class ClaudeReader(Reader[Record]):
    """Takes records in file order; `trace` ends it. A copy of history (resume, fork) changes no count."""

    KIND = Record
    DECODER = msgspec.json.Decoder(Record)
    STARTS = STARTS
    is_record = staticmethod(is_record)

    def __init__(self, lines: Lines, name: str, agent: str = "claude-code") -> None:
        super().__init__(lines, name, agent)
        self._messages = Seen()
        self._tokens = [0, 0, 0]
        self._last_usage: tuple[int, tuple[int, int, int]] = (-1, (0, 0, 0))
        self._compactions: set[str] = set()
        self._told_of_error = False
        self._provider_says = ""
        self._sidechain_only = True
        self._result: Result | None = None
        self._introduced = False

    # --- one record ---------------------------------------------------------------------------------------------------

    def record(self, record: Record, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one record; what is noise makes no step, what is unknown is counted."""
        kind = record.type
        if kind not in RECORDS:
            if kind not in NOISE:
                self.passed_over(kind, number)
            return
        self._about(record)
        if kind == "assistant":
            self._assistant(record, start, end, mended)
        elif kind == "user":
            self._user(record, start, end, mended)
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
            self.last = "result"

    def _about(self, record: Record) -> None:
        """Times, and who and where when first told."""
        self.at(record.timestamp)
        if self._introduced:
            return
        if not self.session:
            self.session = record.sessionId or record.session_id or ""
        if not self.cwd and record.cwd:
            self.cwd = record.cwd
        if not self.branch and record.gitBranch:
            self.branch = record.gitBranch
        self.by(record.version or record.claude_code_version, record.model)
        self._introduced = bool(self.session and self.cwd and self.branch and self.agent.version and self.agent.model)

    def _assistant(self, record: Record, start: int, end: int, plain: bool) -> None:
        message = record.message or Message()
        blocks = _blocks(message.content)
        origin = _origin(record)
        if message.model == "<synthetic>" or record.isApiErrorMessage:
            self._synthetic(record, blocks, origin)
            return
        place = self._messages.place(message.id or record.uuid or f"#{start}")
        new = place == len(self.assembly.drafts)
        if new:
            draft = self.assembly.step(start, end, _step_quote(blocks, plain), message.id or "assistant", origin)
        else:
            draft = self.assembly.drafts[place]
            if draft.mute:
                self.assembly.speak(draft, start, end, _step_quote(blocks, plain))
        self.by(model=message.model)
        self._count(place, message.usage, new)
        self.provider_errors = 0
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
            self.final = said[:TEXT_CAP] or self.final
        if last and (origin == "main" or self._sidechain_only):
            self.last = last

    def _call(self, draft: Draft, block: Block, start: int, end: int, plain: bool) -> None:
        use = describe(block.name, block.input)
        said = cited(use, block.name, "tool_use", plain)
        self.assembly.call(draft, block.id, block.name, use, start, end, said)

    def _user(self, record: Record, start: int, end: int, plain: bool) -> None:
        message = record.message or Message()
        if record.isCompactSummary:
            return
        main = _origin(record) == "main" or self._sidechain_only
        for block in _blocks(message.content):
            if block.type == "tool_result":
                noted = record.toolUseResult or record.tool_use_result
                outcome = noted if isinstance(noted, Outcome) else _NOTHING
                if self.assembly.answer(block.tool_use_id, answer(block, outcome, start, end, plain)) and main:
                    self.last = "answer"
            elif block.text.startswith(INTERRUPTED) and main:
                self.last = "interrupt"
            elif block.text and not record.isMeta and not record.isSynthetic:
                self._said(block.text, main)

    def _said(self, said: str, main: bool) -> None:
        if said.lstrip().startswith(_INJECTED):
            return
        self.prompt = self.prompt or said[:TEXT_CAP]
        if main:
            self.last = "request"

    def _system(self, record: Record) -> None:
        match record.subtype:
            case "compact_boundary":
                self._compactions.add(record.uuid or f"#{len(self._compactions)}")
            case "api_error" | "api_retry":
                self.provider_errors += 1
                self._told_of_error = True
            case "stop_hook_summary" | "turn_duration" if self.last not in ("interrupt", "provider"):
                self.last = "turn over"

    def _synthetic(self, record: Record, blocks: list[Block], origin: Origin) -> None:
        said = " ".join(block.text for block in blocks)
        if not (record.isApiErrorMessage or said.startswith("API Error")):
            return
        self.provider_errors += not self._told_of_error  # the message repeats what the record before it said
        self._told_of_error = False
        if origin == "main" or self._sidechain_only:
            self.last = "provider"
            self._provider_says = said[:TEXT_CAP]

    def _count(self, message: int, usage: Usage | None, new: bool) -> None:
        """Tokens: the last usage of each message counts, its fragments correct it; a copy of old history does not."""
        if usage is None or not (new or message == self._last_usage[0]):
            return
        cached = usage.cache_read_input_tokens or 0
        fresh = (usage.input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        now = (fresh + cached, usage.output_tokens or 0, cached)
        last, before = self._last_usage
        for place in range(3):
            self._tokens[place] += now[place] - (before[place] if last == message else 0)
        self._last_usage = (message, now)

    # --- the end ------------------------------------------------------------------------------------------------------

    def trace(self, path: str) -> Trace:
        """The whole run; where a `result` tells of words, tokens and cost, it is believed."""
        result = self._result or Result()
        self.final = text(result.result)[:TEXT_CAP] or self.final
        self.tokens = result_tokens(result) or Tokens(*self._tokens)
        self.cost_usd = amount(result.total_cost_usd)
        self.compactions = len(self._compactions)
        return super().trace(path)

    def end_reason(self) -> EndReason:
        """The last `result` says it; without one, the last record does."""
        if self._result is not None:
            return result_end(self._result)
        if self.last == "interrupt":
            return "aborted"
        if self.last == "provider":
            return limit_or_error(self._provider_says)
        if self.cut_off or self._waiting():
            return "killed"
        return "finished" if self.last in ("text", "turn over") else "unknown"

    def _waiting(self) -> bool:
        """Whether a call of the main agent (of a subagent, in a file of its own) has no answer."""
        pending = self.assembly.pending.values()
        return any(self._sidechain_only or call.step.origin == "main" for call in pending)


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
    return next((sys.intern(block.name[:120]) for block in blocks if block.name), "")
