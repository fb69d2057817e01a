"""The bytes of what jest or vitest write with their JSON reporters go in, a Report comes out.

Both shapes are read: that of `--json` (`assertionResults`) and that of a reporter which wrote jest's own result
(`testResults` within `testResults`). A file of tests that could not be loaded, a hook that crashed after its tests and
an obsolete snapshot in CI are failures that no test bears. https://jestjs.io/docs/configuration#testresultsprocessor-string
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.model import Report
from bot.signals.reports import cases, json_text
from bot.signals.reports.cases import Case, State, Told
from bot.signals.reports.json_text import Citer, inside, objects, shown
from bot.signals.transcripts.outline import Head

NAME = "jest"

_HEADING = "Test suite failed to run"
_SUITE_CAP = 2_000
_SKIPPED = frozenset({"pending", "skipped", "todo", "disabled"})


def matches(head: Head) -> bool:
    """Whether the document counts test suites and failed tests as jest does."""
    return head.shape in ("object", "lines") and "numFailedTests" in head.first and "numTotalTestSuites" in head.first


def read(data: bytes, path: str) -> Report:
    """Read a whole file; `partial` when it was cut off, or when the run was interrupted. Raises nothing."""
    source = json_text.source_of(data, path)
    if len(data) > json_text.SIZE_CAP:
        return cases.too_large(NAME, source, json_text.SIZE_CAP)
    loaded = json_text.load(data)
    if not isinstance(loaded.value, dict):
        return json_text.unreadable(NAME, source, loaded.why or "it is no object")
    run = loaded.value
    citer = Citer(data, source)
    found = [case for suite in objects(run.get("testResults")) for case in _suite(suite, citer)]
    problem = cases.damage(loaded) or ("the run was interrupted" if run.get("wasInterrupted") is True else "")
    return cases.report(NAME, source, found, _told(run, found), problem)


def _told(run: dict[str, object], found: list[Case]) -> Told:
    """What the run counts: failed tests, and suites that never came to run any."""
    counts = [cases.count(run.get(key)) for key in ("numFailedTests", "numRuntimeErrorTestSuites")]
    listed = sum(case.state == "failed" for case in found)
    failed = sum(count or 0 for count in counts)
    stops = [_stop(suite) for suite in objects(run.get("testResults"))]
    # A hook's crash is in no count; what the counts name and nothing lists is a warning.
    return Told(
        max(failed, listed) if counts[0] is not None else None,
        run.get("success") is False,
        cases.milliseconds(run.get("startTime"), max(stops, default=0.0)),
    )


def _stop(suite: dict[str, object]) -> float:
    return cases.number(suite.get("endTime")) or cases.number(inside(suite, "perfStats", "end"))


def _suite(suite: dict[str, object], citer: Citer) -> Iterator[Case]:
    file = cases.file_name(shown(suite.get("name")) or shown(suite.get("testFilePath")))
    tests = suite["assertionResults"] if "assertionResults" in suite else suite.get("testResults")
    failed = False
    for test in objects(tests):
        state = _state(test.get("status"))
        if state is None:
            continue
        failed = failed or state == "failed"
        yield _case(test, state, file, citer)
    crashed = suite.get("testExecError") not in (None, False)
    if not failed and (crashed or suite.get("status") == "failed"):
        said = suite.get("failureMessage") or suite.get("message") or suite.get("testExecError")
        said = said[:_SUITE_CAP].rpartition(_HEADING)[2] if isinstance(said, str) else ""
        late = cases.is_time_out(said)
        yield Case(cases.test_id("", file or cases.RUN), "failed", False, late, citer.pin(cases.bare(said) or file))


def _case(test: dict[str, object], state: State, file: str, citer: Citer) -> Case:
    messages = test.get("failureMessages")
    said = messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], str) else ""
    ancestors = test.get("ancestorTitles")
    titles = [shown(title) for title in ancestors] if isinstance(ancestors, list) else []
    name = " > ".join([title for title in titles if title] + [shown(test.get("title"))])
    # vitest keeps the messages of the tries that failed, jest counts them.
    retried = bool(said or test.get("retryReasons")) or (cases.count(test.get("invocations")) or 0) > 1
    flaky = state == "passed" and retried
    pin = citer.pin(cases.bare(said) or test.get("title")) if state == "failed" or flaky else None
    name = name if titles or test.get("title") else shown(test.get("fullName"))
    return Case(cases.test_id(file, name), state, flaky, state == "failed" and cases.is_time_out(said), pin)


def _state(status: object) -> State | None:
    """None for what is no test's status: of a test that was cut off there may be none."""
    if status == "failed":
        return "failed"
    if isinstance(status, str) and status in _SKIPPED:
        return "skipped"
    return "passed" if status in ("passed", "focused") else None
