"""A trace becomes the diff its edits left, for bundles that carry no patch; None where a trace cannot tell.

A shell command that writes files (`sed -i`, `>`, `git apply`, a formatter) is not read: when an agent wrote that way
and changed no existing file by its edit tools, nothing is claimed. Nor is it where edits lie at absolute paths and
nobody knows the working directory. A new file that the agent removed again was never left. NOTE: any program may write
files of its own; only those that are known to are seen.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from bot.model import Diff, Trace

SHELL_WRITES = re.compile(
    r"\b(?:sed|perl)\s+-[a-zA-Z]*i|\bgit\s+(?:apply|am|mv|rm|checkout|restore|stash|reset|revert|merge|rebase|pull"
    r"|cherry-pick)\b|\b(?:tee|patch|mv|cp|rm|truncate|ln)\s|(?<![0-9&>=-])>{1,2}\s*(?!/dev/)[^\s&|>]"
    r"|\bwrite_(?:text|bytes)\(|\bopen\([^)\n]{1,200},\s{0,3}(?:mode=)?['\"][wax]|\bwriteFile(?:Sync)?\("
    r"|\s--?(?:fix|write|in-place)\b|\b(?:ruff|cargo|mix|dart|deno|terraform) (?:format|fmt)\b|\bgofmt\s+-\w*w"
    r"|\bblack\s"
)
REMOVES = re.compile(r"(?:^|[\n;&|(]\s*)(?:git\s+)?rm\s+([^;&|\n]{1,1500})")
SCRATCH = ("/tmp/", "/private/tmp/", "/var/tmp/", "/dev/", "~")  # noqa: S108 (names only)


def changed(trace: Trace) -> Diff | None:
    """The paths that successful edits touched, relative to the working directory; paths outside of it are dropped."""
    calls = [call for step in trace.steps for call in step.calls if call.status == "ok"]
    if not any(call.kind in {"edit", "shell"} for step in trace.steps for call in step.calls):
        return None
    added: dict[str, None] = {}
    touched: dict[str, None] = {}
    for call in calls:
        if call.kind == "shell":
            for path in _removed(call.command, trace.cwd):
                added.pop(path, None)
        if call.kind != "edit":
            continue
        created = {inside(path, trace.cwd) for path in call.creates}
        for path in call.paths:
            relative = inside(path, trace.cwd)
            if not relative:
                if not trace.cwd and not path.startswith(SCRATCH):
                    return None
                continue
            if relative in created and relative not in touched:
                added[relative] = None
            if relative not in added:
                touched[relative] = None
    if not touched and any(call.kind == "shell" and SHELL_WRITES.search(call.command) for call in calls):
        return None
    return Diff(tuple(touched), tuple(added))


def _removed(command: str, cwd: str) -> list[str]:
    """The paths that a shell command removes by name."""
    words = (word for match in REMOVES.finditer(command) for word in match[1].split() if not word.startswith("-"))
    return [path for word in words if (path := inside(word.strip("'\""), cwd))]


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
