"""`flywheel export`: transcripts in, one ATIF document out for each run in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.model import Trace
from bot.pages import atif
from bot.signals import transcripts
from bot.signals.bundle import Bundle
from bot.signals.checkpoints import Stored, bundles_of
from bot.signals.contents import read_contents
from bot.signals.join import one_run
from bot.signals.scrub import scrub


def export_all(
    paths: Iterable[Path],
    failed: list[str],
    raw: bool = False,
    stored: Callable[[Path], Stored | None] | None = None,
) -> Iterator[dict[str, Any]]:
    """An ATIF document for each run of every path, in order; a folder or a zip gives the runs of its transcripts.

    Secrets, mail addresses and home folders are redacted unless `raw`. What is no transcript is passed over in a
    folder or a zip; a path that holds none, and a file that cannot be read, is added to `failed` in words.
    """
    for path in paths:
        try:
            traces = [trace for bundle in bundles_of(path, stored) for trace in _traces(bundle, failed)]
        except UserError as error:
            failed.append(str(error))
            continue
        if not traces:
            failed.append(f"{path}: it holds no transcript of a known format. Name a transcript, a folder or a zip.")
        for trace in traces:
            yield atif.trajectory(trace, str if raw else _scrubbed)


def _scrubbed(text: str) -> str:
    """The text as it may leave the machine: a document goes to others whole, so more is taken out than in a quote."""
    return scrub(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _traces(bundle: Bundle, failed: list[str]) -> list[Trace]:
    """The runs of one bundle, subagents and continuations joined."""
    contents = read_contents(bundle)
    failed += [signal.detail for signal in contents.unreadable]
    traces = transcripts.join(contents.traces)
    if bundle.claim is None:
        return traces
    run = one_run(traces)
    return [run] if run else []
