"""`flywheel read`: files in, what is in each as one JSON-ready object a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bot.errors import UserError
from bot.pages import printed
from bot.signals import reports, transcripts
from bot.signals.bundle import bundles
from bot.signals.collect import HEAD_BYTES, MAX_REPORT_BYTES
from bot.signals.reports.excerpt import excerpt


def read_all(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Every file of every path, in order; a folder or a zip gives each of its members."""
    for path in paths:
        if path.is_file() and path.suffix != ".zip":
            yield read_one(_opener(path), str(path), path.name)
            continue
        for bundle in bundles(path):
            for member in bundle.members:
                yield read_one(member.open, member.path, member.name)


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def read_one(opened: Callable[[], BinaryIO], path: str, name: str) -> dict[str, Any]:
    """One file, recognised by its content. Trouble with the file itself is an `unknown` with the reason, no crash."""
    try:
        with opened() as stream:
            head = stream.read(HEAD_BYTES)
        format_name = transcripts.sniff(head, name)
        if format_name != "unknown":
            with opened() as stream:
                return printed.transcript(transcripts.read(stream, path), path, format_name)
        if reports.sniff(head, name) == "unknown":
            return printed.unknown(path, "No reader knows this content." if head else "The file is empty.")
        with opened() as stream:
            data = stream.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path}: it cannot be read ({error.strerror or error}). Check its permissions.") from error
    except UserError as error:
        return printed.unknown(path, str(error))
    if len(data) > MAX_REPORT_BYTES:
        return printed.unknown(path, f"Larger than {MAX_REPORT_BYTES >> 20} MiB. Split the report.")
    return printed.report(reports.read(data, path))


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
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path}: it cannot be read ({error.strerror or error}). Name a job log.") from error
    if len(data) > MAX_REPORT_BYTES:
        raise UserError(f"{path}: larger than {MAX_REPORT_BYTES >> 20} MiB. Cut it to the failed step.")
    return data
