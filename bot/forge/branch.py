"""Edits and a message in, a branch of one commit out; moved on when it is ours, left alone when a person worked on it.

A branch of ours is one commit on top of a commit of the default branch. It is written with plumbing and compare-and-
swap: neither the index nor the work tree is used, and a branch that moves while we write is not overwritten.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.forge.fits import RefusedError, fit
from bot.forge.git import EMAIL, NAME, GitError, dated, git, line, maybe
from bot.forge.repository import listing, text_of
from bot.model import Edit

TRAILER = "Flywheel-Change:"


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit object says: its tree, parents, whether flywheel made it, and its message."""

    id: str
    tree: str
    parents: tuple[str, ...]
    ours: bool
    message: str


def tip(directory: Path, branch: str) -> Commit | None:
    """The commit at the end of a branch; None when there is no such branch."""
    found = maybe(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"refs/heads/{branch}^{{commit}}")
    return read(directory, found) if found else None


def read(directory: Path, commit: str) -> Commit:
    """A commit, read from its object (https://git-scm.com/docs/git-commit-tree#_commit_information)."""
    raw = git(directory, "cat-file", "commit", "--end-of-options", commit).decode("utf-8", "surrogateescape")
    header, _, message = raw.partition("\n\n")
    fields = [field.partition(" ") for field in header.split("\n")]
    people = [value for key, _, value in fields if key in ("author", "committer")]
    return Commit(
        id=commit,
        tree=next(value for key, _, value in fields if key == "tree"),
        parents=tuple(value for key, _, value in fields if key == "parent"),
        ours=all(person.startswith(f"{NAME} <{EMAIL}> ") for person in people),
        message=message,
    )


def is_ours(commit: Commit, change: str) -> bool:
    """Made by us, for this change, no merge. What a person amends, rebases or merges bears their name and is theirs."""
    marks = [text for text in commit.message.splitlines() if text.startswith(TRAILER)]
    named = any(mark.removeprefix(TRAILER).strip().partition(".")[0] == change for mark in marks)
    return commit.ours and named and len(commit.parents) == 1


def foreign(directory: Path, last: Commit, change: str, head: str) -> tuple[str, ...]:
    """The commits on the branch since the default branch that are not ours, newest first.

    When the default branch was rewritten, commits that were once its own would seem to be foreign: below a commit of
    ours nothing is looked at, for ours stand directly on the default branch.
    """
    if is_ours(last, change):
        return ()
    listed = line(directory, "rev-list", "--max-count=1000", "--end-of-options", last.id, f"^{head}").split()
    return tuple(commit for commit in listed if not is_ours(read(directory, commit), change)) or (last.id,)


def base_of_ours(directory: Path, last: Commit, change: str) -> str:
    """The newest commit of ours below a person's work; empty when none is left."""
    listed = line(directory, "rev-list", "--max-count=1000", "--end-of-options", last.id).split()
    return next((commit for commit in listed if is_ours(read(directory, commit), change)), "")


def build(directory: Path, base: str, edits: Sequence[Edit]) -> str:
    """The tree of `base` with the edits made, written to the object store. RefusedError when they do not fit."""
    tree = listing(directory, base)

    def is_before(edit: Edit) -> bool:
        there = tree.get(edit.path)
        return (text_of(directory, there) if there else None) == edit.before

    fit(tree, edits, is_before)
    lines = []
    for edit in edits:
        if edit.after is None:
            lines.append(f"0 {'0' * len(base)}\t{edit.path}\0")
            continue
        data = edit.after.encode("utf-8", "surrogateescape")
        blob = line(directory, "hash-object", "-w", "--stdin", "--no-filters", data=data)
        lines.append(f"{edit.mode} {blob}\t{edit.path}\0")
    with tempfile.TemporaryDirectory(prefix="flywheel-") as aside:
        also = {"GIT_INDEX_FILE": str(Path(aside) / "index")}
        git(directory, "read-tree", base, also=also)
        git(directory, "update-index", "-z", "--index-info", data="".join(lines).encode(), also=also)
        return line(directory, "write-tree", also=also)


def is_below(directory: Path, commit: str, head: str) -> bool:
    """Whether `head` has `commit` in its history."""
    base = git(directory, "merge-base", "--end-of-options", commit, head, fine=(0, 1))
    return base.decode().strip() == commit


def holds(directory: Path, commit: str, patch: Path) -> bool:
    """Whether a commit's files hold all that a patch adds: whether it can be taken out of them again."""
    try:
        data = patch.read_bytes()
    except OSError:
        return False
    if not data.strip():
        return False
    with tempfile.TemporaryDirectory(prefix="flywheel-") as aside:
        also = {"GIT_INDEX_FILE": str(Path(aside) / "index")}
        git(directory, "read-tree", commit, also=also)
        try:
            git(directory, "apply", "--cached", "--check", "--reverse", data=data, also=also)
        except GitError:
            return False
    return True


def commit(directory: Path, tree: str, base: str, message: str, date: str | None) -> str:
    """A commit of ours on top of `base`; no branch points to it yet."""
    data = message.encode("utf-8", "replace")
    return line(directory, "commit-tree", tree, "-p", base, data=data, also=dated(date))


def move(directory: Path, branch: str, new: str, old: str) -> None:
    """Let the branch point to `new` (delete it when empty) if it still points to `old` (empty: is not there yet)."""
    ref = f"refs/heads/{branch}"
    _not_checked_out(directory, ref)
    try:
        if new:
            git(directory, "update-ref", "--no-deref", "--end-of-options", ref, new, old or "0" * len(new))
        else:
            git(directory, "update-ref", "--no-deref", "-d", "--end-of-options", ref, old)
    except GitError as error:
        if "but expected" in error.stderr or "reference already exists" in error.stderr:
            raise RefusedError(f"{branch}: the branch moved while it was written. Run again.") from error
        if "cannot create" in error.stderr or "exists; cannot" in error.stderr:
            raise RefusedError(f"{branch}: another branch stands in the way of this name. Rename that one.") from error
        raise


def _not_checked_out(directory: Path, ref: str) -> None:
    """A branch that somebody has checked out would change under their feet: their work tree would seem edited."""
    place = ""
    for text in line(directory, "worktree", "list", "--porcelain").splitlines():
        if text.startswith("worktree "):
            place = text.removeprefix("worktree ")
        if text == f"branch {ref}":
            name = ref.removeprefix("refs/heads/")
            raise RefusedError(f"{name}: it is checked out in {place}. Switch to another branch there and run again.")
