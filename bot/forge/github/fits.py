"""A tree as GitHub lists it and edits in, nothing out, or RefusedError: the questions of bot/forge/fits.py."""

from __future__ import annotations

from collections.abc import Sequence

from bot.forge import fits
from bot.forge.github.place import Tree, blob_id
from bot.model import Edit


def fit(tree: Tree, edits: Sequence[Edit]) -> None:
    """RefusedError, with the mend, unless every edit fits the tree as it is."""

    def is_before(edit: Edit) -> bool:
        there = tree.get(edit.path)
        before = blob_id(encoded(edit.before)) if edit.before is not None else ""
        return before == (there.sha if there else "")

    fits.fit(tree, edits, is_before)


def encoded(text: str) -> bytes:
    """The bytes of a text; surrogates are bytes that were no UTF-8."""
    return text.encode("utf-8", "surrogateescape")
