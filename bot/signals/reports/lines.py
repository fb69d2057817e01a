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
_ESCAPE = re.compile("\x1b(?:\\[[0-9;?]{0,30}[A-Za-z]|\\][^\x07\n]{0,200}\x07)?")
_MARKS = re.compile("[\x00-\x08\x0b-\x1f\ufeff]")
_CONTROLS = bytes([*range(9), *range(0x0B, 0x1B), *range(0x1C, 0x20)])
_STAMP = re.compile(r"(?m)^(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ?")
_FIRST_STAMP = re.compile(r"\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ?")
_LATE_STAMP = re.compile(r"\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
"""A stamp behind the names of job and step, as GitHub's command line prints it."""
_TIME = re.compile(
    rb"^(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t)?(?:\xef\xbb\xbf)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\dZ"
)


def raw(data: bytes) -> list[bytes]:
    """The lines as they stand, with their ends, so that their lengths add up to the file's."""
    return data.splitlines(keepends=True)


def texts(data: bytes) -> list[str]:
    """What each line says, at most `LINE_CAP` characters of it; as many as `raw` gives.

    Whole logs are cleaned, not lines, and only of what they hold: that is four times as fast.
    """
    if not data:
        return []
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    split = data.removesuffix(b"\n").split(b"\n")
    long = max(map(len, split)) > LINE_CAP
    text = b"\n".join([line[: LINE_CAP + 200] for line in split] if long else split).decode("utf-8", "replace")
    text = _undressed(text, len(data.translate(None, _CONTROLS)) < len(data))
    text = _STAMP.sub("", text) if _LATE_STAMP.search(text) else _FIRST_STAMP.sub("\n", f"\n{text}")[1:]
    return [line[:LINE_CAP] for line in text.split("\n")] if long else text.split("\n")


def _undressed(text: str, controls: bool) -> str:
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    return _MARKS.sub("", text) if controls or "\ufeff" in text else text


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
