"""Checkpoints in, the agents' transcripts that Entire keeps under them on a branch of the repository out.

    entire/checkpoints/v1:<id, 2>/<id, 10>/<n>/{metadata.json, full.jsonl, full.jsonl.001, …}      a session

As bot/forge/checkpoints.py reads it from a clone; here a folder of the tree at a time, so that an old branch with ten
thousand checkpoints costs no more than a new one.
https://docs.entire.io/guides/checkpoints/checkpoint-storage
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.forge.github.answers import TreeAnswer, TreeEntry
from bot.forge.github.place import Place

BRANCH = "entire/checkpoints/v1"
ID = re.compile(r"[0-9a-f]{12}")
FILE = re.compile(r"(?:(\d{1,4})/)?full\.jsonl(?:\.(\d{3,6}))?")
MAX_PARTS = 40


class Entire:
    """Reads one repository's checkpoints; what a tree holds never changes, so it is asked for once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._trees: dict[str, tuple[TreeEntry, ...]] = {}
        self._tip: str | None = None

    def transcripts(self, ids: Sequence[str], most: int) -> dict[str, bytes]:
        """`<id>/<n>.jsonl` → its bytes. What is not there, or would be more than `most` bytes in all, is left out."""
        found: dict[str, bytes] = {}
        left = most
        for one in ids:
            for session, parts in sorted(self._sessions(one).items()):
                size = sum(part.size for part in parts)
                if size > left or len(parts) > MAX_PARTS:
                    continue
                left -= size
                found[f"{one}/{session}.jsonl"] = b"".join(self._place.blob(part.sha) for part in parts)
        return found

    def _sessions(self, checkpoint: str) -> dict[str, list[TreeEntry]]:
        """Session → the parts of its transcript, first to last."""
        if not ID.fullmatch(checkpoint) or not self._head():
            return {}
        shard = self._below(self._head(), checkpoint[:2])
        folder = self._below(shard, checkpoint[2:]) if shard else ""
        parts: dict[str, list[tuple[int, TreeEntry]]] = {}
        for entry in self._tree(folder, recursive=True) if folder else ():
            match = FILE.fullmatch(entry.path)
            if match and entry.type == "blob" and entry.mode in ("100644", "100755"):
                parts.setdefault(match[1] or "0", []).append((int(match[2] or 0), entry))
        return {
            session: [entry for _, entry in sorted(rows, key=lambda row: row[0])] for session, rows in parts.items()
        }

    def _head(self) -> str:
        if self._tip is None:
            self._tip = self._place.tip(BRANCH)
        return self._tip

    def _below(self, tree: str, name: str) -> str:
        return next((one.sha for one in self._tree(tree) if one.path == name and one.type == "tree"), "")

    def _tree(self, sha: str, *, recursive: bool = False) -> tuple[TreeEntry, ...]:
        if sha not in self._trees:
            query = {"recursive": "1"} if recursive else {}
            path = f"{self._place.path}/git/trees/{sha}"
            self._trees[sha] = self._place.reader.get(path, TreeAnswer, **query).tree
        return self._trees[sha]
