"""The bytes of `go test -json` go in, a Report comes out. https://pkg.go.dev/cmd/test2json

A package that failed without a failed test is itself the failure: it did not build, panicked or left a test running.
Tests that ran again in a later run of their package (`gotestsum --rerun-fails`) count as they ended; within one run of
a package (`-count`) one failure is a failure. Lines that are no JSON are the go command's own and other tools' output.

NOTE: a file that was cut off exactly between two packages cannot be told from a whole one: the stream has no end mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from bot.model import Pin, Report, Source
from bot.signals.reports import cases, json_text
from bot.signals.reports.cases import Case, State, Told
from bot.signals.transcripts.outline import Head

NAME = "go-test"

_FIRST = 60
_QUOTE_CAP = 300
_BUILD = ("build-output", "build-fail")
_ACTIONS = frozenset(
    ("start", "run", "pause", "cont", "pass", "bench", "fail", "output", "skip", "attr", "artifacts", *_BUILD)
)
_ENDS: dict[str, State] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_PLAIN_FAIL = re.compile(r"FAIL[\t ]+(\S{1,500})[\t ]+(?:\[[\w ]{1,40}failed\]|[\d.]{1,12}s)\s*$")
_FRAME = re.compile(r"^(?:=== |--- |PASS\b|FAIL\b|ok  \t|exit status |coverage: |\s*$)")
_LATE = "panic: test timed out after"


class _Event(msgspec.Struct, frozen=True):
    """One line, as `cmd/test2json` and `go help buildjson` define it."""

    action: str = msgspec.field(name="Action")
    time: str = msgspec.field(name="Time", default="")
    package: str = msgspec.field(name="Package", default="")
    test: str = msgspec.field(name="Test", default="")
    output: str = msgspec.field(name="Output", default="")
    path: str = msgspec.field(name="ImportPath", default="")
    build: str = msgspec.field(name="FailedBuild", default="")
    elapsed: float = msgspec.field(name="Elapsed", default=0.0)


@dataclass(slots=True)
class _Said:
    """The first telling line of an output, where it stands."""

    quote: str
    start: int
    end: int
    line: int


@dataclass(slots=True)
class _Test:
    """A test of one package over all its runs."""

    state: State | Literal["running", "paused"] = "running"
    failed_before: bool = False
    timed_out: bool = False
    said: _Said | None = None


@dataclass(slots=True)
class _Package:
    """A package over all its runs; `failed` when no test of its last run bears that run's failure."""

    tests: dict[str, _Test] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    """The tests of the run that is going on."""
    open: bool = False
    failed: bool = False
    timed_out: bool = False
    said: _Said | None = None


@dataclass(slots=True)
class _Stream:
    packages: dict[str, _Package] = field(default_factory=dict)
    builds: dict[str, _Said] = field(default_factory=dict)
    """What the compiler said first, by import path."""
    failed_builds: set[str] = field(default_factory=set)
    broken: int = 0
    """Lines that are no whole event."""
    lost: int = 0
    """Bytes of those lines."""
    first_broken: int = 0
    first: str = ""
    last: str = ""
    elapsed: float = 0.0

    def package(self, name: str) -> _Package:
        """The package of this name, a new one when it is new."""
        return self.packages.setdefault(name, _Package())


_DECODER = msgspec.json.Decoder(_Event)


def matches(head: Head) -> bool:
    """Whether one of the first lines is an event of `go test` or of a build below it."""
    for line in head.text.split("\n", _FIRST)[:_FIRST]:
        if line[:1] != "{" or '"Action"' not in line:
            continue
        event = _event(line.encode())
        if event and event.action in _ACTIONS and (event.package or event.path or event.test):
            return True
    return False


def read(data: bytes, path: str) -> Report:
    """Read a whole stream; `partial` when a package did not come to its end or a line is damaged. Raises nothing."""
    source = json_text.source_of(data, path)
    if len(data) > json_text.SIZE_CAP:
        return cases.too_large(NAME, source, json_text.SIZE_CAP)
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    stream = _Stream()
    at = 0
    plain = data.decode("utf-16", "replace").encode() if wide else data
    for number, raw in enumerate(plain.split(b"\n"), 1):
        line = raw.strip(b" \t\r\0").removeprefix(b"\xef\xbb\xbf")
        if line[:1] == b"{":
            event = _event(line)
            if event is None:
                _break(stream, raw, number)
            elif event.action in _ACTIONS:
                _take(stream, event, _Said("", at, at + len(raw), number))
        elif line.startswith(b"FAIL"):
            _plain(stream, line[:600].decode("utf-8", "replace"), _Said("", at, at + len(raw), number))
        elif line.endswith(b"}") and b'Action":"' in line and b'"Package":"' in line:
            _break(stream, raw, number)  # the end of an event whose beginning is lost
        at += len(raw) + 1
    found = list(_cases(stream, None if wide else source))
    took = cases.between(stream.first, stream.last) or stream.elapsed * 1000
    return cases.report(NAME, source, found, Told(milliseconds=took), _problem(stream))


