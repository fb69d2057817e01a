"""Takes the events of one conversation of OpenHands' agent SDK (1.x), one by one; fills in what is told of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import CallStatus, EndReason, Tokens
from bot.signals.transcripts.acts import act
from bot.signals.transcripts.assemble import Answer, Draft
from bot.signals.transcripts.exits import exit_code
from bot.signals.transcripts.lines import Losses
from bot.signals.transcripts.openhands_ends import error_end
from bot.signals.transcripts.told import Told, known
from bot.signals.transcripts.tools import PATH_CAP, quote
from bot.signals.transcripts.values import amount, mapping, text, texts, whole

STATES: dict[str, EndReason] = {"finished": "finished", "error": "error", "stuck": "error", "paused": "aborted"}
"""The last `execution_status`; `idle`, `running` and `waiting_for_confirmation` say nothing of the end."""

_PASSED_OVER = (
    "SystemPromptEvent", "CondensationRequest", "HookExecutionEvent", "LLMCompletionLogEvent", "StreamingDeltaEvent",
    "TokenEvent",
)  # fmt: skip


class Events:
    """The events of one conversation in file order."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.response = ""
        self.step: Draft | None = None
        self.orphans = 0
        self.unknown: dict[str, int] = {}
        self.done: set[str] = set()
        """The calls that need no answer; some versions write one all the same."""

    def told_of(self, losses: Losses) -> None:
        """Tell of the answers whose call was never seen, and of events that nobody knows."""
        if self.orphans:
            losses.note(f"{self.orphans} answer(s) to calls that the file does not hold")
        for kind, count in self.unknown.items():
            losses.note(f"{count} event(s) of unknown kind {kind!r} passed over")
        self.orphans = 0
        self.unknown.clear()

    def take(self, start: int, end: int, event: dict[str, Any], plain: bool, raw: bytes | memoryview) -> None:
        """One event."""
        self.told.at(event.get("timestamp"))
        kind = text(event.get("kind"))
        match kind:
            case "PauseEvent" | "InterruptEvent":
                self.told.end_reason = "aborted"
            case "MessageEvent":
                self._message(start, end, event, plain)
            case "ActionEvent":
                self._action(start, end, event, plain, raw)
            case "ObservationEvent" | "AgentErrorEvent" | "UserRejectObservation":
                self._answer(start, end, event, kind, plain)
            case "ACPToolCallEvent":
                self._acp(start, end, event, plain)
            case "Condensation" | "CondensationSummaryEvent":
                self.told.compactions += kind == "Condensation"
            case "ConversationStateUpdateEvent":
                self._update(text(event.get("key")), event.get("value"))
            case "ConversationErrorEvent":
                self._error(text(event.get("code")), text(event.get("detail")))
            case _ if kind not in _PASSED_OVER:
                self.unknown[kind[:60]] = self.unknown.get(kind[:60], 0) + 1

    def status(self, value: str) -> None:
        """Note the state the conversation is in."""
        self.told.end_reason = STATES.get(value, self.told.end_reason)
        self.told.guard = "loop" if value == "stuck" else "" if value == "running" else self.told.guard

    def stats(self, value: Mapping[str, Any]) -> None:
        """Note the spending of all models so far; it replaces what was told before."""
        models = [mapping(one) for one in mapping(value.get("usage_to_metrics")).values()]
        used = [mapping(one.get("accumulated_token_usage")) for one in models]
        if not models:
            return
        self.told.cost_usd = sum(amount(one.get("accumulated_cost")) or 0.0 for one in models)
        self.told.tokens = Tokens(
            sum(whole(one.get("prompt_tokens")) for one in used),
            sum(whole(one.get("completion_tokens")) for one in used),
            sum(whole(one.get("cache_read_tokens")) for one in used),
        )
        self.told.model = self.told.model or text(models[0].get("model_name"))

    def _update(self, key: str, value: object) -> None:
        if key == "execution_status":
            self.status(text(value))
        elif key == "stats":
            self.stats(mapping(value))
        elif key == "full_state":
            self.status(text(mapping(value).get("execution_status")))
            self.stats(mapping(mapping(value).get("stats")))

    def _error(self, code: str, detail: str) -> None:
        said = f"{code} {detail}"[:2_000]
        self.told.end_reason = error_end(said)
        if code.startswith(("LLM", "litellm")) or "RateLimit" in code or "APIConnection" in code:
            self.told.provider_errors += 1

    def _message(self, start: int, end: int, event: Mapping[str, Any], plain: bool) -> None:
        said = texts(mapping(event.get("llm_message")).get("content"))
        self.response = ""
        if text(event.get("source")) != "agent":
            if text(event.get("source")) == "user":
                self.told.prompt = self.told.prompt or said
                self.told.end_reason = "unknown"
            return
        self.step = self.told.assembly.step(start, end, quote(said, plain), known(event, "source", "id"))
        self._went_on(said, "finished")

    def _went_on(self, said: str, end_reason: EndReason) -> None:
        self.told.final = said or self.told.final
        self.told.end_reason = end_reason
        self.told.provider_errors = 0

    def _action(self, start: int, end: int, event: Mapping[str, Any], plain: bool, raw: bytes | memoryview) -> None:
        called = mapping(event.get("tool_call"))
        name = text(event.get("tool_name")) or text(called.get("name"))
        given = mapping(event.get("action"))
        arguments: object = {key: value for key, value in given.items() if key != "kind" and value is not None}
        said = texts(event.get("thought")) or text(event.get("reasoning_content"))
        response = text(event.get("llm_response_id"))
        if self.step is None or not response or response != self.response:
            self.step = self.told.assembly.step(start, end, quote(said, plain), known(event, "source", "id"))
        self.response = response
        finished = name == "finish"
        self._went_on(text(given.get("message")) if finished else "", "finished" if finished else "unknown")
        use = act(name, arguments or called.get("arguments"))
        shown = quote(use.command, True)
        if not shown or plain or shown.encode() not in bytes(raw):
            shown = quote(name, plain) or known(event, "source", "id")
        call_id = text(event.get("tool_call_id"))
        self.told.assembly.call(self.step, call_id, name, use, start, end, shown, text(event.get("id")))
        if finished:
            self.told.assembly.answer(call_id, Answer(start, end, "ok", fallback=known(event, "source", "id")))
            self.done.add(call_id)

    def _answer(self, start: int, end: int, event: Mapping[str, Any], kind: str, plain: bool) -> None:
        seen = mapping(event.get("observation"))
        output = texts(seen.get("content")) or text(event.get("error")) or text(event.get("rejection_reason"))
        output = output or text(seen.get("output")) or text(seen.get("error"))
        metadata = mapping(seen.get("metadata"))
        code = seen.get("exit_code")
        code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
        self.told.cwd = self.told.cwd or text(metadata.get("working_dir"))[:PATH_CAP]
        failed = kind == "AgentErrorEvent" or seen.get("is_error") is True or code not in (None, 0, -1)
        status: CallStatus = "error" if failed else "ok"
        if kind == "UserRejectObservation":
            status = "rejected"
        new = status == "ok" and seen.get("prev_exist") is False and seen.get("old_content") is None
        answer = Answer(
            start, end, status, output, code, seen.get("timeout") is True,
            created=new, fallback=known(event, "source", "id"), plain=plain,
        )  # fmt: skip
        call_id = text(event.get("tool_call_id"))
        self.orphans += not self.told.assembly.answer(call_id, answer) and call_id not in self.done

    def _acp(self, start: int, end: int, event: Mapping[str, Any], plain: bool) -> None:
        """A call that an agent behind the Agent Client Protocol made; it is told again with each change of state."""
        call_id, title = text(event.get("tool_call_id")), text(event.get("title"))
        given = event.get("raw_input")
        if call_id not in self.told.assembly.pending:
            draft = self.told.assembly.step(start, end, quote(title, plain), known(event, "title", "id"))
            kind = text(event.get("tool_kind"))
            use = act({"execute": "bash"}.get(kind, kind or title), given)
            if not self.told.assembly.call(
                draft, call_id, title, use, start, end, quote(title, plain) or known(event, "title", "id")
            ):
                self.told.assembly.drafts.pop()
                return
            self._went_on("", "unknown")
        state = text(event.get("status"))
        if state in ("completed", "failed"):
            output = texts(event.get("raw_output")) or texts(event.get("content"))
            failed = state == "failed" or event.get("is_error") is True
            answer = Answer(
                start,
                end,
                "error" if failed else "ok",
                output,
                exit_code(output),
                fallback=known(event, "title", "id"),
                plain=plain,
            )
            self.told.assembly.answer(call_id, answer)
