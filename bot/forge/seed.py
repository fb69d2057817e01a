"""A plain file tree in, a bare git repository with one commit of a fixed date out: the repositories of the examples.

Symlinks do not survive a wheel, so `links.json` beside the trees says which there are: {tree: {path: target}}.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from bot.forge.files import check_folder
from bot.forge.git import dated, git, line

DATE = "2026-01-05T12:00:00+00:00"
BRANCH = "main"
CACHES = frozenset({"__pycache__", ".ruff_cache", ".pytest_cache", ".mypy_cache"})
"""Left behind by tools that were run in a checkout; no part of a tree."""


def seed(tree: Path, bare: Path) -> None:
    """Make `bare` from `tree` once; one that is there is left as it is. Built aside and moved, so never half there."""
    if bare.exists():
        return
    bare = bare.absolute()
    check_folder(bare.parent)
    bare.parent.mkdir(parents=True, exist_ok=True)
    for left in bare.parent.glob(".seed-*"):  # of a run that was killed; who calls holds the lock of the out folder
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".seed-", dir=bare.parent) as aside:
        made = Path(aside) / "repository.git"
        git(bare.parent, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", "--end-of-options", str(made))
        _commit(tree, made, Path(aside) / "index")
        shutil.move(made, bare)


def _commit(tree: Path, made: Path, index: Path) -> None:
    entries = [(path, "100644", _blob(made, (tree / path).read_bytes())) for path in _files(tree)]
    entries += [(path, "120000", _blob(made, target.encode())) for path, target in _links(tree).items()]
    listing = "".join(f"{mode} {blob}\t{path}\0" for path, mode, blob in entries).encode()
    also = {"GIT_INDEX_FILE": str(index)}
    git(made, "update-index", "-z", "--index-info", data=listing, also=also)
    root = line(made, "write-tree", also=also)
    commit = line(made, "commit-tree", root, "-m", "Begin", also=dated(DATE))
    git(made, "update-ref", f"refs/heads/{BRANCH}", commit)


def _files(tree: Path) -> list[str]:
    found = (path.relative_to(tree) for path in tree.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if not CACHES & set(path.parts))


def _links(tree: Path) -> dict[str, str]:
    path = tree.parent / "links.json"
    links = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = links.get(tree.name, {})
    return {str(name): str(target) for name, target in sorted(found.items())}


def _blob(made: Path, data: bytes) -> str:
    return line(made, "hash-object", "-w", "--stdin", data=data)
