"""The bytes of a file that CI wrote go in, a Report comes out: the format is told by the content, never by the name."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256

from bot.model import Report, Signal, Source
from bot.signals.reports import job_log, junit, patch

FORMATS: tuple[tuple[str, Callable[[bytes, str], Report]], ...] = (
    ("junit", junit.read),
    ("patch", patch.read),
    ("github-job-log", job_log.read),
)
"""Format names with what reads them, in the order in which they are tried."""

HEAD = 65_536
"""Bytes of a file's start that `sniff` looks at."""

_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?([A-Za-z_][\w.-]{0,80})[\s/>]")
_PROLOGUE = re.compile(
    r"\s+|<\?[^>]{0,2000}\?>|<!--(?:[^-]|-(?!->)){0,60000}-->|<!DOCTYPE[^>\[]{0,2000}(?:\[[^\]]{0,20000}\]\s*)?>"
)
_PATCH = re.compile(r"(?m)^(?:diff --git \S|--- \S.{0,1000}\r?\n\+\+\+ \S.{0,1000}\r?\n@@ -\d)")
_MAIL = re.compile(r"^From [0-9a-f]{40} |^Index: |^diff |^--- ")
_LOG_LINE = re.compile(r"(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t)?\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z(?: |$)")
_LOG_MARK = re.compile(r"(?m)^##\[(?:group|section|error|command)\]")


def sniff(head: bytes, name: str = "") -> str:
    """The format's name, or `unknown`. `name` is accepted so that all sniffers look alike; it is never believed."""
    text = _decoded(head[:HEAD])
    if text.lstrip()[:1] == "<":
        return "junit" if _root(text) in ("testsuites", "testsuite") else "unknown"
    if _MAIL.match(text.lstrip()) and _PATCH.search(text):
        return "patch"
    lines = [line for line in text.split("\n", 41)[:40] if line.strip()]
    stamped = sum(_LOG_LINE.match(line) is not None for line in lines)
    if lines and (stamped * 2 >= len(lines) or _LOG_MARK.search(text)):
        return "github-job-log"
    return "unknown"


def read(data: bytes, path: str) -> Report:
    """A file as a Report; what nothing here reads has the format `unknown`, no outcome and an `unreadable` signal."""
    found = sniff(data[:HEAD], path)
    for name, reader in FORMATS:
        if name == found:
            return reader(data, path)
    why = "empty" if not data.strip() else "no report format that is known here"
    source = Source(path, sha256(data).hexdigest(), len(data))
    return Report(
        format="unknown",
        source=source,
        outcome="none",
        signals=(Signal("unreadable", detail=why),),
        warnings=(f"{path}: {why}. Known are {', '.join(name for name, _ in FORMATS)}.",),
    )


def _decoded(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8-sig", "replace")


def _root(text: str) -> str:
    """The name of an XML document's first element, its namespace aside."""
    at = 0
    while match := _PROLOGUE.match(text, at):
        at = match.end()
    found = _ROOT.match(text, at)
    return found[1] if found else ""
