"""The text of a YAML file goes in; a checked struct comes out: no aliases, no key twice, bounded, or a UserError."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

import msgspec
import yaml

from bot.errors import UserError

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 20

T = TypeVar("T")


class _Loader(yaml.SafeLoader):
    """The safe loader, which also refuses what a rule never needs: aliases, deep nests and keys given twice."""

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


def read(text: str, path: str, wanted: type[T], known: str) -> T:
    """One YAML document as `wanted`; UserError names file, place and mend. `known` lists the keys, for the mend."""
    if len(text) > MAX_CHARACTERS:
        raise UserError(f"{path}: larger than {MAX_CHARACTERS // 1024} KiB. Split it: a rule is one short file.")
    try:
        return msgspec.convert(yaml.load(text, _Loader), wanted)  # noqa: S506 (the loader is a SafeLoader)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {_plain(str(error))}. Known keys: {known}.") from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        what = str(getattr(error, "problem", None) or error).split("\n")[0][:120]
        raise UserError(f"{path}: no YAML that a rule may hold ({where}{what}). Mend it there.") from None


def _plain(message: str) -> str:
    """msgspec's message without its sigil: `Expected `str`, got `int` - at `$.title`` → `… - at `title``."""
    return message.replace("`$.", "`").replace(" - at `$`", "")[:300]
