"""Takes one message of a Gemini session, which holds its calls with their answers; gives its step and what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from bot.model import CallStatus, Origin, Step, Tokens
from bot.signals.transcripts.acts import act
from bot.signals.transcripts.assemble import TEXT_CAP, Answer, Assembly
from bot.signals.transcripts.exits import exit_code, timed_out
from bot.signals.transcripts.tools import cited, quote
from bot.signals.transcripts.values import lasted, mapping, mappings, moment, text, texts, whole

REFUSED = ("User denied execution", "User did not allow", "[Operation Cancelled] Reason: User denied")
STATUS: Mapping[str, CallStatus] = {"success": "ok", "error": "error"}
_NO_EXIT = re.compile(r"^(?:Exit Code|Signal|Error|Background PIDs): |moved to background|^Command was cancelled", re.M)


class Said(msgspec.Struct, frozen=True, gc=False):
    """A message as far as it counts; `step` only for the agent's own, `waiting` when one of its calls has no answer."""

    kind: str
    when: str
    words: str
    step: Step | None = None
    tokens: Tokens = Tokens()
    model: str = ""
    waiting: bool = False


def said_in(message: Mapping[str, Any], start: int, end: int, plain: bool, origin: Origin) -> Said:
    """A message that stands at `start:end`; `plain` when its JSON is not the file's own bytes."""
    kind, when = text(message.get("type")), text(message.get("timestamp"))
    words = texts(message.get("content"))
    if kind != "gemini":
        return Said(kind, when, words[:TEXT_CAP])
    step = _step(message, words, start, end, plain, origin)
    spent = mapping(message.get("tokens"))
    output = whole(spent.get("output")) + whole(spent.get("thoughts"))
    tokens = Tokens(whole(spent.get("input")), output, whole(spent.get("cached")))
    waiting = any(call.status == "missing" for call in step.calls)
    return Said(kind, when, words[:TEXT_CAP], step, tokens, text(message.get("model")), waiting)


def _step(message: Mapping[str, Any], words: str, start: int, end: int, plain: bool, origin: Origin) -> Step:
    assembly = Assembly()
    thoughts = [text(thought.get("subject")) for thought in mappings(message.get("thoughts"))]
    spoken = next((found for part in (words, *thoughts) if (found := quote(part, plain))), "")
    draft = assembly.step(start, end, spoken, "gemini", origin)
    for place, call in enumerate(mappings(message.get("toolCalls"))):
        name = text(call.get("name"))
        use = act(name, call.get("args"))
        said = cited(use, name, "toolCalls", plain)
        call_id = f"{place}.{text(call.get('id'))}"
        assembly.call(draft, call_id, name, use, start, end, said)
        if call.get("status") in ("success", "error", "cancelled"):
            assembly.answer(call_id, _answer(call, use.kind == "shell", message, start, end, plain))
    (step,) = assembly.steps()
    return step


def _answer(
    call: Mapping[str, Any], is_shell: bool, message: Mapping[str, Any], start: int, end: int, plain: bool
) -> Answer:
    output, failed = output_of(call.get("result"))
    code = exit_code_of(output, call.get("status") == "success") if is_shell else None
    begun, done = moment(message.get("timestamp")), moment(call.get("timestamp"))
    return Answer(
        start, end, status_of(text(call.get("status")), output, failed, code), output, code,
        timed_out=code == 124 or (is_shell and timed_out(output)),
        duration_ms=lasted(begun, done), fallback="toolCalls", plain=plain,
    )  # fmt: skip


def status_of(status: str, output: str, failed: bool, code: int | None) -> CallStatus:
    """How a call ended: Gemini calls it a success when the command's exit code was another than 0."""
    if status == "cancelled":
        return "rejected" if output.startswith(REFUSED) else "aborted"
    return "error" if failed or code else STATUS.get(status, "ok")


def exit_code_of(output: str, succeeded: bool) -> int | None:
    """The exit code of a shell command. Newer versions write none when it was 0."""
    told = exit_code(output)
    if told is None and succeeded and not _NO_EXIT.search(output[-2_000:]):
        return 0
    return told


def output_of(result: object) -> tuple[str, bool]:
    """The text of a call's answer, and whether it is an error's; blobs are left out."""
    for part in mappings(result):
        response = mapping(mapping(part.get("functionResponse")).get("response"))
        if text(response.get("error")):
            return text(response.get("error")), True
        if "output" in response:
            return text(response.get("output")), False
    return texts(result), False
