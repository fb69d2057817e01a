"""The bytes of a JUnit XML file go in, a Report comes out, whatever dialect wrote it (research/ci.md §1.3).

Suite counters are ignored (they disagree with the test cases), suites nest, and a test that failed and then passed in
the same case (`flaky*`, `rerun*`) passed. Entities are refused and nothing external is ever loaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from bot.model import Outcome, Pin, Report, Signal, Source
from bot.signals.reports import xml_text
from bot.signals.transcripts.outline import Head

if TYPE_CHECKING:
    from pyexpat import XMLParserType

NAME = "junit"
SIZE_CAP = 64 * 1024 * 1024
DEPTH_CAP = 200
SIGNALS_CAP = 1_000
"""Failed and flaky tests that become signals of their own; all are counted."""

_ID_CAP = 300
_TEXT_CAP = 2_000
_PIN_CAP = 4_000
_CHUNK = 1 << 20
_CONTROL = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32))
_BLANKED = bytes.maketrans(_CONTROL, b"?" * len(_CONTROL))
_LONE_SURROGATE = re.compile("[\udc80-\udcff]")
_ANSI = re.compile(r"(?:\x1b|\?)?\[[0-9;]{0,20}m")
_MARKUP = re.compile(r"[&<>\"'\t]")
_FAILED = frozenset({"fail", "failed", "failure", "error", "errored", "broken", "timedout"})
_SKIPPED = frozenset({"skipped", "skip", "notrun", "disabled", "ignored", "pending", "todo", "suppressed"})
_RETRIED = ("flaky", "rerun")

State = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Case:
    """One test case: its id, how it ended, the first line of what it said, the bytes from its tag to the failure's."""

    id: str
    state: State
    flaky: bool
    message: str
    name: str
    start: int
    end: int


@dataclass(slots=True)
class _Open:
    """A test case (or a suite that failed by itself) that is being read."""

    attributes: dict[str, str]
    start: int
    suite: str
    failed_at: int = -1
    skipped: bool = False
    flaky: bool = False
    message: str = ""
    body: list[str] = field(default_factory=list)
    body_size: int = 0
    hears: bool = False


class TooDeepError(ValueError):
    """The elements nest deeper than `DEPTH_CAP`."""


class _Reader:
    """It keeps the open elements and what the finished test cases said.

    The parser calls it directly: ElementTree's layer in between took half the time of a large report.
    """

    def __init__(self) -> None:
        self.expat: XMLParserType | None = None
        self.offset = 0
        self.open: list[str] = []
        self.suites: list[str] = []
        self.case: _Open | None = None
        self.cases: list[Case] = []
        self.seconds = [0.0, 0.0, 0.0]  # by the root, by its suites, by the test cases

    def _at(self) -> int:
        return self.offset + (self.expat.CurrentByteIndex if self.expat else 0)

    def opens(self, tag: str, attributes: dict[str, str]) -> None:
        if "}" in tag:
            tag = tag.rpartition("}")[2]
        if len(self.open) >= DEPTH_CAP:
            raise TooDeepError(f"elements nest deeper than {DEPTH_CAP}")
        parent = self.open[-1] if self.open else ""
        self.open.append(tag)
        if tag in ("testsuite", "testsuites"):
            self.suites.append(attributes.get("name", ""))
            if len(self.open) <= 2:
                self.seconds[len(self.open) - 1] += _seconds(attributes)
        elif tag == "testcase" and self.case is None:
            self.case = _Open(attributes, self._at(), next((name for name in reversed(self.suites) if name), ""))
            self.seconds[2] += _seconds(attributes)
        elif self.case is not None and parent == "testcase":
            self._child(self.case, tag, attributes)
        elif tag in ("failure", "error") and parent in ("testsuite", "testsuites"):
            name = next((name for name in reversed(self.suites) if name), "suite")
            self.case = _Open({"name": name}, self._at(), "")
            self._child(self.case, tag, attributes)

    def _child(self, case: _Open, tag: str, attributes: dict[str, str]) -> None:
        if tag in ("failure", "error"):
            if case.failed_at < 0:
                case.failed_at = self._at()
            case.message = case.message or _first_line(attributes.get("message", ""))
            case.hears = not case.message
            self._listen(case.hears)
        elif tag == "skipped":
            case.skipped = True
        elif tag.startswith(_RETRIED):
            case.flaky = True

    def _listen(self, on: bool) -> None:
        """Text is asked for only within a failure: the output of passing tests is most of a report."""
        if self.expat is not None:
            self.expat.CharacterDataHandler = self.hears if on else None

    def hears(self, text: str) -> None:
        case = self.case
        if case is not None and case.hears and case.body_size < _TEXT_CAP:
            case.body.append(text[:_TEXT_CAP])
            case.body_size += len(text)

    def closes(self, tag: str) -> None:
        if "}" in tag:
            tag = tag.rpartition("}")[2]
        self.open.pop()
        if tag in ("testsuite", "testsuites"):
            self.suites.pop()
        if self.case is None:
            return
        if tag in ("failure", "error"):
            self.case.hears = False
            self._listen(False)
        if tag == "testcase" or (tag in ("failure", "error") and "testcase" not in self.open):
            self.close_case()

    def cut_off(self) -> None:
        """The file ends within a case: a failure that was seen counts, anything else says nothing yet."""
        if self.case is not None and _state(self.case) == "failed":
            self.close_case()

    def close_case(self) -> None:
        """Book the open case."""
        case, self.case = self.case, None
        if case is None:
            return
        state = _state(case)
        name = case.attributes.get("name", "")
        message = case.message or _first_line("".join(case.body))
        end = max(case.start, case.failed_at) + 1
        flaky = case.flaky and state == "passed"
        self.cases.append(Case(_test_id(case), state, flaky, message, name, case.start, end))


