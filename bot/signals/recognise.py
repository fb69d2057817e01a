"""One file's opener goes in; what it holds comes out: Traces, a Report, or None when no reader knows its content.

All trouble with the file is a UserError that names it and the mend, so that one bad file never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from bot.errors import UserError
from bot.model import Report, Trace
from bot.signals import reports, transcripts
from bot.signals.member import DAMAGED
from bot.signals.mixed import is_mixed, read_mixed

HEAD_BYTES = 64 << 10
MAX_REPORT_BYTES = 64 << 20


def recognise(opened: Callable[[], BinaryIO], path: str, name: str) -> list[Trace] | Report | None:
    """Recognise a file by its first bytes and read it with the reader of its format; `path` is how people know it.

    The file is opened once.
    """
    try:
        with opened() as stream:
            return _read(stream, path, name)
    except UserError:
        raise
    except DAMAGED as error:
        raise UserError(f"{path}: it cannot be read ({error}). Check the file and its permissions.") from error
    except Exception as error:  # NOTE: a reader's bug on hostile bytes must not lose the other ten thousand files.
        said = f"{type(error).__name__}: {error}"
        raise UserError(f"{path}: the reader failed ({said}). Please report it with the file.") from error


def _read(stream: BinaryIO, path: str, name: str) -> list[Trace] | Report | None:
    head = stream.read(HEAD_BYTES)
    if transcripts.sniff(head, name) != transcripts.UNKNOWN:
        stream.seek(0)
        return transcripts.read(stream, path)
    if not head.strip():
        return None
    if reports.sniff(head, name) == "unknown":
        stream.seek(0)
        return read_mixed(stream, path) if is_mixed(path) else None
    data = head + stream.read(MAX_REPORT_BYTES + 1 - len(head))
    if len(data) > MAX_REPORT_BYTES:
        raise UserError(f"{path}: larger than {MAX_REPORT_BYTES >> 20} MiB. Split the report.")
    return reports.read(data, path)
