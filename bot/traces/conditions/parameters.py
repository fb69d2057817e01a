"""A parameter as YAML gave it goes in; what the condition takes instead comes out, "" when the parameter is right."""

from __future__ import annotations

from collections.abc import Callable

Accepts = Callable[[object], str]
MAX_COUNT = 100_000
MAX_TEXTS = 32
MAX_TEXT = 200


def count(parameter: object) -> str:
    """A whole number from 1."""
    right = isinstance(parameter, int) and not isinstance(parameter, bool) and 1 <= parameter <= MAX_COUNT
    return "" if right else f"a whole number from 1 to {MAX_COUNT}"


def percent(parameter: object) -> str:
    """A whole number of per cent."""
    right = isinstance(parameter, int) and not isinstance(parameter, bool) and 1 <= parameter <= 100
    return "" if right else "a whole number of per cent from 1 to 100"


def some_of(*words: str) -> Accepts:
    """One of the words, or a list of them."""

    def accepts(parameter: object) -> str:
        given = parameter if isinstance(parameter, list) else [parameter]
        right = 0 < len(given) <= len(words) and all(isinstance(word, str) and word in words for word in given)
        return "" if right else f"one or a list of: {', '.join(words)}"

    return accepts


def texts(parameter: object) -> str:
    """A text, or a list of texts."""
    given = parameter if isinstance(parameter, list) else [parameter]
    right = 0 < len(given) <= MAX_TEXTS and all(isinstance(text, str) and 0 < len(text) <= MAX_TEXT for text in given)
    return "" if right else f"a text or a list of up to {MAX_TEXTS} texts of 1 to {MAX_TEXT} characters"


def listed(parameter: str | list[str]) -> list[str]:
    """The words of a checked parameter."""
    return parameter if isinstance(parameter, list) else [parameter]
