"""A failed job log, and a passing one of the same job if there is one, go in; the lines that matter and a key come out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from bot.signals import mask
from bot.signals.reports import evidence, lines

GAP = 1
"""Lines in both logs that may stand between two new ones of the same block. Measured: see bench/logs.py."""

BEFORE, AFTER, TAIL = 4, 6, 30
"""Without a passing log: lines kept around a keyword, and at the end of the failed step (research/ci.md §2.2)."""

_RUN = re.compile(r"^##\[group\]Run ")
_STEP_END = re.compile(
    r"^##\[error\](?:Process completed with exit code -?[1-9]|The process '.{1,500}' failed with exit code|.{0,300}timed out)"
    r"|^The command .{1,500} (?:failed and )?exited with [1-9]|^Build step .{1,200} marked build as failure"
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What matters in a failed log. `intervals` and `evidence` count lines from 1, both ends included; `evidence` is 0
    and `key` empty when the log says nothing. `text` is the masked evidence line, `kind` what it bears.
    """

    key: str
    intervals: tuple[tuple[int, int], ...]
    evidence: int = 0
    text: str = ""
    kind: evidence.Kind = "none"
    sign: str = ""


def excerpt(fail: bytes, against: bytes | None) -> Excerpt:
    """The difference to the passing log where there is one, else the failed step's keyword lines and its end.

    Equal failures have equal keys, whatever their times, paths and numbers; the key starts with its version.
    """
    cut = max(0, len(fail) - lines.SIZE_CAP)
    before = len(fail[:cut].splitlines())
    texts = lines.texts(fail[cut:])
    blocks = _alone(texts) if against is None else _difference(texts, lines.texts(against[-lines.SIZE_CAP :]))
    found = evidence.pick(texts, [index for first, last in blocks for index in range(first, last + 1)])
    if found is None:
        return Excerpt("", ())
    masked = mask.mask(texts[found.index]).strip()
    return Excerpt(
        key=_key(found, masked),
        intervals=tuple((before + first + 1, before + last + 1) for first, last in blocks),
        evidence=before + found.index + 1,
        text=masked,
        kind=found.kind,
        sign=found.sign,
    )


def _key(found: evidence.Evidence, masked: str) -> str:
    named = "\n".join((found.kind, mask.mask(found.sign), masked))
    return f"v{mask.VERSION}-{sha256(named.encode()).hexdigest()[:16]}"


def _difference(texts: Sequence[str], passing: Sequence[str]) -> list[tuple[int, int]]:
    """Blocks of lines that the passing log does not have; those that name a failure, or all when none does."""
    known = {*mask.mask_lines(list({*passing}))}
    masked = mask.mask_lines(texts)
    new = [
        index
        for index, line in enumerate(masked)
        if line not in known and line.strip() and not evidence.says_nothing(texts[index])
    ]
    blocks = _joined(new, GAP)
    telling = [
        (first, last)
        for first, last in blocks
        if any(evidence.alarms(texts[index], masked[index]) for index in range(first, last + 1))
    ]
    return telling or blocks or _alone(texts)


def _alone(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Without a passing log: in the failed step, what stands around lines that name a failure, and the step's end."""
    first, last = failed_step(texts)
    echoed = _echoes(texts, first, last)
    wanted = {index for index in range(max(first, last - TAIL + 1), last + 1)}
    step = [index for index in range(first, last + 1) if index not in echoed]
    for index, masked in zip(step, mask.mask_lines([texts[index] for index in step]), strict=True):
        if evidence.alarms(texts[index], masked) and not evidence.says_nothing(texts[index]):
            wanted.update(range(max(first, index - BEFORE), min(last, index + AFTER) + 1))
    return _joined(sorted(wanted - echoed), 0)


def failed_step(texts: Sequence[str]) -> tuple[int, int]:
    """Indexes of the first and last line of the first failed step; the whole log when no marker tells."""
    last = next((index for index, text in enumerate(texts) if _STEP_END.match(text)), None)
    if last is None:
        return 0, len(texts) - 1
    first = next((index for index in range(last, -1, -1) if _RUN.match(texts[index])), 0)
    return first, last


def _echoes(texts: Sequence[str], first: int, last: int) -> set[int]:
    """Lines of `##[group]Run …` up to its end: the runner shows the script there, which says `exit 1` without doing so."""
    found: set[int] = set()
    inside = False
    for index in range(first, last + 1):
        inside = inside or _RUN.match(texts[index]) is not None
        if inside:
            found.add(index)
        if texts[index].startswith("##[endgroup]"):
            inside = False
    return found if not inside else set()


def _joined(indexes: Sequence[int], gap: int) -> list[tuple[int, int]]:
    blocks: list[tuple[int, int]] = []
    for index in indexes:
        if blocks and index - blocks[-1][1] <= gap + 1:
            blocks[-1] = (blocks[-1][0], index)
        else:
            blocks.append((index, index))
    return blocks
