"""The bytes of a GitHub Actions job log go in, a Report comes out: how the job ended, why, and how long it took."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import accumulate

from bot.model import Outcome, Pin, Report, Signal, Source, replace
from bot.signals import attribution
from bot.signals.reports import evidence, excerpt, lines, signatures, steps
from bot.signals.reports.excerpt import Excerpt
from bot.signals.reports.steps import Failure
from bot.signals.transcripts.outline import Head

NAME = "github-job-log"

PERMISSIONS = ("config/permission", "config/secret-missing")
"""Signatures that say what the workflow was refused."""

_DETAIL_CAP = 300
_LATE = 400
"""Lines at the end of the failed step that are searched for signatures beside those of the excerpt."""
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
    found = excerpt.of_step(texts, failure) if failure or not steps.ended(texts) else Excerpt("", ())
    marks = [*_troubles(texts, failure, found), *_why(texts, failure, found)]
    signals = [*_duration(raw), *_pinned(marks, raw, texts, source, cut)]
    return Report(
        "github-job-log", source, _outcome(texts, failure), tuple(signals), bool(cut), _lost(path, cut, found)
    )


def _lost(path: str, cut: int, found: Excerpt) -> tuple[str, ...]:
    """What was not looked at."""
    warnings = []
    if cut:
        warnings.append(f"{path}: larger than {lines.SIZE_CAP // 2**20} MiB, only its end was read.")
    if found.unseen:
        seen = f"only the last {excerpt.MOST:,} were searched for its cause"
        warnings.append(f"{path}: the failed step has {found.unseen + excerpt.MOST:,} lines, {seen}.")
    return tuple(warnings)


def _outcome(texts: Sequence[str], failure: Failure | None) -> Outcome:
    if failure is not None:
        return "none" if failure.conclusion == "cancelled" else "fail"
    return "pass" if steps.ended(texts) and not steps.errors(texts) else "none"


def _troubles(texts: Sequence[str], failure: Failure | None, found: Excerpt) -> Iterator[tuple[Signal, int]]:
    """What the failed step, or the end of a log that was cut off, says by its signatures, each with its line."""
    if failure is None and steps.ended(texts):
        return
    first, last = (failure.first, failure.last) if failure else (0, len(texts) - 1)
    kept = {index - 1 for start, end in found.intervals for index in range(start, end + 1)}
    kept.update(range(max(first, last - _LATE + 1), last + 1))
    hits = signatures.find(texts, kept - steps.echoes(texts, first, last), last, found.evidence - 1)
    own = signatures.is_own_doing(hits)
    if found.key:
        own = own or evidence.is_own_doing(found.kind, found.sign, texts[found.evidence - 1])
    for hit in hits:
        name = hit.signature.name
        match attribution.of_log(name, own):
            case "infrastructure":
                yield Signal("infrastructure", detail=hit.signature.id), hit.index
            case "derivative" if not own:
                yield Signal("derivative", detail=hit.signature.id), hit.index
            case _ if name in PERMISSIONS and not own:
                yield Signal("permission", detail=hit.signature.id), hit.index
    picked = signatures.pick(hits, found.evidence - 1)
    if failure is not None and picked is not None:
        yield Signal("log-signature", detail=picked.signature.name), picked.index


def _why(texts: Sequence[str], failure: Failure | None, found: Excerpt) -> Iterator[tuple[Signal, int]]:
    """How the step failed, the telling line and its key, each with its line."""
    if failure is None:
        return
    if failure.conclusion != "failure":
        yield Signal("run-conclusion", detail=failure.conclusion), failure.last
    if found.key:
        code = None if failure.exit_code is None else float(failure.exit_code)
        yield Signal("job-failed", detail=found.text[:_DETAIL_CAP], value=code), found.evidence - 1
        yield Signal("log-key", detail=found.key), found.evidence - 1


def _pinned(
    marks: Sequence[tuple[Signal, int]], raw: Sequence[bytes], texts: Sequence[str], source: Source, cut: int
) -> Iterator[Signal]:
    """Each signal with a citation of its line: the line's bytes, and its longest piece without an escape sequence."""
    starts = [*accumulate((len(line) for line in raw), initial=cut)] if marks else []
    for signal, index in marks:
        quote = max(lines.pieces(raw[index], texts[index]), key=len, default="").strip()[:_DETAIL_CAP]
        pin = Pin(source.path, source.sha256, starts[index], starts[index + 1], quote, line=index + 1)
        yield replace(signal, pin=pin if quote else None)


def _duration(raw: Sequence[bytes]) -> list[Signal]:
    """From the first timestamp to the last, in milliseconds."""
    first = next((time for line in raw if (time := lines.time(line))), None)
    last = next((time for line in reversed(raw) if (time := lines.time(line))), None)
    if first is None or last is None:
        return []
    took = round((last - first).total_seconds() * 1000)
    return [Signal("job-duration", value=float(took))] if took >= 0 else []
