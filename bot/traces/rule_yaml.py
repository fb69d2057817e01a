"""The text of a YAML file goes in; a struct of the wanted shape comes out, or a UserError that lists the known keys."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from bot import strict_yaml
from bot.errors import UserError

T = TypeVar("T")


def read(text: str, path: str, wanted: type[T], known: str) -> T:
    """One YAML document as `wanted`; UserError names file, place and mend. `known` lists the keys, for the mend."""
    try:
        return msgspec.convert(strict_yaml.parse(text, path), wanted)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {_plain(str(error))}. Known keys: {known}.") from None


def _plain(message: str) -> str:
    """msgspec's message without its sigil: `Expected `str`, got `int` - at `$.title`` → `… - at `title``."""
    return message.replace("`$.", "`").replace(" - at `$`", "")[:300]
