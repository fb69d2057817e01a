"""A folder as other tools leave it goes in; what it says of the attempts it holds comes out, or nothing.

A layout is one file here and one line in LAYOUTS. It is asked about every folder, so it looks at names first and opens
only its own small marker; a marker of somebody else's is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.signals.layouts import agentic_workflow, harbor, terminal_bench
from bot.signals.layouts.claim import Claim, Folder

__all__ = ["LAYOUTS", "MARKERS", "Claim", "Folder", "claims", "worth_asking"]

LAYOUTS: tuple[Callable[[Folder], tuple[Claim, ...]], ...] = (
    harbor.claims,
    terminal_bench.claims,
    agentic_workflow.claims,
)
"""In the order in which they are asked."""

MARKERS = frozenset({*harbor.MARKERS, *terminal_bench.MARKERS, *agentic_workflow.MARKERS})
"""Names of files without which no layout can be told, here or in a folder that HOLDERS names."""
HOLDERS = agentic_workflow.HOLDERS


def worth_asking(names: Iterable[str], subfolders: Iterable[str]) -> bool:
    """Whether a folder with these files and subfolders may be claimed at all."""
    return not MARKERS.isdisjoint(names) or any(HOLDERS.fullmatch(name) for name in subfolders)


def claims(folder: Folder) -> tuple[Claim, ...]:
    """What the first layout that knows this folder says; empty when none does. The folder and all below is then its."""
    for layout in LAYOUTS:
        if found := layout(folder):
            return found
    return ()
