"""What is kept of repositories between visits, in a folder: a cache. Delete it, and the next sweep fills it again.

evidence/<owner>/<name>/<head>/…     bundles, scrubbed (bot/jobs/evidence.py)
ledgers/<owner>/<name>.jsonl         the ledger branches as they were last read
visits/<repository id>.json          until when we looked, and which heads of that look wait to be collected
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec

from bot import ledger
from bot.errors import UserError

NAME = re.compile(r"(?!\.)[\w.-]{1,100}/(?!\.{1,2}$)[\w.-]{1,100}", re.ASCII)


class Last(msgspec.Struct, frozen=True):
    """The last visit: until when the runs were looked at (ISO 8601; "" = the first look has not come to its end).

    `waiting` are the heads of a look on its way that are still to be collected, newest first, and `until` is what
    `looked` will be then. `refused` says why the first look cannot be had: nobody waits for it.
    """

    looked: str = ""
    waiting: tuple[str, ...] = ()
    until: str = ""
    refused: str = ""


class Memory:
    """The folder. UserError when it cannot be written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.evidence = root / "evidence"

    def keep_ledger(self, repository: str, lines: Sequence[str]) -> None:
        """The ledger of a repository as it was read just now."""
        self._write(self._ledger(repository), "".join(f"{line}\n" for line in lines))

    def ledgers(self, owner: str) -> ledger.Ledger:
        """All that the ledgers of an owner's repositories remember, as they were last read."""
        folder = self._ledger(f"{owner}/x").parent
        files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
        texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
        return ledger.fold(line for text in texts for line in text.split("\n"))

    def last(self, repository: int) -> Last:
        """The last visit to a repository; an empty one when there was none, or when nothing readable is left of it."""
        try:
            return msgspec.json.decode(self._visit(repository).read_bytes(), type=Last)
        except (OSError, msgspec.MsgspecError):
            return Last()

    def keep_last(self, repository: int, last: Last) -> None:
        """Remember a visit."""
        self._write(self._visit(repository), json.dumps(msgspec.to_builtins(last)))

    def _ledger(self, repository: str) -> Path:
        return self.root / "ledgers" / f"{_checked(repository)}.jsonl"

    def _visit(self, repository: int) -> Path:
        return self.root / "visits" / f"{repository:d}.json"

    def _write(self, path: Path, text: str) -> None:
        """Whole or not at all."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(
                "w", dir=path.parent, prefix=".", delete=False, encoding="utf-8", errors="replace"
            ) as new:
                new.write(text)
            os.replace(new.name, path)  # noqa: PTH105
        except OSError as error:
            raise UserError(
                f"{path}: it cannot be written ({error.strerror or error}). Set FLYWHEEL_DATA to a folder of ours."
            ) from error


def _checked(repository: str) -> str:
    """A name that is safe as a path."""
    if not NAME.fullmatch(repository):
        raise UserError(f"{repository[:80]!r}: no repository's name. It is owner/name.")
    return repository
