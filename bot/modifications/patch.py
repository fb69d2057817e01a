"""From edits to a patch in git's style, to the files they make, to their inverse; and which paths they may have."""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Container, Mapping, Sequence

from bot.errors import UserError
from bot.model import Edit
from bot.modifications.harness import is_harness

MODES = ("100644", "100755")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\"\\:*?<>|\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]{1,300}")
_NO_BLOB = "0" * 40


def refusal(path: str, also: Container[str] = ()) -> str:
    """Why no edit may have this path; empty when it may. `also` names files that harness links lead to."""
    parts = path.split("/")
    if not _PLAIN.fullmatch(path) or unicodedata.normalize("NFC", path) != path:
        return "is no plain path"
    if path.startswith(("/", "~")) or any(part in ("", ".", "..") or part[-1] in ". " for part in parts):
        return "is no relative path inside the repository"
    if any(part.casefold() in (".git", "git~1") for part in parts):
        return "lies in git's own folder"
    if [part.casefold() for part in parts[:2]] in ([".github", "workflows"], [".github", "actions"]):
        return "is a workflow, which only people change"
    if not is_harness(path) and path not in also:
        return "is no harness file"
    return ""


def check(edits: Sequence[Edit], also: Container[str] = ()) -> None:
    """UserError unless every edit has an allowed path of its own, an allowed mode, and something to change."""
    for edit in edits:
        if reason := refusal(edit.path, also):
            raise UserError(f"{edit.path}: {reason}. Edits touch harness files only.")
        if edit.mode not in MODES:
            raise UserError(f"{edit.path}: has mode {edit.mode}. Edits write plain files only.")
        if edit.before == edit.after:
            raise UserError(f"{edit.path}: is left as it is. Leave the edit out.")
    paths = [edit.path.casefold() for edit in edits]
    if len(set(paths)) < len(paths):
        raise UserError(f"{edits[0].path}: two edits have one path. Join them.")


def render(edits: Sequence[Edit]) -> str:
    """The edits as one patch that `git apply` takes, ordered by path. Its shape has been checked with unidiff."""
    patch = "".join(_render(edit) for edit in sorted(edits, key=lambda edit: edit.path))
    _validate(patch, edits)
    return patch


def apply(files: Mapping[str, str], edits: Sequence[Edit]) -> dict[str, str]:
    """The files after the edits. UserError when one is not as the edit found it; then nothing is changed."""
    after = dict(files)
    for edit in edits:
        if after.get(edit.path) != edit.before:
            raise UserError(f"{edit.path}: has changed since the edit was made. Make the edit anew.")
        if edit.after is None:
            del after[edit.path]
        else:
            after[edit.path] = edit.after
    return after


def inverse(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits that undo these, byte for byte."""
    return tuple(Edit(edit.path, edit.after, edit.before, edit.mode) for edit in reversed(edits))


def blob(text: str | None) -> str:
    """Git's name for a file of this text; zeros when there is none."""
    if text is None:
        return _NO_BLOB
    data = text.encode("utf-8", "surrogateescape")
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _render(edit: Edit) -> str:
    head = f"diff --git a/{edit.path} b/{edit.path}\n"
    old, new = f"a/{edit.path}", f"b/{edit.path}"
    index = f"index {blob(edit.before)}..{blob(edit.after)}"
    if edit.before is None:
        head, old = f"{head}new file mode {edit.mode}\n", "/dev/null"
    elif edit.after is None:
        head, new = f"{head}deleted file mode {edit.mode}\n", "/dev/null"
    else:
        index = f"{index} {edit.mode}"
    hunks = _hunks(edit.before or "", edit.after or "")
    tab = "\t" if " " in edit.path else ""  # git ends a name that holds spaces with a tab
    names = f"--- {old}{tab * (old != '/dev/null')}\n+++ {new}{tab * (new != '/dev/null')}\n" if hunks else ""
    return f"{head}{index}\n{names}{hunks}"


def _hunks(before: str, after: str) -> str:
    """Unified hunks; lines end at `\\n` only, as they do for git."""
    lines = difflib.unified_diff(_lines(before), _lines(after), n=3)
    body = list(lines)[2:]
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in body)


def _lines(text: str) -> list[str]:
    parts = text.split("\n")
    return [f"{line}\n" for line in parts[:-1]] + parts[-1:] * bool(parts[-1])


def _validate(patch: str, edits: Sequence[Edit]) -> None:
    """A second reader must see the same patch: as many files, as many lines added and removed."""
    from unidiff.patch import PatchSet

    read = {file.path: (file.added, file.removed) for file in PatchSet(patch)}
    for edit in edits:
        signs = [line[:1] for line in _hunks(edit.before or "", edit.after or "").split("\n")]
        if read.get(edit.path) != (signs.count("+"), signs.count("-")):
            raise ValueError(f"{edit.path}: the patch does not read back as it was written")
