"""What stands in a repository in, the text of its dashboard issue out: open, held, watching, dismissed, categories.

One issue, updated in place. It says nothing that changes without a cause: no clock but the day of the last sweep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.model import Entry
from bot.pages import words
from bot.pages.decision import Charts, watching
from bot.pages.escape import code, markdown

TITLE = "Flywheel: what stands here"
MAX_ROWS = 30
SHOWN = 60
"""The last runs of a curve."""
BARS = "▁▂▃▄▅▆▇█"


class Open(NamedTuple):
    """An open change, and the limit that holds it ("" = nothing does)."""

    entry: Entry
    held: str = ""


class Watching(NamedTuple):
    """A merged change whose watch is open, and the heights of its failure chart, run by run."""

    entry: Entry
    charts: Charts
    heights: Sequence[float] = ()
    alarm: float = 0.0


class Category(NamedTuple):
    """A category's record, and what it lacks for the next tier: repositories, and successes without a failure."""

    name: str
    kept: int
    failed: int
    repositories: int
    earned: bool
    reason: str
    lacks: tuple[int, int]


class Board(NamedTuple):
    """Everything that is shown; `stopped` are the switches that are thrown, `off` says why no pull merges itself."""

    opened: Sequence[Open] = ()
    waiting: Sequence[Open] = ()
    watched: Sequence[Watching] = ()
    dismissed: Sequence[Entry] = ()
    categories: Sequence[Category] = ()
    stopped: Sequence[str] = ()
    off: Sequence[str] = ()
    swept: str = ""
    accounts: Sequence[str] = ()
    """How good earlier predictions were, a sentence each."""


def dashboard(board: Board) -> str:
    """The body of the issue, in Markdown."""
    lines = ["What Flywheel has opened here, what it waits for, and what became of it. It is kept up to date.", ""]
    if board.stopped:
        lines += [f"**Merges are stopped**: {markdown('; '.join(board.stopped), 600)}.", ""]
    if board.off:
        lines += [f"**Nothing merges itself here**: {markdown('; '.join(board.off), 600)}.", ""]
    lines += _section("Open", [_opened(one) for one in board.opened], "Nothing is open.")
    lines += _section("Held back", [_opened(one) for one in board.waiting], "Nothing is held back.")
    lines += _section("Watching", list(_watched(board.watched)), "Nothing is watched.")
    lines += _section("Turned down", [_dismissed(one) for one in board.dismissed], "Nothing was turned down.")
    lines += _categories(board.categories)
    if board.accounts:
        lines += _section("What was predicted, and what was seen", [markdown(one, 600) for one in board.accounts], "")
    if board.swept:
        lines += [f"Last sweep: {markdown(board.swept[:10])}.", ""]
    return "\n".join(lines).rstrip() + "\n"


def curve(heights: Sequence[float], alarm: float) -> str:
    """A chart as text, its last runs: eight steps from zero to the alarm."""
    top = alarm or max(heights, default=0.0) or 1.0
    return "".join(BARS[min(len(BARS) - 1, int(height / top * (len(BARS) - 1)))] for height in heights[-SHOWN:])


def _section(title: str, rows: Sequence[str], nothing: str) -> list[str]:
    shown = [f"- {row}" for row in rows[:MAX_ROWS]] or [nothing]
    more = [f"- and {len(rows) - MAX_ROWS} more"] if len(rows) > MAX_ROWS else []
    return [f"### {title}", "", *shown, *more, ""]


def _opened(one: Open) -> str:
    held = f"; held: {markdown(one.held)}" if one.held else ""
    return f"{_named(one.entry)}, {one.entry.tier}, {words.count(one.entry.failed, 'failed run')}{held}"


def _watched(rows: Sequence[Watching]) -> Iterator[str]:
    for one in rows:
        drawn = f" {code(curve(one.heights, one.alarm))}" if one.heights else ""
        yield f"{_named(one.entry)}, merged {one.entry.at[:10]}.{drawn} {watching(one.charts)}"


def _dismissed(entry: Entry) -> str:
    why = markdown(entry.reason) if entry.reason else "no reason was written"
    back = words.count(2 * max(entry.failed, 1), "failed run")
    return f"{_named(entry)}, {entry.at[:10]}: {why}. It may come back at {back}."


def _categories(rows: Sequence[Category]) -> list[str]:
    if not rows:
        return []
    lines = [
        "### Categories",
        "",
        "| category | kept | failed | repositories | for autonomy |",
        "|---|---|---|---|---|",
    ]
    for one in rows[:MAX_ROWS]:
        lacks = "earned" if one.earned else _lacks(one)
        lines.append(f"| {markdown(one.name)} | {one.kept} | {one.failed} | {one.repositories} | {lacks} |")
    return [*lines, ""]


def _lacks(one: Category) -> str:
    repositories, successes = one.lacks
    wants = [words.count(successes, "more success", "more successes")] if successes else []
    wants += [words.count(repositories, "more repository", "more repositories")] if repositories else []
    lost = f"lost ({markdown(one.reason)}); " if one.reason else ""
    return f"{lost}lacks {' and '.join(wants) or 'a look'}"


def _named(entry: Entry) -> str:
    where = f" (#{entry.number})" if entry.number else ""
    return f"**{markdown(entry.detector)}** {code(entry.change)}{where}"
