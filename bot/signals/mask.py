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

_STATUS_PATTERN = (
    r"[Ee]xit(?:ed|s)?(?: with)?(?: code| status| value)?[:=]?[ ]-?\d+"
    r"|\bexit code[:=]-?\d+|\b(?:[Ee]rror|[Ee]rrno|ERRNO|[Ss]ignal|[Cc]ode)(?: code)?[:=]? \d{1,5}\b"
    r"|\bHTTP(?:/\d(?:\.\d)?)?[ ]{1,2}[1-5]\d\d\b|\b[Ss]tatus(?: code)?[:=]?[ ]?[1-5]\d\d\b"
    r"|\b[45]\d\d (?:Bad (?:Gateway|Request)|Service Unavailable|Internal Server Error|Gateway Time|Not Found|Too Many"
    r"|Forbidden|Unauthorized)"
)
_TEST = r"\b[Tt]est\w*(?:[/\[][\w\-.,/\]]*)?"
_WORD = r"\b[A-Za-z_]+\d\w*"
_STATUS = re.compile(_STATUS_PATTERN)
_DIGITS = re.compile(rf"(?P<keep>{_STATUS_PATTERN}|{_TEST})|(?P<word>{_WORD})|\d+")
_RULE_ID = re.compile(r"[A-Z]{1,5}\d{2,5}")
_NUMBER = re.compile(r"\d+")

_HINT = re.compile(
    r"exit|Exit|ode|tatus|rror|rrno|ERRNO|ignal|HTTP|Gateway|Unavailable|Server|Not|Too|Forbidden|Unauthorized|Bad"
)
"""One of these stands in every text that `_STATUS` matches: only such lines are searched for it."""

_NEAR_STATUS = re.compile(
    r"(?:exit|Exit|rror|rrno|ERRNO|ignal|ode|tatus|HTTP)\S{0,6}(?: with)?(?: code| status| value)?[:=-]? {0,2}-?\d"
    r"|4\d\d [A-Z]|5\d\d [A-Z]"
)
"""The same, cheaper and wider than `_STATUS`: a line without it is not searched. Each branch begins with a letter that
the engine can look for.
"""

_HIDE = {ord(digit): 0xE000 + int(digit) for digit in "0123456789"}
_SHOW = {hidden: chr(digit) for digit, hidden in _HIDE.items()}
_MONTH = re.compile(
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2},?(?: \d{1,2}:\d\d:\d\d)?(?:[ ,]{1,2}\d{4})?"
)
_STRING = re.compile(
    r"'(?<![\w'\"`]')[^'\n]{0,300}'(?![\w'\"`])|\"(?<![\w'\"`]\")[^\"\n]{0,300}\"(?![\w'\"`])"
    r"|`(?<![\w'\"`]`)[^`\n]{0,300}`(?![\w'\"`])"
)
_UNIT = re.compile(r"<N> (?:ms|[smh]|secs?|mins?|seconds?|minutes?|hours?)\b")

_URL = r"\b(?:https?|ftp|git|ssh|file)://[^\s'\"<>)\]]+"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d+)?"
_TIME = rf"\b\d{{4}}[-/]\d\d[-/]\d\d(?:T{_CLOCK})?(?:Z|[+-]\d\d:?\d\d\b)?|\b{_CLOCK}"
_HASH = (
    r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|\b0x[0-9a-fA-F]+\b"
    r"|(?<=@)[0-9a-f]{4,16}\b|\b(?=[a-f]{0,63}\d)(?=\d{0,63}[a-f])[0-9a-f]{7,64}\b"
)
_IP = r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
_PATH = r"(?<![\w.@~+\-/\\])(?:[A-Za-z]:(?=[/\\]))?[A-Za-z_.~@]?[\w.@~+\-]*(?:[/\\]{1,2}[\w.@~+\-]+)+[/\\]?"
_SPAN = r"\d+(?:[.,]\d+)*(?:(?:ms|[smh])\b)?"
_TOKEN = re.compile(
    rf"(?P<url>{_URL})|(?P<time>{_TIME})|(?P<hash>{_HASH})|(?P<ip>{_IP})|(?P<ratio>\d+/\d+)"
    rf"|(?P<path>{_PATH})|(?P<test>{_TEST})|(?P<word>{_WORD})|(?P<number>{_SPAN})"
)
_FLAT_TOKEN = re.compile(
    rf"(?P<time>{_TIME})|(?P<hash>{_HASH})|(?P<ip>{_IP})|(?P<test>{_TEST})|(?P<word>{_WORD})|(?P<number>{_SPAN})"
)
"""`_TOKEN` for words in which nothing slants."""
_NAMES = {"url": "<URL>", "time": "<TIME>", "hash": "<HEX>", "ip": "<IP>", "number": "<N>", "ratio": "<N>/<N>"}
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
    """`mask` for lines that hold no newline.

    Equal lines, equal words and equal shapes of words are masked once, and no pattern is started for one line alone:
    that is what makes a whole log cheap.
    """
    distinct = list(dict.fromkeys(lines))
    known: dict[str, str] = {}
    for start in range(0, len(distinct), _CHUNK):
        chunk = distinct[start : start + _CHUNK]
        known.update(zip(chunk, _masked_lines([line[:LINE_CAP] for line in chunk]), strict=True))
    return [known[line] for line in lines]


