"""The bytes of a SWE-bench evaluation go in, a Report comes out: what was resolved, what was broken on the way.

An instance's `report.json` maps its id to what became of the patch and of the tests; a run's report lists the ids of
its instances by what became of them
(https://github.com/SWE-bench/SWE-bench/blob/main/swebench/harness/grading.py and reporting.py).
"""

from __future__ import annotations

from bot.model import Outcome, Report, Signal
from bot.signals.reports import json_text
from bot.signals.reports.json_text import Citer, inside, shown
from bot.signals.transcripts.outline import Head

NAME = "swe-bench"

SIGNALS_CAP = 1_000
_FATES = {
    "resolved_ids": True,
    "unresolved_ids": False,
    "empty_patch_ids": False,
    "error_ids": None,
}
"""Lists of a run's report, and whether their instances are resolved (None: nothing judged them).

Those of `incomplete_ids` were never attempted: a run of one instance lists the rest of its data set there."""


def matches(head: Head) -> bool:
    """A run's counts beside its ids, or one id whose value tells of a patch."""
    if head.shape not in ("object", "lines"):
        return False
    first = head.first
    if "submitted_instances" in first and ("resolved_instances" in first or "resolved_ids" in first):
        return True
    return any(key.endswith((".patch_successfully_applied", ".patch_exists")) for key in first.keys)


def read(data: bytes, path: str) -> Report:
    """Read a report of one instance or of a run. The outcome is that of its one judged instance; of several it is
    none, since they are several attempts: each is a signal `task-resolved`.
    """
    source = json_text.source_of(data, path)
    if len(data) > json_text.SIZE_CAP:
        return json_text.unreadable(NAME, source, f"larger than {json_text.SIZE_CAP >> 20} MiB")
    loaded = json_text.load(data)
    value = loaded.value
    if not isinstance(value, dict) or not value:
        return json_text.unreadable(NAME, source, loaded.why or "it is no report")
    citer = Citer(data, source)
    warnings = json_text.loss(source, loaded)
    fates = _run(value) if "submitted_instances" in value else _instances(value)
    tests = [] if "submitted_instances" in value else _tests(value, citer)
    if len(fates) > SIGNALS_CAP:
        warnings += (f"{path}: {len(fates) - SIGNALS_CAP} of {len(fates)} instances are counted, not listed.",)
    resolved = [
        Signal("task-resolved", fate is True, name if fate is not None else f"{name} (not judged)")
        for name, fate in fates[:SIGNALS_CAP]
    ]
    return Report(NAME, source, _outcome(fates, bool(warnings)), (*resolved, *tests), bool(loaded.why), warnings)


def _run(value: dict[str, object]) -> list[tuple[str, bool | None]]:
    lists = [(key, value.get(key)) for key in _FATES]
    return [(shown(name), _FATES[key]) for key, names in lists if isinstance(names, list) for name in names]


def _instances(value: dict[str, object]) -> list[tuple[str, bool | None]]:
    """A patch that is missing or does not apply is the attempt's own failure; without `resolved` nothing judged it."""
    found: list[tuple[str, bool | None]] = []
    for name, told in value.items():
        if isinstance(told, dict):
            resolved = told.get("resolved")
            found.append((shown(name), resolved if isinstance(resolved, bool) else None))
    return found


def _tests(value: dict[str, object], citer: Citer) -> list[Signal]:
    """The tests that failed; those of `PASS_TO_PASS` passed before the patch."""
    signals: list[Signal] = []
    ran = failed = 0
    for told in value.values():
        for group in ("FAIL_TO_PASS", "PASS_TO_PASS"):
            ran += len(_names(told, group, "success"))
            for test in _names(told, group, "failure"):
                ran, failed = ran + 1, failed + 1
                if len(signals) < SIGNALS_CAP:
                    pin = citer.pin(test)
                    signals.append(Signal("test-failed", detail=shown(test), pin=pin))
                    if group == "PASS_TO_PASS":
                        signals.append(Signal("test-regressed", detail=shown(test), pin=pin))
    counts = [Signal("tests-run", value=float(ran)), Signal("tests-failed", value=float(failed))]
    return signals + counts if ran else signals


def _names(told: object, group: str, end: str) -> list[object]:
    names = inside(told, "tests_status", group, end)
    return names if isinstance(names, list) else []


def _outcome(fates: list[tuple[str, bool | None]], damaged: bool) -> Outcome:
    judged = [fate for _name, fate in fates if fate is not None]
    if len(fates) != 1 or not judged:
        return "none"
    return json_text.outcome(not judged[0], judged[0], damaged)
