"""Text of a log goes in, the same text without what changes from run to run comes out: equal causes become equal lines.

Rule ids, test ids, exit codes, HTTP statuses and error codes stay (`TS2322`, `test_x_12`, `exit code 137`): a naive
digit mask merges different failures (research/ci.md §4.3). No pattern crosses a line, and each costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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

_STATUS_OF_SHAPE = re.compile(_STATUS_PATTERN.replace("[1-5]", r"\d").replace("[45]", r"\d"))
"""`_STATUS` for a line whose digits are zeros: it matches wherever `_STATUS` does in the line, and elsewhere too."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STATUS_WORDS = ("xit", "xited", "xits", "rror", "rrno", "ERRNO", "ignal", "ode", "tatus", "HTTP", "HTTP/0", "HTTP/0.0")
_ENDS = (*(word + mark for word in _STATUS_WORDS for mark in ("", ":", "=")), *_MONTHS)
_STARTS = ("Bad", "Forbidden", "Gateway", "Internal", "Not", "Service", "Too", "Unauthorized")
_LAST, _FIRST = {end[-1] for end in _ENDS}, {start[0] for start in _STARTS}
_WITHIN = re.compile(r"tatus[:=]?0")
"""So ends, begins or says, digits as zeros, a word of everything that `_STATUS` or `_MONTH` matches: only lines with
such a word are searched for them.
"""

