"""Formats are told by content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals import reports


def as_lines(values: list[object]) -> bytes:
    return b"\n".join(json.dumps(value).encode() for value in values)


SHARED = Path(__file__).resolve().parents[3] / "../shared/data/ci"
LOG = b"2024-01-01T10:00:00.0000000Z Current runner version\n2024-01-01T10:00:01.0000000Z ok\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b'{"testsuites": []}',
        b"<html><body>testsuite</body></html>",
        b'<TestRun xmlns="http://example.org/another"></TestRun>',
        b'<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0"/>',
        b"<test-suite><test-case/></test-suite>",
        b"<!DOCTYPE coverage SYSTEM 'http://x/coverage-04.dtd'><coverage line-rate='1'/>",
        b"<checkstyle version='8'><file/></checkstyle>",
        b"<!-- <testsuites> --><assemblies/>",
        b"2024-01-01 10:00:00 INFO an application's log\n",
        b"I like --- dashes\n+++ and pluses\n",
    ],
)
def test_other_files_are_unknown_and_say_so(data: bytes) -> None:
    report = reports.read(data, "junit.xml")

    assert (report.format, report.outcome) == ("unknown", "none")
    assert [signal.name for signal in report.signals] == ["unreadable"]
    assert report.warnings


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<testsuites/>", "junit"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x --><!DOCTYPE t [<!ELEMENT t ANY>]><testsuite name="x">', "junit"),
        ('<?xml version="1.0" encoding="utf-16"?><testsuites/>'.encode("utf-16"), "junit"),
        (b'<ns:testsuites xmlns:ns="x"/>', "junit"),
        (b'<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"></TestRun>', "trx"),
        (b'<?xml version="1.0"?><test-run id="2"><test-suite/></test-run>', "nunit"),
        (b"<test-results name='x'/>", "nunit"),
        (b'<test-suite name="x" success="True">', "nunit"),
        (b'<assemblies timestamp="x"/>', "xunit"),
        (b'<assembly name="x" run-date="2012-01-14">', "xunit"),
        (LOG, "github-job-log"),
        (b"\xef\xbb\xbf" + LOG, "github-job-log"),
        (b"#=SOURCE=# https://example.org\n" + LOG, "github-job-log"),
        (b"build\tRun tests\t2024-01-01T10:00:00.0000000Z ok\n", "github-job-log"),
        (b"##[group]Operating System\nUbuntu\n##[endgroup]\n", "github-job-log"),
        (b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "patch"),
        (b"From " + b"0" * 40 + b" Mon Sep 17 00:00:00 2001\nSubject: x\n\ndiff --git a/x b/x\n", "patch"),
    ],
)
def test_sniff(data: bytes, expected: str) -> None:
    assert reports.sniff(data, "misleading.json") == expected


@given(st.binary(max_size=400))
def test_arbitrary_bytes_do_not_crash(data: bytes) -> None:
    assert reports.read(data, "x").source.size == len(data)


WORDS = st.sampled_from(
    ["results", "tests", "runs", "status", "failed", "message", "code", "filename", "Action", "fail", "$schema", "name"]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
ANY_TEXT = st.lists(
    st.sampled_from(
        ["<testsuite>", "<testcase name='a'>", "<failure/>", "</testsuite>", "ok 1", "not ok 2 - b", "TAP version 13",
         "1..2", "--- a/x", "+++ b/x", "@@ -1 +1 @@", "-a", "+b", "##[error]no", "2024-01-01T10:00:00.0000000Z ok"]
    )
).map(lambda lines: "\n".join(lines).encode())  # fmt: skip


@pytest.mark.parametrize("form", reports.FORMATS, ids=[form.name for form in reports.FORMATS])
@settings(max_examples=25)
@given(data=st.one_of(st.binary(max_size=200), ANY_TEXT, st.lists(ANY_JSON, max_size=3).map(as_lines)))
def test_no_reader_crashes_or_cites_beyond_the_end_whatever_it_is_given(form: reports.Format, data: bytes) -> None:
    report = form.read(data, "x")

    assert report.source.size == len(data)
    pins = [one.pin for one in report.signals if one.pin]
    assert all(0 <= pin.start <= pin.end <= len(data) for pin in pins)


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data absent")
def test_no_shared_file_crashes_and_other_xml_is_not_taken_for_junit() -> None:
    found: dict[str, set[str]] = {}
    for path in sorted(item for item in SHARED.rglob("*") if item.is_file()):
        report = reports.read(path.read_bytes(), path.name)
        found.setdefault(report.format, set()).add(path.name)

    other = {name for name in found["junit"] if name.endswith(".trx") or "NUnit" in name or "nunit" in name}
    assert other == set()
    assert len(found["github-job-log"]) > 55
