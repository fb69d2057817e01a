"""Takes the events of one run of OpenHands 0.x, one by one; fills in what is told of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import CallStatus, EndReason, Tokens
from bot.signals.transcripts.acts import act, shell
from bot.signals.transcripts.assemble import Answer, Draft
from bot.signals.transcripts.held import Element
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.openhands_ends import guard_of
from bot.signals.transcripts.told import Told, known
from bot.signals.transcripts.tools import COMMAND_CAP, PATH_CAP, Use, quote
from bot.signals.transcripts.values import amount, mapping, text, texts, whole

STATES: dict[str, EndReason] = {
    "finished": "finished",
    "awaiting_user_input": "finished",
    "stopped": "aborted",
    "paused": "aborted",
    "rejected": "aborted",
    "error": "error",
    "rate_limited": "error",
}
"""The last `agent_state` of a run; every other one says that the agent was still at work."""
_NO_ACTIONS = ("system", "recall", "change_agent_state", "null", "condensation", "condensation_request", "pause")
_SAID = ("finish", "think", "reject")
_NO_ANSWERS = ("agent_state_changed", "null", "recall", "success")


def spent(told: Told, metrics: Mapping[str, Any]) -> None:
    """Cost and tokens; both are running totals, so the last counts."""
    usage = mapping(metrics.get("accumulated_token_usage"))
    cost = amount(metrics.get("accumulated_cost"))
    told.cost_usd = told.cost_usd if cost is None else cost
    if usage:
        told.tokens = Tokens(
            whole(usage.get("prompt_tokens")),
            whole(usage.get("completion_tokens")),
            whole(usage.get("cache_read_tokens")),
        )


class Actions:
    """The events of one run in file order. Those of the first versions are flat and have neither id nor source."""

    def __init__(self, told: Told, lines: Lines) -> None:
        self.told, self.lines = told, lines
        self.response = ""
        self.step: Draft | None = None
        self.waiting: dict[str, str] = {}
        self.others: set[str] = set()
        """Actions that are no calls of the agent, such as a message; something comes of them too."""
        self.made = self.orphans = 0

    def take(self, element: Element, value: object) -> None:
        """One event, or the first versions' pair of an action and what came of it."""
        events = value if isinstance(value, list) else [value]
        for event in events:
            if isinstance(event, dict) and (text(event.get("action")) or text(event.get("observation"))):
                self._event(element, event)
            elif event or not isinstance(value, list):
                self.lines.losses.lost(element.line, element.start, element.end, "no event")

    def _event(self, element: Element, event: Mapping[str, Any]) -> None:
        self.told.at(event.get("timestamp"))
        spent(self.told, mapping(event.get("llm_metrics")))
        action = text(event.get("action"))
        args = mapping(event.get("args")) or (event if action else {})
        if action:
            self.others.add(str(event.get("id")))
            self._action(element, event, action, args)
        else:
            self._observation(element, event, text(event.get("observation")))

    def _action(self, element: Element, event: Mapping[str, Any], action: str, args: Mapping[str, Any]) -> None:
        if action == "system":
            self.told.version = text(args.get("openhands_version"))
            return
        if action == "change_agent_state":
            self._state(text(args.get("agent_state")))
            return
        if action == "condensation":
            self.told.compactions += 1
        if action in _NO_ACTIONS:
            return
        if action == "message" and not self._is_agents(event, args):
            self.told.prompt = self.told.prompt or text(args.get("content"))
            self.told.end_reason = "unknown"
            self.response = ""
            return
        if text(event.get("source")) in ("user", "environment"):  # a person worked in the agent's sandbox
            return
        self._act(element, event, action, args)

    def _is_agents(self, event: Mapping[str, Any], args: Mapping[str, Any]) -> bool:
        source = text(event.get("source"))
        return source == "agent" if source else bool(self.told.prompt) and args.get("wait_for_response") is True

    def _act(self, element: Element, event: Mapping[str, Any], action: str, args: Mapping[str, Any]) -> None:
        start, end, plain = element.start, element.end, element.mended
        metadata = mapping(event.get("tool_call_metadata"))
        answer = mapping(metadata.get("model_response"))
        self.told.model = self.told.model or text(answer.get("model"))
        said = text(args.get("thought")) or text(args.get("final_thought")) or text(args.get("content"))
        said = said or text(mapping(args.get("outputs")).get("content"))
        response = text(answer.get("id"))
        if self.step is None or not response or response != self.response:
            self.step = self.told.assembly.step(start, end, quote(said, plain), known(event, "action"))
        self.response, self.told.guard = response, ""
        self.told.final = (said or text(event.get("message"))) if action in ("message", "finish") else self.told.final
        self.told.end_reason = "finished" if action in ("message", "finish") else "unknown"
        if action == "message":
            return
        self.made += 1
        key = f"#{self.made}"
        use = _use(action, args)
        shown = quote(use.command, True) or quote(text(args.get("path")), True)
        if not shown or plain or shown.encode() not in bytes(element.raw):
            shown = "action"
        name = text(metadata.get("function_name")) or action
        self.told.assembly.call(self.step, key, name, use, start, end, shown)
        if action in _SAID:
            self.told.assembly.answer(key, Answer(start, end, "ok", fallback="action"))
        else:
            self.waiting[str(event.get("id", key))] = key

    def _observation(self, element: Element, event: Mapping[str, Any], kind: str) -> None:
        extras = mapping(event.get("extras")) or event
        if kind == "agent_state_changed":
            self._state(text(extras.get("agent_state")))
            self.told.guard = guard_of(text(extras.get("reason"))) or self.told.guard
        metadata = mapping(extras.get("metadata"))
        self.told.cwd = self.told.cwd or text(extras.get("working_dir") or metadata.get("working_dir"))[:PATH_CAP]
        if kind in _NO_ANSWERS:
            return
        cause = event.get("cause")
        asked = str(cause) if cause is not None else "" if "id" in event else next(iter(self.waiting), "")
        if kind == "error" and not asked:
            self.told.guard = guard_of(texts(event.get("content"))) or self.told.guard
        key = self.waiting.pop(asked, "")
        if key:
            self.told.assembly.answer(key, _answer(element, event, kind, extras, metadata))
        elif cause is not None and str(cause) not in self.others:
            self.orphans += 1

    def _state(self, state: str) -> None:
        if state:
            self.told.end_reason = STATES.get(state, "unknown")


