"""Takes the paths and edits of a modification and answers what can be told from them alone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase

from bot.approval.kinds import one_number, outside
from bot.model import Edit

MAX_READ = 2_000
FORBIDS = re.compile(r"\b(?:never|must not|do not|don't|forbidden|not allowed|always|required?)\b", re.IGNORECASE)
LOOSENS = re.compile(
    r"https?://|--no-verify|skip\w* (?:the )?tests?|\bcurl\b|\bwget\b|\ballow(?!-any-generics$)\w*\b|bypass|\bsudo\b",
    re.IGNORECASE,
)
"""`allow-any-generics` at a line's end is what our own guards say to the type checker, not to an agent."""
PLAIN, PROGRAM = "100644", "100755"


def matches(path: str, globs: Sequence[str]) -> bool:
    """Whether a glob fits the path or a tail of it that starts at a folder; case does not count."""
    parts = path.casefold().split("/")
    tails = ["/".join(parts[i:]) for i in range(len(parts))]
    return any(fnmatchcase(tail, glob.casefold()) for glob in globs for tail in tails)


def escapes(path: str) -> bool:
    """Whether the path leaves the repository, reaches into `.git`, or is not written as git writes it.

    Letters that are not shown, or that are two ways of writing one, make two paths of what a file system takes for one.
    """
    parts = path.split("/")
    unseen = any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn") for letter in path)
    other = unicodedata.normalize("NFKC", path) != path
    return unseen or other or "\\" in path or any(part in ("", ".", "..") or _git(part) for part in parts)


def _git(part: str) -> bool:
    """Whether some file system takes it for `.git` (https://git-scm.com/docs/git-config, core.protectNTFS)."""
    return part.casefold().rstrip(" .") in (".git", "git~1")


def weakens(edit: Edit) -> tuple[str, ...]:
    """What of an edit may take a safeguard away: a file removed or odd, a prohibition gone, something allowed.

    What our own blocks forbade is ours to take back.
    """
    before, after = Counter((edit.before or "").splitlines()), Counter((edit.after or "").splitlines())
    lost = Counter(outside(edit.before)) - Counter(outside(edit.after))
    found = [f"{edit.path} is removed"] if edit.after is None else []
    if edit.mode != PLAIN and not (edit.mode == PROGRAM and one_number(edit)):
        found.append(f"{edit.path} has mode {edit.mode}")
    if any(FORBIDS.search(line[:MAX_READ]) for line in lost):
        found.append(f"{edit.path} loses a line that forbids or demands something")
    if any(len(line) > MAX_READ or LOOSENS.search(line) for line in after - before):
        found.append(f"{edit.path} gains a line with an address, a download or a permission")
    return tuple(found)


def lines_added(edit: Edit) -> int:
    """Lines of `after` that `before` does not hold as often; a moved line adds none."""
    had = Counter((edit.before or "").splitlines())
    return sum((Counter((edit.after or "").splitlines()) - had).values())


def undoes(edits: Sequence[Edit], inverse: Sequence[Edit]) -> bool:
    """Whether the inverse turns every edit around, byte for byte."""
    forth = {edit.path: (edit.before, edit.after) for edit in edits}
    back = {edit.path: (edit.after, edit.before) for edit in inverse}
    return bool(edits) and forth == back
