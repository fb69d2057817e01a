"""Commits of one repository in, what they changed as whole texts out (bot/jobs/tending_sight.py says what is asked)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bot.errors import UserError
from bot.forge.github.answers import Sha
from bot.forge.github.place import Place, Tree
from bot.model import Edit

MAX_PATHS = 50
MAX_TEXT = 1 << 20
PLAIN = ("100644", "100755")


class _Parents(msgspec.Struct, frozen=True):
    parents: tuple[Sha, ...] = ()


class History:
    """Reads commits; what a commit holds never changes."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def edits(self, base: str, head: str) -> tuple[Edit, ...] | None:
        """What `head` changes since it left `base`; None when that cannot be told exactly: too much, a link, a
        submodule, bytes that are no text, a commit that is gone."""
        try:
            left = self._place.compare(base, head).merge_base_commit.sha
            then, now = self._place.tree(left), self._place.tree(head)
        except UserError:
            return None
        paths = sorted(path for path in {*then, *now} if _same(then, path) != _same(now, path))
        if len(paths) > MAX_PATHS or not all(_is_plain(tree, path) for path in paths for tree in (then, now)):
            return None
        texts = self._texts([tree[path].sha for path in paths for tree in (then, now) if path in tree])
        if texts is None:
            return None
        return tuple(
            Edit(
                path,
                texts[then[path].sha] if path in then else None,
                texts[now[path].sha] if path in now else None,
                (now if path in now else then)[path].mode,
            )
            for path in paths
        )

    def texts(self, commit: str, paths: Sequence[str]) -> Mapping[str, str | None]:
        """The files at a commit; None = no such file. One that is no plain text is left out."""
        tree = self._place.tree(commit)
        found: dict[str, str | None] = {path: None for path in paths if path not in tree}
        for path in paths:
            if path in tree and _is_plain(tree, path) and (texts := self._texts([tree[path].sha])) is not None:
                found[path] = texts[tree[path].sha]
        return found

    def parent(self, commit: str) -> str:
        """The first parent, "" when it is unknown."""
        found = self._place.reader.find(f"{self._place.path}/git/commits/{commit}", _Parents)
        return found.parents[0].sha if found and found.parents else ""

    def _texts(self, shas: Sequence[str]) -> dict[str, str] | None:
        found = self._place.texts(sorted(set(shas)))
        try:
            return {sha: data.decode() for sha, data in found.items()}
        except UnicodeDecodeError:
            return None


def _same(tree: Tree, path: str) -> tuple[str, str]:
    return (tree[path].mode, tree[path].sha) if path in tree else ("", "")


def _is_plain(tree: Tree, path: str) -> bool:
    return path not in tree or (tree[path].mode in PLAIN and tree[path].size <= MAX_TEXT)
