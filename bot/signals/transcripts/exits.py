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


def exit_code(output: str) -> int | None:
    """The exit code that the beginning or the end of the output tells; None when neither does."""
    found = list(_CODE.finditer(output[:ENDS])) or list(_CODE.finditer(output[-ENDS:]))
    code = next((group for group in found[-1].groups() if group), None) if found else None
    return int(code) if code else None


def timed_out(output: str) -> bool:
    """Whether the beginning or the end of the output tells of a time limit."""
    return _TIMED_OUT.search(output[:ENDS]) is not None or _TIMED_OUT.search(output[-ENDS:]) is not None
