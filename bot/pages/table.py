"""A turn and what the forge did in, the tables of patterns and changes for the terminal out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import Pattern, Performed, Proposal, Turn
from bot.pages import words
from bot.pages.escape import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

NARROW = 76
MAX_DESCRIBED = 8
MAX_CHANGES = 40
TIER_STYLE = {"autonomous": "green", "interactive": "cyan", "backlog": "yellow"}


@dataclass(frozen=True, slots=True)
class Tables:
    """A turn as something rich can print: tables, or lists where the window is too narrow for them."""

    turn: Turn
    performed: Mapping[str, Performed]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Called by rich with the width there is."""
        yield from _parts(self.turn, self.performed, narrow=options.max_width < NARROW)


def table(turn: Turn, performed: Mapping[str, Performed] | None = None) -> Tables:
    """What keeps going wrong, what was made of it, and what was left out; an empty turn says what to do."""
    return Tables(turn, performed or {})


def _parts(turn: Turn, performed: Mapping[str, Performed], *, narrow: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    failed, passed, none = (turn.outcomes.get(outcome, 0) for outcome in ("fail", "pass", "none"))
    seen = f"{failed} failed, {passed} passed, {none} without a verdict"
    yield Text.assemble((words.count(turn.episodes, "episode"), "bold"), f": {seen}")
    for code, meaning, total in words.by_code(turn.excluded):
        yield Text(f"  left out: {total} {meaning[:1].lower()}{meaning[1:]} ({code})", style="dim")
    for code in sorted({one.code for one in turn.integrity}):
        runs = words.count(len({one.episode for one in turn.integrity if one.code == code}), "run")
        yield Text(f"  looks like cheating: {runs}, {words.integrity(code)} ({code})", style="red")
    yield Text("")
    if not turn.patterns:
        yield Text(_nothing(turn))
        return
    shown = _shown(turn)
    yield _pattern_list(shown) if narrow else _patterns(shown)
    if len(turn.patterns) > len(shown):
        yield Text(f"… and {len(turn.patterns) - len(shown)} more in the report, only described", style="dim")
    yield Text("")
    changes = len(turn.proposals) + len(turn.held)
    if not changes:
        yield Text(_no_change(turn))
        return
    yield _change_list(turn, performed) if narrow else _changes(turn, performed)
    if changes > MAX_CHANGES:
        yield Text(f"… and {changes - MAX_CHANGES} more in the report", style="dim")


def _no_change(turn: Turn) -> str:
    if not turn.outcomes.get("fail") or not turn.outcomes.get("pass"):
        return (
            "No change is proposed: that takes failed and passed runs to compare. Put reports beside the transcripts, "
            "or a manifest with an outcome."
        )
    return "No change is proposed: no pattern is both frequent and rarer among passes. More runs may tell."


def _nothing(turn: Turn) -> str:
    if not turn.episodes:
        return "No runs were read. Name a folder that holds transcripts, with reports beside them."
    if not turn.outcomes.get("fail"):
        return "No failed run was seen, so nothing is to be learned from. Add runs with their reports, or a manifest."
    return "No known failure was found in these runs."


def _shown(turn: Turn) -> list[Pattern]:
    """All that is actionable, and of what is only described the first few: a terminal is no archive."""
    ordered = sorted(turn.patterns, key=order)
    strong = sum(pattern.status == "actionable" for pattern in ordered)
    return ordered[: strong + MAX_DESCRIBED]


def _patterns(patterns: Sequence[Pattern]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    rows = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    rows.add_column("What keeps going wrong", overflow="fold", ratio=1)
    rows.add_column("failures", justify="right", no_wrap=True)
    rows.add_column("passes", justify="right", no_wrap=True)
    rows.add_column("odds ratio [95 %]", overflow="fold", justify="right")
    for pattern in patterns:
        strong = pattern.status == "actionable"
        name = Text(pattern.detector, style="bold" if strong else "dim")
        if not strong:
            name.append(f" ({', '.join(pattern.reasons) or 'descriptive'}{_unjudged(pattern)})", style="dim")
        rows.add_row(
            name,
            f"{pattern.failed}/{pattern.failed_of}",
            f"{pattern.passed}/{pattern.passed_of}",
            words.interval(pattern.contrast),
            style="" if strong else "dim",
        )
    return rows


def _pattern_list(patterns: Sequence[Pattern]) -> RenderableType:
    from rich.text import Text

    lines = Text().append("What keeps going wrong", style="bold")
    for pattern in patterns:
        strong = pattern.status == "actionable"
        lines.append(f"\n{pattern.detector}", style="bold" if strong else "dim")
        lines.append(f"\n  {pattern.failed}/{pattern.failed_of} failed, {pattern.passed}/{pattern.passed_of} passed")
        lines.append(f"\n  odds ratio {words.interval(pattern.contrast)}")
        if not strong:
            lines.append(f"\n  {', '.join(pattern.reasons) or 'descriptive'}{_unjudged(pattern)}", style="dim")
    return lines


def _unjudged(pattern: Pattern) -> str:
    return f"; in {pattern.unjudged} runs without a verdict" if pattern.unjudged else ""


def order(pattern: Pattern) -> tuple[bool, int, str]:
    """Actionable patterns first, then by rank."""
    return pattern.status != "actionable", pattern.rank or 1 << 30, pattern.detector


def _changes(turn: Turn, performed: Mapping[str, Performed]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    rows = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    rows.add_column("Change", no_wrap=True)
    rows.add_column("tier", no_wrap=True)
    rows.add_column("against, in", overflow="fold", ratio=1)
    rows.add_column("fixes", justify="right", no_wrap=True)
    rows.add_column("risks", justify="right", no_wrap=True)
    for proposal in (*turn.proposals, *turn.held)[:MAX_CHANGES]:
        change, tier = proposal.modification, proposal.decision.tier
        what = Text(f"{change.detector}, {printable(change.repository)}")
        what.append(f"\n{_fate(proposal, performed.get(change.id))}", style="dim")
        fixes, risks = str(len(change.prediction.fixes)), str(len(change.prediction.risks))
        rows.add_row(change.id, Text(tier, style=TIER_STYLE[tier]), what, fixes, risks)
    return rows


def _change_list(turn: Turn, performed: Mapping[str, Performed]) -> RenderableType:
    from rich.text import Text

    lines = Text().append("Changes", style="bold")
    for proposal in (*turn.proposals, *turn.held)[:MAX_CHANGES]:
        change, tier = proposal.modification, proposal.decision.tier
        lines.append(f"\n{change.id} ").append(tier, style=TIER_STYLE[tier])
        fixes, risks = len(change.prediction.fixes), len(change.prediction.risks)
        lines.append(f"\n  {change.detector}, {printable(change.repository)}\n  fixes {fixes}, risks {risks}")
        lines.append(f"\n  {_fate(proposal, performed.get(change.id))}", style="dim")
    return lines


def _fate(proposal: Proposal, done: Performed | None) -> str:
    if proposal.decision.held:
        return f"held: {proposal.decision.held}"
    if done is None:
        return "nothing written"
    return printable(" ".join(filter(None, (f"{done.status}:", done.where, done.detail))), 400)
