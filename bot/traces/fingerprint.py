"""Takes a detector, an episode and the cited steps; returns two fingerprints, each 12 hex digits.

`instance` (level 1) tells findings of one repository apart by the failing test or job and the exception class, or else
by the first error, its digits masked by the reader. `cause` (level 2) is the same in every repository: exception class
or rule id and the fully masked error. Keys and figures: research/mining.md §3.4; the cause names the detector, because
errors that look alike are one cause only when the signals agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

from bot.model import Call, Episode

VERSION = "1"
"""Part of every fingerprint: raise it with any change of what is hashed."""
_MOST = 2000

_CLASS = re.compile(
    r"\b[A-Z]\w{0,60}(?:Error|Exception|Failure|Warning|Exit|Interrupt|Timeout|Expired)\b|\bE[A-Z]{4,12}\b"
)
_RULE = re.compile(r"\b[A-Z]{1,6}[0-9]{3,5}\b")
_MASKS = (
    (re.compile(r"\"[^\"]{0,400}\"|`[^`]{0,400}`|(?<!\w)'[^']{0,400}'"), "<s>"),
    (re.compile(r"[^\s:()<>]{0,400}[/\\][^\s:()<>]{0,400}"), "<p>"),
    (re.compile(r"\b[\w-]{1,80}\.[a-z]{1,4}\b"), "<p>"),
    (re.compile(r"\b(?:0x)?[0-9a-f]{7,64}\b"), "<h>"),
    (re.compile(r"[0-9]{1,40}"), "<n>"),
    (re.compile(r"\s{1,200}"), " "),
)


def fingerprint(detector: str, episode: Episode, steps: Sequence[int]) -> tuple[str, str]:
    """The `instance` and the `cause` of a finding that cites these steps (numbered from 1)."""
    calls = list(_cited(episode, steps))
    error = next((call.error for call in calls if call.error), "") or _first(episode, "job-failed")
    where = next((call.check.failing[0] for call in calls if call.check and call.check.failing), "")
    where = where or _first(episode, "test-failed") or _first(episode, "log-key")
    named = _named(error)
    instance = (detector, episode.repository, where, named if where and named else error[:_MOST])
    return _digest(*instance), _digest(detector, named, mask(error))


def mask(text: str) -> str:
    """The text without strings, paths, file names, hashes and numbers, so that it reads the same in any repository."""
    masked = text[:_MOST].replace("<N>", "0")
    for pattern, stand_in in _MASKS:
        masked = pattern.sub(stand_in, masked)
    return masked.strip()


def _cited(episode: Episode, steps: Sequence[int]) -> Iterable[Call]:
    trace = episode.trace.steps if episode.trace is not None else ()
    return (call for number in steps if 1 <= number <= len(trace) for call in trace[number - 1].calls)


def _first(episode: Episode, name: str) -> str:
    return next((signal.detail for signal in episode.signals if signal.name == name and signal.held), "")


def _named(error: str) -> str:
    found = _CLASS.search(error[:_MOST]) or _RULE.search(error[:_MOST])
    return found.group() if found else ""


def _digest(*parts: str) -> str:
    return sha256("\0".join((VERSION, *parts)).encode("utf-8", "surrogatepass")).hexdigest()[:12]
