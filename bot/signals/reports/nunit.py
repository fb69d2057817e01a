"""The bytes of an NUnit 2 or NUnit 3 XML file go in, a Report comes out.

What NUnit 2 could not run at all (`NotRunnable`) failed, as its console counts it; an ignored or inconclusive test did
not run. A suite whose set-up or tear-down failed counts only where no test below it failed, because NUnit repeats the
failure there. https://docs.nunit.org/articles/nunit/technical-notes/usage/Test-Result-XML-Format.html
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Report
from bot.signals.reports import dotnet, xml_text
from bot.signals.reports.cases import State
from bot.signals.reports.dotnet import Test
from bot.signals.transcripts.outline import Head

NAME = "nunit"

_FAILED = frozenset({"failed", "failure", "error", "notrunnable", "cancelled", "invalid"})
_SKIPPED = frozenset({"skipped", "ignored", "inconclusive", "explicit", "notrun"})


@dataclass(slots=True)
class _Suite:
    test: Test
    failed_before: int


class _Reader(dotnet.Reader):
    def __init__(self) -> None:
        super().__init__()
        self.suites: list[_Suite] = []
        self.case: Test | None = None
        self.failures = 0

    def begins(self, tag: str, attributes: dict[str, str], parent: str) -> None:
        name = attributes.get("fullname") or attributes.get("name", "")
        if tag == "test-case" and self.case is None:
            self.case = Test(name, _state(attributes), self.at(), owner=attributes.get("classname", ""))
        elif tag == "test-suite" and self.case is None:
            state: State = "failed" if attributes.get("result", "").lower() in _FAILED else "passed"
            self.suites.append(_Suite(Test(name, state, self.at()), self.failures))
            self._times(attributes)
        elif tag in ("test-run", "test-results"):
            self.counts(attributes, "failed", "errors", "failures", "invalid")
            self.run_failed = attributes.get("result", "").lower() in _FAILED
            self._times(attributes)
        elif tag == "failure" and parent in ("test-case", "test-suite") and (owner := self._owner()):
            owner.failed_at = self.at()
            if parent == "test-case" and owner.state == "passed":
                owner.state = "failed"
        elif tag == "message" and parent == "failure" and self._owner():
            self.listen()

    def _times(self, attributes: dict[str, str]) -> None:
        """The root's duration; the `time` of NUnit 2's root is the time of the day."""
        if not self.milliseconds:
            text = attributes.get("duration") or ("" if "date" in attributes else attributes.get("time", ""))
            self.milliseconds = xml_text.seconds(text) * 1000

    def _owner(self) -> Test | None:
        return self.case or (self.suites[-1].test if self.suites else None)

    def ends(self, tag: str) -> None:
        if tag == "message" and self.open[-1:] == ["failure"] and (owner := self._owner()):
            owner.message = owner.message or self.heard()
        elif tag == "test-case" and "test-case" not in self.open:
            self._close_case()
        elif tag == "test-suite" and self.case is None and self.suites:
            suite = self.suites.pop()
            if suite.test.state == "failed" and self.failures == suite.failed_before:
                self._book(suite.test)

    def cut_off(self) -> None:
        """The file ends within a test or a suite: a failure that was seen counts."""
        if self.case is not None and self.case.state == "failed":
            self._close_case()
        for suite in reversed(self.suites):
            if suite.test.state == "failed" and not self.failures:
                self._book(suite.test)

    def _close_case(self) -> None:
        case, self.case = self.case, None
        if case is not None:
            self._book(case)

    def _book(self, test: Test) -> None:
        self.tests.append(test)
        self.failures += test.state == "failed"


def matches(head: Head) -> bool:
    """Whether the root is one of NUnit's; a bare suite is one when it says how it ended."""
    tag, attributes = xml_text.root(head.text)
    if tag == "test-suite":
        return " result=" in attributes or " success=" in attributes
    return tag in ("test-run", "test-results")


def read(data: bytes, path: str) -> Report:
    """Read a whole file; `partial` when it was cut off or broken. Raises nothing."""
    return dotnet.read(NAME, _Reader(), data, path)


def _state(attributes: dict[str, str]) -> State:
    result = attributes.get("result", "").lower()
    if result in _FAILED:
        return "failed"
    if result in _SKIPPED or (not result and attributes.get("executed", "").lower() == "false"):
        return "skipped"
    return "failed" if attributes.get("success", "").lower() == "false" and not result else "passed"
