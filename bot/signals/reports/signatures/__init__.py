r"""Lines of a failed step go in, the signatures that stand there and the one that tells most about the cause come out.

A signature is a known way of failing (research/ci.md §5.3): `class/id`, the same in every repository. Its pattern sees
one line at a time, without the runner's or the tool's mark in front, and only if a needle of it stands in that line:
over a hundred patterns cost less than one that starts at every letter. Patterns ask for more than nothing (`[1-9]\d*
failed`), and what a test's own output could say as well counts at the end of the step only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import islice

import msgspec

from bot.signals.reports import evidence
from bot.signals.reports.signatures import code, outside, tests
from bot.signals.reports.signatures.table import Signature, Strength

TABLE: tuple[Signature, ...] = (*outside.SIGNATURES, *code.SIGNATURES, *tests.SIGNATURES)
"""In the order in which they win among equals of strength."""

TAIL = 80
"""Lines at the end of the failed step that are looked at for what may also be a passing remark."""

_REMARKS = ("[WARNING]", "[INFO]", "##[warning]", "##[command]", "##[debug]", "##[notice]", "[command]")
_OWN = ("rule", "test", "error")
_ORDER: tuple[Strength, ...] = ("stop", "rule", "test", "error", "cause", "summary")


class Hit(msgspec.Struct, frozen=True):
    """A signature and the index of the line that bears it."""

    signature: Signature
    index: int


def find(texts: Sequence[str], indexes: Collection[int], last: int, telling: int = -1) -> tuple[Hit, ...]:
    """Every signature on the lines `indexes` of a step that ends at `last`, once: at the `telling` line if it stands
    there, else at its first line, or at its last when it counts in the step's tail only. Warnings say nothing.
    """
    shown = [index for index in sorted(indexes) if not texts[index].startswith(_REMARKS)]
    late = [index for index in reversed(shown) if index > last - TAIL]
    whole = "\n".join([texts[index] for index in shown])
    tail = "\n".join([texts[index] for index in late])
    hits: list[Hit] = []
    for signature in TABLE:
        lines, text = (late, tail) if signature.tail else (shown, whole)
        if near := [needle for needle in signature.needles if needle in text]:
            order = [telling, *lines] if telling in lines else lines
            bearing = (index for index in order if any(needle in texts[index] for needle in near))
            hits += islice((Hit(signature, index) for index in bearing if _holds(signature, texts, index)), 1)
    return tuple(hits)


def pick(hits: Iterable[Hit], telling: int = -1) -> Hit | None:
    """The strongest: a stop, then a rule, a test, an error, a cause, a summary; of equals the table's first.

    A rule, a test or an error on the `telling` line comes before those elsewhere: signature and key then speak of one.
    """

    def rank(hit: Hit) -> tuple[bool, bool, int]:
        own = hit.index == telling and hit.signature.strength in _OWN
        return hit.signature.strength != "stop", not own, _ORDER.index(hit.signature.strength)

    return min(hits, key=rank, default=None)


def is_own_doing(hits: Iterable[Hit]) -> bool:
    """Whether a rule, a test or a line of source failed: an error of the network beside it is somebody's output."""
    return any(hit.signature.strength in _OWN for hit in hits)


def _holds(signature: Signature, texts: Sequence[str], index: int) -> bool:
    text = texts[index]
    if signature.marked and not text.startswith("##[error]"):
        return False
    if _pattern(signature.pattern).search(evidence.bare(text)) is None:
        return False
    return not signature.above or any(signature.above in line for line in texts[max(0, index - 2) : index])


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
