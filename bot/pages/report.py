"""A turn and what the forge did in, one self-contained HTML page out: no script, no request, light and dark."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.model import Detector, Finding, Pattern, Performed, Pin, Proposal, Turn
from bot.pages import body, diff, svg, words
from bot.pages.escape import line_shown, printable
from bot.pages.table import order

if TYPE_CHECKING:
    from jinja2 import Template

MAX_PATTERNS = 100
MAX_CHANGES = 100
MAX_UNFOLDED = 4
"""Descriptive patterns that stand open below actionable ones; more of them are folded away."""
MAX_FINDINGS = 12
MAX_PATCH_LINES = 400
MAX_EXCLUDED = 60
MAX_WARNINGS = 100
"""What a page shows of each; it always says how many are left out (run.json holds all)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Some of a longer list, and how many were left out."""

    some: Sequence[Any]
    more: int


def report(
    turn: Turn,
    performed: Mapping[str, Performed] | None = None,
    detectors: Mapping[str, Detector] | None = None,
    paths: str = "",
    accounts: Sequence[str] = (),
) -> str:
    """The page. `performed` says what became of each change, `detectors` (by id) gives titles and blind spots, `paths`
    are the shell-quoted paths of the run, for the back-test commands, `accounts` sentences on earlier predictions."""
    known = detectors or {}
    contrasts = [pattern.contrast for pattern in turn.patterns if pattern.contrast]
    axis = svg.axis(contrasts)
    ordered = sorted(turn.patterns, key=order)
    shown = [_pattern(one, known.get(one.detector), axis) for one in ordered[:MAX_PATTERNS]]
    weak = sum(not one["strong"] for one in shown)
    return _template().render(
        turn=turn,
        fold=weak if MAX_UNFOLDED < weak < len(shown) else 0,
        headline=headline(turn),
        actionable=sum(pattern.status == "actionable" for pattern in turn.patterns),
        repositories=sorted({name for pattern in turn.patterns for name in pattern.repositories}),
        axis=svg.scale(axis),
        patterns=_cut([{**one, "number": number} for number, one in enumerate(shown, 1)], ordered),
        changes=_cut(
            [_change(one, performed or {}, paths) for one in (*turn.proposals, *turn.held)[:MAX_CHANGES]],
            (*turn.proposals, *turn.held),
        ),
        codes=words.by_code(turn.excluded),
        excluded=_cut(turn.excluded[:MAX_EXCLUDED], turn.excluded),
        doubtful=_cut(_doubtful(turn), turn.integrity),
        accounts=accounts[:MAX_CHANGES],
        warnings=_cut(turn.warnings[:MAX_WARNINGS], turn.warnings),
    )


def headline(turn: Turn) -> str:
    """The one sentence to remember."""
    if not turn.episodes:
        return "No runs were read."
    strong = sum(pattern.status == "actionable" for pattern in turn.patterns)
    if not strong:
        return "Nothing keeps going wrong that passing runs do not do as well."
    waiting = sum(proposal.decision.tier == "backlog" for proposal in turn.proposals)
    ready = len(turn.proposals) - waiting
    wrong = f"{words.count(strong, 'failure')} {'keeps' if strong == 1 else 'keep'} coming back"
    changes = f"{words.count(ready, 'change')} {'is' if ready == 1 else 'are'} ready"
    drafts = f"{words.count(waiting, 'draft')} {'waits' if waiting == 1 else 'wait'}"
    return (
        f"{wrong}; {' and '.join(filter(None, (changes if ready or not waiting else '', drafts if waiting else '')))}."
    )


def _pattern(pattern: Pattern, detector: Detector | None, axis: svg.Axis) -> dict[str, Any]:
    findings = sorted(pattern.findings, key=lambda finding: (finding.episode, finding.steps))
    return {
        "it": pattern,
        "title": detector.title if detector else pattern.detector,
        "blind_spots": detector.blind_spots if detector else (),
        "strong": pattern.status == "actionable",
        "why": [words.WHY_DESCRIPTIVE.get(reason, reason) for reason in pattern.reasons],
        "interval": svg.interval(pattern.contrast, axis),
        "sentence": words.compared(pattern.contrast),
        "replicated": words.replicated(pattern),
        "failed": svg.bar(pattern.failed, pattern.failed_of, "fail"),
        "passed": svg.bar(pattern.passed, pattern.passed_of, "pass"),
        "findings": _cut([_finding(one) for one in _varied(findings)], findings),
    }


def _varied(findings: Sequence[Finding]) -> list[Finding]:
    """Those to show: first one of each cause, then the rest, a finding of an episode at a time."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.cause or finding.episode, finding)
    chosen = list(first.values())[:MAX_FINDINGS]
    seen = {id(finding) for finding in chosen}
    return (chosen + [finding for finding in findings if id(finding) not in seen])[:MAX_FINDINGS]


def _finding(finding: Finding) -> dict[str, Any]:
    pin = body.telling(finding.pins)
    return {
        "episode": finding.episode,
        "steps": finding.steps[:8],
        "place": words.place(pin) if pin else "",
        "link": _link(pin) if pin else "",
        "quote": printable(pin.shown) if pin else "",
        "wrong": words.went_wrong(finding.window),
    }


def _doubtful(turn: Turn) -> list[dict[str, Any]]:
    """What looks like cheating, each with its first citation."""
    return [
        {
            "it": one,
            "means": words.integrity(one.code),
            "place": words.place(one.pins[0]) if one.pins else "",
            "link": _link(one.pins[0]) if one.pins else "",
            "quote": printable(one.pins[0].shown) if one.pins else "",
        }
        for one in turn.integrity[:MAX_EXCLUDED]
    ]


def _link(pin: Pin) -> str:
    """An address of the file on this machine; a member of an archive leads to the archive."""
    path = Path(pin.path.split("!", 1)[0]).absolute().as_posix()
    address = "file://" + quote(path if path.startswith("/") else f"/{path}", errors="replace")
    return f"{address}#L{pin.line}" if pin.line else address


def _change(proposal: Proposal, performed: Mapping[str, Performed], paths: str) -> dict[str, Any]:
    change = proposal.modification
    lines = list(diff.lines(change.edits))
    done = performed.get(change.id)
    return {
        "it": change,
        "decision": proposal.decision,
        "status": _status(proposal, done),
        "where": done.where if done else "",
        "detail": done.detail if done else "",
        "expected": words.expected(change),
        "scored": words.scored(change.prediction),
        "cost": words.cost(change),
        "switch": words.switch(change),
        "backtest": body.backtest_command(change, paths),
        "adds": f"adds the {change.remedy.guard.replace('-', ' ')}"
        if change.remedy.guard
        else "adds advice to the instructions",
        "sizes": [(edit.path, *diff.size(edit)) for edit in change.edits],
        "patch": _cut([(kind, text[:500]) for kind, text in lines[:MAX_PATCH_LINES]], lines),
        "binding": [reason for reason in proposal.decision.reasons if reason.allows == proposal.decision.tier],
    }


def _status(proposal: Proposal, done: Performed | None) -> str:
    """How the change stands, not what this run did: so that a second run gives the same page."""
    if proposal.decision.held:
        return f"held: {proposal.decision.held}"
    if done is None:
        return "not written"
    return "open" if done.status in ("created", "updated", "unchanged") else done.status


def _cut(some: Sequence[Any], whole: Sequence[Any]) -> Shown:
    return Shown(some, max(0, len(whole) - len(some)))


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": printable, "shown_line": line_shown, "picture": Markup}
    return environment.get_template("report.html.j2")
