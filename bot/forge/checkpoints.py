"""A git repository in, the agents' transcripts that Entire keeps on a branch of it out: names, sizes, bytes on demand.

    entire/checkpoints/v1:<id, 2>/<id, 10>/<n>/{metadata.json, full.jsonl, full.jsonl.001, …}      a session
    Entire-Checkpoint: <id>                                                       trailer of a commit of the code

A long transcript is cut into numbered parts; it is given whole. NOTE: what Entire stores a ref a checkpoint
(`refs/entire/checkpoints/<2>/<id>`, its default since 0.10) is not read.
https://docs.entire.io/guides/checkpoints/checkpoint-storage
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bot.errors import UserError
from bot.forge.git import GitError, git, line, maybe, origin

BRANCH = "entire/checkpoints/v1"
REFS = {BRANCH: f"refs/heads/{BRANCH}", f"origin/{BRANCH}": f"refs/remotes/origin/{BRANCH}"}
"""The branch here, else as it was fetched; by the name that pins give it."""
TRAILER = "Entire-Checkpoint"
MAX_BYTES = 256 << 20
MAX_SMALL = 1 << 20
MAX_FILES = 200_000
ID = re.compile(r"[0-9a-f]{12}")
PART = re.compile(r"(.+)\.(\d{3,6})")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file on the branch: the parts it is cut into, first to last, and their size in all; -1 when one is missing."""

    ids: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """What a repository's branch holds. `path` is how people know the branch; `commits` bear a checkpoint's trailer."""

    directory: Path
    path: str
    repository: str
    blobs: Mapping[str, Blob]
    commits: Mapping[str, tuple[str, ...]]

    def sizes(self) -> dict[str, int]:
        """Every file on the branch with its size in bytes."""
        return {name: blob.size for name, blob in self.blobs.items()}

    def open(self, name: str) -> BinaryIO:
        """A file's bytes. OSError when it is larger than 256 MiB, or missing in this clone."""
        return _opened(self.directory, self.blobs[name])

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """Many small files at once; one larger than 1 MiB is left out."""
        wanted = [(name, self.blobs[name].ids[0]) for name in names if 0 <= self.blobs[name].size <= MAX_SMALL]
        if not wanted:
            return {}
        data = git(self.directory, "cat-file", "--batch", data="".join(f"{blob}\n" for _, blob in wanted).encode())
        found: dict[str, bytes] = {}
        at = 0
        for name, _blob in wanted:
            head, _, _ = data[at : at + 200].partition(b"\n")
            size = int(head.rpartition(b" ")[2]) if head.split(b" ")[1:2] == [b"blob"] else -1
            at += len(head) + 1
            if size >= 0:
                found[name] = data[at : at + size]
                at += size + 1
        return found


def checkpoints(directory: Path) -> Checkpoints | None:
    """The checkpoints of a repository; None where `directory` is none, or has no such branch."""
    if not directory.is_dir() or not _is_repository(directory):
        return None
    found = (
        (name, maybe(directory, "rev-parse", "--verify", "--quiet", f"{ref}^{{tree}}")) for name, ref in REFS.items()
    )
    name, tree = next(((name, tree) for name, tree in found if tree), ("", ""))
    if not tree:
        return None
    known_as = origin(directory) or directory.resolve().name.removesuffix(".git")
    return Checkpoints(directory, f"{directory}!{name}", known_as, _blobs(directory, tree), _commits(directory))


def open_source(path: str) -> BinaryIO | None:
    """The bytes that a pin's path cites (`repo!entire/checkpoints/v1:ab/cdef/0/full.jsonl`); None when it cites no
    branch of ours, or they are gone.
    """
    for name, ref in REFS.items():
        place, mark, file = path.rpartition(f"!{name}:")
        if not mark or not file:
            continue
        try:
            blob = _blobs(Path(place), ref, file.rpartition("/")[0]).get(file)
            return _opened(Path(place), blob) if blob else None
        except (OSError, UserError):
            return None
    return None


def _is_repository(directory: Path) -> bool:
    """Whether this very folder is a repository: checked out, or bare. UserError for a bare one git will not read."""
    if (directory / ".git").exists():
        return True
    if not all((directory / name).exists() for name in ("HEAD", "objects", "refs")):
        return False
    line(directory, "rev-parse", "--git-dir")
    return True


def _blobs(directory: Path, tree: str, folder: str = "") -> dict[str, Blob]:
    """The files of a tree, parts put together; of one folder only, when it is named."""
    where = ("--", f"{folder}/") if folder else ()
    listed = git(directory, "ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", tree, *where)
    parts: dict[str, list[tuple[int, str, int]]] = {}
    for entry in listed.split(b"\0")[:MAX_FILES]:
        facts, _, name = entry.decode("utf-8", "surrogateescape").partition("\t")
        mode, _, rest = facts.partition(" ")
        kind, blob, size = (*rest.split(), "", "", "")[:3]
        if kind != "blob" or mode not in ("100644", "100755"):
            continue
        part = PART.fullmatch(name)
        whole, number = (part[1], int(part[2])) if part else (name, 0)
        parts.setdefault(whole, []).append((number, blob, int(size) if size.isdecimal() else -1))
    return {name: _whole(sorted(found)) for name, found in parts.items()}


def _whole(parts: list[tuple[int, str, int]]) -> Blob:
    sizes = [size for _, _, size in parts]
    return Blob(tuple(blob for _, blob, _ in parts), -1 if -1 in sizes else sum(sizes))


def _opened(directory: Path, blob: Blob) -> BinaryIO:
    if blob.size < 0:
        raise OSError("its bytes are missing in this clone: `git fetch` brings them")
    if blob.size > MAX_BYTES:
        raise OSError(f"it is larger than {MAX_BYTES >> 20} MiB")
    return io.BytesIO(b"".join(git(directory, "cat-file", "blob", one) for one in blob.ids))


def _commits(directory: Path) -> dict[str, tuple[str, ...]]:
    """Checkpoint → the commits of all branches that bear it in a trailer; Entire's own branches do not count."""
    try:
        listed = git(
            directory,
            *("log", f"--grep=^{TRAILER}:", f"--format=%H %(trailers:key={TRAILER},valueonly,separator=%x20)"),
            *("--no-show-signature", "--exclude=entire/*", "--branches", "--exclude=*/entire/*", "--remotes"),
        )
    except GitError:
        return {}
    found: dict[str, list[str]] = {}
    for text in listed.decode("utf-8", "replace").split("\n"):
        commit, *ids = text.split(" ")
        for one in ids:
            if ID.fullmatch(one) and commit not in found.setdefault(one, []):
                found[one].append(commit)
    return {one: tuple(commits) for one, commits in found.items()}
