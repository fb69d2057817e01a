"""The bytes of a JUnit XML file go in, a Report comes out, whatever dialect wrote it (research/ci.md §1.3).

Suite counters are ignored (they disagree with the test cases), suites nest, and a test that failed and then passed in
the same case (`flaky*`, `rerun*`) passed. Entities are refused and nothing external is ever loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from bot.model import Report, Source
from bot.signals.reports import cases as test_cases
from bot.signals.reports import xml_text
from bot.signals.reports.cases import State, Told, first_line, test_id
from bot.signals.reports.xml_text import SIZE_CAP, Pins, Walker
from bot.signals.transcripts.outline import Head

NAME = "junit"

_FAILED = frozenset({"fail", "failed", "failure", "error", "errored", "broken", "timedout"})
_SKIPPED = frozenset({"skipped", "skip", "notrun", "disabled", "ignored", "pending", "todo", "suppressed"})
_RETRIED = ("flaky", "rerun")


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
    hears: bool = False


class _Reader(Walker):
    """What the finished test cases said."""

    def __init__(self) -> None:
        super().__init__()
        self.suites: list[str] = []
        self.case: _Open | None = None
        self.cases: list[Case] = []
        self.seconds = [0.0, 0.0, 0.0]  # by the root, by its suites, by the test cases

    def begins(self, tag: str, attributes: dict[str, str], parent: str) -> None:
        if tag in ("testsuite", "testsuites"):
            self.suites.append(attributes.get("name", ""))
            if len(self.open) <= 2:
                self.seconds[len(self.open) - 1] += _seconds(attributes)
        elif tag == "testcase" and self.case is None:
            self.case = _Open(attributes, self.at(), next((name for name in reversed(self.suites) if name), ""))
            self.seconds[2] += _seconds(attributes)
        elif self.case is not None and parent == "testcase":
            self._child(self.case, tag, attributes)
        elif tag in ("failure", "error") and parent in ("testsuite", "testsuites"):
            name = next((name for name in reversed(self.suites) if name), "suite")
            self.case = _Open({"name": name}, self.at(), "")
            self._child(self.case, tag, attributes)

    def _child(self, case: _Open, tag: str, attributes: dict[str, str]) -> None:
        if tag in ("failure", "error"):
            if case.failed_at < 0:
                case.failed_at = self.at()
            case.message = case.message or first_line(attributes.get("message", ""))
            case.hears = not case.message
            if case.hears:
                self.listen()
        elif tag == "skipped":
            case.skipped = True
        elif tag.startswith(_RETRIED):
            case.flaky = True

    def ends(self, tag: str) -> None:
        if tag in ("testsuite", "testsuites"):
            self.suites.pop()
        if self.case is None:
            return
        if tag in ("failure", "error"):
            self._understand(self.case)
        if tag == "testcase" or (tag in ("failure", "error") and "testcase" not in self.open):
            self._close_case()

    def cut_off(self) -> None:
        """The file ends within a case: a failure that was seen counts, anything else says nothing yet."""
        if self.case is not None and _state(self.case) == "failed":
            self._understand(self.case)
            self._close_case()

    def _understand(self, case: _Open) -> None:
        if case.hears:
            case.message = self.heard()
            case.hears = False

    def _close_case(self) -> None:
        case, self.case = self.case, None
        if case is None:
            return
        state = _state(case)
        name = case.attributes.get("name", "")
        end = max(case.start, case.failed_at)
        flaky = case.flaky and state == "passed"
        self.cases.append(Case(_test_id(case), state, flaky, case.message, name, case.start, end))


def matches(head: Head) -> bool:
    """Whether the root is one of JUnit's."""
    return xml_text.root(head.text)[0] in ("testsuites", "testsuite")


def read(data: bytes, path: str) -> Report:
    """Read a whole file. A cut-off or broken one is read as far as it goes and is `partial`: a failure seen there
    counts, passes do not make it a pass. Raises nothing.
    """
    source = Source(path, sha256(data).hexdigest(), len(data))
    if len(data) > SIZE_CAP:
        return test_cases.too_large(NAME, source, SIZE_CAP)
    reader = _Reader()
    problem = xml_text.walk(data, reader)
    pins = Pins(data, source)
    found = [
        test_cases.Case(
            case.id,
            case.state,
            case.flaky,
            case.state == "failed" and test_cases.is_time_out(case.message),
            pins.pin(case.start, case.end, case.message, case.name) if case.state == "failed" or case.flaky else None,
        )
        for case in reader.cases
    ]
    took = next((seconds for seconds in reader.seconds if seconds), 0.0)
    return test_cases.report(NAME, source, found, Told(milliseconds=took * 1000), problem)


def cases(data: bytes) -> tuple[Case, ...]:
    """Every test case of a file, in its order, as far as the file can be read."""
    reader = _Reader()
    xml_text.walk(data[:SIZE_CAP], reader)
    return tuple(reader.cases)


def _state(case: _Open) -> State:
    said = {case.attributes.get(key, "").strip().lower() for key in ("status", "result")}
    if case.skipped or said & _SKIPPED:
        return "skipped"
    return "failed" if case.failed_at >= 0 or said & _FAILED else "passed"


def _test_id(case: _Open) -> str:
    attributes = case.attributes
    owner = attributes.get("classname") or attributes.get("class") or attributes.get("file") or case.suite
    return test_id(owner, attributes.get("name", ""))


def _seconds(attributes: dict[str, str]) -> float:
    return xml_text.seconds(attributes.get("time") or attributes.get("duration") or "")
