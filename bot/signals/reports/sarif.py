"""The bytes of a SARIF 2.1.0 log go in, a Report comes out: which rules a static analyser found broken, and where.

The level of a result is its own, else the one that the invocation or the rule configures, else `warning`. What is no
failure: levels below `error`, kinds other than `fail`, what a person has suppressed, and what stood in the baseline.
Sections in brackets are those of https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html.
"""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import unquote

from bot.model import Outcome, Report, replace
from bot.signals.reports import json_text
from bot.signals.reports.json_text import Citer, inside, objects, shown
from bot.signals.reports.linters import Tally
from bot.signals.transcripts.outline import Head

NAME = "sarif"

JsonObject = dict[str, object]
T = TypeVar("T")

_OLD = ("unchanged", "absent")
"""Baseline states of a result that is not this attempt's (3.27.24)."""
_UNDECIDED = ("underReview", "rejected")
"""A suppression in such a state suppresses nothing (3.27.23)."""


def matches(head: Head) -> bool:
    """A `runs` list with a schema or a version that says SARIF; `version` may stand last, where no sniffer looks."""
    first = head.first
    if head.shape not in ("object", "lines") or first.get("runs") != "[":
        return False
    return "sarif" in first.get("$schema").lower() or first.get("version").startswith("2.") or '"driver"' in head.text


def read(data: bytes, path: str) -> Report:
    """Read a whole log of any number of runs. A damaged one is read as far as it goes, with the loss said.

    The outcome follows the exit code where a run tells it, for some tools fail on warnings and some on nothing;
    without one an error fails, as in GitHub's code scanning
    (https://docs.github.com/en/code-security/code-scanning/managing-code-scanning-alerts/triaging-code-scanning-alerts-in-pull-requests).
    A run that says it did not succeed, or that has no `results`, is no pass.
    """
    source = json_text.source_of(data, path)
    if len(data) > json_text.SIZE_CAP:
        return json_text.unreadable(NAME, source, f"larger than {json_text.SIZE_CAP >> 20} MiB")
    loaded = json_text.load(data)
    runs = list(objects(inside(loaded.value, "runs")))
    if not runs:
        return json_text.unreadable(NAME, source, loaded.why or "it holds no run")
    tally = Tally(Citer(data, source))
    warnings = json_text.loss(source, loaded)
    outcomes: list[Outcome] = []
    for number, run in enumerate(runs, 1):
        failed, warned = tally.failed, tally.warned
        rules = _Rules(run)
        for result in objects(run.get("results")):
            _count(tally, rules, result)
        outcomes.append(_outcome(run, tally.failed > failed, tally.warned > warned))
        if not isinstance(run.get("results"), list):
            warnings += (f"{path}: run {number} of {len(runs)} has no results: the tool came to no end.",)
        elif outcomes[-1] == "none":
            warnings += (f"{path}: run {number} of {len(runs)} says that the tool did not succeed.",)
    report = tally.report(NAME, source, True, warnings)
    return replace(report, outcome=_worst(outcomes, bool(warnings)), partial=bool(loaded.why))


class _Rules:
    """The rules of a run, by number and by id, and the levels that configure them."""

    def __init__(self, run: JsonObject) -> None:
        self._lists = [list(objects(inside(run, "tool", "driver", "rules")))]
        self._lists += [list(objects(part.get("rules"))) for part in objects(inside(run, "tool", "extensions"))]
        self._ids = {shown(rule.get("id")): rule for rules in reversed(self._lists) for rule in rules}
        self._overrides = {
            shown(inside(override, "descriptor", "id")): inside(override, "configuration", "level")
            for invocation in objects(run.get("invocations"))
            for override in objects(invocation.get("ruleConfigurationOverrides"))
        }
        self.artifacts = list(objects(run.get("artifacts")))

    def of(self, result: JsonObject) -> JsonObject:
        """The rule of a result; empty when the log does not describe it. `CA1000/1` is a part of rule `CA1000`."""
        component = inside(result, "rule", "toolComponent", "index")
        rules = _at(self._lists, component + 1 if isinstance(component, int) else 0) or []
        place = result.get("ruleIndex", inside(result, "rule", "index"))
        named = self.id(result, {})
        return _at(rules, place) or self._ids.get(named) or self._ids.get(named.partition("/")[0]) or {}

    def id(self, result: JsonObject, rule: JsonObject) -> str:
        """The result's rule id."""
        return shown(result.get("ruleId") or inside(result, "rule", "id") or rule.get("id"))

    def level(self, result: JsonObject, rule: JsonObject) -> str:
        """`error`, `warning`, `note` or `none` (3.27.10)."""
        if shown(result.get("kind")) not in ("", "fail"):
            return "none"
        overridden = self._overrides.get(shown(rule.get("id"))) if rule else None
        configured = inside(rule, "defaultConfiguration", "level")
        return shown(result.get("level") or overridden or configured) or "warning"


def _count(tally: Tally, rules: _Rules, result: JsonObject) -> None:
    rule = rules.of(result)
    level = rules.level(result, rule)
    if level == "none" or _is_suppressed(result) or shown(result.get("baselineState")) in _OLD:
        return
    message = inside(result, "message", "text") or inside(result, "message", "markdown")
    message = message or inside(rule, "messageStrings", shown(inside(result, "message", "id")), "text")
    tally.add(rules.id(result, rule) or "no-rule", _file(rules, result), message, level == "error")


def _is_suppressed(result: JsonObject) -> bool:
    suppressions = list(objects(result.get("suppressions")))
    return bool(suppressions) and all(shown(item.get("status")) not in _UNDECIDED for item in suppressions)


def _file(rules: _Rules, result: JsonObject) -> str:
    """The path of the first location, as the log spells it, without its percent signs."""
    first = next(objects(result.get("locations")), {})
    location = inside(first, "physicalLocation", "artifactLocation")
    uri = inside(location, "uri")
    if not isinstance(uri, str):
        artifact = _at(rules.artifacts, inside(location, "index"))
        uri = inside(artifact, "location", "uri")
    return shown(unquote(shown(uri)))


def _outcome(run: JsonObject, failed: bool, warned: bool) -> Outcome:
    invocations = list(objects(run.get("invocations")))
    codes = [code for one in invocations if isinstance(code := one.get("exitCode"), int) and not isinstance(code, bool)]
    succeeded = all(one.get("executionSuccessful") is not False for one in invocations)
    if failed and (not codes or any(codes) or not succeeded):
        return "fail"
    if not succeeded or not isinstance(run.get("results"), list):
        return "none"
    if any(codes):
        return "fail" if warned else "none"
    return "pass"


def _worst(outcomes: list[Outcome], damaged: bool) -> Outcome:
    if "fail" in outcomes:
        return "fail"
    return "none" if damaged or "none" in outcomes else "pass"


def _at(items: list[T], place: object) -> T | None:
    """The item at this place, None where there is none; SARIF writes -1 for no place."""
    return items[place] if isinstance(place, int) and 0 <= place < len(items) else None
