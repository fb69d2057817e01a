"""The first text of an XML file goes in, its root's name and namespace come out, without a parser."""

from __future__ import annotations

import re

_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?([A-Za-z_][\w.-]{0,80})(?=[\s/>])([^>]{0,2000})")
_PROLOGUE = re.compile(
    r"\s+|<\?[^>]{0,2000}\?>|<!--(?:[^-]|-(?!->)){0,60000}-->|<!DOCTYPE[^>\[]{0,2000}(?:\[[^\]]{0,20000}\]\s*)?>"
)


def root(text: str) -> tuple[str, str]:
    """The name of the first element, its namespace aside, and the text of its attributes; empty when there is none."""
    if text[:1] != "<":
        return "", ""
    at = 0
    while match := _PROLOGUE.match(text, at):
        at = match.end()
    found = _ROOT.match(text, at)
    return (found[1], found[2]) if found else ("", "")
