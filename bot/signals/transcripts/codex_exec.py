"""Takes what `codex exec --json` printed, one event a line; gives its Trace.

What is counted, as for rollouts:

- a **step** is what the agent thought, said and called up to the next answer of a tool;
- a **call** is one item of type `command_execution`, `file_change`, `mcp_tool_call`, `collab_tool_call` or
  `web_search`; its **error** is the status `failed` or an exit code other than 0; `declined` is `rejected`. An item of
  type `error` is a warning of Codex and counts for nothing;
- **end_reason**: the last of `turn.completed` (finished), `turn.failed` and `error` (limit when it names one, else
  error; an `error` that is followed by more was a retry). Without any: `killed`, when a record was cut off or a call
  waits, else `unknown`.

Events bear no times, and usage is told for the whole thread, so that the last counts. Unverified: no real file was at
hand; the shapes are those of sdk/typescript/src/{events,items}.ts in https://github.com/openai/codex.
"""

from __future__ import annotations

import re
import shlex

import msgspec

from bot.model import CallStatus, EndReason, Tokens, Trace
from bot.signals.transcripts.acts import act
from bot.signals.transcripts.assemble import TEXT_CAP, Answer
from bot.signals.transcripts.lines import Lines
from bot.signals.transcripts.outline import Head
from bot.signals.transcripts.reader import Reader
from bot.signals.transcripts.rejoin import read_rejoined
from bot.signals.transcripts.tools import COMMAND_CAP, MOST_PATHS, PATH_CAP, Use, cited, quote
from bot.signals.transcripts.values import mapping, mappings, text, texts, whole

NAME = "codex-exec"
TYPES = frozenset({
    "thread.started", "turn.started", "turn.completed", "turn.failed", "item.started", "item.updated",
    "item.completed", "error",
})  # fmt: skip
CALLS = frozenset({"command_execution", "file_change", "mcp_tool_call", "collab_tool_call", "web_search"})
SPOKEN = frozenset({"agent_message", "reasoning"})
ITEMS = CALLS | SPOKEN | {"todo_list", "error"}
STARTS = tuple(f'{{"type":{space}"{kind}' for kind in ("thread.", "turn.", "item.", "error") for space in ("", " "))


class Item(msgspec.Struct, gc=False):
    """An item of any type."""

    id: object = None
    type: str = ""
    text: object = None
    command: object = None
    aggregated_output: object = None
    exit_code: int | None = None
    status: object = None
    changes: object = None
    server: object = None
    tool: object = None
    arguments: object = None
    result: object = None
    error: object = None
    query: object = None
    prompt: object = None


class Event(msgspec.Struct, gc=False):
    """One event."""

    type: str = ""
    thread_id: str | None = None
    item: Item | None = None
    usage: object = None
    error: object = None
    message: object = None


_LIMIT = re.compile(r"limit|quota|context window|too long", re.I)


def matches(head: Head) -> bool:
    """JSON lines of which the first says that a thread or a turn began, or holds an item with id and type."""
    first = head.first
    kind = first.get("type")
    if head.shape != "lines":
        return False
    opening = kind == "thread.started" and "thread_id" in first
    return opening or (kind.startswith("item.") and kind in TYPES and "item.type" in first and "item.id" in first)


def is_record(value: dict[str, object]) -> bool:
    """Whether a salvaged object is an event and no part of one (an item of type `error` has no event's keys)."""
    kind = text(value.get("type"))
    return kind in TYPES and (kind != "error" or "message" in value) and not ("id" in value and "item" not in value)


def read(lines: Lines, path: str) -> list[Trace]:
    """One Trace. A string broken by a raw newline (https://github.com/openai/codex/issues/23131) is put together."""
    return read_rejoined(ExecReader(lines, NAME, "codex"), path)


