"""The bytes of a unified diff go in, the paths it changes and adds come out; never one outside the repository."""

from __future__ import annotations

import re
from hashlib import sha256

from bot.model import Diff, Report, Source
from bot.signals.transcripts.outline import Head

NAME = "patch"
SIZE_CAP = 64 * 1024 * 1024

_GIT = re.compile(r"^diff --git \S.* (?P<new>\"b/[^\"]+\"|b/.+)$")
_HUNK = re.compile(r"(?m)^(?:diff --git \S|--- \S.{0,1000}\r?\n\+\+\+ \S.{0,1000}\r?\n@@ -\d)")
_OPENING = re.compile(r"From [0-9a-f]{40} |Index: |diff |--- ")
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_UNSAFE = re.compile(r"^[/\\~]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|[\x00-\x1f]")


def matches(head: Head) -> bool:
    """Whether the file opens as a diff or a mail of one, and a changed file is named soon."""
    return _OPENING.match(head.text) is not None and _HUNK.search(head.text) is not None


def paths(data: bytes) -> Diff:
    """The files of a unified diff, sorted. A removed file counts as changed, as does a renamed one under its old name
    (its new name is added); a diff that `unidiff` cannot
    read is read by its file headers alone.
    """
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    text = data[:SIZE_CAP].decode("utf-8", "replace")
    try:
        patches = list(PatchSet(text))
        files = [(name(file.path), file.is_added_file or file.is_rename) for file in patches]
        files += [(name(file.source_file), False) for file in patches if file.is_rename]
    except (UnidiffParseError, ValueError, IndexError):
        files = _headers(text)
    files = files or _headers(text)
    added = {path for path, new in files if new and is_safe(path)}
    changed = {path for path, new in files if not new and is_safe(path)} - added
    return Diff(changed=tuple(sorted(changed)), added=tuple(sorted(added)))


def read(data: bytes, path: str) -> Report:
    """A patch says nothing about how the run ended: its outcome is none."""
    source = Source(path, sha256(data).hexdigest(), len(data))
    diff = paths(data)
    if diff.changed or diff.added:
        return Report("patch", source, "none", diff=diff)
    warning = f"{path}: names no file inside the repository."
    return Report("patch", source, "none", warnings=(warning,), diff=diff)


def name(path: str) -> str:
    """A path of a diff header as it is in the repository: without quotes, git's octal escapes and `a/` or `b/`."""
    if path.startswith('"') and path.endswith('"') and len(path) > 1:
        path = (
            _OCTAL.sub(lambda match: chr(int(match[1], 8)), path[1:-1])
            .encode("latin-1", "replace")
            .decode("utf-8", "replace")
        )
    return path[2:] if path.startswith(("a/", "b/")) else path


def is_safe(path: str) -> bool:
    """Whether a path stays inside the repository: relative, without `..`, without control characters."""
    return bool(path) and path != "dev/null" and not _UNSAFE.search(path)


def _headers(text: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    for line in text.split("\n"):
        line = line.rstrip("\r")[:2_000]
        if match := _GIT.match(line):
            found.append((name(match["new"]), False))
        elif line.startswith("new file mode") and found:
            found[-1] = (found[-1][0], True)
    return found
