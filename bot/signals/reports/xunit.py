"""The bytes of an xUnit.net XML file go in (the format of its v2 and v3, and that of v1), a Report comes out.

https://xunit.net/docs/format-xml-v2, https://xunit.net/docs/format-xml-v1
"""

from __future__ import annotations

from bot.model import Report
from bot.signals.reports import dotnet, xml_text
from bot.signals.reports.dotnet import Test
from bot.signals.transcripts.outline import Head

NAME = "xunit"

_STATES = {"fail": "failed", "skip": "skipped", "notrun": "skipped"}


class _Reader(dotnet.Reader):
    def __init__(self) -> None:
        super().__init__()
        self.test: Test | None = None
        self.owner = ""

    def begins(self, tag: str, attributes: dict[str, str], parent: str) -> None:
        if tag == "test":
            self.test = Test(attributes.get("name", ""), "passed", self.at(), attributes.get("type", ""))
            result = _STATES.get(attributes.get("result", "").lower())
            self.test.state = "failed" if result == "failed" else "skipped" if result else "passed"
        elif tag == "error" and parent == "errors":
            name = attributes.get("name") or attributes.get("type") or "error"
            self.test = Test(name, "failed", self.at(), self.owner)
        elif tag in ("assembly", "class", "collection"):
            self.owner = attributes.get("name", "")
            if tag == "assembly":
                self.counts(attributes, "failed", "errors")
                self.milliseconds += xml_text.seconds(attributes.get("time", "")) * 1000
        elif tag == "failure":
            if self.test is None:  # of a fixture, in v1
                self.test = Test(self.owner, "failed", self.at())
            self.test.state, self.test.failed_at = "failed", self.at()
        elif tag == "message" and parent == "failure":
            self.listen()

    def ends(self, tag: str) -> None:
        test, parent = self.test, self.open[-1] if self.open else ""
        if tag == "message" and parent == "failure" and test is not None:
            test.message = test.message or self.heard()
        elif tag in ("test", "error") or (tag == "failure" and parent in ("class", "assembly")):
            self._close()

    def cut_off(self) -> None:
        """The file ends within a test: a failure that was seen counts."""
        if self.test is not None and self.test.state == "failed":
            self._close()

    def _close(self) -> None:
        test, self.test = self.test, None
        if test is not None:
            self.tests.append(test)


def matches(head: Head) -> bool:
    """Whether the root is xUnit.net's: Windows and Maven know other files of that name."""
    tag, attributes = xml_text.root(head.text)
    if tag == "assemblies":
        return any(f" {key}=" in head.text for key in ("timestamp", "schema-version", "test-framework", "run-date"))
    return tag == "assembly" and (" test-framework=" in attributes or " run-date=" in attributes)


def read(data: bytes, path: str) -> Report:
    """Read a whole file; `partial` when it was cut off or broken. Raises nothing."""
    return dotnet.read(NAME, _Reader(), data, path)