class _Known:
    """Words and shapes (words with their digits as zeros) and what became of them, from log to log.

    Dictionaries are replaced, never emptied, so that threads do not take words from each other. Only speed depends on
    what is known.
    """

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.shapes: dict[str, str] = {}
        self.size = 0


_KNOWN = _Known()
_KNOWN_CAP = 2_000_000
"""Characters of words that are remembered: some 30 MB."""


def forget() -> None:
    """Start with no known word; what lines become is the same."""
    _KNOWN.words, _KNOWN.shapes, _KNOWN.size = {}, {}, 0


_CHUNK = 1_024
"""Lines masked together."""


def _masked_lines(lines: Sequence[str]) -> list[str]:
    """Strings and months first, then word by word, at last the few lines that may tell a status."""
    unquoted = _STRING.sub(_masked_string, "\n".join(lines))
    found = _worded(_MONTH.sub("<TIME>", unquoted).replace("\n", " \n ")).split(" \n ")
    for index, (line, masked) in enumerate(zip(unquoted.split("\n"), found, strict=True)):
        if "\n" in masked:
            if _NEAR_STATUS.search(line) and (hidden := _STATUS.sub(_hidden, line)) != line:
                masked = _worded(_MONTH.sub("<TIME>", hidden)).translate(_SHOW)
            found[index] = masked.replace("\n", "")
    return _UNIT.sub("<N>", "\n".join(found)).split("\n")


def _worded(text: str) -> str:
    """The text with its words masked; one that may belong to a status has a newline in front."""
    words, parts = _KNOWN.words, text.split(" ")
    if new := [*{*parts}.difference(words)]:
        _learn(new, words, _KNOWN.shapes)
    return " ".join(map(words.__getitem__, parts))


def _learn(new: Sequence[str], words: dict[str, str], shapes: dict[str, str]) -> None:
    zeros = " ".join(new)
    for digit in "123456789":
        zeros = zeros.replace(digit, "0")
    for word, shape in zip(new, zeros.split(" "), strict=True):
        masked = shapes.get(shape)
        if masked is None:
            masked = shapes[shape] = _masked_shape(shape)
        if shape != word and "0" in masked:  # an id whose digits stay
            masked = _TOKEN.sub(_masked, word)
        words[word] = "\n" + masked if _HINT.search(word) else masked
    _KNOWN.size += sum(map(len, new))
    if _KNOWN.size > _KNOWN_CAP:
        forget()


def _masked_shape(shape: str) -> str:
    if "/" in shape or "\\" in shape:
        return _TOKEN.sub(_masked, shape)
    digits = "0" in shape or (not shape.isascii() and _NUMBER.search(shape))
    return _FLAT_TOKEN.sub(_masked, shape) if digits else shape


def _hidden(match: re.Match[str]) -> str:
    return match[0].translate(_HIDE)


def _masked_digits(match: re.Match[str]) -> str:
    found = match[0]
    if match.lastgroup in ("keep", "test") or (match.lastgroup == "word" and _is_id(found)):
        return found
    return _NUMBER.sub("<N>", found)


def _masked(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    if kind in _NAMES:
        return _NAMES[kind]
    return _masked_path(match[0]) if kind == "path" else _masked_digits(match)


def _is_id(word: str) -> bool:
    return _RULE_ID.fullmatch(word) is not None or "test" in word.lower()


def _masked_string(match: re.Match[str]) -> str:
    inner = match[0][1:-1]
    return match[0] if _RULE_ID.fullmatch(inner) or inner[:4].lower() == "test" else "<STR>"


def _masked_path(path: str) -> str:
    """A path becomes `<PATH>`; `and/or`, `TestA/case_1` and `@scope/name` are none."""
    name = path.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    if path.startswith(("Test", "test_")):
        return path
    if path[0] not in "/\\.~" and path[1:2] != ":" and path.count("/") + path.count("\\") < 2 and "." not in name:
        return _DIGITS.sub(_masked_digits, path) if _NUMBER.search(path) else path
    return f"<PATH>/{name}" if "." in name and _TEST_FILE.search(name) else "<PATH>"
