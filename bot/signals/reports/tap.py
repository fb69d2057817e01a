"""The bytes of a TAP stream (versions 12 to 14) go in, a Report comes out.

A test with subtests counts as its subtests, but its own line decides: below one that is ok or marked TODO or SKIP
nothing failed, since tests of test tools print failures. A stream whose plan is missing or promises another number of
tests than came was cut off: it is `partial` and never a pass. https://testanything.org/tap-version-14-specification.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.model import Pin, Report, Source
from bot.signals.reports import cases, json_text, lines
from bot.signals.reports.cases import RUN, Case, State, Told
from bot.signals.transcripts.outline import Head

NAME = "tap"

LEVEL_CAP = 50
_FIRST = 40
_PATH_CAP = 600
_VERSION = re.compile(r"TAP version 1[234]\s*$")
_PLAN = re.compile(r"1\.\.(\d{1,9})(?:\s+#.{0,200})?\s*$")
_TEST = re.compile(r"(not )?ok\b(?:\s+(\d{1,9})\b)?(?:\s*-)?\s*(.*)$")
_DIRECTIVE = re.compile(r"(?i)(?:^|\s)#\s*(?:todo|skip(?:ped|ping)?)(?=[\s:.,]|$)")
_FACT = re.compile(r"(message|error|failureType):\s*(.*)$")
_FAILED = re.compile(r"# (?:fail|failed|cancelled)\s+[1-9]\d{0,8}\s*$")
_TOOK = re.compile(r"# (duration_ms|time=?)\s*(\d{1,12}(?:\.\d{0,12})?)(ms|s)?\s*$")
_ESCAPED = re.compile(r"\\([#\\])")


@dataclass(slots=True)
class _Point:
    """A test line: where it stands, and what the block below it says."""

    name: str
    state: State
    start: int
    end: int
    line: int
    quote: str
    timed_out: bool = False
    below: list[_Point] = field(default_factory=list)


@dataclass(slots=True)
class _Level:
    """The tests of one depth of indentation that no test line has taken yet; `brace` is one that opened a block."""

    points: list[_Point] = field(default_factory=list)
    plan: int | None = None
    brace: _Point | None = None


@dataclass(slots=True)
class _Stream:
    levels: list[_Level] = field(default_factory=lambda: [_Level()])
    block: int = -1
    """The indentation of the YAML block that is being read, -1 outside one."""
    bailed: _Point | None = None
    failed: bool = False
    took: float = 0.0


def matches(head: Head) -> bool:
    """Whether the version stands near the start, or a plan and tests are half of the first lines."""
    first = [line for line in head.text.split("\n", _FIRST + 1)[:_FIRST] if line.strip()]
    if any(_VERSION.match(line) for line in first[:20]):
        return True
    flush = [line for line in first if line[0] not in " \t#"]
    plans = sum(_PLAN.match(line) is not None for line in flush)
    tests = sum(re.match(r"(?:not )?ok \d{1,9}\b", line) is not None for line in flush)
    return plans == 1 and tests > 0 and (plans + tests) * 2 >= len(flush)


def read(data: bytes, path: str) -> Report:
    """Read a whole stream; lines that are no TAP are output of the tests. Raises nothing."""
    source = json_text.source_of(data, path)
    if len(data) > lines.SIZE_CAP:
        return cases.too_large(NAME, source, lines.SIZE_CAP)
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    stream = _Stream()
    at = 0
    plain = data.decode("utf-16", "replace").encode() if wide else data
    for number, raw in enumerate(plain.split(b"\n"), 1):
        text = raw[: lines.LINE_CAP].decode("utf-8", "replace").rstrip("\r").lstrip("\ufeff")
        _line(stream, text, at, at + len(raw), number)
        at += len(raw) + 1
        if stream.bailed:
            break
    found = list(_cases(stream, None if wide else source))
    return cases.report(NAME, source, found, Told(None, stream.failed, stream.took), _problem(stream))


def _line(stream: _Stream, text: str, start: int, end: int, number: int) -> None:
    body = text.lstrip(" ")
    indent = len(text) - len(body)
    depth = indent // 4
    if stream.block >= 0:
        if body and indent >= stream.block:
            _fact(stream, body)
            return
        if not body:
            return
        stream.block = -1
    if body.rstrip() == "---" and indent % 4:
        stream.block = indent
    elif body.startswith("Bail out!"):
        stream.bailed = _Point(RUN, "failed", start, end, number, quote=body.rstrip())
    elif depth >= LEVEL_CAP or indent % 4:
        return
    elif match := _TEST.match(body):
        _test(stream, match, depth, (start, end, number))
    elif match := _PLAN.match(body):
        level = _level(stream, depth)
        level.plan = (level.plan or 0) + int(match[1])
    elif body.rstrip() == "}" and depth < len(stream.levels) and (point := stream.levels[depth].brace):
        stream.levels[depth].brace = None
        point.below = _take(stream, depth)
    elif depth == 0:
        _summary(stream, body)


def _level(stream: _Stream, depth: int) -> _Level:
    while len(stream.levels) <= depth:
        stream.levels.append(_Level())
    return stream.levels[depth]


def _take(stream: _Stream, depth: int) -> list[_Point]:
    """The tests that stand deeper and belong to no test line yet."""
    below = [point for deeper in stream.levels[depth + 1 :] for point in deeper.points]
    del stream.levels[depth + 1 :]
    return below


def _test(stream: _Stream, match: re.Match[str], depth: int, where: tuple[int, int, int]) -> None:
    """A test line takes the tests that stand deeper above it; one that opens a brace those below it."""
    level = _level(stream, depth)
    text = match[3].rstrip()
    opens = text == "{" or text.endswith(" {")
    text = text[:-1] if opens else text
    directive = _DIRECTIVE.search(text)
    said = text[: directive.start()] if directive else text
    name = _ESCAPED.sub(r"\1", said).strip()
    state: State = "skipped" if directive else "failed" if match[1] else "passed"
    point = _Point(name or match[2] or "", state, *where, quote=said.strip() or match[0][:6])
    if opens:
        level.brace = point
    else:
        point.below = _take(stream, depth)
    level.points.append(point)


def _fact(stream: _Stream, body: str) -> None:
    """A line of the block below a test."""
    if body.rstrip() == "..." or stream.block // 4 >= len(stream.levels):
        return
    points = stream.levels[stream.block // 4].points
    if points and (match := _FACT.match(body)):
        late = match[1] == "failureType" and "timeout" in match[2].lower()
        points[-1].timed_out = points[-1].timed_out or late or cases.is_time_out(match[2].strip("'\""))


def _summary(stream: _Stream, body: str) -> None:
    """What some tools say at the end: how many failed, how long it took."""
    if _FAILED.match(body):
        stream.failed = True
    elif match := _TOOK.match(body):
        stream.took = float(match[2]) * (1000.0 if match[3] == "s" else 1.0)


def _problem(stream: _Stream) -> str:
    """Why the stream is not whole, "" when it is; one that bailed out failed anyway."""
    top = stream.levels[0]
    if stream.bailed or (top.plan == len(top.points) and len(stream.levels) == 1):
        return ""
    if top.plan is None:
        return "it has no plan, its end may be missing"
    if top.plan != len(top.points):
        return f"{top.plan} tests were planned, {len(top.points)} came"
    return "it ends within a subtest"


def _cases(stream: _Stream, source: Source | None) -> Iterator[Case]:
    for level in stream.levels:
        for point in level.points:
            yield from _leaves(point, "", source)
    if stream.bailed:
        yield Case(RUN, "failed", pin=_pin(stream.bailed, source))


def _leaves(point: _Point, above: str, source: Source | None, excused: bool = False) -> Iterator[Case]:
    """The tests without subtests; a test that failed though none below it did is one itself."""
    name = f"{above} > {point.name}"[:_PATH_CAP] if above else point.name
    below = [case for child in point.below for case in _leaves(child, name, source, excused or point.state != "failed")]
    if below and (point.state != "failed" or excused or any(case.state == "failed" for case in below)):
        yield from below
        return
    yield from below
    state: State = "skipped" if excused and point.state == "failed" else point.state
    pin = _pin(point, source) if state == "failed" else None
    yield Case(cases.test_id("", name), state, False, state == "failed" and point.timed_out, pin)


def _pin(point: _Point, source: Source | None) -> Pin | None:
    if source is None or not point.quote:
        return None
    return Pin(source.path, source.sha256, point.start, point.end, point.quote[:300], line=point.line)
