"""What a layout sees of a folder, what it says of it, and the small reading of markers that all layouts share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

MARKER_CAP = 16 << 20
"""Bytes of a marker; a larger one is none. Harbor may put the token ids of a whole run into `result.json`."""
TEXT_CAP = 120
Role = Literal["any", "transcript", "subagent", "report", "verdict", "none"]
"""What a file of an attempt may be: `verdict` are the reports that judge it, `none` is not looked at."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on disk or in an archive. `place` names the folders above it and itself, last; `read` gives the bytes
    of a small file by its name relative to here (`../x` works), None when there is no such plain file.
    """

    place: tuple[str, ...]
    names: Sequence[str]
    subfolders: Sequence[str]
    read: Callable[[str, int], bytes | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt. `facts` are shaped like a bundle's manifest; `role` takes the name of a file below the folder.

    `shared` are the files `above` folders higher that tell of all attempts together: no attempt of their own.
    """

    layout: str
    repository: str
    task: str
    name: str
    role: Callable[[str], Role]
    facts: Mapping[str, object] = field(default_factory=dict)
    above: int = 0
    shared: frozenset[str] = frozenset()
    joined: str = "layout"
    """The reason code of the join (`Episode.joined`)."""
    expects: bool = False
    """A transcript must be there; that none can be read is said."""


def document(folder: Folder, name: str) -> Mapping[str, Any]:
    """A small JSON object; empty when the file is not there, too large or no object."""
    data = folder.read(name, MARKER_CAP + 1)
    if data is None or len(data) > MARKER_CAP:
        return {}
    try:
        value = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def inside(values: object, *keys: str) -> object:
    """The value at this path of objects, None when there is none."""
    for key in keys:
        if not isinstance(values, dict):
            return None
        values = values.get(key)
    return values


def text(values: object, *keys: str) -> str:
    """A printable text of at most 120 characters at this path; empty when there is none."""
    value = inside(values, *keys)
    return value[:TEXT_CAP] if isinstance(value, str) and value.isprintable() else ""


def name_of(given: str, fallback: str) -> str:
    """What may stand in an episode's id: letters, digits, `.`, `_`, `-` and single slashes; `@` and all else is `-`."""
    for candidate in (given, fallback):
        parts = [re.sub(r"[^\w.-]+", "-", part).lstrip(".") for part in candidate.split("/")]
        if kept := "/".join(part for part in parts if part):
            return kept
    return "unnamed"
