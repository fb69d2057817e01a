"""The bytes of `.claude/flywheel-log.jsonl` go in, a Report comes out: each time a guard of ours acted, or failed.

The guards write one object a line: `at`, `guard`, and `act` (`nudge`, `pause`, `send-back`) with `files` and
`session`, or the name of an `error` (docs/guards.md). The log judges nothing, so its outcome is none. One that was
committed holds other sessions too: the detail ends with the session, for a condition to compare.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import accumulate

import msgspec

from bot.model import Pin, Report, Signal, Source
from bot.signals.transcripts.outline import Head

NAME = "guard-log"
MOST = 200
"""Signals of one log; the guards themselves stop at 256 kB. The last ones count: a log grows at its end."""
_CAP = 64


class _Line(msgspec.Struct, frozen=True):
    guard: str
    at: int = 0
    act: str = ""
    session: str = ""
    error: str = ""


def matches(head: Head) -> bool:
    """A guard's line names the guard and what it did, or its error."""
    first = head.first
    return first.get("guard").endswith("-guard") and "at" in first and ("act" in first or "error" in first)


def read(data: bytes, path: str) -> Report:
    """Lines that are no guard's are dropped and counted. Raises nothing."""
    source = Source(path, sha256(data).hexdigest(), len(data))
    lines = data.split(b"\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    signals: list[Signal] = []
    dropped = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            seen = msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            dropped += 1
            continue
        quote = f'"guard": "{seen.guard}"'
        pin = Pin(path, source.sha256, starts[number - 1], starts[number - 1] + len(line), quote, line=number)
        said = seen.act or seen.error
        detail = f"{seen.guard[:_CAP]} {said[:_CAP]} {seen.session[:_CAP]}".strip()
        signals.append(Signal("guard-acted" if seen.act else "guard-failed", detail=detail, pin=pin))
    warnings = []
    if dropped:
        warnings.append(f"{path}: {dropped} lines are no guard's and were dropped.")
    if len(signals) > MOST:
        warnings.append(f"{path}: {len(signals)} entries, only the last {MOST} were kept.")
    return Report(NAME, source, "none", tuple(signals[-MOST:]), bool(dropped), tuple(warnings))
