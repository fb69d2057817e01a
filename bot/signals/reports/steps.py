"""The lines of a job log go in; which step failed first and whether the job came to its end come out.

Only markers are believed (research/ci.md §1.1). Steps that run `if: always()` after a failure add further errors, so
the first failed step counts, not the last error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Conclusion = Literal["failure", "cancelled", "timed_out"]

_RUN = "##[group]Run "
_ERROR = "##[error]"
_EXIT = re.compile(
    r"##\[error\]Process completed with exit code (-?\d{1,10})"
    r"|##\[error\]The process '.{1,500}' failed with exit code (-?\d{1,10})"
    r"|(?:The command .{1,500} (?:failed and )?exited with ([1-9]\d{0,9}))|Build step .{1,200} marked build as failure"
)
_TIMED_OUT = re.compile(r"##\[error\].{0,300}(?:has timed out after|has exceeded the maximum execution time)")
_CANCELLED = re.compile(r"##\[error\]The operation was cancell?ed\.")
_BOUNDARY = re.compile(r"##\[group\]Run |Post job cleanup\.|Cleaning up orphan processes|##\[section\]Finishing")
_ENDED = re.compile(r"Post job cleanup\.|Cleaning up orphan processes|Evaluate and set job outputs")
ENDING = 400
"""Lines at a log's end in which the runner's closing words are looked for: post steps can be long."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The first step that failed: indexes of its first and its last line, and the exit code if it was told."""

    first: int
    last: int
    conclusion: Conclusion
    exit_code: int | None = None


def failure(texts: Sequence[str]) -> Failure | None:
    """The first failed step, None when no marker tells of one."""
    for index, text in enumerate(texts):
        if not text.startswith((_ERROR, "The command ", "Build step ")):
            continue
        if match := _EXIT.match(text):
            code = next((group for group in match.groups() if group), None)
            return Failure(_start(texts, index), index, "failure", int(code) if code else None)
        if _TIMED_OUT.match(text):
            return Failure(_start(texts, index), index, "timed_out")
        if _CANCELLED.match(text):
            return Failure(_start(texts, index), index, "cancelled")
        if text.startswith(_ERROR) and _closes_step(texts, index):
            return Failure(_start(texts, index), index, "failure")
    return None


def ended(texts: Sequence[str]) -> bool:
    """Whether the runner said its closing words."""
    return any(_ENDED.match(text) for text in texts[-ENDING:])


def errors(texts: Sequence[str]) -> bool:
    """Whether any line is marked as an error, one that failed no step included."""
    return any(text.startswith(_ERROR) for text in texts)


def echoes(texts: Sequence[str], first: int, last: int) -> set[int]:
    """Lines of `##[group]Run …` up to its end: there the runner shows the script, which says `exit 1` and does not."""
    found: set[int] = set()
    group: list[int] | None = None
    for index in range(first, last + 1):
        if texts[index].startswith(_RUN):
            group = []
        if group is not None:
            group.append(index)
            if texts[index].startswith("##[endgroup]"):
                found.update(group)
                group = None
    return found


def _start(texts: Sequence[str], last: int) -> int:
    return next((index for index in range(last, -1, -1) if texts[index].startswith(_RUN)), 0)


def _closes_step(texts: Sequence[str], index: int) -> bool:
    """An error that nothing of its step follows is what failed it; one amid output is an annotation."""
    for following in range(index + 1, min(index + 200, len(texts))):
        if texts[following].strip():
            return _BOUNDARY.match(texts[following]) is not None
    return True
