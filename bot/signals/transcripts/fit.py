"""Takes sound JSON of an unexpected shape; gives the struct that was wanted, without the fields that do not fit."""

from __future__ import annotations

from typing import Any, TypeGuard, TypeVar, get_args, get_origin

import msgspec
from msgspec.structs import fields

S = TypeVar("S", bound=msgspec.Struct)


def fitted(value: dict[str, Any], kind: type[S]) -> S:
    """As much of the object as fits; every other field has its default. A bare string in a list of parts is a text."""
    found = {}
    for field in fields(kind):
        if field.encode_name in value:
            fits, item = _fit(value[field.encode_name], field.type)
            if fits:
                found[field.name] = item
    return kind(**found)


def _fit(value: object, kind: Any) -> tuple[bool, object]:
    if kind is msgspec.Raw:
        return True, msgspec.Raw(msgspec.json.encode(value))
    try:
        return True, msgspec.convert(value, kind)
    except msgspec.ValidationError:
        pass
    for option in (kind, *get_args(kind)):
        if isinstance(value, dict) and _is_struct(option):
            return True, fitted(value, option)
        part = next(iter(get_args(option)), None) if get_origin(option) is list else None
        if isinstance(value, list) and _is_struct(part):
            return True, [fitted(_as_part(item), part) for item in value if isinstance(item, dict | str)]
    return False, None


def _as_part(item: object) -> dict[str, Any]:
    return item if isinstance(item, dict) else {"type": "text", "text": item}


def _is_struct(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