def matches(head: Head) -> bool:
    """Whether the root is one of JUnit's."""
    return xml_text.root(head.text)[0] in ("testsuites", "testsuite")


def read(data: bytes, path: str) -> Report:
    """Read a whole file. A cut-off or broken one is read as far as it goes and is `partial`: a failure seen there
    counts, passes do not make it a pass. Raises nothing.
    """
    source = Source(path, sha256(data).hexdigest(), len(data))
    if len(data) > SIZE_CAP:
        return _unreadable(source, f"larger than {SIZE_CAP // 2**20} MiB")
    reader, problem = _parse(data)
    failed = [case for case in reader.cases if case.state == "failed"]
    ran = sum(case.state != "skipped" for case in reader.cases)
    passed: Outcome = "pass" if ran and not problem else "none"
    warnings = (f"{path}: cut off or not well-formed, read as far as it goes ({problem}).",) if problem else ()
    return Report(
        format="junit",
        source=source,
        outcome="fail" if failed else passed,
        signals=tuple(_signals(reader, failed, ran, data, source)),
        partial=bool(problem),
        warnings=warnings,
    )


def cases(data: bytes) -> tuple[Case, ...]:
    """Every test case of a file, in its order, as far as the file can be read."""
    return tuple(_parse(data[:SIZE_CAP])[0].cases)


def _parse(data: bytes) -> tuple[_Reader, str]:
    """What was read, and why reading stopped early ("" when it did not)."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    reader = _Reader()
    text = data.lstrip(b" \t\r\n")
    reader.offset = len(data) - len(text)
    text = _well_encoded(text)
    parser = DefusedXMLParser(target=reader)
    reader.expat = parser.parser
    parser.parser.StartElementHandler = reader.opens
    parser.parser.EndElementHandler = reader.closes
    parser.parser.CharacterDataHandler = None
    parser.parser.ordered_attributes = False
    try:
        for begin in range(0, len(text), _CHUNK):
            parser.feed(text[begin : begin + _CHUNK])
        parser.close()
    except DefusedXmlException as error:
        reader.cut_off()
        return reader, f"{type(error).__name__}: entities and external references are refused"
    except (ParseError, ValueError, LookupError) as error:
        reader.cut_off()
        return reader, str(error)[:200]
    return reader, ""


def _well_encoded(data: bytes) -> bytes:
    """The bytes with control characters (ANSI escapes in failure texts) and broken UTF-8 as `?`; no offset moves."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4]:
        return data
    data = data.translate(_BLANKED)
    head = data[:200].split(b"?>", 1)[0].lower()
    if b"encoding" in head and b"utf-8" not in head:
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return _LONE_SURROGATE.sub("?", data.decode("utf-8", "surrogateescape")).encode()
    return data


def _signals(reader: _Reader, failed: list[Case], ran: int, data: bytes, source: Source) -> list[Signal]:
    flaky = [case for case in reader.cases if case.flaky]
    seconds = next((seconds for seconds in reader.seconds if seconds), 0.0)
    signals = [Signal("test-failed", detail=case.id, pin=_pin(case, data, source)) for case in failed[:SIGNALS_CAP]]
    signals += [Signal("test-flaky", detail=case.id, pin=_pin(case, data, source)) for case in flaky[:SIGNALS_CAP]]
    signals += [Signal("tests-run", value=float(ran)), Signal("tests-failed", value=float(len(failed)))]
    return [*signals, Signal("job-duration", value=float(round(seconds * 1000)))] if seconds else signals


def _pin(case: Case, data: bytes, source: Source) -> Pin | None:
    """A citation of the failure's first line, or of the test's name: the longest piece that XML does not escape."""
    whole = _range(data, case.start, case.end)
    for (start, end), said in ((whole, case.message), (_range(data, case.start, case.start), case.name)):
        quote = max(_MARKUP.split(said), key=len).strip()
        if quote and end - start <= _PIN_CAP and quote in data[start:end].decode("utf-8", "replace"):
            return Pin(source.path, source.sha256, start, end, quote, line=data.count(b"\n", 0, start) + 1)
    return None


def _range(data: bytes, start: int, last: int) -> tuple[int, int]:
    """From `start` to the end of the tag that begins at or just before `last`."""
    end = data.find(b">", last, last + _PIN_CAP)
    return start, (end + 1 if end >= 0 else last)


def _state(case: _Open) -> State:
    said = {case.attributes.get(key, "").strip().lower() for key in ("status", "result")}
    if case.skipped or said & _SKIPPED:
        return "skipped"
    return "failed" if case.failed_at >= 0 or said & _FAILED else "passed"


def _test_id(case: _Open) -> str:
    attributes = case.attributes
    name = attributes.get("name", "").strip() or "?"
    owner = attributes.get("classname") or attributes.get("class") or attributes.get("file") or case.suite
    owner = owner.strip()
    return (name if not owner or name.startswith(owner) else f"{owner}::{name}")[:_ID_CAP]


def _first_line(text: str) -> str:
    lines = (_ANSI.sub("", line).strip() for line in text[:_TEXT_CAP].splitlines())
    return next((line for line in lines if line), "")[:_ID_CAP]


def _seconds(attributes: dict[str, str]) -> float:
    text = (attributes.get("time") or attributes.get("duration") or "").replace(",", "").strip()
    if not re.fullmatch(r"\d{1,9}(?:\.\d{0,12})?(?:[eE]-?\d{1,2})?", text):
        return 0.0
    return float(text)


def _unreadable(source: Source, why: str) -> Report:
    return Report(
        format="junit",
        source=source,
        outcome="none",
        signals=(Signal("unreadable", detail=why),),
        warnings=(f"{source.path}: {why}. Split the report or upload only the failed suites.",),
    )
