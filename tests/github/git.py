"""A bare git repository in, its objects, diffs and merges out: everything the stand-in says of code comes from git."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ZERO = "0" * 40
WEB_FLOW = ("GitHub", "noreply@github.com")
DATE = "2026-11-01T12:00:00Z"


@dataclass(frozen=True)
class Person:
    """Who a commit says made it, and when (ISO 8601)."""

    name: str
    email: str
    date: str = DATE


@dataclass(frozen=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True)
class Entry:
    mode: str
    type: str
    sha: str
    size: int | None
    path: str


class Git:
    """One bare repository. Fails with CalledProcessError where git fails; callers ask `maybe` where they expect it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *arguments: str, data: bytes = b"", also: Mapping[str, str] | None = None) -> bytes:
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", **(also or {})}
        command = ["git", "-C", str(self.directory), *arguments]
        return subprocess.run(
            command, input=data, capture_output=True, check=True, env={"PATH": os.environ["PATH"], **quiet}
        ).stdout

    def line(self, *arguments: str, data: bytes = b"", also: Mapping[str, str] | None = None) -> str:
        return self.run(*arguments, data=data, also=also).decode("utf-8", "surrogateescape").rstrip("\n")

    def maybe(self, *arguments: str) -> str:
        try:
            return self.line(*arguments)
        except subprocess.CalledProcessError:
            return ""

    def init(self, branch: str) -> None:
        self.directory.mkdir(parents=True)
        self.run("init", "--quiet", "--bare", f"--initial-branch={branch}")

    def ref(self, name: str) -> str:
        """The object a full ref name points to; empty when there is none."""
        return self.maybe("rev-parse", "--verify", "--quiet", name)

    def resolve(self, ref: str) -> str:
        """The commit of a branch, tag, sha or full ref; empty when there is none."""
        for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
            if found := self.maybe("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"):
                return found
        return ""

    def refs(self, prefix: str) -> list[tuple[str, str]]:
        """(full name, object) of every ref that begins so, read as git keeps them: it is asked very often.

        https://git-scm.com/docs/gitrepository-layout
        """
        packed, loose = self.directory / "packed-refs", self.directory / "refs"
        lines = packed.read_text().splitlines() if packed.exists() else []
        found = {name: sha for sha, _, name in (line.partition(" ") for line in lines) if name.startswith("refs/")}
        for file in loose.rglob("*"):
            if file.is_file() and file.suffix != ".lock":
                found[file.relative_to(self.directory).as_posix()] = file.read_text().strip()
        return sorted((name, sha) for name, sha in found.items() if name.startswith(f"refs/{prefix}"))

    def move(self, ref: str, new: str, old: str = "") -> None:
        """Let a full ref point to `new`; delete it when empty."""
        self.run("update-ref", *(["-d", ref] if not new else [ref, new]), *([old] if old else []))

    def commit(self, sha: str) -> Commit:
        raw = self.run("cat-file", "commit", sha).decode("utf-8", "replace")
        header, _, message = raw.partition("\n\n")
        rows = [row.partition(" ")[::2] for row in header.split("\n")]
        people = {key: self._person(value) for key, value in rows if key in ("author", "committer")}
        return Commit(
            sha=sha,
            tree=next(value for key, value in rows if key == "tree"),
            parents=tuple(value for key, value in rows if key == "parent"),
            author=people["author"],
            committer=people["committer"],
            message=message.removesuffix("\n"),
        )

    @staticmethod
    def _person(text: str) -> Person:
        from datetime import UTC, datetime

        who, _, when = text.rpartition("> ")
        name, _, email = who.partition(" <")
        at = datetime.fromtimestamp(int(when.split(" ")[0]), UTC)
        return Person(name, email, at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def write_commit(self, tree: str, parents: Sequence[str], message: str, author: Person, committer: Person) -> str:
        who = {
            **{f"GIT_AUTHOR_{key.upper()}": getattr(author, key) for key in ("name", "email", "date")},
            **{f"GIT_COMMITTER_{key.upper()}": getattr(committer, key) for key in ("name", "email", "date")},
        }
        above = [word for parent in parents for word in ("-p", parent)]
        return self.line("commit-tree", tree, *above, data=message.encode(), also=who)

    def write_blob(self, data: bytes) -> str:
        return self.line("hash-object", "-w", "--stdin", data=data)

    def write_tree(self, base: str, entries: Sequence[tuple[str, str, str]]) -> str:
        """The tree of `base` (or an empty one) with (mode, sha, path) put in; an empty sha takes the path out."""
        rows = "".join(f"{mode if sha else 0} {sha or ZERO}\t{path}\0" for mode, sha, path in entries)
        with tempfile.TemporaryDirectory() as aside:
            also = {"GIT_INDEX_FILE": str(Path(aside) / "index")}
            if base:
                self.run("read-tree", base, also=also)
            self.run("update-index", "-z", "--index-info", data=rows.encode(), also=also)
            return self.line("write-tree", also=also)

    def tree(self, sha: str, recursive: bool) -> list[Entry]:
        options = ["-r", "-t"] if recursive else []
        out = self.run("ls-tree", *options, "-z", "--long", "--full-tree", sha)
        found = []
        for record in out.split(b"\0")[:-1]:
            meta, _, path = record.partition(b"\t")
            mode, kind, name, size = meta.decode().split()
            found.append(Entry(mode, kind, name, None if size == "-" else int(size), path.decode("utf-8", "replace")))
        return found

    def blob(self, sha: str) -> bytes:
        return self.run("cat-file", "blob", sha)

    def kind(self, sha: str) -> str:
        return self.maybe("cat-file", "-t", sha)

    def is_below(self, commit: str, head: str) -> bool:
        return self.maybe("merge-base", commit, head) == commit

    def merge_base(self, one: str, two: str) -> str:
        return self.maybe("merge-base", one, two)

    def between(self, base: str, head: str) -> list[str]:
        """The commits of base..head, oldest first."""
        return self.line("rev-list", "--reverse", "--topo-order", f"{base}..{head}").split()

    def merge(self, base: str, head: str) -> str:
        """The merged tree; empty on conflict (needs git 2.38)."""
        return self.maybe("merge-tree", "--write-tree", base, head).split("\n")[0]

    def pick(self, onto: str, commit: str) -> str:
        """The tree of `onto` with what one commit changed; empty on conflict. git 2.39 takes no merge base, so the tip
        is made a sibling of the commit first."""
        found = self.commit(commit)
        sibling = self.write_commit(self.commit(onto).tree, found.parents[:1], "", found.author, found.author)
        return self.merge(sibling, commit)

    def diff(self, base: str, head: str) -> list[dict[str, object]]:
        """One row a file: filename, status, additions, deletions, patch, sha."""
        raw = self.line("diff-tree", "-r", "-M", "--raw", "--numstat", "--no-abbrev", base, head).splitlines()
        states = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}
        files: dict[str, dict[str, object]] = {}
        for row in raw:
            if row.startswith(":"):
                meta, *paths = row.split("\t")
                *_, old, new, state = meta.split(" ")
                sha = old if state.startswith("D") else new
                files[paths[-1]] = {"filename": paths[-1], "status": states[state[0]], "sha": sha}
        for path, file in files.items():
            patch = self.run("diff", "--no-color", "-M", base, head, "--", path).decode("utf-8", "replace")
            at = patch.find("\n@@")
            body = patch[at + 1 :].removesuffix("\n") if at >= 0 else ""
            lines = body.split("\n")
            added = sum(line.startswith("+") for line in lines)
            gone = sum(line.startswith("-") for line in lines)
            file |= {"additions": added, "deletions": gone, "changes": added + gone}
            if body:
                file["patch"] = body
        return list(files.values())
