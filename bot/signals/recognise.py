"""One file's opener goes in; what it holds comes out: Traces, a Report, or None when no reader knows its content.

All trouble with the file is a UserError that names it and the mend, so that one bad file never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from bot.errors import UserError
from bot.model import Report, Trace
from bot.signals import reports, transcripts
from bot.signals.bundle import DAMAGED

HEAD_BYTES = 64 << 10
MAX_REPORT_BYTES = 64 << 20


def recognise(opened: Callable[[], BinaryIO], path: str, name: str) -> list[Trace] | Report | None:
    """Recognise a file by its first bytes and read it with the reader of its format; `path` is how people know it."""
    try:
        return _read(opened, path, name)
    except UserError:
        raise
    except DAMAGED as error:
        raise UserError(f"{path}: it cannot be read ({error}). Check the file and its permissions.") from error
    except Exception as error:  # NOTE: a reader's bug on hostile bytes must not lose the other ten thousand files.
        said = f"{type(error).__name__}: {error}"
        raise UserError(f"{path}: the reader failed ({said}). Please report it with the file.") from error


def _read(opened: Callable[[], BinaryIO], path: str, name: str) -> list[Trace] | Report | None:
    with opened() as stream:
        head = stream.read(HEAD_BYTES)
    if transcripts.sniff(head, name) != transcripts.UNKNOWN:
        with opened() as stream:
            return transcripts.read(stream, path)
    if not head.strip() or reports.sniff(head, name) == "unknown":
        return None
    with opened() as stream:
        data = stream.read(MAX_REPORT_BYTES + 1)
    if len(data) > MAX_REPORT_BYTES:
        raise UserError(f"{path}: larger than {MAX_REPORT_BYTES >> 20} MiB. Split the report.")
    return reports.read(data, path)
