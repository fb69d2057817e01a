"""A finished turn or one record in; what a person sees in the terminal out (NO_COLOR and narrow windows respected)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bot.model import Episode, Performed, Turn
from bot.pages.escape import printable
from bot.pages.table import table
from bot.pages.words import number

MAX_WARNINGS = 5
REASONS = (
    *("result", "e_value", "harm", "guard_harm", "recurrence_e_value"),
    *("regressions", "missing", "deviations", "limits", "warnings"),
)
"""What a person asks of a trial first."""
COMPARED = ("e_value", "harm", "interval", "p")
"""What says nothing of a trial in which no task can be compared."""


def show_turn(turn: Turn, performed: Mapping[str, Performed], out: Path, *, dry_run: bool) -> None:
    """The tables, then where to look next."""
    console = Console()
    console.print(table(turn, performed))
    for warning in turn.warnings[:MAX_WARNINGS]:
        console.print(Text(f"! {printable(warning, 2_000)}", style="yellow"), soft_wrap=True)
    if len(turn.warnings) > MAX_WARNINGS:
        console.print(Text(f"! … and {len(turn.warnings) - MAX_WARNINGS} more in the report", style="yellow"))
    if dry_run:
        console.print("Dry run: nothing was written.")
        return
    console.print(f"Report: {out / 'report.html'}", highlight=False, soft_wrap=True)
    if turn.proposals:
        change = turn.proposals[0].modification.id
        console.print(f"Why:    flywheel explain {change} --out {out}", highlight=False, soft_wrap=True)


def show_record(record: Mapping[str, Any]) -> None:
    """One record as names and values; long lists are cut and counted."""
    if "e_value" in record:
        record = _trial(record)
    rows = Table(box=None, show_header=False, pad_edge=False)
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in record.items():
        rows.add_row(name.replace("_", " "), Text(_words(value)))
    Console().print(rows)


def _trial(record: Mapping[str, Any]) -> dict[str, Any]:
    """A trial with its result and the reasons first, and without what is empty."""
    deciding = {
        "guard_harm": (record["guard"] or {}).get("harm"),
        "recurrence_e_value": (record["recurrence"] or {}).get("e_value"),
    }
    ordered = {name: {**record, **deciding}[name] for name in REASONS} | dict(record)
    dropped = () if record["tasks"] else COMPARED
    return {name: value for name, value in ordered.items() if value not in (None, [], {}) and name not in dropped}


def show_sizes(sizes: Iterable[Mapping[str, Any]]) -> None:
    """The power of trials: a row a size, a column a gain; both tests, e-value first."""
    rows = Table(box=None, pad_edge=False)
    by_size: dict[tuple[int, int, int], list[Mapping[str, Any]]] = {}
    for size in sizes:
        by_size.setdefault((size["tasks"], size["repeats"], size["runs"]), []).append(size)
    gains = [f"+{one['gain']:.1%}" for one in next(iter(by_size.values()))]
    for name in ("tasks", "repeats", "runs", *gains):
        rows.add_column(name, justify="right", no_wrap=True)
    for key, found in by_size.items():
        rows.add_row(*map(str, key), *(f"{one['e_value']:.2f} / {one['permutation']:.2f}" for one in found))
    console = Console()
    console.print(rows)
    console.print(
        "Power at 5 % error: E reaches 20 at some task (may be watched) / exact permutation (looked at once)."
    )


def show_explained(record: Mapping[str, Any]) -> None:
    """A change with every reason for its tier; anything else as names and values."""
    if record.get("kind") == "change":
        show_record({**record, "history": _told(record)})
        return
    reasons = record.get("reasons")
    if record.get("kind") == "pattern":
        show_record(_pattern(record))
        return
    if not reasons or not isinstance(reasons[0], dict):
        show_record(record)
        return
    console = Console()
    console.print(Text(_printable(str(record["title"])), style="bold"))
    where = record.get("branch") or ("a patch" if record["tier"] != "backlog" else "an issue")
    console.print(Text(f"{record['id']}.{record['revision']}  {record['tier']}  {record['repository']}  {where}"))
    if record.get("state"):
        console.print(Text(f"State: {_printable(str(record['state']))}"))
    if record.get("held"):
        console.print(Text(f"Held: {record['held']}", style="yellow"))
    console.print(
        f"\nWhy {record['tier']}: the tier is the most careful one that any of these demands.", highlight=False
    )
    rows = Table(box=None, pad_edge=False)
    for name in ("asked", "allows at most", "seen"):
        rows.add_column(name, overflow="fold")
    for reason in reasons:
        style = "bold" if reason["allows"] == record["tier"] != "autonomous" else ""
        rows.add_row(reason["code"], reason["allows"], Text(_printable(reason["seen"])), style=style)
    console.print(rows)
    shown = {key: record[key] for key in ("files", "fixes", "risks", "score", "notes") if record.get(key)}
    history = _told(record)
    console.print()
    show_record({**shown, **({"history": history} if history else {})})


def _pattern(record: Mapping[str, Any]) -> dict[str, Any]:
    """A pattern with a line or two a finding, and infinite ends shown as such."""
    shown = {key: value for key, value in record.items() if key not in ("state", "history")}
    if record.get("interval"):
        shown["odds_ratio"] = number(record.get("odds_ratio"))
        shown["interval"] = " to ".join(number(end) for end in record["interval"])
    return shown | {"findings": [_finding(one) for one in record.get("findings", [])]}


def _finding(found: Mapping[str, Any]) -> str:
    steps = found.get("steps")
    pins = dict.fromkeys((pin["path"], pin["line"], pin["quote"]) for pin in found.get("pins", []))
    cited = (f"\n  {path}:{line}: {_printable(quote)[:200]}" for path, line, quote in pins)
    return f"{found['episode']}{f', step {steps[0]}' if steps else ''}{''.join(cited)}"


def _told(record: Mapping[str, Any]) -> list[str]:
    """The history of a change, a line an entry."""
    return [" ".join((entry["at"], _printable(entry["says"]))) for entry in record.get("history", [])]


def watched(episodes: Iterable[Episode]) -> Iterator[Episode]:
    """The same episodes, with a line on standard error that says how many were read."""
    columns = (SpinnerColumn(), TextColumn("reading: {task.completed:.0f} episodes"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=None)
        for episode in episodes:
            progress.advance(task)
            yield episode


def _words(value: Any, depth: int = 0) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        separator = "\n" if depth == 0 else ", "
        return separator.join(f"{key}: {_words(entry, depth + 1)}" for key, entry in value.items()) or "-"
    if isinstance(value, list):
        if value and all(entry is None or isinstance(entry, float) for entry in value):
            depth += 1  # an interval stands on one line
        shown = [_words(entry, depth + 1) for entry in value[:12]]
        shown += [f"… {len(value) - 12} more"] if len(value) > 12 else []
        return ("\n" if depth == 0 else ", ").join(shown) or "-"
    return _printable(str(value))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
