"""The bytes of a file that CI wrote go in, a Report comes out: the format is told by the content, never by the name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from bot.model import Report, Signal, Source
from bot.signals.reports import (
    ctrf,
    go_test,
    guard_log,
    jest,
    job_log,
    junit,
    nunit,
    patch,
    pytest_json,
    sarif,
    swe_bench,
    tap,
    trials,
    trx,
    xunit,
)
from bot.signals.reports.linters import LINTERS
from bot.signals.transcripts.outline import Head, outline

__all__ = ["FORMATS", "HEAD", "UNKNOWN", "Format", "read", "sniff"]

UNKNOWN = "unknown"
HEAD = 65_536
"""Bytes of a file's start that `sniff` looks at."""


@dataclass(frozen=True, slots=True)
class Format:
    """A report format: its name, the test on the outline of a file's start, and its reader."""

    name: str
    matches: Callable[[Head], bool]
    read: Callable[[bytes, str], Report]


FORMATS: tuple[Format, ...] = (
    Format(junit.NAME, junit.matches, junit.read),
    Format(nunit.NAME, nunit.matches, nunit.read),
    Format(xunit.NAME, xunit.matches, xunit.read),
    Format(trx.NAME, trx.matches, trx.read),
    Format(ctrf.NAME, ctrf.matches, ctrf.read),
    Format(jest.NAME, jest.matches, jest.read),
    Format(go_test.NAME, go_test.matches, go_test.read),
    Format(pytest_json.NAME, pytest_json.matches, pytest_json.read),
    Format(tap.NAME, tap.matches, tap.read),
    Format(patch.NAME, patch.matches, patch.read),
    Format(job_log.NAME, job_log.matches, job_log.read),
    Format(sarif.NAME, sarif.matches, sarif.read),
    Format(swe_bench.NAME, swe_bench.matches, swe_bench.read),
    Format(trials.TERMINAL_BENCH, trials.is_terminal_bench, trials.read_terminal_bench),
    Format(trials.HARBOR, trials.is_harbor, trials.read_harbor),
    Format(guard_log.NAME, guard_log.matches, guard_log.read),
    Format(trials.REWARD, trials.is_reward, trials.read_reward),
    *(Format(linter.name, linter.matches, linter.read) for linter in LINTERS),
)
"""In the order in which they are tried."""


def sniff(head: bytes, name: str = "") -> str:
    """The format's name, or `unknown`. `name` is never believed: it only says where a lone number is a reward."""
    found = _format(head, name)
    return found.name if found else UNKNOWN


def read(data: bytes, path: str) -> Report:
    """A file as a Report; what nothing here reads has the format `unknown`, no outcome and an `unreadable` signal."""
    if found := _format(data, path):
        return found.read(data, path)
    why = "empty" if not data.strip() else "no report format that is known here"
    source = Source(path, sha256(data).hexdigest(), len(data))
    return Report(
        format=UNKNOWN,
        source=source,
        outcome="none",
        signals=(Signal("unreadable", detail=why),),
        warnings=(f"{path}: {why}. Known are {', '.join(form.name for form in FORMATS)}.",),
    )


def _format(data: bytes, name: str) -> Format | None:
    head = data[:HEAD]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "replace").encode()
    seen = outline(head, name)
    return next((form for form in FORMATS if form.matches(seen)), None)
