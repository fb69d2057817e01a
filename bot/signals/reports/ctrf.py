"""The bytes of a CTRF report go in, a Report comes out. https://ctrf.io/docs/specification/overview"""

from __future__ import annotations

from collections.abc import Iterator

from bot.model import Report
from bot.signals.reports import cases, json_text
from bot.signals.reports.cases import Case, State, Told
from bot.signals.reports.json_text import Citer, inside, objects, shown
from bot.signals.transcripts.outline import Head

NAME = "ctrf"


def matches(head: Head) -> bool:
    """Whether the document names itself so, or has the three parts that every version requires."""
    first = head.first
    if head.shape not in ("object", "lines") or first.get("results") not in ("{", ""):
        return False
    return first.get("reportFormat") == "CTRF" or ("results.tool" in first and "results.summary" in first)


def read(data: bytes, path: str) -> Report:
    """Read a whole file; `partial` when it was cut off. A test with the status `other` ran and did not fail. Raises
    nothing.
    """
    source = json_text.source_of(data, path)
    if len(data) > json_text.SIZE_CAP:
        return cases.too_large(NAME, source, json_text.SIZE_CAP)
    loaded = json_text.load(data)
    results = inside(loaded.value, "results")
    if not isinstance(results, dict):
        return json_text.unreadable(NAME, source, loaded.why or "it has no results")
    summary = inside(results, "summary")
    took = cases.milliseconds(inside(summary, "start"), inside(summary, "stop"))
    took = took or cases.number(inside(summary, "duration"))
    told = Told(cases.count(inside(summary, "failed")), milliseconds=took)
    found = list(_cases(results.get("tests"), Citer(data, source)))
    return cases.report(NAME, source, found, told, cases.damage(loaded))


def _cases(tests: object, citer: Citer) -> Iterator[Case]:
    for test in objects(tests):
        state = _state(test.get("status"))
        if state is None:
            continue
        message = cases.bare(test.get("message")) or cases.bare(test.get("trace"))
        flaky = state == "passed" and (test.get("flaky") is True or (cases.count(test.get("retries")) or 0) > 0)
        pin = citer.pin(message or test.get("name")) if state == "failed" or flaky else None
        late = state == "failed" and ("time" in shown(test.get("rawStatus")).lower() or cases.is_time_out(message))
        yield Case(_id(test), state, flaky, late, pin)


def _state(status: object) -> State | None:
    """None for what is no test's status: of a test that was cut off there may be none."""
    match status:
        case "failed":
            return "failed"
        case "skipped" | "pending":
            return "skipped"
        case "passed" | "other":
            return "passed"
    return None


def _id(test: dict[str, object]) -> str:
    """File, suites and name: the suite is one string in older reports, a list in newer ones."""
    suite = test.get("suite")
    suites = [shown(part) for part in suite] if isinstance(suite, list) else [shown(suite)]
    owner = cases.file_name(shown(test.get("filePath")) or shown(test.get("filepath")))
    name = shown(test.get("name"))
    path = [part for part in suites if part and cases.file_name(part) != owner]
    return cases.test_id(owner, name if path and name.startswith(path[0]) else " > ".join([*path, name]))
