"""The bytes of a log go in, its lines come out twice: where each stands in the file, and what it says without dressing.

Lines end at `\\r\\n`, `\\n` or a lone `\\r`. Timestamps of GitHub's runner, ANSI escapes, byte order marks (also in the
middle of a file) and NULs are no part of what a line says; lines without a timestamp continue a message
(research/ci.md §1.1).
"""

from __future__ import annotations

import re
from datetime import datetime

LINE_CAP = 2_000
SIZE_CAP = 64 * 1024 * 1024

_DRESSING = re.compile("\x1b\\[[0-9;?]{0,30}[A-Za-z]|\x1b\\][^\x07\n]{0,200}\x07|[\x00-\x08\x0b-\x1f\ufeff]")
_STAMP = re.compile(r"(?m)^(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ?")
_TIME = re.compile(
    rb"^(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t)?(?:\xef\xbb\xbf)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\dZ"
)


def raw(data: bytes) -> list[bytes]:
    """The lines as they stand, with their ends, so that their lengths add up to the file's."""
    return data.splitlines(keepends=True)


def texts(data: bytes) -> list[str]:
    """What each line says, at most `LINE_CAP` characters of it; as many as `raw` gives."""
    joined = "\n".join([line[: LINE_CAP + 200].decode("utf-8", "replace") for line in data.splitlines()])
    plain = _STAMP.sub("", _DRESSING.sub("", joined))
    return [line[:LINE_CAP] for line in plain.split("\n")] if joined else [""] * len(data.splitlines())


def time(line: bytes) -> datetime | None:
    """The runner's time on a raw line, None when it has none (a continuation) or an impossible one."""
    match = _TIME.match(line[:300])
    try:
        return datetime.fromisoformat(match[1].decode()) if match else None
    except ValueError:
        return None


def pieces(line: bytes, text: str) -> list[str]:
    """The parts of a raw line that belong to its `text`, split where escape sequences stood."""
    parts = _DRESSING.split(line[: LINE_CAP + 200].decode("utf-8", "replace").rstrip("\r\n"))
    return [part for part in (_STAMP.sub("", part) for part in parts) if part and part in text]
