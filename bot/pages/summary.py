"""The record of a run in, the Markdown that GitHub shows on the page of a workflow run out.

GitHub takes 1 MiB a step: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.pages.escape import markdown
from bot.pages.words import GATE, WHY_DESCRIPTIVE, count, number

MAX_BYTES = 900_000
MAX_PATTERNS = 25
MAX_CHANGES = 25
MAX_WARNINGS = 10
CUT = "\n\n… the rest was cut; the report has it all.\n"


def summary(record: Mapping[str, Any]) -> str:
    """What keeps going wrong, what would be changed and why not yet, what was left out; nothing to say is said."""
    parts = [_read(record), *_patterns(record), *_changes(record), *_left_out(record), *_warnings(record)]
    text = "\n".join(parts).rstrip() + "\n"
    if len(text.encode()) <= MAX_BYTES:
        return text
    return text.encode()[: MAX_BYTES - len(CUT.encode())].decode("utf-8", "ignore").rpartition("\n")[0] + CUT


def _read(record: Mapping[str, Any]) -> str:
    outcomes = record.get("outcomes") or {}
    ended = ", ".join(
        f"{outcomes[name]:,} {words}"
        for name, words in (("fail", "failed"), ("pass", "passed"), ("none", "without a verdict"))
        if outcomes.get(name)
    )
    return f"## What keeps going wrong\n\n{count(record.get('episodes', 0), 'agent run')} read: {ended or 'none'}.\n"


def _patterns(record: Mapping[str, Any]) -> Iterator[str]:
    patterns: Sequence[Mapping[str, Any]] = sorted(
        record.get("patterns") or (), key=lambda one: (one.get("status") != "actionable", one.get("rank") or 0)
    )
    if not patterns:
        yield "No known failure was seen in them.\n"
        return
    yield "| what the agent does | in failed runs | in passing runs | odds ratio (95 %) | may be acted on |"
    yield "|---|--:|--:|--:|---|"
    for one in patterns[:MAX_PATTERNS]:
        cells = (
            markdown(str(one.get("detector"))),
            f"{one.get('failed', 0):,} of {one.get('failed_of', 0):,}",
            f"{one.get('passed', 0):,} of {one.get('passed_of', 0):,}",
            _odds(one),
            "yes" if one.get("status") == "actionable" else f"no: {_why(one)}",
        )
        yield f"| {' | '.join(cells)} |"
    yield from _more(len(patterns), MAX_PATTERNS, "pattern")
    yield ""


def _odds(pattern: Mapping[str, Any]) -> str:
    ends = pattern.get("interval")
    if not isinstance(ends, list) or len(ends) != 2:
        return "–"
    return f"{number(pattern.get('odds_ratio'))} &#91;{number(ends[0])}, {number(ends[1])}&#93;"


def _why(pattern: Mapping[str, Any]) -> str:
    codes = [str(code) for code in pattern.get("reasons") or ()]
    return "; ".join(WHY_DESCRIPTIVE.get(code, markdown(code)) for code in codes) or "descriptive"


def _changes(record: Mapping[str, Any]) -> Iterator[str]:
    changes: Sequence[Mapping[str, Any]] = [*(record.get("modifications") or ()), *(record.get("held") or ())]
    if not changes:
        return
    yield "### What would be changed\n"
    yield "| repository | change | tier | would have met, of failed runs | would have disturbed, of passing runs |"
    yield "|---|---|---|--:|--:|"
    for one in changes[:MAX_CHANGES]:
        held = f" (held: {markdown(str(one['held']))})" if one.get("held") else ""
        cells = (
            markdown(str(one.get("repository"))),
            markdown(str(one.get("title"))),
            markdown(str(one.get("tier"))) + held,
            f"{len(one.get('fixes') or ()):,}",
            f"{len(one.get('risks') or ()):,}",
        )
        yield f"| {' | '.join(cells)} |"
    yield from _more(len(changes), MAX_CHANGES, "change")
    yield "\nNothing was written to any repository: this step only observes.\n"


def _left_out(record: Mapping[str, Any]) -> Iterator[str]:
    reasons = Counter(str(one.get("reason", "")).split(" ")[0] for one in record.get("excluded") or ())
    if not reasons:
        return
    yield f"### Left out: {count(reasons.total(), 'run')} in which the agent is not to blame\n"
    for code, seen in sorted(reasons.items()):
        yield f"- {GATE.get(code, markdown(code))}: {seen:,}"
    yield ""


def _warnings(record: Mapping[str, Any]) -> Iterator[str]:
    warnings: Sequence[object] = record.get("warnings") or ()
    if not warnings:
        return
    yield f"<details><summary>{count(len(warnings), 'warning')}</summary>\n"
    for warning in warnings[:MAX_WARNINGS]:
        yield f"- {markdown(str(warning))}"
    yield from _more(len(warnings), MAX_WARNINGS, "warning")
    yield "\n</details>\n"


def _more(found: int, shown: int, what: str) -> Iterator[str]:
    if found > shown:
        yield f"\n… and {count(found - shown, f'more {what}')} in the report."
