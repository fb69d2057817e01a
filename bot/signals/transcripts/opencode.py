"""Takes what `opencode export` wrote, one JSON document; gives its Trace.

What is counted:

- a **step** is one message of the assistant; the summary that it writes for a compaction (`summary: true`) is none;
- a **call** is one part of type `tool`; its **error** is the status `error` or `metadata.exit` other than 0, unless a
  person refused it (`rejected`) or it was cut short (`aborted`); a part that has not ended is `missing`;
- a session with a `parentID` is a subagent's: its steps have that origin, and it bears its parent's id so that the two
  are joined;
- **end_reason**: the `error` of the last message (`MessageAbortedError` aborted, `MessageOutputLengthError` limit, else
  error), else its `finish`: `stop` finished, `length` limit. A document cut off or a call without an end is `killed`,
  all else `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.model import EndReason, Tokens, Trace
from bot.signals.transcripts.held import Document
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.objects import document
from bot.signals.transcripts.opencode_parts import ENDS, add_tool, error_end, spent
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.told import Told
from bot.signals.transcripts.tools import quote
from bot.signals.transcripts.values import iso, mapping, mappings, text

NAME = "opencode"


def matches(head: Head) -> bool:
    """A document with the `info` of a session, whose id begins with `ses_`, beside its messages."""
    return head.shape in ("object", "lines") and head.first.get("info.id").startswith("ses_")


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace."""
    told = Told(NAME, "opencode")
    found = document(lines.document(), lines.losses, ("messages",), ("info", "parts"))
    run = _Run(told, mapping(found.get("info")))
    for element, message in found.records(lines.losses):
        run.message(message, element.start, element.end, element.mended)
    told.end_reason = run.end_reason(found)
    return [told.trace((lines.source(path),), lines.losses.warnings())]


class _Run:
    """A session as far as it was read."""

    def __init__(self, told: Told, info: Mapping[str, Any]) -> None:
        self.told = told
        parent = text(info.get("parentID"))
        self.origin: Any = "subagent" if parent else "main"
        told.session = parent or text(info.get("id"))
        told.version = text(info.get("version"))
        told.cwd = text(info.get("directory"))
        told.at(iso(mapping(info.get("time")).get("created")))
        self.last: Mapping[str, Any] = {}

    def message(self, message: Mapping[str, Any], start: int, end: int, plain: bool) -> None:
        """Take in one message of either side."""
        info = mapping(message.get("info"))
        parts = list(mappings(message.get("parts")))
        time = mapping(info.get("time"))
        self.told.at(iso(time.get("completed")) or iso(time.get("created")))
        self.told.compactions += sum(part.get("type") == "compaction" for part in parts)
        if info.get("role") == "user":
            self.told.prompt = self.told.prompt or _texts(parts)
            self.last = {}
        elif info.get("role") == "assistant":
            self._assistant(info, parts, start, end, plain)

    def _assistant(
        self, info: Mapping[str, Any], parts: list[dict[str, Any]], start: int, end: int, plain: bool
    ) -> None:
        told = self.told
        told.model = told.model or text(info.get("modelID"))
        tokens = spent(info.get("tokens"))
        before = told.tokens
        told.tokens = Tokens(before.input + tokens.input, before.output + tokens.output, before.cached + tokens.cached)
        cost = info.get("cost")
        if isinstance(cost, int | float) and 0 < cost < 1e9:  # by subscription it is told as 0
            told.cost_usd = (told.cost_usd or 0.0) + cost
        error = mapping(info.get("error"))
        told.provider_errors = told.provider_errors + 1 if error and error_end(error) != "aborted" else 0
        if info.get("summary") is True:
            return
        self.last = info
        said = next((found for part in parts if (found := quote(text(part.get("text")), plain))), "")
        step = told.assembly.step(start, end, said, "assistant", self.origin)
        for part in parts:
            if part.get("type") == "tool":
                add_tool(told.assembly, step, part, start, end, plain, "tool")
        told.final = _texts(parts) or told.final

    def end_reason(self, found: Document) -> EndReason:
        """The last message says it."""
        if error := mapping(self.last.get("error")):
            return error_end(error)
        if not found.whole or self.told.assembly.pending:
            return "killed"
        return ENDS.get(text(self.last.get("finish")), "unknown")


def _texts(parts: Iterable[Mapping[str, Any]]) -> str:
    """What was said in a message, without what OpenCode put in (`synthetic`)."""
    said = [text(part.get("text")) for part in parts if part.get("type") == "text" and not part.get("synthetic")]
    return "\n".join(part for part in said if part).strip()
