"""The bytes that pytest-json-report wrote go in, a Report comes out. https://pypi.org/project/pytest-json-report/

Errors in set-up, tear-down and collection are failures; an expected failure (`xfailed`) is none, and neither is an
unexpected pass, which pytest calls a failure only where it is strict, and then it writes `failed`.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.model import Report
from bot.signals.reports import cases, json_text
from bot.signals.reports.cases import Case, State, Told
from bot.signals.reports.json_text import Citer, inside, objects, shown
from bot.signals.transcripts.outline import Head

NAME = "pytest-json"

_FAILED_RUN = (1, 3, 4)
"""Exit codes: tests failed, an internal error, wrong use; 2 is an interruption, 5 means that nothing ran."""
_INTERRUPTED = 2


def matches(head: Head) -> bool:
    """Whether the document begins as the plugin's, or lists tests by node id beside a summary."""
    first = head.first
    if head.shape not in ("object", "lines") or first.get("summary") not in ("{", ""):
        return False
    if "exitcode" in first and "root" in first and ("environment" in first or "summary" in first):
        return True
    return first.get("tests") == "[" and "summary" in first and '"nodeid"' in head.text


def read(data: bytes, path: str) -> Report:
    """Read a whole file; `partial` when it was cut off, or when the run was interrupted. Raises nothing."""
    source = json_text.source_of(data, path)
    if len(data) > json_text.SIZE_CAP:
        return cases.too_large(NAME, source, json_text.SIZE_CAP)
    loaded = json_text.load(data)
    run = loaded.value
    if not isinstance(run, dict):
        return json_text.unreadable(NAME, source, loaded.why or "it is no object")
    found = list(_cases(run, Citer(data, source)))
    interrupted = run.get("exitcode") == _INTERRUPTED and all(case.state != "failed" for case in found)
    problem = cases.damage(loaded) or ("the run was interrupted" if interrupted else "")
    return cases.report(NAME, source, found, _told(run, found), problem)


def _told(run: dict[str, object], found: list[Case]) -> Told:
    summary = run.get("summary")
    counts = [cases.count(inside(summary, key)) for key in ("failed", "error")]
    broken = sum(1 for collector in objects(run.get("collectors")) if collector.get("outcome") == "failed")
    failed = sum(count or 0 for count in counts) + broken if isinstance(summary, dict) else None
    took = cases.number(run.get("duration")) * 1000
    return Told(failed, run.get("exitcode") in _FAILED_RUN, took)


def _cases(run: dict[str, object], citer: Citer) -> Iterator[Case]:
    for collector in objects(run.get("collectors")):
        if collector.get("outcome") == "failed":
            name = shown(collector.get("nodeid"))
            said = cases.bare(collector.get("longrepr"))
            yield Case(cases.test_id("", name or cases.RUN), "failed", pin=citer.pin(said or name))
    for test in objects(run.get("tests")):
        state = _state(test)
        if state is None:
            continue
        name, said = shown(test.get("nodeid")), _said(test)
        flaky = state == "passed" and "rerun" in _outcomes(test)
        pin = citer.pin(said or name) if state == "failed" else None
        late = state == "failed" and cases.is_time_out(said)
        yield Case(cases.test_id("", name), state, flaky, late, pin)


def _said(test: dict[str, object]) -> str:
    """The message of the phase that failed, else the first line of its text."""
    for phase in ("setup", "call", "teardown"):
        if inside(test, phase, "outcome") == "failed":
            return cases.bare(inside(test, phase, "crash", "message")) or cases.bare(inside(test, phase, "longrepr"))
    return cases.bare(test.get("longrepr"))


def _outcomes(test: dict[str, object]) -> list[object]:
    """That of the test and those of its phases; a phase that pytest-rerunfailures repeated says `rerun`."""
    return [test.get("outcome"), *(inside(test, phase, "outcome") for phase in ("setup", "call", "teardown"))]


def _state(test: dict[str, object]) -> State | None:
    """None for what says nothing yet: a test that was cut off, or was to be run again."""
    whole, *phases = _outcomes(test)
    match whole:
        case "failed" | "error":
            return "failed"
        case "skipped" | "xfailed" | "deselected":
            return "skipped"
        case "passed" | "xpassed":
            return "passed"
        case "rerun" if "failed" in phases:
            return "failed"
        case "rerun" if phases[1] == "passed":
            return "passed"
    return None
