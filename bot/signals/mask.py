"""Text of a log goes in, the same text without what changes from run to run comes out: equal causes become equal lines.

Rule ids, test ids, exit codes, HTTP statuses and error codes stay (`TS2322`, `test_x_12`, `exit code 137`): a naive
digit mask merges different failures (research/ci.md §4.3). No pattern crosses a line, and each costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

VERSION = 1
"""Part of every key that is built on masked text; raise it when a mask changes, so that old keys never move."""

LINE_CAP = 2_000
"""Characters of a line that are looked at; the rest is cut off."""

_STATUS = (
    r"[Ee]xit(?:ed|s)?(?: with)?(?: code| status| value)?[:=]?[ ]-?\d+"
    r"|\bexit code[:=]-?\d+|\b(?:[Ee]rror|[Ee]rrno|ERRNO|[Ss]ignal|[Cc]ode)(?: code)?[:=]? \d{1,5}\b"
    r"|\bHTTP(?:/\d(?:\.\d)?)?[ ]{1,2}[1-5]\d\d\b|\b[Ss]tatus(?: code)?[:=]?[ ]?[1-5]\d\d\b"
    r"|\b[45]\d\d (?:[A-Z]\w+)\b"
)
_TEST = r"\b[Tt]est\w*(?:[/\[][\w\-.,/\]]*)?"
_WORD = r"\b[A-Za-z_]+\d\w*"
_DIGITS = re.compile(rf"(?P<keep>{_STATUS}|{_TEST})|(?P<word>{_WORD})|\d+")
_RULE_ID = re.compile(r"[A-Z]{1,5}\d{2,5}")
_NUMBER = re.compile(r"\d+")

_URL = r"\b(?:https?|ftp|git|ssh|file)://[^\s'\"<>)\]]+"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d+)?"
_TIME = (
    rf"\b\d{{4}}[-/]\d\d[-/]\d\d(?:[T ]{_CLOCK})?(?:Z|[ ]?[+-]\d\d:?\d\d\b)?|\b{_CLOCK}"
    rf"|\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{{1,2}}"
    rf"(?:,? \d{{4}})?(?: {_CLOCK})?"
)
_HASH = (
    r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|\b0x[0-9a-fA-F]+\b"
    r"|(?<=@)[0-9a-f]{4,16}\b|\b(?=[a-f]{0,63}\d)(?=\d{0,63}[a-f])[0-9a-f]{7,64}\b"
)
_IP = r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
_STRING = r"(?<![\w'\"`])(?:'[^'\n]{0,300}'|\"[^\"\n]{0,300}\"|`[^`\n]{0,300}`)(?![\w'\"`])"
_PATH = r"(?<![\w.@~+\-/\\])(?:[A-Za-z]:(?=[/\\]))?[A-Za-z_.~@]?[\w.@~+\-]*(?:[/\\]{1,2}[\w.@~+\-]+)+[/\\]?"
_SPAN = r"\d+(?:[.,]\d+)*(?: ?(?:ms|[smh]|secs?|mins?|seconds?|minutes?|hours?)\b)?"
_FULL = re.compile(
    rf"(?P<url>{_URL})|(?P<time>{_TIME})|(?P<hash>{_HASH})|(?P<ip>{_IP})|(?P<string>{_STRING})|(?P<ratio>\d+/\d+)"
    rf"|(?P<keep>{_STATUS})|(?P<path>{_PATH})|(?P<test>{_TEST})|(?P<word>{_WORD})|(?P<number>{_SPAN})"
)
_WANTS_MASK = re.compile(r"[\d/\\'\"`]")
_TOKENS = {"url": "<URL>", "time": "<TIME>", "hash": "<HEX>", "ip": "<IP>", "number": "<N>", "ratio": "<N>/<N>"}
_TEST_FILE = re.compile(r"(?i)test|spec")


def mask_digits(text: str) -> str:
    """The text with its numbers as `<N>` and nothing else changed; ids and codes stay, lines are cut at the cap."""
    return "\n".join(_DIGITS.sub(_masked_digits, line[:LINE_CAP]) for line in text.split("\n"))


def mask(text: str) -> str:
    """The text without times, durations, hashes, paths, quoted strings, addresses and numbers; ids and codes stay.

    A path keeps its last part when that names a test file.
    """
    return "\n".join(mask_lines(text.split("\n")))


def mask_lines(lines: Sequence[str]) -> list[str]:
    """`mask` for lines that hold no newline; equal lines are masked once, which is what makes a whole log cheap."""
    known = {
        line: _FULL.sub(_masked, line[:LINE_CAP]) if _WANTS_MASK.search(line) else line[:LINE_CAP] for line in {*lines}
    }
    return [known[line] for line in lines]


def _masked_digits(match: re.Match[str]) -> str:
    found = match[0]
    if match.lastgroup in ("keep", "test") or (match.lastgroup == "word" and _is_id(found)):
        return found
    return _NUMBER.sub("<N>", found)


def _masked(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    if kind in _TOKENS:
        return _TOKENS[kind]
    if kind == "string":
        return _masked_string(match[0])
    return _masked_path(match[0]) if kind == "path" else _masked_digits(match)


def _is_id(word: str) -> bool:
    return _RULE_ID.fullmatch(word) is not None or "test" in word.lower()


def _masked_string(quoted: str) -> str:
    inner = quoted[1:-1]
    return quoted if _RULE_ID.fullmatch(inner) or inner[:4].lower() == "test" else "<STR>"


def _masked_path(path: str) -> str:
    """A path becomes `<PATH>`; `and/or`, `TestA/case_1` and `@scope/name` are none."""
    name = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
    if path.startswith(("Test", "test_")):
        return path
    if path[0] not in "/\\.~" and path[1:2] != ":" and path.count("/") + path.count("\\") < 2 and "." not in name:
        return _DIGITS.sub(_masked_digits, path)
    return f"<PATH>/{name}" if "." in name and _TEST_FILE.search(name) else "<PATH>"
