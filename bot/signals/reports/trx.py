"""The bytes of a TRX file (Visual Studio, `dotnet test`) go in, a Report comes out.

A data-driven test counts as its rows. What was never run (`NotExecuted`, `NotRunnable`, `Inconclusive`, `Pending`) is
no failure; a result without an outcome is an error, which is the value that the writer leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Report
from bot.signals.reports import cases, dotnet, xml_text
from bot.signals.reports.cases import State
from bot.signals.reports.dotnet import Test
from bot.signals.transcripts.outline import Head

NAME = "trx"

_PASSED = frozenset({"passed", "passedbutrunaborted", "completed", "warning"})
_SKIPPED = frozenset({"notexecuted", "notrunnable", "inconclusive", "pending"})
_COUNTED = ("failed", "error", "timeout", "aborted", "disconnected")
_RUN_FAILED = frozenset(_COUNTED)
_RESULTS = ("UnitTestResult", "TestResult", "ManualTestResult", "WebTestResult", "GenericTestResult", "LoadTestResult")


@dataclass(slots=True)
class _Result:
    """A result that is being read: its test's id, how deep it stands, how much was booked before it."""

    test: Test
    id: str
    depth: int
    rows: int
    failures: int


class _Reader(dotnet.Reader):
    def __init__(self) -> None:
        super().__init__()
        self.results: list[_Result] = []
        self.ids: list[str] = []
        self.classes: dict[str, str] = {}
        self.unit = ""
        self.failures = 0

    def begins(self, tag: str, attributes: dict[str, str], parent: str) -> None:
        if tag.startswith(_RESULTS) and "testName" in attributes:
            outcome = attributes.get("outcome", "error").lower()
            test = Test(attributes["testName"], _state(outcome), self.at(), timed_out=outcome == "timeout")
            test_id = attributes.get("testId", "")
            self.results.append(_Result(test, test_id, len(self.open), len(self.tests), self.failures))
        elif tag == "Message" and parent == "ErrorInfo" and self.results:
            self.results[-1].test.failed_at = self.at()
            self.listen()
        elif tag == "UnitTest":
            self.unit = attributes.get("id", "")
        elif tag == "TestMethod" and self.unit:
            self.classes[self.unit] = attributes.get("className", "").partition(",")[0]
        elif tag == "ResultSummary":
            self.run_failed = attributes.get("outcome", "").lower() in _RUN_FAILED
        elif tag == "Counters":
            self.counts(attributes, *_COUNTED)
        elif tag == "Times" and parent == "TestRun":
            self.milliseconds = cases.between(attributes.get("start", ""), attributes.get("finish", ""))

    def ends(self, tag: str) -> None:
        if tag == "Message" and self.open[-1:] == ["ErrorInfo"] and self.results:
            self.results[-1].test.message = self.heard()
        elif self.results and len(self.open) < self.results[-1].depth:
            self._close()

    def cut_off(self) -> None:
        """The file ends within a result: its outcome stood in the tag."""
        while self.results:
            self._close()

    def finish(self) -> None:
        """Name the class of each test, which stands behind the results."""
        for test, test_id in zip(self.tests, self.ids, strict=True):
            test.owner = self.classes.get(test_id, "")

    def _close(self) -> None:
        result = self.results.pop()
        has_rows = len(self.tests) > result.rows
        if has_rows and (result.test.state != "failed" or self.failures > result.failures):
            return
        self.ids.append(result.id)
        self.tests.append(result.test)
        self.failures += result.test.state == "failed"


def matches(head: Head) -> bool:
    """Whether the root is a test run in a namespace of Team Test's."""
    tag, attributes = xml_text.root(head.text)
    return tag == "TestRun" and "TeamTest" in attributes


def read(data: bytes, path: str) -> Report:
    """Read a whole file; `partial` when it was cut off or broken. Raises nothing."""
    return dotnet.read(NAME, _Reader(), data, path)


def _state(outcome: str) -> State:
    if outcome in _SKIPPED:
        return "skipped"
    return "passed" if outcome in _PASSED else "failed"
