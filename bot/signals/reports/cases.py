"""The test cases of a report go in, the Report they make comes out: what ran, failed, flaked or timed out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.model import Outcome, Pin, Report, Signal, Source
from bot.signals.reports.json_text import Loaded

State = Literal["passed", "failed", "skipped"]

RUN = "(run)"
"""The id of a failure that no test bears: the runner crashed, or says that it failed without saying why."""

SIGNALS_CAP = 1_000
"""Failed, flaky and timed-out tests that become signals of their own, each; all failures are counted."""

TEXT_CAP = 2_000
_ID_CAP = 300
_LONGEST_MS = 35 * 24 * 3_600_000
_WORKSPACE = re.compile(
    r"^(?:file://)?(?:/home/runner/work/[^/]{1,100}/[^/]{1,100}/|/Users/runner/work/[^/]{1,100}/[^/]{1,100}/"
    r"|/github/workspace/|/__w/[^/]{1,100}/[^/]{1,100}/|[A-Z]:[/\\]a[/\\][^/\\]{1,100}[/\\][^/\\]{1,100}[/\\])"
)
_ANSI = re.compile(r"(?:\x1b|\?)?\[[0-9;]{0,20}m")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_TIMED_OUT = re.compile(
    r"(?i)\bexceeded (?:its )?(?:execution )?time-?out\b|\b(?:test|hook|it) timed out (?:in|after) "
    r"|timeout of .{1,20} exceeded|^(?:Failed: )?Timeout \(?>|from pytest-timeout|\btest exceeded timeout value"
    r"|exceeded the timeout (?:period|of)"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One test, or what else a report lists as failed: its id, how it ended, where the file says so."""

    id: str
    state: State
    flaky: bool = False
    timed_out: bool = False
    pin: Pin | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says about itself: how many failed (None when it does not), whether the run failed, how long."""

    failed: int | None = None
    run_failed: bool = False
    milliseconds: float = 0.0


def report(
    name: str,
    source: Source,
    cases: Sequence[Case],
    told: Told = Told(),
    problem: str = "",
    warnings: tuple[str, ...] = (),
) -> Report:
    """`problem` says why not all could be read: then a failure that was seen counts, passes make no pass.

    A report that says it failed, or counts failures, and lists none, has one of the id `RUN`.
    """
    failed = [case for case in cases if case.state == "failed"]
    ran = sum(case.state != "skipped" for case in cases)
    if told.failed is not None and told.failed != len(failed) and not problem:
        said = f"{source.path}: its own summary counts {told.failed} failed, {len(failed)} are listed."
        warnings = (*warnings, said)
    if not failed and (told.run_failed or told.failed):
        failed = [Case(RUN, "failed")]
    passed: Outcome = "pass" if ran and not problem else "none"
    if problem:
        warnings = (f"{source.path}: read as far as it goes: {problem}.", *warnings)
    signals = (*_signals(cases, failed), *_counts(ran, len(failed), told.milliseconds))
    return Report(name, source, "fail" if failed else passed, signals, bool(problem), warnings)


def too_large(name: str, source: Source, cap: int) -> Report:
    """A file over the cap is not read at all."""
    why = f"larger than {cap // 2**20} MiB"
    said = f"{source.path}: {why}. Split the report or upload only the failed suites."
    return Report(name, source, "none", (Signal("unreadable", detail=why),), False, (said,))


def test_id(owner: str, name: str) -> str:
    """`owner::name` in one line, the owner left out where the name begins with it: one id however a tool writes it."""
    owner, name = (_CONTROL.sub(" ", part[:TEXT_CAP]).strip() for part in (owner, name))
    name = name or "?"
    return (name if not owner or name.startswith(owner) else f"{owner}::{name}")[:_ID_CAP]


def file_name(path: str) -> str:
    """A file's path without the runner's workspace, so that a test is the same on every runner."""
    return _WORKSPACE.sub("", path[:TEXT_CAP]).replace("\\", "/")


def first_line(text: str) -> str:
    """The first line that says something, without colours, at most 300 characters."""
    lines = (_ANSI.sub("", line).strip() for line in text[:TEXT_CAP].splitlines())
    return next((line for line in lines if line), "")[:_ID_CAP]


def bare(text: object) -> str:
    """The longest piece of the first telling line that no colour interrupts, as a Citer finds it: behind a space when
    the text does not begin with it. "" for none.
    """
    if not isinstance(text, str):
        return ""
    lines = (max(_ANSI.split(line), key=len).strip() for line in text[:TEXT_CAP].splitlines())
    piece = next((line for line in lines if line), "")[:_ID_CAP]
    return piece if text.startswith(piece) else f" {piece}"


def number(value: object) -> float:
    """A sound number of a JSON report, 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        return 0.0
    return float(value)


def count(value: object) -> int | None:
    """A count of a JSON report, None for anything else."""
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40
    return value if isinstance(value, int) and sound else None


def damage(loaded: Loaded) -> str:
    """Why a JSON report could not be read to its end, "" when it could."""
    return f"{loaded.lost} bytes lost, {loaded.why}" if loaded.lost or loaded.why else ""


def is_time_out(text: str) -> bool:
    """Whether a failure's text is a test runner's word for a test that took too long."""
    return _TIMED_OUT.search(text[:TEXT_CAP].lstrip()) is not None


def milliseconds(start: object, stop: object) -> float:
    """The time between two Unix times in milliseconds; 0 where it is none that a CI run may take."""
    begin, end = number(start), number(stop)
    return end - begin if 0 < begin < end < begin + _LONGEST_MS else 0.0


def between(start: str, stop: str) -> float:
    """The milliseconds between two ISO 8601 times; 0 where one is none."""
    try:
        begin, end = (datetime.fromisoformat(text[:40]).timestamp() * 1000 for text in (start, stop))
    except (ValueError, OverflowError, OSError):
        return 0.0
    return milliseconds(begin, end)


def _signals(cases: Sequence[Case], failed: Sequence[Case]) -> Iterator[Signal]:
    yield from (Signal("test-failed", detail=case.id, pin=case.pin) for case in failed[:SIGNALS_CAP])
    flaky = [case for case in cases if case.flaky]
    yield from (Signal("test-flaky", detail=case.id, pin=case.pin) for case in flaky[:SIGNALS_CAP])
    late = [case for case in failed if case.timed_out]
    yield from (Signal("test-timed-out", detail=case.id, pin=case.pin) for case in late[:SIGNALS_CAP])


def _counts(ran: int, failed: int, took: float) -> Iterator[Signal]:
    yield Signal("tests-run", value=float(ran))
    yield Signal("tests-failed", value=float(failed))
    if round(took):
        yield Signal("job-duration", value=float(round(took)))
