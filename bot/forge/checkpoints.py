"""A git repository in, the agents' transcripts that Entire keeps in it out: names, sizes, bytes on demand.

    entire/checkpoints/v1:<id, 2>/<id, 10>/<n>/{metadata.json, full.jsonl, full.jsonl.001, …}      a session
    refs/entire/checkpoints/<2>/<id>:<n>/{metadata.json, full.jsonl, …}            the same, a ref for each checkpoint
    Entire-Checkpoint: <id>                                                        trailer of a commit of the code

A file's name is git's own: the branch or ref, `:`, the path. A long transcript is cut into numbered parts; it is given
whole. Any number of checkpoints costs five git commands, and one more for each transcript that is read.
https://docs.entire.io/guides/checkpoints/checkpoint-storage
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bot.errors import UserError
from bot.forge.git import GitError, git, line, maybe, origin

BRANCH = "entire/checkpoints/v1"
BRANCHES = {BRANCH: f"refs/heads/{BRANCH}", f"origin/{BRANCH}": f"refs/remotes/origin/{BRANCH}"}
"""The branch here, else as it was fetched; by the name that people give it."""
REFS = "refs/entire/checkpoints"
TRAILER = "Entire-Checkpoint"
MAX_BYTES = 256 << 20
MAX_SMALL = 256 << 10
ID = re.compile(r"[0-9a-f]{12}|[0-9A-HJKMNP-TV-Z]{26}")
REF = re.compile(r"refs/entire/checkpoints/\w{2}/([0-9a-f]{12}|[0-9A-HJKMNP-TV-Z]{26})")
SESSION = re.compile(r"(?:([0-9a-f]{2})/([0-9a-f]{10})/)?(?:\d{1,4}/)?full\.jsonl")
"""Older checkpoints had one session alone, without a number."""
PART = re.compile(r"(.+)\.(\d{3,6})")
CITED = re.compile(r"(.+)!((?:origin/)?entire/checkpoints/v1|refs/entire/checkpoints/\w{2}/\w{12,26}):(.+)", re.S)


@dataclass(frozen=True, slots=True)
class Blob:
    """A file: the parts it is cut into, first to last, and their size in all; -1 when one is missing."""

    ids: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """What a repository keeps. `transcripts` maps the name of each session's transcript to its checkpoint, `commits` a
    checkpoint to the commits that bear its trailer.
    """

    directory: Path
    repository: str
    blobs: Mapping[str, Blob]
    transcripts: Mapping[str, str]
    commits: Mapping[str, tuple[str, ...]]

    def path(self, name: str) -> str:
        """A file as pins cite it."""
        return f"{self.directory}!{name}"

    def size(self, name: str) -> int:
        """A file's size in bytes; -1 when it is missing in this clone."""
        return self.blobs[name].size

    def open(self, name: str) -> BinaryIO:
        """A file's bytes. OSError when it is larger than 256 MiB, or missing in this clone."""
        return _opened(self.directory, self.blobs[name])

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """Many small files at once; one that is not there, or larger than 256 KiB, is left out."""
        wanted = [(name, self.blobs[name]) for name in names if name in self.blobs]
        wanted = [(name, blob) for name, blob in wanted if 0 <= blob.size <= MAX_SMALL]
        data = git(self.directory, "cat-file", "--batch", data=_lines(blob.ids[0] for _, blob in wanted))
        found: dict[str, bytes] = {}
        at = 0
        for name, blob in wanted:
            at = data.index(b"\n", at) + 1
            found[name] = data[at : at + blob.size]
            at += blob.size + 1
        return found


def checkpoints(directory: Path) -> Checkpoints | None:
    """What Entire keeps in a repository; None where `directory` is none, or keeps nothing."""
    if not directory.is_dir() or not _is_repository(directory):
        return None
    roots = dict(_roots(directory))
    if not roots:
        return None
    blobs = _blobs(directory, roots)
    known_as = origin(directory) or directory.resolve().name.removesuffix(".git")
    transcripts = {name: checkpoint for name in blobs if (checkpoint := _checkpoint(name))}
    return Checkpoints(directory, known_as, blobs, transcripts, _commits(directory))


