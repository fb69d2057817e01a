"""From the text of a Markdown file to the same text with one marked block of ours added, renewed or taken out again.

The block stands at the end when it is new and stays where it is when it is renewed. Every other byte is kept: line
ends, a byte order mark, a missing final newline. Taking it out gives back the text as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.errors import UserError
from bot.model import Detector, Edit, Harness, Remedy
from bot.modifications import harness as places

MAX_LINES = 40
MAX_BYTES = 4096
FILE_BUDGET = 32 * 1024
"""Codex reads no more of AGENTS.md than `project_doc_max_bytes`, 32 KiB by default (research/flywheels.md §5)."""

_BOM = "\ufeff"
_EOL = re.compile(r"\r\n|\r|\n")
_MARKER = re.compile(r"<!-- flywheel:(begin|end) ([a-z0-9][a-z0-9/-]{0,99})(?: ([0-9a-f]{12}))? -->")
_NEVER = re.compile(
    r"<!--|-->|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_IMPORT = re.compile(r"(?:^|\s)@[\w./~-]")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of ours in a text: `start:end` in characters, without the line end after its last line."""

    detector: str
    change: str
    start: int
    end: int


def blocks(text: str, path: str) -> tuple[Block, ...]:
    """The blocks in a text, in order. UserError for a damaged one, or two of one detector: never a guess."""
    from markdown_it import MarkdownIt

    if "\0" in text:
        raise UserError(f"{path}: is no UTF-8 text (UTF-16, perhaps). Save it as UTF-8, so that agents can read it.")
    if size(text) > 8 * FILE_BUDGET:
        raise UserError(f"{path}: is longer than {8 * FILE_BUDGET} bytes, no agent reads that. Shorten it.")
    lines = _lines(text)
    found: list[Block] = []
    opened: tuple[str, str, int] | None = None
    for token in MarkdownIt("commonmark").parse(text.removeprefix(_BOM)):
        if token.type != "html_block" or not token.map or not re.search(r"<!-- *flywheel:(begin|end)", token.content):
            continue
        number = token.map[0]
        marker = _MARKER.fullmatch(token.content.strip())
        if marker is None or token.level or (marker[1] == "begin") == (marker[3] is None):
            raise UserError(_damaged(path, number, "is no marker of ours as it should be"))
        if marker[1] == "begin":
            if opened:
                raise UserError(_damaged(path, number, f"begins a block inside that of {opened[0]}"))
            opened = (marker[2], marker[3], lines[number][0])
            continue
        if opened is None or opened[0] != marker[2]:
            raise UserError(_damaged(path, number, f"ends a block of {marker[2]} that does not begin"))
        found.append(Block(opened[0], opened[1], opened[2], lines[number][1]))
        opened = None
    if opened:
        raise UserError(f"{path}: the block of {opened[0]} has no end marker. Restore the marker or delete the block.")
    names = [block.detector for block in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{path}: holds two blocks of {twice}. Delete one of them.")
    return tuple(found)


def write(text: str, detector: str, change: str, body: str, path: str) -> str:
    """`text` with the block of `detector` saying `body`, marked with the id of its change; else UserError."""
    standing = next((block for block in blocks(text, path) if block.detector == detector), None)
    eol = _eol(text[standing.start : standing.end] if standing else text)
    lines = check_body(body, f"the remedy of {detector}")
    block = eol.join((f"<!-- flywheel:begin {detector} {change} -->", *lines, f"<!-- flywheel:end {detector} -->"))
    if standing:
        after = text[: standing.start] + block + text[standing.end :]
    elif text in ("", _BOM):
        after = text + block + eol
    elif text.endswith(("\n", "\r")):
        after = text + eol + block + eol
    else:
        after = text + eol + eol + block
    if size(after) > FILE_BUDGET:
        raise UserError(
            f"{path}: would be longer than the {FILE_BUDGET} bytes that agents read of it. Shorten it first."
        )
    if not any(block.detector == detector and block.change == change for block in blocks(after, path)):
        raise UserError(f"{path}: a code fence or a comment is not closed at its end. Close it first.")
    return after


def remove(text: str, detector: str, path: str) -> str:
    """`text` without the block of `detector`, as it was before the block came; unchanged when there is none."""
    block = next((block for block in blocks(text, path) if block.detector == detector), None)
    if block is None:
        return text
    before, after = text[: block.start], text[block.end :]
    ends = list(_EOL.finditer(before))
    starts = [0 if before[:1] != _BOM else 1, *(end.end() for end in ends)]
    if ends and starts[len(ends) - 1] == ends[-1].start():  # a blank line stands before the block
        before = before[: ends[-1].start()]
        if not after and len(ends) > 1:  # the text had no final line end: `write` added one to it
            before = before[: ends[-2].start()]
    rest = _EOL.sub("", after, count=1)
    apart = "\r" if before.endswith("\r") and rest.startswith("\n") else ""  # the two would become one line end
    return before + apart + rest


def says(text: str, detector: str, path: str) -> tuple[str, ...] | None:
    """The lines inside the block of `detector`; None when there is none."""
    block = next((block for block in blocks(text, path) if block.detector == detector), None)
    return tuple(_EOL.split(text[block.start : block.end])[1:-1]) if block is not None else None


def check_body(body: str, name: str) -> tuple[str, ...]:
    """The lines of a remedy that may stand in a block. UserError, which calls it `name`, when it may not."""
    lines = tuple(line.rstrip() for line in body.strip().split("\n"))
    if not any(lines):
        raise UserError(f"{name}: is empty. Say in a sentence or two what the agent should do.")
    if len(lines) > MAX_LINES or size(body) > MAX_BYTES:
        raise UserError(f"{name}: is longer than {MAX_LINES} lines or {MAX_BYTES} bytes. Shorten it.")
    if hidden := _NEVER.search(body):
        raise UserError(f"{name}: holds a comment mark or an invisible character ({hidden[0]!r}). Remove it.")
    if _IMPORT.search(body):
        raise UserError(f"{name}: holds `@` before a name, which some agents read as an import. Write it without `@`.")
    return lines


def size(text: str) -> int:
    """The bytes of a text as git stores it."""
    return len(text.encode("utf-8", "surrogateescape"))


def plan(harness: Harness, remedy: Remedy, agent: str) -> tuple[Edit, ...]:
    """The file that the remedy goes to, as it stands."""
    file = places.instructions(harness, agent)
    if file:
        return (Edit(file.path, file.text, file.text, file.mode),)
    path = places.new_instructions(agent)
    places.room_for(harness, path)
    return (Edit(path, None, None),)


def kind(planned: tuple[Edit, ...], detector: Detector) -> str:
    """`managed-block`, or its refresh where a block of this detector stands already."""
    (file,) = planned
    standing = any(block.detector == detector.id for block in blocks(file.before or "", file.path))
    return "managed-block-refresh" if standing else "managed-block"


def fill(planned: tuple[Edit, ...], detector: Detector, change: str, parameters: Mapping[str, int]) -> tuple[Edit, ...]:
    """The planned file with the block written in; prose has no parameters."""
    (file,) = planned
    before = file.before or ""
    if says(before, detector.id, file.path) == check_body(detector.remedy.text, f"the remedy of {detector.id}"):
        return planned
    after = write(before, detector.id, change, detector.remedy.text, file.path)
    return (Edit(file.path, file.before, after, file.mode),)


def _lines(text: str) -> list[tuple[int, int]]:
    """Start and end of each line without its line end, in characters; the byte order mark is not part of the first."""
    starts = [len(_BOM) if text.startswith(_BOM) else 0]
    ends: list[int] = []
    for end in _EOL.finditer(text):
        ends.append(end.start())
        starts.append(end.end())
    return list(zip(starts, [*ends, len(text)], strict=True))


def _eol(text: str) -> str:
    """The line end that a text uses most. After a lone `\\r` no `\\n` may follow: the two would become one line end."""
    found = _EOL.findall(text)
    eol = max(("\n", "\r\n", "\r"), key=found.count)
    return "\r\n" if eol == "\n" and text.endswith("\r") else eol


def _damaged(path: str, line: int, what: str) -> str:
    return f"{path}: line {line + 1} {what}. Restore the marker or delete the whole block."
