"""One repository on GitHub as it is now: who we are there, its head, its trees and files; all that is only read."""

from __future__ import annotations

import base64
import hashlib
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.errors import UserError
from bot.forge.github.answers import BlobAnswer, Comparison, RefObject, TreeAnswer, TreeEntry
from bot.forge.github.client import Reader
from bot.forge.github.errors import StatusError
from bot.forge.repository import MAX_FILE, steers
from bot.model import Harness, HarnessFile

Tree = Mapping[str, TreeEntry]
BATCH = 40
LINKS = 8
MAX_TREES = 200

HOME = """
query Home($owner: String!, $name: String!) {
  viewer { login databaseId }
  repository(owner: $owner, name: $name) {
    id
    isArchived
    defaultBranchRef { name target { oid ... on Commit { tree { oid } } } }
  }
}
"""
_BLOB = "on Blob { oid byteSize isBinary isTruncated text }"


@dataclass(frozen=True, slots=True)
class Home:
    """A repository's default branch, and our account there: its id is what tells what is ours."""

    node: str
    account: int
    login: str
    branch: str
    head: str
    tree: str
    archived: bool


class Place:
    """Reads one repository. What a commit or a tree holds never changes, so it is asked for once."""

    def __init__(self, repository: str, reader: Reader) -> None:
        self.repository = repository
        self.reader = reader
        self.path = f"/repos/{quote(repository, safe='/')}"
        self._home: Home | None = None
        self._trees: dict[str, Tree] = {}

    def home(self, *, fresh: bool = False) -> Home:
        """The head of the default branch. UserError when the repository is not visible or has no commit."""
        if self._home is None or fresh:
            self._home = self._look()
        if self._home is None:
            raise UserError(
                f"{self.repository}: it is not there, is empty, or the App does not see it. "
                "Install the App on it, and make a first commit."
            )
        return self._home

    def harness(self) -> Harness:
        """What steers agents at the head of the default branch, as bot/forge/repository.py reads it from a disk."""
        self._home = self._look()
        if self._home is None:
            return Harness(self.repository)
        tree = self.tree(self._home.head)
        files: dict[str, HarnessFile] = {}
        waiting = sorted(path for path in tree if steers(path))
        for _ in range(LINKS):
            files |= self._files(tree, waiting)
            targets = {_target(file) for file in files.values() if file.link}
            waiting = sorted(path for path in targets if path in tree and path not in files)
            if not waiting:
                break
        return Harness(self.repository, files, self._home.head, frozenset(tree), self._home.node)

    def tree(self, commit: str) -> Tree:
        """Path → entry of every tracked file of a commit, submodules too."""
        if commit not in self._trees:
            self._trees[commit] = {one.path: one for one in self._entries(commit, "", [MAX_TREES])}
        return self._trees[commit]

    def tip(self, branch: str) -> str:
        """The commit at the end of a branch; empty when there is none."""
        found = self.reader.find(f"{self.path}/git/ref/heads/{quote(branch, safe='/')}", RefObject)
        return found.object.sha if found else ""

    def branches(self) -> list[str]:
        """All that are named as ours are."""
        listed = self.reader.pages(f"{self.path}/git/matching-refs/heads/flywheel/", RefObject)
        return [one.ref.removeprefix("refs/heads/") for one in listed]

    def compare(self, base: str, head: str) -> Comparison:
        """What `head` has that `base` has not."""
        return self.reader.get(f"{self.path}/compare/{base}...{head}", Comparison)

    def blob(self, sha: str) -> bytes:
        """The bytes of a file."""
        found = self.reader.get(f"{self.path}/git/blobs/{sha}", BlobAnswer)
        return base64.b64decode(found.content) if found.encoding == "base64" else found.content.encode()

    def _look(self) -> Home | None:
        owner, _, name = self.repository.partition("/")
        try:
            found = self.reader.graphql(HOME, {"owner": owner, "name": name})
        except StatusError as error:
            if error.said == "NOT_FOUND":
                return None
            raise
        here, we = found["repository"], found["viewer"]
        ref = here["defaultBranchRef"] if here else None
        if ref is None:
            return None
        if not we["databaseId"]:
            raise UserError(f"{self.repository}: GitHub does not say which account our token has. Use an App's token.")
        target = ref["target"]
        return Home(
            node=str(here["id"]),
            account=int(we["databaseId"]),
            login=str(we["login"]),
            branch=str(ref["name"]),
            head=str(target["oid"]),
            tree=str(target["tree"]["oid"]),
            archived=bool(here["isArchived"]),
        )

    def _entries(self, sha: str, below: str, left: list[int]) -> Iterable[TreeEntry]:
        """A tree that is too large for one answer is asked for folder by folder."""
        left[0] -= 1
        if left[0] < 0:
            raise UserError(f"{self.repository}: its tree is too large to be listed. It cannot be served yet.")
        path = f"{self.path}/git/trees/{sha}"
        whole = self.reader.get(path, TreeAnswer, recursive="1")
        if not whole.truncated:
            yield from (_below(one, below) for one in whole.tree if one.type != "tree")
            return
        for one in self.reader.get(path, TreeAnswer).tree:
            if one.type == "tree":
                yield from self._entries(one.sha, f"{below}{one.path}/", left)
            else:
                yield _below(one, below)

    def _files(self, tree: Tree, paths: Iterable[str]) -> dict[str, HarnessFile]:
        wanted = {path: tree[path] for path in paths if tree[path].type == "blob" and tree[path].size <= MAX_FILE}
        texts = self.texts(sorted({entry.sha for entry in wanted.values()}))
        found = {}
        for path, entry in wanted.items():
            text = texts[entry.sha].decode("utf-8", "surrogateescape")
            is_link = entry.mode == "120000"
            found[path] = HarnessFile(path, "" if is_link else text, entry.mode, link=text if is_link else "")
        return found

    def texts(self, shas: list[str]) -> dict[str, bytes]:
        """Bytes of many files in few calls. What GraphQL cannot say exactly (binary, cut, no UTF-8) is asked alone."""
        found: dict[str, bytes] = {}
        for at in range(0, len(shas), BATCH):
            found |= self._batch(shas[at : at + BATCH])
        return {sha: found[sha] if sha in found else self.blob(sha) for sha in shas}

    def _batch(self, shas: list[str]) -> dict[str, bytes]:
        owner, _, name = self.repository.partition("/")
        given = "".join(f", $o{at}: GitObjectID!" for at in range(len(shas)))
        asked = " ".join(f"b{at}: object(oid: $o{at}) {{ ... {_BLOB} }}" for at in range(len(shas)))
        document = (
            f"query Files($owner: String!, $name: String!{given}) "
            f"{{ repository(owner: $owner, name: $name) {{ {asked} }} }}"
        )
        variables = {"owner": owner, "name": name, **{f"o{at}": sha for at, sha in enumerate(shas)}}
        answer: dict[str, Any] = self.reader.graphql(document, variables)["repository"]
        kept = {}
        for at, sha in enumerate(shas):
            text = (answer.get(f"b{at}") or {}).get("text")
            data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""
            if blob_id(data) == sha:
                kept[sha] = data
        return kept


def blob_id(data: bytes) -> str:
    """The name that git gives to these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _below(entry: TreeEntry, folder: str) -> TreeEntry:
    return TreeEntry(folder + entry.path, entry.mode, entry.type, entry.sha, entry.size)


def _target(file: HarnessFile) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(file.path), file.link))
