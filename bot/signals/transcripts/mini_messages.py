"""Takes the messages of one mini-swe-agent run, one by one; fills in what is told of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model import CallStatus
from bot.signals.transcripts.acts import act
from bot.signals.transcripts.assemble import Answer, Draft
from bot.signals.transcripts.exits import exit_code, timed_out
from bot.signals.transcripts.held import Element
from bot.signals.transcripts.told import Told, known
from bot.signals.transcripts.tools import quote
from bot.signals.transcripts.values import mapping, mappings, text, texts, whole

_FENCES = ("```bash", "```mswea_bash_command")
_OUTPUT = ("<output>", "<output_head>")


class Messages:
    """The messages in file order: who answers whom."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.waiting: list[str] = []
        self.exit = ""
        self.input = self.output = self.cached = 0

    def take(self, element: Element, message: Mapping[str, Any]) -> None:
        """One message."""
        extra = mapping(message.get("extra"))
        self.told.at(extra.get("timestamp"))
        role = text(message.get("role"))
        if role == "assistant" or message.get("object") == "response":
            self._model(element, message, extra)
        elif role == "exit":
            self.exit = text(extra.get("exit_status")) or self.exit
            self._answer(element, message, extra)
        elif role in ("user", "tool") or message.get("type") == "function_call_output":
            self._user(element, message, extra)

    def _model(self, element: Element, message: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        response = mapping(extra.get("response")) or message
        self.told.model = self.told.model or text(response.get("model"))
        self._count(mapping(response.get("usage")))
        said = texts(message.get("content")) or _spoken(message)
        self.told.final = said or self.told.final
        start, end, plain = element.start, element.end, element.mended
        draft = self.told.assembly.step(start, end, quote(said, plain), known(message, "role", "object"))
        self.waiting = []
        for place, (call_id, name, given) in enumerate(_calls(message, extra, said)):
            key = call_id or f"{start}.{place}"
            self._call(draft, element, key, name, given)

    def _call(self, draft: Draft, element: Element, key: str, name: str, given: object) -> None:
        use = act(name, given)
        quoted = quote(use.command, True) or quote(name, element.mended) or draft.quote
        if not _stands(element, quoted):
            quoted = draft.quote
        start = element.start
        if self.told.assembly.call(draft, key, name, use, start, element.end, quoted, start):
            self.waiting.append(key)

    def _user(self, element: Element, message: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        said = texts(message.get("content"))
        if not self.told.assembly.drafts:
            self.told.prompt = self.told.prompt or said
            return
        if extra.get("exit_status"):
            self.exit = text(extra.get("exit_status"))
        self._answer(element, message, extra)

    def _answer(self, element: Element, message: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        call_id = text(message.get("tool_call_id")) or text(message.get("call_id"))
        key = call_id if call_id in self.waiting else self.waiting[0] if self.waiting and not call_id else ""
        if not key:
            return
        self.waiting.remove(key)
        said = texts(message.get("content")) or texts(message.get("output"))
        code = extra.get("returncode")
        code = code if isinstance(code, int) and abs(code) < 1 << 31 else exit_code(said)
        late = timed_out(said) or "timed out" in text(extra.get("exception_info"))[:400]
        failed = code not in (None, 0) or late
        status: CallStatus = "error" if failed else _refused(said, extra)
        if "action was not executed" in text(extra.get("exception_info")):
            status, code = "aborted", None
        self.told.assembly.answer(
            key,
            Answer(
                element.start, element.end, status, _output(said), code, late,
                fallback=known(message, "content", "output", "role"),
                plain=element.mended,
            ),
        )  # fmt: skip

    def _count(self, usage: Mapping[str, Any]) -> None:
        details = mapping(usage.get("prompt_tokens_details")) or mapping(usage.get("input_tokens_details"))
        self.input += whole(usage.get("prompt_tokens")) or whole(usage.get("input_tokens"))
        self.output += whole(usage.get("completion_tokens")) or whole(usage.get("output_tokens"))
        self.cached += whole(details.get("cached_tokens"))


def _refused(said: str, extra: Mapping[str, Any]) -> CallStatus:
    """What became of a call that was not carried out: a person refused or stopped it, or it was no sound call."""
    if said.startswith("Command not executed"):
        return "rejected"
    interrupts: dict[str, CallStatus] = {
        "UserRejection": "rejected", "UserInterruption": "aborted", "FormatError": "error"
    }  # fmt: skip
    return interrupts.get(text(extra.get("interrupt_type")), "ok")


def _calls(message: Mapping[str, Any], extra: Mapping[str, Any], said: str) -> list[tuple[str, str, object]]:
    """Id, name and arguments of each command that was carried out."""
    actions = list(mappings(extra.get("actions")))
    if actions:
        return [(text(one.get("tool_call_id")), "bash", {"command": text(one.get("command"))}) for one in actions]
    called = [mapping(one.get("function")) | {"id": one.get("id")} for one in mappings(message.get("tool_calls"))]
    called += [
        {"id": one.get("call_id"), "name": one.get("name"), "arguments": one.get("arguments")}
        for one in mappings(message.get("output"))
        if one.get("type") == "function_call"
    ]
    if called:
        return [(text(one.get("id")), text(one.get("name")), one.get("arguments")) for one in called]
    blocks = _blocks(said)
    return [("", "bash", {"command": blocks[0]})] if len(blocks) == 1 else []


def _blocks(said: str) -> list[str]:
    """The code blocks for the shell in a message; the agent carries out a message that holds exactly one."""
    found: list[str] = []
    for fence in _FENCES:
        for part in said.split(fence + "\n", 3)[1:]:
            body, closed, _after = part.partition("\n```")
            if closed:
                found.append(body.strip())
    return found


def _spoken(message: Mapping[str, Any]) -> str:
    """What a message in the shape of OpenAI's responses says."""
    return "\n".join(texts(item.get("content")) for item in mappings(message.get("output")) if "content" in item)


def _output(said: str) -> str:
    """What a command printed, without the tags around it."""
    for tag in _OUTPUT:
        _before, found, printed = said.partition(tag)
        if found:
            return printed.partition("</output")[0].strip("\n") or said
    return said


def _stands(element: Element, quoted: str) -> bool:
    return not element.mended and quoted.encode() in bytes(element.raw)
