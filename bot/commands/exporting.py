"""`flywheel export`: transcripts in, one ATIF document out for each run in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.model import Trace
from bot.pages import atif
from bot.signals import transcripts
from bot.signals.bundle import Bundle, bundles
from bot.signals.recognise import recognise
from bot.signals.redact import redact


def export_all(paths: Iterable[Path], failed: list[str], raw: bool = False) -> Iterator[dict[str, Any]]:
    """An ATIF document for each run of every path, in order; a folder or a zip gives the runs of its transcripts.

    Secrets, mail addresses and home folders are redacted unless `raw`. What is no transcript is passed over in a
    folder or a zip; a path that holds none, and a file that cannot be read, is added to `failed` in words.
    """
    for path in paths:
        try:
            traces = [trace for bundle in bundles(path) for trace in _traces(bundle, failed)]
        except UserError as error:
            failed.append(str(error))
            continue
        if not traces:
            failed.append(f"{path}: it holds no transcript of a known format. Name a transcript, a folder or a zip.")
        for trace in traces:
            yield atif.trajectory(trace, str if raw else redact)


def _traces(bundle: Bundle, failed: list[str]) -> list[Trace]:
    """The runs of one bundle, subagents and continuations joined."""
    failed += bundle.warnings
    traces: list[Trace] = []
    for member in bundle.members:
        try:
            found = recognise(member.open, member.path, member.name)
        except UserError as error:
            failed.append(str(error))
            continue
        traces += found if isinstance(found, list) else []
    return transcripts.join(traces)
