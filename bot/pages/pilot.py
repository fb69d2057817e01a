"""An owner's repositories and how agents fare there go in; the one issue that asks where to start comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from bot.pages.escape import markdown
from bot.pages.words import count

TITLE = "Where should Flywheel start?"
PILOT = """\
Flywheel is installed. It does nothing by itself: you say in which repositories it takes part, one by one.

This is where coding agents opened pull requests in the last {days} days, and where their newest commit is red most \
often. That is a good place to start: one or two repositories first, the others when you like it.

| repository | pull requests by agents | red | |
|---|--:|--:|---|
{rows}
"""
HIDDEN = "\nPrivate repositories are not named in a public place. The command below works for them all the same.\n"
PILOT_END = """
### To start

Comment here with a line of its own: `/flywheel start owner/name`. It counts when you may write to **that** \
repository. It then gets one pull request, *Configure Flywheel*, which says what was seen there and what will happen. \
Nothing else happens before somebody merges that.

### To stop

Close this issue: it is not opened again. A repository that takes part stops when its `.github/flywheel.yml` is \
deleted. Uninstalling the App stops everything at once; what is open then is yours to close.
"""
MAX_ROWS = 30
Standing = Literal["open", "asked", "configured", "off"]
STANDING: dict[Standing, str] = {
    "asked": "its pull request waits to be merged",
    "configured": "takes part",
    "off": "said no",
}


class Row(msgspec.Struct, frozen=True):
    """One repository in the pilot issue: pulls by agents in the last `days`, those whose last head is red."""

    repository: str
    pulls: int
    failed: int
    standing: Standing = "open"


def body(rows: Sequence[Row], days: int, *, hidden: bool) -> str:
    """The one issue that asks an owner where to start, worst first; `hidden` = private ones may not be named here."""
    shown = "\n".join(
        f"| {markdown(row.repository)} | {row.pulls:,} | {row.failed:,} | "
        f"{STANDING.get(row.standing) or f'`/flywheel start {row.repository}`'} |"
        for row in rows[:MAX_ROWS]
    )
    more = len(rows) - MAX_ROWS
    rest = f"\n{count(more, 'repository', 'repositories')} with fewer of them are not listed.\n" if more > 0 else ""
    return PILOT.format(days=days, rows=shown) + rest + (HIDDEN if hidden else "") + PILOT_END
