"""Takes values of JSON that may be anything; gives the text, number or object that was meant, or an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

MOST = 1e15
"""A larger number is a mistake: no run has used so many tokens, seconds or dollars."""


def text(value: object) -> str:
    """A string, else an empty one."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> str:
    """A string, or the `text` of a list of parts, a line each; images and other blobs are left out."""
    if not isinstance(value, list):
        return text(value)
    said = [part.get("text") for part in value if isinstance(part, dict)]
    return "\n".join(part for part in said if isinstance(part, str))


def whole(value: object) -> int:
    """A number without its fraction, else 0."""
    return int(value) if isinstance(value, int | float) and abs(value) < MOST else 0


def amount(value: object) -> float | None:
    """A number of dollars, else None."""
    return float(value) if isinstance(value, int | float) and abs(value) < 1e9 else None


def mapping(value: object) -> dict[str, Any]:
    """An object, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> Iterator[dict[str, Any]]:
    """The objects of a list."""
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))


def moment(timestamp: object) -> float | None:
    """The seconds since 1970 of an ISO 8601 time, else None."""
    try:
        return datetime.fromisoformat(text(timestamp)[:64].replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return None


def iso(milliseconds: object) -> str:
    """The ISO 8601 time of milliseconds since 1970, else an empty text."""
    if not isinstance(milliseconds, int | float) or not 0 < milliseconds < 253_402_300_799_000:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lasted(begun: float | None, done: float | None) -> int | None:
    """Milliseconds between two moments, None when one is unknown or they stand the wrong way round."""
    return round((done - begun) * 1000) if begun is not None and done is not None and done >= begun else None