def open_source(path: str) -> BinaryIO | None:
    """The bytes that a pin's path cites (`repo!entire/checkpoints/v1:ab/cdef/0/full.jsonl`); None when it cites nothing
    of the kind, or they are gone.
    """
    cited = CITED.fullmatch(path)
    if cited is None:
        return None
    directory, rev, name = Path(cited[1]), cited[2], cited[3]
    folder = name.rpartition("/")[0]
    try:
        tree = line(directory, "rev-parse", "--verify", "--quiet", f"{BRANCHES.get(rev, rev)}:{folder}")
        blob = _blobs(directory, {tree: ""}).get(name.rpartition("/")[2])
        return _opened(directory, blob) if blob else None
    except (OSError, UserError):
        return None


def _is_repository(directory: Path) -> bool:
    """Whether this very folder is a repository: checked out, or bare. UserError for a bare one git will not read."""
    if (directory / ".git").exists():
        return True
    if not all((directory / name).exists() for name in ("HEAD", "objects", "refs")):
        return False
    line(directory, "rev-parse", "--git-dir")
    return True


def _roots(directory: Path) -> Iterator[tuple[str, str]]:
    """(tree, `branch-or-ref:`) of everything that holds checkpoints."""
    for name, ref in BRANCHES.items():
        if tree := maybe(directory, "rev-parse", "--verify", "--quiet", f"{ref}^{{tree}}"):
            yield tree, f"{name}:"
            break
    for text in maybe(directory, "for-each-ref", "--format=%(tree) %(refname)", REFS).split("\n"):
        tree, _, ref = text.partition(" ")
        if tree and REF.fullmatch(ref):
            yield tree, f"{ref}:"


def _blobs(directory: Path, roots: Mapping[str, str]) -> dict[str, Blob]:
    """The files of many trees, parts put together; each name begins with what `roots` says of its tree."""
    nothing = line(directory, "hash-object", "-t", "tree", "--stdin")
    pairs = _lines(f"{nothing} {tree}" for tree in roots)
    listed = git(directory, "diff-tree", "--stdin", "-r", "--no-renames", "--no-ext-diff", data=pairs)
    parts: dict[str, list[tuple[int, str]]] = {}
    root = ""
    for text in listed.decode("utf-8", "replace").split("\n"):
        facts, tab, name = text.partition("\t")
        if not tab:
            root = roots.get(facts.rpartition(" ")[2], root)
            continue
        _, mode, _, blob, _ = facts.split(" ")
        if mode in ("100644", "100755"):
            part = PART.fullmatch(name)
            whole, number = (part[1], int(part[2])) if part else (name, 0)
            parts.setdefault(root + whole, []).append((number, blob))
    sizes = _sizes(directory, (blob for found in parts.values() for _, blob in found))
    return {name: _whole([blob for _, blob in sorted(found)], sizes) for name, found in parts.items()}


def _sizes(directory: Path, blobs: Iterable[str]) -> dict[str, int]:
    """Object → bytes; those missing in this clone are left out."""
    told = git(directory, "cat-file", "--batch-check=%(objectname) %(objectsize)", data=_lines(blobs))
    rows = (text.split(" ") for text in told.decode("ascii", "replace").split("\n") if text)
    return {blob: int(size) for blob, size in rows if size.isdecimal()}


def _whole(blobs: list[str], sizes: Mapping[str, int]) -> Blob:
    found = [sizes.get(blob, -1) for blob in blobs]
    return Blob(tuple(blobs), -1 if -1 in found else sum(found))


def _checkpoint(name: str) -> str:
    """The checkpoint of a session's transcript; "" for every other file."""
    rev, _, path = name.rpartition(":")
    session, ref = SESSION.fullmatch(path), REF.fullmatch(rev)
    if session is None or bool(session[1]) == bool(ref):
        return ""
    return ref[1] if ref else session[1] + session[2]


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


def _lines(texts: Iterable[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()
