"""Every shared report of tests beside an independent count of it, and no other shared file taken for one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.model import Report
from bot.signals import reports

SHARED = Path(__file__).resolve().parents[3] / "../shared/data"
CI = SHARED / "ci"
FORMATS = ("nunit", "xunit", "trx", "ctrf", "jest", "pytest-json", "go-test", "tap")
EXPECTED = {"ctrf": 5, "go-test": 13, "jest": 6, "nunit": 17, "pytest-json": 2, "trx": 7, "xunit": 1}
"""How many shared files are of each format, counted by hand; there is none of TAP."""
EDITED = {"NUnit-multinamespace.xml", "NUnit-simple.xml"}
"""Their roots count a failure that their makers took out: such a run failed."""

pytestmark = pytest.mark.skipif(not CI.is_dir(), reason="shared data absent")


def values(report: Report) -> tuple[int, int]:
    """Tests that ran and tests that failed."""
    found = {signal.name: signal.value or 0.0 for signal in report.signals}
    return int(found["tests-run"]), int(found["tests-failed"])


def of_format(*names: str) -> list[tuple[Path, bytes, Report]]:
    found = []
    for path in sorted(item for item in CI.rglob("*") if item.is_file()):
        with path.open("rb") as stream:
            if reports.sniff(stream.read(reports.HEAD)) not in names:
                continue
        data = path.read_bytes()
        found.append((path, data, reports.read(data, path.name)))
    return found


def test_each_format_is_recognised_where_it_is_and_nowhere_else() -> None:
    found = Counter[str]()
    for folder in ("ci", "transcripts", "outcomes"):
        for path in (SHARED / folder).rglob("*"):
            if path.is_file():
                with path.open("rb") as stream:
                    found[reports.sniff(stream.read(reports.HEAD))] += 1

    assert EXPECTED == {name: found[name] for name in FORMATS if found[name]}


def test_pins_hold_and_what_is_partial_is_said() -> None:
    for path, data, report in of_format(*FORMATS):
        for signal in report.signals:
            if signal.pin is not None:
                assert signal.pin.quote in json_or_text(data[signal.pin.start : signal.pin.end])
        assert (path.name, report.partial) == (path.name, bool(report.partial and report.warnings))


def json_or_text(data: bytes) -> str:
    """The bytes, and the strings of the JSON line that they are."""
    text = data.decode("utf-8", "replace")
    try:
        return "\n".join([text, *(str(value) for value in json.loads(text).values())])
    except (ValueError, AttributeError):
        return text


def test_trx_counts_are_the_files_own() -> None:
    for path, data, report in of_format("trx"):
        root = ElementTree.fromstring(data)
        counters = next(item.attrib for item in root.iter() if item.tag.endswith("Counters"))
        failed = sum(int(counters[key]) for key in ("failed", "error", "timeout", "aborted"))

        assert (path.name, int(counters["executed"]), failed) == (path.name, *values(report))


def test_nunit_and_xunit_counts_are_those_of_a_plain_iteration() -> None:
    seen = 0
    for path, data, report in of_format("nunit", "xunit"):
        try:
            root = ElementTree.fromstring(data.replace(b"\x1f", b"?"))
        except ElementTree.ParseError:  # entities, which are refused; a control character, which is read over
            continue
        seen += 1
        tests = [item for item in root.iter() if item.tag in ("test-case", "test")]
        failed = sum(
            item.find("failure") is not None
            or item.get("result") in ("Failed", "Failure", "Error", "NotRunnable", "Fail")
            for item in tests
        )
        unjudged = sum(
            item.get("result") in ("Ignored", "Skipped", "Inconclusive", "Skip")
            or (item.get("executed") == "False" and item.get("result") != "NotRunnable")
            for item in tests
        )
        ran, reported = values(report)

        assert (path.name, len(tests) - unjudged) == (path.name, ran)
        assert (path.name, failed or path.name in EDITED) == (path.name, reported)
    assert seen >= 15


def test_json_counts_are_the_files_own() -> None:
    for path, data, report in of_format("ctrf", "jest", "pytest-json"):
        document = json.loads(data)
        match report.format:
            case "ctrf":
                failed = document["results"]["summary"]["failed"]
            case "jest":
                failed = document["numFailedTests"] + document["numRuntimeErrorTestSuites"]
            case _:
                failed = document["summary"].get("failed", 0) + document["summary"].get("error", 0)
        if path.name in ("no-failing-tests-with-testexec-failure.json", "failing-tests-with-esc.json"):
            failed = 1  # a hook's crash, and a failure put into a copied file: neither was counted by its maker

        assert (path.name, failed) == (path.name, values(report)[1])


def test_go_counts_are_those_of_the_last_end_of_each_test() -> None:
    for path, data, report in of_format("go-test"):
        ends: dict[tuple[str, str], str] = {}
        for line in data.decode().splitlines():
            event = json.loads(line)
            if event["Action"] in ("pass", "fail", "skip"):
                ends[event["Package"], event.get("Test", "")] = event["Action"]
        failed = {key for key, action in ends.items() if action == "fail" and key[1]}
        bare = {key[0] for key, action in ends.items() if action == "fail" and not key[1]} - {key[0] for key in failed}

        assert (path.name, len(failed) + len(bare)) == (path.name, values(report)[1])
