"""The bytes of a GitHub Actions job log go in, a Report comes out: how the job ended, why, and how long it took."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate

from bot.model import Outcome, Pin, Report, Signal, Source
from bot.signals.reports import evidence, excerpt, lines, steps, trouble
from bot.signals.reports.excerpt import Excerpt
from bot.signals.reports.steps import Failure
from bot.signals.transcripts.outline import Head

NAME = "github-job-log"

_DETAIL_CAP = 300
_LINE = re.compile(r"(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t)?\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z(?: |$)")
_MARK = re.compile(r"(?m)^##\[(?:group|section|error|command)\]")


def matches(head: Head) -> bool:
    """Whether half of the first lines bear the runner's time, or one of its markers stands there."""
    first = [line for line in head.text.split("\n", 41)[:40] if line.strip()]
    stamped = sum(_LINE.match(line) is not None for line in first)
    return bool(first) and (stamped * 2 >= len(first) or _MARK.search(head.text) is not None)


def read(data: bytes, path: str) -> Report:
    """Read a whole log; of one over `lines.SIZE_CAP` only the end.

    It passes only when it clearly ended without any error; one that was cut off before a failure, or was cancelled,
    says nothing. Raises nothing.
    """
    source = Source(path, sha256(data).hexdigest(), len(data))
    cut = max(0, len(data) - lines.SIZE_CAP)
    raw = lines.raw(data[cut:])
    texts = lines.texts(data[cut:])
    failure = steps.failure(texts)
    signals = [*_duration(raw), *_failed(raw, texts, failure, source, cut)]
    warnings = (f"{path}: larger than {lines.SIZE_CAP // 2**20} MiB, only its end was read.",) if cut else ()
    return Report(NAME, source, _outcome(texts, failure), tuple(signals), bool(cut), warnings)


def _outcome(texts: Sequence[str], failure: Failure | None) -> Outcome:
    if failure is not None:
        return "none" if failure.conclusion == "cancelled" else "fail"
    return "pass" if steps.ended(texts) and not steps.errors(texts) else "none"


def _failed(
    raw: Sequence[bytes], texts: Sequence[str], failure: Failure | None, source: Source, cut: int
) -> list[Signal]:
    """What a log tells that did not end well: why, its key, and the troubles that are nobody's fault here."""
    if failure is None and steps.ended(texts):
        return []
    found = excerpt.of_lines(texts)
    first, last = (failure.first, failure.last) if failure else (0, len(texts) - 1)
    troubles = trouble.find(texts, first, last)
    if found.key and evidence.is_own_doing(found.kind, found.sign, texts[found.evidence - 1]):
        troubles = tuple(item for item in troubles if item.detail == "runner-lost")
    starts = [cut, *accumulate((len(line) for line in raw), initial=cut)][1:]
    signals = [
        Signal(item.name, detail=item.detail, pin=_pin(raw, starts, texts, item.index, source)) for item in troubles
    ]
    if failure is None:
        return signals
    if failure.conclusion != "failure":
        pin = _pin(raw, starts, texts, failure.last, source)
        signals.append(Signal("run-conclusion", detail=failure.conclusion, pin=pin))
    return [*signals, *_why(found, failure, _pin(raw, starts, texts, found.evidence - 1, source))]


def _why(found: Excerpt, failure: Failure, pin: Pin | None) -> list[Signal]:
    if not found.key:
        return []
    code = None if failure.exit_code is None else float(failure.exit_code)
    return [
        Signal("job-failed", detail=found.text[:_DETAIL_CAP], value=code, pin=pin),
        Signal("log-key", detail=found.key, pin=pin),
    ]


def _pin(raw: Sequence[bytes], starts: Sequence[int], texts: Sequence[str], index: int, source: Source) -> Pin | None:
    """A citation of a line: its bytes, and the longest piece of it that no escape sequence interrupts."""
    if index < 0:
        return None
    quote = max(lines.pieces(raw[index], texts[index]), key=len, default="").strip()[:_DETAIL_CAP]
    end = starts[index] + len(raw[index])
    return Pin(source.path, source.sha256, starts[index], end, quote, line=index + 1) if quote else None


def _duration(raw: Sequence[bytes]) -> list[Signal]:
    """From the first timestamp to the last, in milliseconds."""
    first = next((time for line in raw if (time := lines.time(line))), None)
    last = next((time for line in reversed(raw) if (time := lines.time(line))), None)
    if first is None or last is None:
        return []
    took = round((last - first).total_seconds() * 1000)
    return [Signal("job-duration", value=float(took))] if took >= 0 else []
