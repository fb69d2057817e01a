"""Takes what a check printed; gives the ids of what failed, and whether it speaks of failure, success or neither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

LINE_CAP = 2_000
HEAD = 24_000
TAIL = 48_000
"""Characters of an output that are looked at, from its beginning and from its end."""
MOST_FAILING = 50

_ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_TASK = re.compile(r"\[[\w:./-]{1,60}\] ")
_NUMBERED = re.compile(r"\s{1,8}\d{1,4}\) (.{1,200}?)\s*$")
_NEVER_RAN = re.compile(
    r"command not found|No module named '?(?:pytest|mypy|ruff|tox|nox)\b|no tests ran|collected 0 items|No tests found|"
    r"running in (?:the )?background|Missing script|Process running with session ID"
)
_DURATION = re.compile(r"\s*\(?\b\d{1,8}(?:\.\d{1,6})?\s?m?s\)?\s*$")

Kind = tuple[str, re.Pattern[str], str]
_FAILING: tuple[Kind, ...] = (
    # a word that must stand in the line, the line, how the id is written
    ("FAILED", re.compile(r"^(?:FAILED|ERROR) (\S{1,400})(?: - .*)?$"), r"\1"),
    ("ERROR", re.compile(r"^ERROR (?:collecting )?(\S{1,300}\.py\S{0,200})(?: - .*)?$"), r"\1"),
    ("--- FAIL", re.compile(r"^\s{0,40}--- FAIL: (\S{1,300})"), r"\1"),
    ("FAIL\t", re.compile(r"^FAIL\t(\S{1,300})"), r"\1"),
    ("FAIL", re.compile(r"^\s{0,4}FAIL {1,3}(?:\S{1,60} )?(\S{1,300}\.[cm]?[jt]sx?\b)"), r"\1"),
    ("FAIL", re.compile(r"^(?:FAIL|ERROR): (test\w{0,200}) \(([\w.]{1,300})\)"), r"\2.\1"),
    ("FAILED", re.compile(r"^test (\S{1,300}) \.\.\. FAILED"), r"\1"),
    ("FAILED", re.compile(r"^(\S{1,200} > .{1,300}) FAILED$"), r"\1"),
    ("✕", re.compile(r"^\s{0,40}✕ (.{1,300})$"), r"\1"),
    ("✗", re.compile(r"^\s{0,40}✗ (.{1,300})$"), r"\1"),
    ("✖", re.compile(r"^\s{0,40}✖ (?!\d{1,6} problems?)(.{1,300})$"), r"\1"),
    ("×", re.compile(r"^\s{0,40}× (.{1,300})$"), r"\1"),
    ("●", re.compile(r"^\s{0,8}● (.{1,300} › .{1,300})$"), r"\1"),
    ("(fail)", re.compile(r"^\(fail\) (.{1,300})$"), r"\1"),
    ("not ok", re.compile(r"^\s{0,12}not ok \d{1,6}(?: -)? (.{1,300})$"), r"\1"),
    ("error TS", re.compile(r"^(\S{1,300}?)(?:\(\d{1,7},\d{1,7}\):|:\d{1,7}:\d{1,7} -) error (TS\d{1,6})"), r"\1 \2"),
    ("error:", re.compile(r"^(\S{1,300}?):\d{1,7}(?::\d{1,7})?: error: .{0,1000}\[([\w-]{1,60})\]$"), r"\1 \2"),
    (": ", re.compile(r"^(\S{1,300}\.pyi?):\d{1,7}:\d{1,7}: ([A-Z]{1,5}\d{1,5})\b"), r"\1 \2"),
    ("error[E", re.compile(r"^error\[(E\d{1,6})\]"), r"\1"),
    ("error  ", re.compile(r"^\s{1,8}\d{1,7}:\d{1,7}\s{1,8}error\s{1,8}.{1,1000}?\s{2}([\w@/-]{1,100})$"), r"\1"),
    (".go:", re.compile(r"^(\S{1,300}\.go):\d{1,7}(?:[:-]\d{1,7})?: .{1,800} \((\w{1,40})\)$"), r"\1 \2"),
    (".go:", re.compile(r"^(\S{1,300}\.go):\d{1,7}:\d{1,7}: (\S.{1,200})$"), r"\1 \2"),
    ("rspec ", re.compile(r"^rspec (\S{1,300})"), r"\1"),
    ("Failed ", re.compile(r"^\s{0,8}Failed ([\w.]{1,300}) \["), r"\1"),
    ("ERROR]", re.compile(r"^\[ERROR\]\s{1,8}([\w.$]{1,200}[.:]\w{1,200})"), r"\1"),
)

_RED_HINTS = ("ail", "issue", "FAIL", "rror", "ERR", "anic", "roblem", "***")
_RED = re.compile(
    r"\b[1-9]\d{0,6} (?:tests? )?(?:failed|failures?|failing|errors?|errored)\b|\bFAILED\b|\berror TS\d|"
    r"^FAIL\b|[Ff]ailures?: ?[1-9]|[Ee]rrors?: ?[1-9]|could not compile|BUILD FAIL|npm ERR!|npm error|\*\*\* \[|"
    r"Found [1-9]\d{0,6} errors?|^panic: |"
    r"ERROR task failed|^[1-9]\d{0,6} issues?:|^# \S+ \[build failed\]|\[build failed\]|^fail [1-9]|"
    r"[1-9]\d{0,6} problems? \(|^SyntaxError|^Traceback \(most|^error: |^ELIFECYCLE|^# fail [1-9]|"
    r"^ERROR:? |^would reformat |ℹ fail [1-9]",
    re.M,
)  # fmt: skip
_GREEN_HINTS = (
    "pass",
    "ok",
    "OK",
    "PASS",
    "o issues",
    "uccess",
    "UCCESS",
    "0 errors",
    "built in",
    "Finished",
    "0 issues",
)
_GREEN = re.compile(
    r"\b[1-9]\d{0,6} (?:tests? )?(?:passed|passing)\b|^ok\s{1,4}\S|^PASS\b|test result: ok|All checks passed|"
    r"no issues found|BUILD SUCCESS|^OK\b|[Bb]uild succe|\b0 errors\b|\bTests:.{1,60} passed|\bbuilt in\b|"
    r"Finished `?(?:dev|test|release)|^0 issues|Compiled successfully|^# pass [1-9]|ℹ pass [1-9]|"
    r"^ [1-9]\d{0,5} pass$|Tests\s{1,4}\d{1,6} passed",
    re.M,
)


def within(output: str) -> str:
    """As much of an output as is looked at: its beginning and its end."""
    return output if len(output) <= HEAD + TAIL else f"{output[:HEAD]}\n{output[-TAIL:]}"


def lines_of(text: str) -> list[str]:
    """Lines cut at the cap, without colours and without the `[task] ` that a task runner puts before each."""
    lines = (_ANSI.sub("", text) if "\x1b" in text else text).split("\n")
    return [_TASK.sub("", line[:LINE_CAP], count=1) if line[:1] == "[" else line[:LINE_CAP] for line in lines]


def never_ran(text: str) -> bool:
    """Whether the check could not begin, found nothing to do, or is still at work."""
    return _NEVER_RAN.search(text[:2_000]) is not None


def is_red(lines: Sequence[str]) -> bool:
    """Whether a line speaks of failure."""
    return any(_RED.search(line) for line in lines if any(hint in line for hint in _RED_HINTS))


def is_green(lines: Sequence[str]) -> bool:
    """Whether a line speaks of success."""
    return any(_GREEN.search(line) for line in lines if any(hint in line for hint in _GREEN_HINTS))


def failing_ids(text: str, lines: Sequence[str]) -> tuple[str, ...]:
    """The sorted ids of what failed in a text of these lines; tests and files, never line numbers or durations."""
    found: set[str] = set()
    if kinds := [kind for kind in _FAILING if kind[0] in text]:
        for line in lines:
            if one := _failing_id(line, kinds):
                found.add(one)
            if len(found) >= 4 * MOST_FAILING:
                break
    if "failing" in text or "failed" in text:
        found |= _failing_in_mocha(lines)
    return tuple(sorted(found)[:MOST_FAILING])


def _failing_id(line: str, kinds: Sequence[Kind]) -> str:
    line = line.rstrip()
    for mark, pattern, written in kinds:
        if mark in line and (match := pattern.match(line)):
            return _DURATION.sub("", match.expand(written)).strip()[:300]
    return ""


def _failing_in_mocha(lines: Sequence[str]) -> set[str]:
    """Mocha numbers its failures: `1) suite`, and on the next line `title:`."""
    return {
        f"{match[1]} › {title.strip()[:-1]}"[:300]
        for line, title in pairwise(lines)
        if title.endswith(":") and title.startswith("    ") and (match := _NUMBERED.match(line))
    }