def _break(stream: _Stream, raw: bytes, number: int) -> None:
    stream.broken += 1
    stream.lost += len(raw)
    stream.first_broken = stream.first_broken or number


def _event(line: bytes) -> _Event | None:
    try:
        return _DECODER.decode(line)
    except json_text.BROKEN:
        pass
    try:  # broken UTF-8 in an output
        return _DECODER.decode(line.decode("utf-8", "replace").encode())
    except json_text.BROKEN:
        return None


def _take(stream: _Stream, event: _Event, where: _Said) -> None:
    if event.time:
        stream.first = stream.first or event.time
        stream.last = event.time
    if event.action.startswith("build-"):
        _build(stream, event, where)
        return
    package = stream.package(event.package)
    package.open = True
    if event.action == "output":
        _output(package, event, where)
    elif event.test:
        _test(package, event, where)
    elif event.action in _ENDS:
        if event.build:
            stream.failed_builds.discard(event.build)
            package.said = package.said or stream.builds.get(event.build)
        stream.elapsed += event.elapsed if 0 < event.elapsed < 1e7 else 0.0
        _end(package, event.action == "fail")


def _build(stream: _Stream, event: _Event, where: _Said) -> None:
    if event.action == "build-fail":
        stream.failed_builds.add(event.path)
        return
    quote = event.output.strip()[:_QUOTE_CAP]
    if quote and not quote.startswith("#") and event.path not in stream.builds:
        stream.builds[event.path] = replace(where, quote=quote)


def _output(package: _Package, event: _Event, where: _Said) -> None:
    owner = package.tests.get(event.test) if event.test else package
    if event.output.startswith(_LATE):
        package.timed_out = True
        if isinstance(owner, _Test):
            owner.timed_out = True
    quote = event.output.strip()[:_QUOTE_CAP]
    if owner is not None and owner.said is None and not _FRAME.match(event.output.lstrip(" \t")):
        owner.said = replace(where, quote=quote)


def _test(package: _Package, event: _Event, where: _Said) -> None:
    """A test begins, waits or ends; one that failed in this run of the package stays failed in it."""
    test = package.tests.setdefault(event.test, _Test())
    if event.test not in package.touched:
        package.touched.add(event.test)
        test.failed_before = test.failed_before or test.state == "failed"
        test.state = "running"
    if test.state == "failed":
        return
    if event.action in ("run", "cont"):
        test.state = "running"
    elif event.action == "pause":
        test.state = "paused"
    elif state := _ENDS.get(event.action):
        test.state = state
        test.said = test.said or replace(where, quote=event.test[:_QUOTE_CAP])


def _end(package: _Package, failed: bool) -> None:
    """A run of the package ends. Of a failed one the tests that did not end failed, where nothing else explains it or
    it took too long.
    """
    tests = [package.tests[name] for name in package.touched]
    if failed and (package.timed_out or all(test.state != "failed" for test in tests)):
        for test in tests:
            if test.state == "running":
                test.state = "failed"
                test.timed_out = test.timed_out or package.timed_out
    package.failed = failed and all(test.state != "failed" for test in tests)
    package.touched = set()
    package.open = False


def _plain(stream: _Stream, text: str, where: _Said) -> None:
    """Before Go 1.24 a package that does not build is told of in a line that is no JSON (golang/go#35169)."""
    match = _PLAIN_FAIL.match(text)
    if match is None:
        return
    package = stream.package(match[1])
    package.said = package.said or replace(where, quote=match[1][:_QUOTE_CAP])
    _end(package, True)


def _cases(stream: _Stream, source: Source | None) -> Iterator[Case]:
    for name, package in stream.packages.items():
        for test_name, test in package.tests.items():
            state: State = "skipped" if test.state == "running" or test.state == "paused" else test.state
            flaky = state == "passed" and test.failed_before
            pin = _pin(test.said, source) if state == "failed" or flaky else None
            late = state == "failed" and test.timed_out
            yield Case(cases.test_id(name, test_name), state, flaky, late, pin)
        if package.failed:
            pin = _pin(package.said, source)
            yield Case(cases.test_id("", name or cases.RUN), "failed", False, package.timed_out, pin)
    for path in sorted(stream.failed_builds):
        name = path.partition(" [")[0]
        if name not in stream.packages or not stream.packages[name].failed:
            yield Case(cases.test_id("", name or cases.RUN), "failed", pin=_pin(stream.builds.get(path), source))


def _problem(stream: _Stream) -> str:
    """Why the stream is not whole, "" when it is."""
    if stream.broken:
        return (
            f"{stream.broken} lines are no whole events, {stream.lost} bytes lost, first on line {stream.first_broken}"
        )
    going = sum(package.open for package in stream.packages.values())
    return f"{going} packages did not come to their end" if going else ""


def _pin(said: _Said | None, source: Source | None) -> Pin | None:
    if said is None or source is None or not said.quote:
        return None
    return Pin(source.path, source.sha256, said.start, said.end, said.quote, line=said.line)
