"""The elements of a .NET test report go in, its test cases come out: what NUnit, xUnit.net and TRX files share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from bot.model import Report, Source
from bot.signals.reports import cases, xml_text
from bot.signals.reports.cases import Case, State, Told
from bot.signals.reports.xml_text import SIZE_CAP, Pins, Walker


@dataclass(slots=True)
class Test:
    """A test (or a suite or the run itself, when that failed) and where the file tells of it."""

    name: str
    state: State
    start: int
    owner: str = ""
    message: str = ""
    failed_at: int = -1
    timed_out: bool = False


class Reader(Walker):
    """It keeps the finished tests and what the report says about itself."""

    def __init__(self) -> None:
        super().__init__()
        self.tests: list[Test] = []
        self.failed: int | None = None
        self.run_failed = False
        self.milliseconds = 0.0

    def counts(self, attributes: dict[str, str], *keys: str) -> None:
        """Add what a summary counts as failed, where it bears one of these keys."""
        numbers = [number for key in keys if (number := xml_text.count(attributes.get(key, ""))) is not None]
        if numbers:
            self.failed = (self.failed or 0) + sum(numbers)

    def finish(self) -> None:
        """For the format's reader: all was read that can be."""


def read(name: str, reader: Reader, data: bytes, path: str) -> Report:
    """Read a whole file with a fresh reader. A cut-off or broken one is read as far as it goes. Raises nothing."""
    source = Source(path, sha256(data).hexdigest(), len(data))
    if len(data) > SIZE_CAP:
        return cases.too_large(name, source, SIZE_CAP)
    problem = xml_text.walk(data, reader)
    reader.finish()
    told = Told(reader.failed, reader.run_failed, reader.milliseconds)
    return cases.report(name, source, _cases(reader.tests, Pins(data, source)), told, problem)


def _cases(tests: Sequence[Test], pins: Pins) -> list[Case]:
    found = []
    for test in tests:
        failed = test.state == "failed"
        late = failed and (test.timed_out or cases.is_time_out(test.message))
        last = max(test.start, test.failed_at)
        pin = pins.pin(test.start, last, test.message, test.name) if failed else None
        found.append(Case(cases.test_id(test.owner, test.name), test.state, timed_out=late, pin=pin))
    return found
