"""Takes the events of OpenHands 0.x, a list of them or an `output.jsonl`; gives a Trace a run.

An `output.jsonl` is what its evaluations (those of 1.x too, whose events openhands_v1 knows) and its resolver write.

A **step** is an agent's action that came of a model's answer; actions of one answer (`model_response.id`) are one
step with several **calls**. A plain message is a step without a call. What answers a call is the observation whose
`cause` is the action's id; events of the first versions have no ids and answer in order. An **error** is an `error`
observation, an exit code other than 0, or a content that begins with `ERROR:`; exit code -1 means that the command
still runs: it timed out and is no error. **end_reason** is the run's `error` in `output.jsonl`, else the last action
or state. **outcome** is `report.resolved` where an evaluation was merged in, else the resolver's own `success`, which
is a model's opinion.
https://docs.all-hands.dev/, openhands/events of https://github.com/OpenHands/OpenHands before 1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import CallStatus, EndReason, Tokens, Trace, replace
from bot.signals.transcripts.acts import act, shell
from bot.signals.transcripts.assemble import Answer, Draft
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.objects import Document, Element, document
from bot.signals.transcripts.openhands_ends import error_end, guard_of
from bot.signals.transcripts.openhands_v1 import Events as NewEvents
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.told import Told, known
from bot.signals.transcripts.tools import COMMAND_CAP, PATH_CAP, Use, quote
from bot.signals.transcripts.values import amount, mapping, text, texts, whole

NAME = "openhands-v0"
ARRAYS = ("history", "trajectory")
MARKS = ("id", "content", "command", "code", "outputs", "timestamp", "action", "observation")
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


def matches(head: Head) -> bool:
    """A list of events, an object with such a list, or lines that each hold a run's `history`."""
    first = head.first
    if head.shape == "array":
        return _is_event(first.keys, "")
    if "trajectory" in first and "trajectory..source" in first:
        return True
    if head.shape not in ("lines", "object"):
        return False
    evaluated = "instance_id" in first and ("test_result" in first or "history" in first)
    resolved = "issue" in first and "issue_type" in first
    beside = any(key in first for key in ("instruction", "metadata", "history", "test_result.git_patch"))
    return (evaluated or resolved) and beside


def _is_event(keys: Mapping[str, str], under: str) -> bool:
    kind = keys.get(f"{under}action", "") or keys.get(f"{under}observation", "")
    known = {f"{under}id", f"{under}timestamp", f"{under}source"} <= set(keys) and f"{under}message" in keys
    return known and kind not in ("{", "[")


def read(lines: Lines, path: str) -> list[Trace]:
    """A Trace for a trajectory; one for each line of an output file."""
    head = lines.head.lstrip(b"\xef\xbb\xbf\0 \t\r\n")
    if head[:1] == b"[" or head[:512].lstrip(b"{ \t\r\n")[:13] == b'"trajectory":':
        found = document(lines.document(), lines.losses, ARRAYS, MARKS)
        told = _run(found, lines)
        return [told.trace((lines.source(path),), lines.losses.warnings())]
    runs = [
        _run(document(line, lines.losses, ARRAYS, MARKS, shift=start, line=number), lines)
        for number, start, line in lines
        if line.strip()
    ]
    source = lines.source(path)
    warnings = lines.losses.warnings()
    if not runs:
        return [Trace(NAME, (source,), (), warnings=warnings)]
    traces = [told.trace((source,)) for told in runs]
    return [replace(traces[0], warnings=warnings), *traces[1:]]


def _run(found: Document, lines: Lines) -> Told:
    """One run: its events, and what an output file says beside them."""
    told = Told(NAME, "openhands")
    events, newer = _Events(told, lines), NewEvents(told)
    for element in found.elements:
        event = element.value()
        if isinstance(event, dict) and isinstance(event.get("kind"), str):  # evaluations of the SDK, since 1.0
            newer.take(element.start, element.end, event, element.mended, element.raw)
        else:
            events.take(element, event)
    if events.orphans:
        lines.losses.note(f"{events.orphans} answer(s) to calls that the file does not hold")
    newer.told_of(lines.losses)
    _beside(told, found)
    if not found.whole and told.end_reason != "finished":
        told.end_reason = "unknown"
    return told


def _beside(told: Told, found: Document) -> None:
    metrics = mapping(found.get("metrics"))
    issue = mapping(found.get("issue"))
    report = mapping(found.get("report")) or mapping(mapping(found.get("test_result")).get("report"))
    _spent(told, metrics)
    metadata = mapping(found.get("metadata"))
    configured = mapping(metadata.get("llm_config")) or mapping(metadata.get("llm"))
    told.model = told.model or text(configured.get("model"))
    told.prompt = text(found.get("instruction")) or told.prompt
    told.task = text(found.get("instance_id"))
    told.repeat = str(whole(found.get("attempt")) or "")
    if issue:
        told.task = f"{text(issue.get('owner'))}/{text(issue.get('repo'))}#{whole(issue.get('number'))}"
    verdict = report.get("resolved", found.get("success"))
    if isinstance(verdict, bool):
        told.outcome = "pass" if verdict else "fail"
    error = text(found.get("error"))
    if error:
        told.end_reason = error_end(error)
        told.guard = guard_of(error)


def _spent(told: Told, metrics: Mapping[str, Any]) -> None:
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


class _Events:
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
        _spent(self.told, mapping(event.get("llm_metrics")))
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
