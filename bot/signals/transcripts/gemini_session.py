"""Takes a session of Gemini CLI (`~/.gemini/tmp/<project>/chats/session-*.json`, newer `.jsonl`); gives its Trace.

What is counted:

- a **step** is one message of type `gemini`; in JSON lines a message with an id that was seen before replaces it,
  `$rewindTo` takes back all from that message on, and `$set.messages` (the model's context, rewritten at the start and
  by a compression) adds only what was not seen;
- a **call** is one of its `toolCalls`; its **error** is the status `error` or an exit code other than 0; `cancelled` is
  `rejected` when the user denied it, else `aborted`; a call that has not ended is `missing`;
- **end_reason**: nothing in the file says it. A record cut off or a call without an end is `killed`, a last message of
  type `error` is `error` (limit when it names one), "Request cancelled." `aborted`, a last message of the agent
  without calls `finished`, all else `unknown`.

The shape with JSON lines is unverified: no real file was at hand; it is that of
packages/core/src/services/chatRecordingTypes.ts in https://github.com/google-gemini/gemini-cli.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from bot.model import EndReason, Origin, Tokens, Trace
from bot.signals.transcripts.gemini_messages import Said, said_in
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.objects import document
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.reader import Reader
from bot.signals.transcripts.values import mapping, mappings, text

NAME = "gemini-session"
MESSAGES = frozenset({"user", "gemini", "info", "error", "warning"})
STARTS = ('{"id":', '{"id": ', '{"sessionId":', '{"$set":', '{"$rewindTo":', '{"type":', '{"timestamp":')

_LIMIT = re.compile(r"limit|quota|exhausted|too long|max session turns", re.I)
_CANCELLED = ("Request cancelled", "User cancelled")


class Record(msgspec.Struct, gc=False):
    """A line, or a message of a document, as whatever it is."""

    id: object = None
    type: object = None
    sessionId: object = None  # noqa: N815
    projectHash: object = None  # noqa: N815
    kind: object = None
    directories: object = None
    startTime: object = None  # noqa: N815
    timestamp: object = None
    content: object = None
    thoughts: object = None
    tokens: object = None
    model: object = None
    toolCalls: object = None  # noqa: N815
    messages: object = None
    set: object = msgspec.field(default=None, name="$set")
    rewindTo: object = msgspec.field(default=None, name="$rewindTo")  # noqa: N815


def matches(head: Head) -> bool:
    """A document or a first line with `sessionId` and `projectHash` (Qwen's messages have `parts` and no hash)."""
    first = head.first
    if head.shape not in ("lines", "object") or "uuid" in first or "parentUuid" in first:
        return False
    return ("projectHash" in first and "sessionId" in first) or _is_turned(first.keys)


def _is_turned(keys: Mapping[str, str]) -> bool:
    """A document whose keys stand in the order of the alphabet, so that the session's id comes after the messages."""
    return keys.get("messages") == "[" and "lastUpdated" in keys and "type" not in keys


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is a record and no part of one (a tool call has an id as well)."""
    message = text(value.get("type")) in MESSAGES and "id" in value and "timestamp" in value
    return message or "projectHash" in value or "$set" in value or "$rewindTo" in value


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace; all steps of a subagent's session have origin `subagent`."""
    reader = GeminiReader(lines, NAME, "gemini-cli")
    if _is_document(lines.head):
        found = document(lines.document(), lines.losses, ("messages",), ("id", "content", "timestamp", "type"))
        reader.told(Record(**{name: found.get(name) for name in ("sessionId", "kind", "directories", "startTime")}))
        for element, message in found.records(lines.losses):
            reader.message(message, element.start, element.end, element.mended)
        reader.cut_off = not found.whole
    else:
        for number, start, line in lines:
            reader.line(number, start, line)
    return [reader.trace(path)]


def _is_document(head: bytes) -> bool:
    """Documents are indented; a header of JSON lines ends with its line, and the next line is a record of its own."""
    body = head.lstrip(b"\xef\xbb\xbf\0 \t\r\n")
    first, _newline, rest = body.partition(b"\n")
    return first.strip() == b"{" or (b'"messages"' in first and not rest.strip())


class GeminiReader(Reader[Record]):
    """Takes records in file order; `trace` ends it. Of each message only its step and a few words are held."""

    KIND = Record
    DECODER = msgspec.json.Decoder(Record)
    STARTS = STARTS
    is_record = staticmethod(is_record)

    def __init__(self, lines: Lines, name: str, agent: str) -> None:
        super().__init__(lines, name, agent)
        self._said: dict[str, Said] = {}
        self._origin: Origin = "main"

    def record(self, record: Record, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one line: a message, or what is told of the session."""
        if isinstance(record.rewindTo, str):
            self._rewind(record.rewindTo)
        elif text(record.type) in MESSAGES:
            self.message(msgspec.structs.asdict(record), start, end, mended)
        elif record.type == "message_update" and text(record.id) in self._said:
            pass  # what it changes (tokens, a display text) comes again with the message
        elif record.set is not None or record.sessionId is not None:
            told = mapping(record.set)
            self.told(record)
            self.told(Record(**{name: told.get(name) for name in ("sessionId", "kind", "directories", "startTime")}))
            for message in mappings(told.get("messages") or record.messages):
                if text(message.get("id")) not in self._said:
                    self.message(message, start, end, mended)
        else:
            self.passed_over(text(record.type), number)

    def told(self, record: Record) -> None:
        """Note what a head or a `$set` tells of the session."""
        self.session = self.session or text(record.sessionId)
        self.cwd = self.cwd or next((text(path) for path in _list(record.directories)), "")
        self.started = self.started or text(record.startTime)
        if record.kind == "subagent":
            self._origin = "subagent"

    def message(self, message: Mapping[str, Any], start: int, end: int, mended: bool) -> None:
        """Take in one message; it replaces the one with its id."""
        said = said_in(message, start, end, mended, self._origin)
        self._said[text(message.get("id")) or f"#{start}"] = said
        self.at(said.when)

    def _rewind(self, target: str) -> None:
        ids = list(self._said)
        if target in self._said:
            for identity in ids[ids.index(target) :]:
                del self._said[identity]

    def trace(self, path: str) -> Trace:
        """The whole run."""
        said = list(self._said.values())
        own = [one for one in said if one.step is not None]
        self.by(model=next((one.model for one in own if one.model), None))
        self.prompt = next((one.words for one in said if one.kind == "user" and one.words), "")
        self.final = next((one.words for one in reversed(own) if one.words.strip()), "")
        self.tokens = Tokens(
            sum(one.tokens.input for one in own),
            sum(one.tokens.output for one in own),
            sum(one.tokens.cached for one in own),
        )
        self.provider_errors = _errors_at_end(said)
        steps = tuple(one.step for one in own if one.step is not None)
        return msgspec.structs.replace(super().trace(path), steps=steps)

    def end_reason(self) -> EndReason:
        """What stands last says it."""
        said = [one for one in self._said.values() if one.kind != "warning"]
        last = said[-1] if said else None
        if self.cut_off or (last is not None and last.waiting):
            return "killed"
        if last is None:
            return "unknown"
        if last.kind == "error":
            return "limit" if _LIMIT.search(last.words[:2_000]) else "error"
        if last.kind == "info" and last.words.startswith(_CANCELLED):
            return "aborted"
        talk = next((one for one in reversed(said) if one.kind != "info"), last)
        done = talk.step is not None and not talk.step.calls and talk.words.strip() != ""
        return "finished" if done else "unknown"


def _errors_at_end(said: list[Said]) -> int:
    count = 0
    for one in reversed(said):
        if one.kind == "gemini":
            break
        count += one.kind == "error"
    return count


def _list(value: object) -> Iterator[object]:
    return iter(value if isinstance(value, list) else ())