def _use(action: str, args: Mapping[str, Any]) -> Use:
    path = (text(args.get("path"))[:PATH_CAP],) if text(args.get("path")) else ()
    if action == "run":
        return shell(text(args.get("command")))
    if action == "run_ipython":
        return Use("other", text(args.get("code"))[:COMMAND_CAP])
    if action == "read":
        return Use("read", "", path)
    if action in ("edit", "write"):
        return Use("edit", "", path)
    if action in ("call_tool_mcp", "mcp"):
        return act(text(args.get("name")), args.get("arguments"))
    return act(action, {key: value for key, value in args.items() if key not in ("thought", "confirmation_state")})


def _answer(
    element: Element, event: Mapping[str, Any], kind: str, extras: Mapping[str, Any], metadata: Mapping[str, Any]
) -> Answer:
    output = texts(event.get("content"))
    code = metadata.get("exit_code", extras.get("exit_code"))
    code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
    late = code == -1 and "no new output after" in text(metadata.get("suffix")) + output[-400:]
    late = late or "timed out" in text(metadata.get("suffix"))
    failed = kind == "error" or code not in (None, 0, -1) or output.startswith("ERROR:")
    status: CallStatus = "rejected" if kind == "user_rejected" else "error" if failed else "ok"
    new = kind == "edit" and extras.get("prev_exist") is False and extras.get("old_content") is None
    return Answer(
        element.start, element.end, status, output, code, late,
        created=new and status == "ok", fallback=known(event, "observation"), plain=element.mended,
    )  # fmt: skip