class ExecReader(Reader[Event]):
    """Takes events in file order; `trace` ends it."""

    KIND = Event
    DECODER = msgspec.json.Decoder(Event)
    STARTS = STARTS
    is_record = staticmethod(is_record)

    def __init__(self, lines: Lines, name: str, agent: str) -> None:
        super().__init__(lines, name, agent)
        self._runs = 0
        self._done: set[str] = set()
        self._said = ""

    def record(self, record: Event, number: int, start: int, end: int, raw: bytes, mended: bool) -> None:
        """Take in one event."""
        kind = record.type
        if record.item is not None and record.item.type and kind in TYPES:
            if record.item.type in ITEMS:
                self._item(record.item, kind, start, end, mended)
            else:
                self.passed_over(f"item {record.item.type}", number)
            return
        if kind.startswith("item.") and kind in TYPES:
            self.empty(number, start, end)
            return
        match kind:
            case "thread.started":
                self._runs += 1
                self.session = self.session or record.thread_id or ""
                self.step, self.last = None, "started"
            case "turn.started":
                self.step, self.last = None, "started"
            case "turn.completed":
                self.last = "complete"
                self._count(mapping(record.usage))
            case "turn.failed" | "error":
                self.last = "error"
                self.provider_errors += kind == "error"
                self._said = text(mapping(record.error).get("message")) or text(record.message) or self._said
            case _ if kind not in TYPES:
                self.passed_over(kind, number)

    def _count(self, usage: dict[str, object]) -> None:
        self.tokens = Tokens(
            whole(usage.get("input_tokens")), whole(usage.get("output_tokens")), whole(usage.get("cached_input_tokens"))
        )

    def _item(self, item: Item, kind: str, start: int, end: int, plain: bool) -> None:
        if item.type in SPOKEN and kind == "item.completed":
            said = text(item.text)
            self.growing(start, end, quote(said, plain), item.type)
            if item.type == "agent_message":
                self.final, self.last = said[:TEXT_CAP] or self.final, "text"
        elif item.type in CALLS:
            self._call(item, kind, start, end, plain)

    def _call(self, item: Item, kind: str, start: int, end: int, plain: bool) -> None:
        call_id = f"{self._runs}.{text(item.id)}"
        use = _use(item)
        name = _name(item)
        said = quote(text(item.command), plain) or cited(use, text(item.tool), item.type, plain)
        if call_id in self._done:
            return
        if call_id not in self.assembly.pending:
            self.assembly.call(self.growing(start, end, said, item.type), call_id, name, use, start, end, said)
            self.last = "call"
        if kind == "item.completed":
            self.step = None
            self._done.add(call_id)
            self.assembly.answer(call_id, _answer(item, start, end, plain))
            self.last = "answer"

    def end_reason(self) -> EndReason:
        """The last border says it."""
        if self.last == "complete":
            return "finished"
        if self.last == "error":
            return "limit" if _LIMIT.search(self._said[:2_000]) else "error"
        return "killed" if self.cut_off or self.assembly.pending else "unknown"


def _name(item: Item) -> str:
    """As in rollouts: the shell and the patch have their own names, an MCP tool that of its server before it."""
    if item.type == "mcp_tool_call":
        return f"mcp__{text(item.server)}__{text(item.tool)}"[:200]
    return {"command_execution": "shell", "file_change": "apply_patch"}.get(item.type, text(item.tool) or item.type)


def _use(item: Item) -> Use:
    if item.type == "command_execution":
        return act("bash", {"command": _unwrapped(text(item.command))})
    if item.type == "file_change":
        changes = list(mappings(item.changes))
        paths = tuple(text(change.get("path"))[:PATH_CAP] for change in changes if text(change.get("path")))
        added = tuple(text(change.get("path"))[:PATH_CAP] for change in changes if change.get("kind") == "add")
        return Use("edit", "", paths[:MOST_PATHS], added[:MOST_PATHS])
    if item.type == "web_search":
        return Use("web", text(item.query)[:COMMAND_CAP])
    if item.type == "collab_tool_call":
        name = text(item.tool)
        return Use("poll") if name.startswith("wait") else Use("task", text(item.prompt)[:COMMAND_CAP])
    return act(_name(item), item.arguments)


def _unwrapped(command: str) -> str:
    """The command inside `/bin/bash -lc '…'`, as rollouts have it."""
    if len(command) > COMMAND_CAP or " -lc " not in command[:40]:
        return command
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    return words[2] if len(words) == 3 and words[1] == "-lc" else command


def _answer(item: Item, start: int, end: int, plain: bool) -> Answer:
    failed = text(mapping(item.error).get("message"))
    output = text(item.aggregated_output) or failed or texts(mapping(item.result).get("content"))
    timed_out = item.exit_code == 124 or "command timed out" in output[:400]
    status: CallStatus = "error" if item.status == "failed" or item.exit_code or timed_out else "ok"
    return Answer(
        start, end, "rejected" if item.status == "declined" else status, output, item.exit_code,
        timed_out=timed_out, fallback=item.type, plain=plain,
    )  # fmt: skip
