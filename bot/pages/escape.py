"""Text from outside in, text out that is safe to show: on a terminal, in a commit message, in GitHub's Markdown.

The one choke point: whatever came out of a transcript, a report, a path or a branch name goes through here first.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 300
_READ = 4
"""At most so many times `limit` characters are looked at, whatever the length of the text."""

_ANSI = re.compile(r"\x1b\[[0-9;:?]{0,40}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)?|\x1b.?")
_BREAK = "\u200b"
_LIVE = re.compile(r"[@#]|(?<=[:/])/|(?<=[Ww][Ww][Ww])\.|(?<=[Gg][Hh])-|:(?=//)")
_MARKUP = re.compile(r"([\\`*_\[\]|~$]|^[-+=])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def printable(text: str, limit: int = LIMIT) -> str:
    """One line of at most `limit` characters, cut with `…`, without ANSI, control, bidi or invisible characters."""
    seen = _ANSI.sub("", text[: limit * _READ])
    line = " ".join("".join(map(_shown, seen)).split())
    return line if len(line) <= limit and len(text) <= limit * _READ else f"{line[: limit - 1].rstrip()}…"


def plain(text: str, limit: int = LIMIT) -> str:
    """For titles and commit messages: `printable`, and nothing in it mentions, refers, closes or links on GitHub.

    A zero-width space after the telling character keeps it legible and dead; so do Dependabot and Renovate.
    """
    return _LIVE.sub(lambda match: match.group() + _BREAK, printable(text, limit))


def markdown(text: str, limit: int = LIMIT) -> str:
    """For running text in GitHub's Markdown: `plain`, with every HTML and Markdown sign shown as itself."""
    dead = _MARKUP.sub(r"\\\1", plain(text, limit))
    return "".join(_ENTITIES.get(letter, letter) for letter in dead)


def code(text: str, limit: int = LIMIT) -> str:
    """For Markdown, outside of tables: `printable` as a code span it cannot leave. GitHub links nothing in there."""
    line = printable(text, limit) or " "
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def fenced(text: str, language: str, limit: int = 20_000) -> str:
    """For Markdown as a code block that the text cannot leave; its lines stay. Cut text says so behind the block."""
    kept = text[:limit]
    lines = "\n".join(map(line_shown, kept.split("\n")))
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", lines)), default=0) + 1)
    rest = f"\n\n… cut after {limit:,} of {len(text):,} characters." if len(text) > limit else ""
    return f"{fence}{language}\n{lines.rstrip()}\n{fence}{rest}"


def line_shown(line: str) -> str:
    """One line of code: its blanks and tabs stay, what is invisible or steers the screen does not."""
    return "".join(letter if letter == "\t" else _shown(letter) for letter in line)


def _shown(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter.isspace() or category in ("Zl", "Zp"):
        return " "
    if category == "Cf":
        return ""
    return "\N{REPLACEMENT CHARACTER}" if category in ("Cc", "Cs", "Co", "Cn") else letter
