"""Takes the output of a call of Codex in any shape it has had; gives its text, its exit code and how the call ended."""

from __future__ import annotations

import re

import msgspec

from bot.model import CallStatus
from bot.signals.transcripts.assemble import Answer
from bot.signals.transcripts.lines import BROKEN
from bot.signals.transcripts.values import texts


class Envelope(msgspec.Struct, gc=False):
    """An answer that is JSON inside a string."""

    output: object = None
    metadata: object = None


_ENVELOPE = msgspec.json.Decoder(Envelope)
_EXIT = re.compile(r'(?:Process exited with code|^Exit code:|"exit_code":)\s{0,4}(-?\d{1,6})', re.M)
_WALL = re.compile(r"^Wall time: (\d{1,9}(?:\.\d{1,9})?) seconds", re.M)
_FAILED = (
    "apply_patch verification failed", "failed to parse function arguments", "exec_command failed",
    "write_stdin failed", "unsupported call", "tool call error", "execution error", "failed in sandbox", "Error:",
    "error:", "failed to ", "err: ", "invalid patch", "unknown process id", "unable to ",
)  # fmt: skip
_REJECTED = ("exec command rejected by user", "rejected by user", "user rejected", "patch rejected by user")


def answer(output: object, call_id: str, told: int | None, start: int, end: int, plain: bool) -> Answer:
    """The answer that stands at `start:end`; `told` is the exit code that an event told, for outputs that have none."""
    said, exit_code, success, nested = _output(output)
    exit_code = told if exit_code is None else exit_code
    wall = _WALL.search(said[:400])
    timed_out = exit_code == 124 or "command timed out" in said[:400]
    return Answer(
        start,
        end,
        _status(said, exit_code, success, timed_out),
        said,
        exit_code,
        timed_out=timed_out,
        duration_ms=round(float(wall[1]) * 1000) if wall else None,
        fallback=call_id[:120],
        plain=plain or nested,
    )


def _status(output: str, exit_code: int | None, success: bool | None, timed_out: bool) -> CallStatus:
    head = output[:200]
    if any(word in head for word in _REJECTED):
        return "rejected"
    if head.startswith("aborted"):
        return "aborted"
    if exit_code or timed_out or success is False:
        return "error"
    return "error" if exit_code is None and head.startswith(_FAILED) else "ok"


def _output(raw: object) -> tuple[str, int | None, bool | None, bool]:
    """The text of an answer, its exit code and its own word on success, in every shape Codex has had.

    The last is true when the text stood as JSON inside a string.
    """
    success = None
    text = texts(raw)
    if isinstance(raw, dict):
        text = texts(raw.get("content"))
        success = raw.get("success") if isinstance(raw.get("success"), bool) else None
    if text[:1] == "{" and ('"metadata"' in text or '"output"' in text[:20]):
        try:
            inner = _ENVELOPE.decode(text)
        except BROKEN:
            return text, None, success, False
        code = inner.metadata.get("exit_code") if isinstance(inner.metadata, dict) else None
        said = inner.output if isinstance(inner.output, str) else text
        return said, code if isinstance(code, int) else None, success, True
    found = _EXIT.search(text[:400])
    return text, int(found[1]) if found else None, success, False
