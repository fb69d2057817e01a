"""The bytes of a GitHub Actions job log go in, a Report comes out: how the job ended, why, and how long it took."""

from __future__ import annotations

import re
from hashlib import sha256

from bot.model import Outcome, Report, Source
from bot.signals.reports import lines

_EXIT = re.compile(r"^##\[error\](?:Process completed with exit code|The process '.*' failed with exit code) (-?\d+)")
_ENDED = re.compile(r"^(?:Cleaning up orphan processes|Post job cleanup\.|Evaluate and set job outputs)")


def read(data: bytes, path: str) -> Report:
    """Read a whole log. It passes only when it clearly ended; one that was cut off before any failure says nothing."""
    source = Source(path, sha256(data).hexdigest(), len(data))
    texts = lines.texts(data[-lines.SIZE_CAP :])
    failed = any(_EXIT.match(text) for text in texts)
    ended = any(_ENDED.match(text) for text in texts[-400:])
    outcome: Outcome = "fail" if failed else "pass" if ended else "none"
    return Report("github-job-log", source, outcome)
