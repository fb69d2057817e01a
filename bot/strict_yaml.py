"""The text of one YAML document goes in, plain values come out: no aliases, no key twice, bounded, or a UserError."""

from __future__ import annotations

from collections.abc import Hashable

import yaml

from bot.errors import UserError

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 20


class _Loader(yaml.SafeLoader):
    """The safe loader, which also refuses what nobody needs here: aliases, deep nests, and keys given twice."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {MAX_DEPTH}")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            raise yaml.YAMLError(f"a key stands twice in the mapping at line {node.start_mark.line + 1}")
        return mapping


def parse(text: str, path: str) -> object:
    """The document's value. UserError names the file, the place and the mend."""
    if len(text) > MAX_CHARACTERS:
        raise UserError(f"{path}: larger than {MAX_CHARACTERS // 1024} KiB. Split or shorten it: it fits on a page.")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 (the loader is a SafeLoader)
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        what = str(getattr(error, "problem", None) or error).split("\n")[0][:120]
        raise UserError(f"{path}: no YAML that may stand here ({where}{what}). Mend it there.") from None
