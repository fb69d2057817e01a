"""`flywheel read`: files in, what is in each as one JSON-ready object a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bot.commands import bounded
from bot.errors import UserError
from bot.pages import printed
from bot.signals.checkpoints import Stored, bundles_of
from bot.signals.recognise import MAX_REPORT_BYTES, recognise
from bot.signals.reports.excerpt import excerpt


def read_all(
    paths: Iterable[Path], failed: list[str], stored: Callable[[Path], Stored | None] | None = None
) -> Iterator[dict[str, Any]]:
    """Every file of every path, in order; a folder, a zip or a repository with stored transcripts gives each of its
    members.

    A path that is not there, or may not be read, is added to `failed` in words and costs no other path.
    """
    for path in paths:
        try:
            yield from _path(path, stored)
        except UserError as error:
            failed.append(str(error))


def _path(path: Path, stored: Callable[[Path], Stored | None] | None) -> Iterator[dict[str, Any]]:
    empty = True
    for bundle in bundles_of(path, stored):
        for warning in bundle.warnings:
            empty = False
            yield printed.unknown(bundle.path, warning)
        empty = empty and bundle.manifest is None
        for member in bundle.members:
            empty = False
            yield read_one(member.open, member.path, member.name)
    if empty:
        yield printed.unknown(str(path), "It holds no file.")


def read_one(opened: Callable[[], BinaryIO], path: str, name: str) -> dict[str, Any]:
    """One file, recognised by its content. Trouble with the file itself is an `unknown` with the reason, no crash."""
    try:
        found = recognise(opened, path, name)
    except UserError as error:
        return printed.unknown(path, str(error))
    if found is None:
        return printed.unknown(path, "No reader knows this content.")
    return printed.transcript(found, path) if isinstance(found, list) else printed.report(found)


def read_against(path: Path, against: Path) -> dict[str, Any]:
    """Which lines of a failing job log matter, beside a passing log of the same job, and the failure's key."""
    found = excerpt(_whole(path), _whole(against))
    return {
        "path": str(path),
        "key": found.key,
        "excerpt": [list(lines) for lines in found.intervals],
        "evidence": found.evidence or None,
    }


def _whole(path: Path) -> bytes:
    data = bounded.read(path, MAX_REPORT_BYTES, "Name a job log.")
    if len(data) > MAX_REPORT_BYTES:
        raise UserError(f"{path}: larger than {MAX_REPORT_BYTES >> 20} MiB. Cut it to the failed step.")
    return data
