"""Takes what a command printed; gives the exit code that agents write into such text, and whether it timed out."""

from __future__ import annotations

import re

ENDS = 600
"""Characters at either end of an output in which agents put their remarks."""

_CODE = re.compile(
    r"<returncode>\s{0,3}(-?\d{1,10})\s{0,3}</returncode>"  # mini-swe-agent
    r"|\[The command completed with exit code (-?\d{1,10})\.\]"  # OpenHands
    r"|\bexited with code (-?\d{1,10})\b"  # Codex
    r"|^\[?[Ee]xit[_ ][Cc]ode\]?:? (-?\d{1,10})\b",  # Claude, Gemini, Harbor's converters
    re.M,
)
_TIMED_OUT = re.compile(
    r"timed out after|\btimed out and has been killed|was cancelled because it took more than|"
    r"EXECUTION TIMED OUT|COMMAND TIMED OUT|Command timed out|\[The command timed out\b|has no new output after"
)


_LATE = ("imed out", "IMED OUT", "took more than", "no new output")
"""Each remark on a time limit holds one of these, which are quicker to look for."""


def exit_code(output: str) -> int | None:
    """The exit code that the beginning or the end of the output tells; None when neither does."""
    for part in (output[:ENDS], output[-ENDS:]):
        found = list(_CODE.finditer(part)) if "ode" in part else []
        if found:
            return next(int(group) for group in found[-1].groups() if group)
    return None


def timed_out(output: str) -> bool:
    """Whether the beginning or the end of the output tells of a time limit."""
    parts = (output[:ENDS], output[-ENDS:])
    return any(_TIMED_OUT.search(part) for part in parts if any(hint in part for hint in _LATE))
