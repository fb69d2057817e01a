"""A trace becomes the diff its edits left, for bundles that carry no patch; None where a trace cannot tell.

A shell command that writes files (`sed -i`, `>`, `git apply`) is not read: when an agent wrote that way and changed
no existing file by its edit tools, nothing is claimed.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from bot.model import Diff, Trace

SHELL_WRITES = re.compile(
    r"\bsed\s+-[a-zA-Z]*i|\bgit\s+(?:apply|am|mv|rm|checkout|restore)\b|\b(?:tee|patch|mv|cp|rm|truncate)\s|(?<![0-9&>])>{1,2}\s*[^\s&|>]"
)


def changed(trace: Trace) -> Diff | None:
    """The paths that successful edits touched, relative to the working directory; paths outside of it are dropped."""
    calls = [call for step in trace.steps for call in step.calls if call.status == "ok"]
    if not any(call.kind in {"edit", "shell"} for step in trace.steps for call in step.calls):
        return None
    edits = [call for call in calls if call.kind == "edit"]
    added: dict[str, None] = {}
    touched: dict[str, None] = {}
    for call in edits:
        created = {inside(path, trace.cwd) for path in call.creates}
        for path in call.paths:
            relative = inside(path, trace.cwd)
            if not relative:
                continue
            if relative in created and relative not in touched:
                added[relative] = None
            if relative not in added:
                touched[relative] = None
    if not touched and any(call.kind == "shell" and SHELL_WRITES.search(call.command) for call in calls):
        return None
    return Diff(tuple(touched), tuple(added))


def inside(path: str, cwd: str) -> str:
    """`path` relative to the working directory; "" when it lies outside or is no usable path."""
    plain = path.replace("\\", "/")
    root = cwd.replace("\\", "/").rstrip("/")
    if root and (plain == root or plain.startswith(root + "/")):
        plain = plain[len(root) + 1 :]
    pure = PurePosixPath(plain)
    if not plain or pure.is_absolute() or ".." in pure.parts or re.match(r"[A-Za-z]:/", plain) or plain.startswith("~"):
        return ""
    return pure.as_posix()
