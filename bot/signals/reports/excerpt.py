"""A failed job log, and a passing one of the same job if any, go in; the lines that matter and a key come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from bot.signals import mask
from bot.signals.reports import evidence, lines, steps
from bot.signals.reports.evidence import Kind
from bot.signals.reports.steps import Failure

GAP = 1
"""Lines in both logs that may stand between two new ones of the same block. Measured: see bench/logs.py."""

BEFORE, AFTER, TAIL = 4, 6, 30
"""Without a passing log: lines kept around a keyword, and at the end of the failed step (research/ci.md §2.2)."""

LATEST = 200
"""Without a passing log: lines before the failed step's end that are searched first for the telling one."""

MOST = 20_000
"""Lines at the end of a failed step, or new ones at the end of a log, that are looked at: more than 99 of 100 failed
logs have in all (research/ci.md §1.1). What comes before is counted as unseen.
"""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What matters in a failed log. `intervals` and `evidence` count lines from 1, both ends included; `evidence` is 0
    and `key` empty when the log says nothing. `text` is the masked evidence line, `kind` what it bears. `unseen` lines
    of the failed step (or new lines) were too many to be looked at.
    """

    key: str
    intervals: tuple[tuple[int, int], ...]
    evidence: int = 0
    text: str = ""
    kind: Kind = "summary"
    sign: str = ""
    unseen: int = 0


def excerpt(fail: bytes, against: bytes | None) -> Excerpt:
    """The difference to the passing log where there is one, else the failed step's keyword lines and its end.

    Equal failures have equal keys, whatever their times, paths and numbers; the key starts with its version.
    """
    cut = max(0, len(fail) - lines.SIZE_CAP)
    before = len(fail[:cut].splitlines())
    texts = lines.texts(fail[cut:])
    if against is None:
        return of_step(texts, steps.failure(texts), before)
    blocks, unseen = _difference(texts, lines.texts(against[-lines.SIZE_CAP :]))
    return _picked(texts, blocks, unseen, before, len(texts))


def of_step(texts: Sequence[str], failure: Failure | None, before: int = 0) -> Excerpt:
    """`excerpt` for a log whose lines and failed step were read already; `before` lines were left out in front."""
    blocks, unseen = _alone(texts, failure)
    return _picked(texts, blocks, unseen, before, LATEST)


def _picked(texts: Sequence[str], blocks: Sequence[tuple[int, int]], unseen: int, before: int, latest: int) -> Excerpt:
    """What is kept, with the telling line: of the last `latest` lines at best, else of all that is kept."""
    indexes = [index for first, last in blocks for index in range(first, last + 1)]
    recent = [index for index in indexes if index > indexes[-1] - latest]
    found = evidence.pick(texts, recent)
    if len(recent) < len(indexes) and (found is None or found.kind == "summary"):
        found = evidence.pick(texts, indexes)
    if found is None:
        return Excerpt("", (), unseen=unseen)
    masked = mask.mask(texts[found.index]).strip()
    return Excerpt(
        key=_key(found, masked),
        intervals=tuple((before + first + 1, before + last + 1) for first, last in blocks),
        evidence=before + found.index + 1,
        text=masked,
        kind=found.kind,
        sign=found.sign,
        unseen=unseen,
    )


def _key(found: evidence.Evidence, masked: str) -> str:
    named = "\n".join((found.kind, mask.mask(found.sign), masked))
    return f"v{mask.VERSION}-{sha256(named.encode()).hexdigest()[:16]}"


def _difference(texts: Sequence[str], passing: Sequence[str]) -> tuple[list[tuple[int, int]], int]:
    """Blocks of lines that the passing log does not have; those that name a failure, or all when none does.

    The number of new lines that were too many to look at comes with them.
    """
    known = {*mask.mask_lines(list({*passing}))}
    masked = mask.mask_lines(texts)
    fresh = [index for index, line in enumerate(masked) if line not in known and line.strip()]
    unseen = max(0, len(fresh) - MOST)
    fresh = fresh[unseen:]
    idle = {text for text in {texts[index] for index in fresh} if evidence.says_nothing(text)}
    telling: list[tuple[int, int]] = []
    for new in ([index for index in fresh if texts[index] not in idle], fresh):
        blocks = _joined(_carried_on(new, texts), GAP)
        telling = [
            (first, last)
            for first, last in blocks
            if any(evidence.alarms(texts[index], masked[index]) for index in range(first, last + 1))
        ]
        if telling:
            return telling, unseen
    return (_joined(fresh, GAP), unseen) if fresh else _alone(texts, steps.failure(texts))


def _carried_on(new: Sequence[int], texts: Sequence[str]) -> list[int]:
    """New lines with what continues their message (stack frames, further lines marked as errors), though a passing log
    may well hold the same frames.
    """
    found = dict.fromkeys(new)
    for index in new:
        after = index + 1
        while after < len(texts) and after not in found and evidence.continues(texts[after]):
            found[after] = None
            after += 1
    return sorted(found)


def _alone(texts: Sequence[str], failure: Failure | None) -> tuple[list[tuple[int, int]], int]:
    """Without a passing log: in the failed step, what stands around lines that name a failure, and the step's end.

    The number of the step's lines that were too many to look at comes with it.
    """
    first, last = (failure.first, failure.last) if failure else (0, len(texts) - 1)
    unseen = max(0, last + 1 - MOST - first)
    first += unseen
    echoed = steps.echoes(texts, first, last)
    wanted = set(range(max(first, last - TAIL + 1), last + 1))
    step = [first + index for index in evidence.naming(texts[first : last + 1]) if first + index not in echoed]
    said = [texts[index] for index in step]
    loud = {text for text, masked in {*zip(said, mask.mask_lines(said), strict=True)} if evidence.alarms(text, masked)}
    loud = {text for text in loud if not evidence.says_nothing(text)}
    for index in step:
        if texts[index] in loud:
            wanted.update(range(max(first, index - BEFORE), min(last, index + AFTER) + 1))
    return _joined(_carried_on(sorted(wanted - echoed), texts), 0), unseen


def _joined(indexes: Sequence[int], gap: int) -> list[tuple[int, int]]:
    blocks: list[tuple[int, int]] = []
    for index in indexes:
        if blocks and index - blocks[-1][1] <= gap + 1:
            blocks[-1] = (blocks[-1][0], index)
        else:
            blocks.append((index, index))
    return blocks
