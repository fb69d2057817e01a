"""A local git repository in, its harness out: read from the head of the default branch, never from the work tree."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UserError
from bot.forge.git import git, line, maybe
from bot.model import Harness, HarnessFile

OURS = "refs/heads/flywheel/"
MAX_FILE = 1 << 20
"""A larger file steers nobody; it is left out of the harness, and an edit that would replace it is refused."""

_NAMES = frozenset({"AGENTS.md", "AGENTS.override.md", "CLAUDE.md", "GEMINI.md"})
_FOLDERS = (".claude/", ".codex/", ".agents/", ".openhands/", ".gemini/", ".github/instructions/", ".github/hooks/")
_FILES = frozenset({".github/copilot-instructions.md", "ruff.toml", ".ruff.toml"})
_LINKS = 8


@dataclass(frozen=True, slots=True)
class Blob:
    """One entry of a tree: its mode (`120000` is a symlink, `160000` a submodule), name and size."""

    mode: str
    id: str
    size: int


def steers(path: str) -> bool:
    """Whether a tracked path may steer an agent. Wider than what stage 3 edits, which chooses from these."""
    return posixpath.basename(path) in _NAMES or path in _FILES or path.startswith(_FOLDERS)


def check(directory: Path) -> None:
    """UserError unless `directory` is itself a repository or lies in the work tree of one."""
    if not directory.is_dir():
        raise UserError(f"{directory}: there is no such folder. Name a git repository.")
    line(directory, "rev-parse", "--git-dir")


def head(directory: Path) -> str:
    """The commit at the head of the default branch. UserError when there is no commit yet."""
    name = default_branch(directory)
    known = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    found = maybe(directory, *known, f"{name}^{{commit}}")
    if not found and maybe(directory, *known, name):
        raise UserError(
            f"{directory}: the commit of its default branch is missing. Fetch it, or mend it (see `git fsck`)."
        )
    if not found:
        raise UserError(f"{directory}: the repository has no commit on its default branch. Make a first commit there.")
    return found


def default_branch(directory: Path) -> str:
    """The full name of the default branch, or `HEAD` when only that tells.

    `origin` says best. Without it a bare repository's HEAD is the default branch, and of a checked-out one `main` or
    `master`; else what is checked out, unless that is a branch of ours.
    """
    remote = maybe(directory, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    branches = _branches(directory)
    if remote:
        local = "refs/heads/" + remote.removeprefix("refs/remotes/origin/")
        return local if local in branches else remote
    current = maybe(directory, "symbolic-ref", "--quiet", "HEAD")
    bare = line(directory, "rev-parse", "--is-bare-repository") == "true"
    if bare and current in branches:
        return current
    for name in ("refs/heads/main", "refs/heads/master"):
        if name in branches:
            return name
    theirs = [name for name in branches if not name.startswith(OURS)]
    if current.startswith(OURS) or not current:
        return theirs[0] if len(theirs) == 1 else "HEAD" if not current else _unclear(directory)
    return current


def ours(directory: Path, change: str) -> tuple[str, ...]:
    """The branches named for a change, whoever made them."""
    return tuple(
        name.removeprefix("refs/heads/")
        for name in _branches(directory)
        if name.startswith(OURS) and name.endswith(f"-{change}")
    )


def _unclear(directory: Path) -> str:
    raise UserError(f"{directory}: which branch is the default one? Check it out (`git switch BRANCH`) and run again.")


def _branches(directory: Path) -> tuple[str, ...]:
    return tuple(line(directory, "for-each-ref", "--format=%(refname)", "refs/heads/").splitlines())


def listing(directory: Path, commit: str) -> dict[str, Blob]:
    """Path → entry of every tracked file of a commit; paths that are no UTF-8 keep their bytes as surrogates."""
    found = {}
    out = git(directory, "ls-tree", "-r", "-z", "--long", "--full-tree", "--end-of-options", commit)
    for record in out.split(b"\0")[:-1]:
        meta, _, path = record.partition(b"\t")
        mode, _, name, size = meta.split()
        found[path.decode("utf-8", "surrogateescape")] = Blob(
            mode.decode(), name.decode(), int(size) if size != b"-" else 0
        )
    return found


def harness(directory: Path, repository: str) -> Harness:
    """What steers agents at the head of the default branch, links as links, and the files that the links lead to."""
    check(directory)
    commit = head(directory)
    tree = listing(directory, commit)
    files: dict[str, HarnessFile] = {}
    waiting = sorted(path for path in tree if steers(path))
    for _ in range(_LINKS):
        fresh = {path: file for path in waiting if (file := _file(directory, path, tree[path]))}
        files |= fresh
        targets = {_target(file) for file in fresh.values() if file.link}
        waiting = sorted(path for path in targets if path in tree and path not in files)
        if not waiting:
            break
    return Harness(repository, files, commit, frozenset(tree))


def _file(directory: Path, path: str, entry: Blob) -> HarnessFile | None:
    if entry.mode == "160000" or entry.size > MAX_FILE:
        return None
    text = text_of(directory, entry)
    if entry.mode == "120000":
        return HarnessFile(path, "", entry.mode, link=text)
    return HarnessFile(path, text, entry.mode)


def text_of(directory: Path, entry: Blob) -> str:
    """The content of a blob; bytes that are no UTF-8 are kept as surrogates, so that text → bytes is exact."""
    return git(directory, "cat-file", "blob", "--end-of-options", entry.id).decode("utf-8", "surrogateescape")


def _target(file: HarnessFile) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(file.path), file.link))