_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_HIDE = {ord(digit): 0xE000 + int(digit) for digit in "0123456789"}
_SHOW = {hidden: chr(digit) for digit, hidden in _HIDE.items()}
_MONTH = re.compile(rf"(?:{'|'.join(_MONTHS)}) {{1,2}}\d{{1,2}},?(?: \d{{1,2}}:\d\d:\d\d)?(?:[ ,]{{1,2}}\d{{4}})?")
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
    rf"\b(?:(?P<url>{_URL})|(?P<time>{_TIME})|(?P<hash>{_HASH})|(?P<ip>{_IP}))|(?P<ratio>\d+/\d+)"
    rf"|(?P<path>{_PATH})|\b(?:(?P<test>{_TEST})|(?P<word>{_WORD}))|(?P<number>{_SPAN})"
)
_FLAT_TOKEN = re.compile(
    rf"\b(?:(?P<time>{_TIME})|(?P<hash>{_HASH})|(?P<ip>{_IP})|(?P<test>{_TEST})|(?P<word>{_WORD}))|(?P<number>{_SPAN})"
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

    Lines that differ in digits only are masked once, unless a digit of theirs stays; so are words; and no pattern is
    started for one line or one word alone: that is what makes a whole log cheap.
    """
    if not lines:
        return []
    seen = lines if max(map(len, lines)) <= LINE_CAP else [line[:LINE_CAP] for line in lines]
    shapes, known = _zeroed("\n".join(seen)).split("\n"), _KNOWN.lines
    if new := [shape for shape in dict.fromkeys(shapes) if shape not in known]:
        known.update(zip(new, _masked_lines(new, _STATUS_OF_SHAPE), strict=True))
        _remember(new)
    masked = [*map(known.__getitem__, shapes)]
    own = [*dict.fromkeys(line for line, text in zip(seen, masked, strict=True) if "0" in text)]
    told = dict(zip(own, _masked_lines(own, _STATUS), strict=True))
    return [told[line] if "0" in text else text for line, text in zip(seen, masked, strict=True)]


class _Known:
    """Lines and words, most with their digits as zeros, and what became of them, from log to log.

    Dictionaries are replaced, never emptied, so that threads do not take words from each other. Only speed depends on
    what is known.
    """

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self.words: dict[str, str] = {}
        self.size = 0


_KNOWN = _Known()
_KNOWN_CAP = 8_000_000
"""Characters of lines and words that are remembered: some 30 MB."""


def forget() -> None:
    """Start with no known line; what lines become is the same."""
    _KNOWN.lines, _KNOWN.words, _KNOWN.size = {}, {}, 0


def _remember(new: Sequence[str]) -> None:
    _KNOWN.size += sum(map(len, new))
    if _KNOWN.size > _KNOWN_CAP:
        forget()


_CHUNK = 1_024
"""Lines masked together."""


def _masked_lines(lines: Sequence[str], status: re.Pattern[str]) -> Iterator[str]:
    for start in range(0, len(lines), _CHUNK):
        yield from _masked_chunk(lines[start : start + _CHUNK], status)


def _masked_chunk(lines: Sequence[str], status: re.Pattern[str]) -> list[str]:
    """Strings first, then word by word, at last the few lines that may tell a status or a month."""
    unquoted = _STRING.sub(_masked_string, " \n ".join(lines))
    found = _worded(unquoted).split(" \n ")
    marked = [index for index, masked in enumerate(found) if "\n" in masked]
    before = unquoted.split(" \n ") if marked else []
    for index in marked:
        line = before[index]
        hidden = status.sub(_hidden, line)
        if (dated := _MONTH.sub("<TIME>", hidden)) != line:
            found[index] = _worded(dated)
        if hidden != line:
            found[index] = found[index].translate(_SHOW)
        found[index] = found[index].replace("\n", "")
    return _UNIT.sub("<N>", "\n".join(found)).split("\n")


def _worded(text: str) -> str:
    """The text with its words masked; one that may belong to a status or a month has a newline in front."""
    words, parts = _KNOWN.words, text.split(" ")
    if new := [part for part in dict.fromkeys(parts) if part not in words]:
        _learn(new, words)
        _remember(new)
    return " ".join(map(words.__getitem__, parts))


def _learn(new: Sequence[str], words: dict[str, str]) -> None:
    shapes = _zeroed(" ".join(new)).split(" ")
    _learn_shapes([shape for shape in dict.fromkeys(shapes) if shape not in words], words)
    own = []
    for word, shape in zip(new, shapes, strict=True):
        if word != shape:
            words[word] = words[shape]
            if "0" in words[shape]:  # an id whose digits stay
                own.append(word)
    for word, masked in zip(own, _substituted(_TOKEN, own), strict=True):
        words[word] = "\n" + masked if words[word].startswith("\n") else masked


def _learn_shapes(shapes: Sequence[str], words: dict[str, str]) -> None:
    slanted, flat = list[str](), list[str]()
    for shape in shapes:
        if "/" in shape or "\\" in shape:
            slanted.append(shape)
        elif "0" in shape or not shape.isascii():
            flat.append(shape)
    words.update(zip(shapes, shapes, strict=True))
    words.update(zip(slanted, _substituted(_TOKEN, slanted), strict=True))
    words.update(zip(flat, _substituted(_FLAT_TOKEN, flat), strict=True))
    words.update((shape, "\n" + words[shape]) for shape in shapes if _may_tell(shape))


def _may_tell(shape: str) -> bool:
    if shape[-1:] in _LAST and shape.endswith(_ENDS):
        return True
    return (shape[:1] in _FIRST and shape.startswith(_STARTS)) or (
        "tatus" in shape and _WITHIN.search(shape) is not None
    )


def _substituted(token: re.Pattern[str], words: Sequence[str]) -> list[str]:
    """The words with their tokens masked; none crosses a space."""
    return token.sub(_masked, " ".join(words)).split(" ") if words else []


def _zeroed(text: str) -> str:
    """The text with zeros for digits; by way of bytes, for `str.translate` is twenty times as slow."""
    return text.encode("utf-8", "surrogatepass").translate(_ZEROS).decode("utf-8", "surrogatepass")


def _hidden(match: re.Match[str]) -> str:
    return match[0].translate(_HIDE)


def _masked_digits(match: re.Match[str]) -> str:
    found = match[0]
    if match.lastgroup in ("keep", "test") or (match.lastgroup == "word" and _is_id(found)):
        return found
    return _NUMBER.sub("<N>", found)


def _masked(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    return _masked_path(match[0]) if kind == "path" else _NAMES.get(kind) or _masked_digits(match)


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
