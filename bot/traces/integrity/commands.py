"""A shell command goes in; the simple commands it is made of come out, with what joins each to the next.

Only what the shell itself would run counts: a heredoc's text, a comment and what stands in quotes are no commands, so
that a commit message about `--no-verify` is none. NOTE: `$(…)` and `eval` are not opened.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import msgspec

MAX_COMMAND = 2_000
HEREDOC = re.compile(r"<<-?\s{0,3}(['\"]?)([A-Za-z_]\w{0,40})\1")
OPERATORS = ("&&", "||", "|&", "|", ";", "&", "\n")
WRAPPERS = frozenset(
    (
        "sudo",
        "env",
        "time",
        "nice",
        "npx",
        "bunx",
        "pnpx",
        "exec",
        "command",
        "xvfb-run",
        "bundle",
        "uvx",
        "pipx",
        "nohup",
    )
)
RUNNERS = {"uv": "run", "poetry": "run", "pipenv": "run", "hatch": "run", "pdm": "run", "rye": "run", "mise": "exec"}
ASSIGNMENT = re.compile(r"[A-Za-z_]\w{0,60}=")


class Simple(msgspec.Struct, frozen=True):
    """One simple command: its words without quotes and wrappers, the assignments before it, the operator behind it."""

    words: tuple[str, ...]
    sets: tuple[str, ...] = ()
    then: str = ""

    @property
    def program(self) -> str:
        """The name of what is run, its folder aside."""
        return PurePosixPath(self.words[0]).name if self.words else ""


def simple_commands(command: str) -> tuple[Simple, ...]:
    """The simple commands in their order; of a command that is longer than 2,000 characters, those of its start."""
    found: list[Simple] = []
    words: list[str] = []
    for word, operator in _lexed(_without_heredocs(command[:MAX_COMMAND])):
        if word is not None:
            words.append(word)
        if operator and words:
            found.append(_plain(words, operator))
            words = []
    if words:
        found.append(_plain(words, ""))
    return tuple(part for part in found if part.words or part.sets)


def _plain(words: list[str], then: str) -> Simple:
    """Without assignments, wrappers (`sudo`, `timeout 60`, `uv run`, `python -m`) and parentheses before a program."""
    sets: list[str] = []
    rest = list(words)
    while rest:
        first = rest[0].lstrip("({")
        if not first:
            rest.pop(0)
        elif ASSIGNMENT.match(first):
            sets.append(first)
            rest.pop(0)
        elif first in WRAPPERS or (RUNNERS.get(first) and rest[1:2] == [RUNNERS[first]]):
            rest = rest[2 if first in RUNNERS or first in ("bundle", "pipx") else 1 :]
        elif first == "timeout" and len(rest) > 2:
            rest = rest[1:]
            while rest and (rest[0].startswith("-") or rest[0][:1].isdigit()):
                rest.pop(0)
        elif PurePosixPath(first).name.startswith("python") and rest[1:2] == ["-m"] and len(rest) > 2:
            rest = rest[2:]
        else:
            rest[0] = first
            break
    return Simple(tuple(rest), tuple(sets), then)


def _without_heredocs(command: str) -> str:
    """The command without the lines that a heredoc feeds to a program."""
    kept: list[str] = []
    waiting: list[str] = []
    for line in command.split("\n"):
        if waiting:
            if line.strip() == waiting[0]:
                waiting.pop(0)
            continue
        kept.append(line)
        waiting = [match[2] for match in HEREDOC.finditer(line)]
    return "\n".join(kept)


def _lexed(text: str) -> list[tuple[str | None, str]]:
    """Words and operators in their order: (word, "") or (None, operator)."""
    found: list[tuple[str | None, str]] = []
    word: list[str] | None = None
    place = 0
    while place < len(text):
        char = text[place]
        operator = next((one for one in OPERATORS if text.startswith(one, place)), "")
        if operator == "&" and (text[place - 1 : place] == ">" or text[place + 1 : place + 2] == ">"):
            operator = ""  # `2>&1` and `&>`
        if char == "\\":
            if text[place + 1 : place + 2] != "\n":
                word = _longer(word, text[place + 1 : place + 2])
            place += 2
        elif char in "'\"":
            end = _closing(text, place)
            word = _longer(word, text[place + 1 : end])
            place = end + 1
        elif char == "#" and word is None:
            end = text.find("\n", place)
            place = end if end >= 0 else len(text)
        elif operator or char.isspace():
            if word is not None:
                found.append(("".join(word), ""))
                word = None
            if operator:
                found.append((None, operator))
            place += len(operator) or 1
        else:
            end = place + 1
            while end < len(text) and text[end] not in "\\'\"#;&|" and not text[end].isspace():
                end += 1
            word = _longer(word, text[place:end])
            place = end
    if word is not None:
        found.append(("".join(word), ""))
    return found


def _longer(word: list[str] | None, part: str) -> list[str]:
    word = [] if word is None else word
    word.append(part)
    return word


def _closing(text: str, start: int) -> int:
    """Where the quote that opens at `start` closes; the end of the text when it never does."""
    quote, place = text[start], start + 1
    while place < len(text) and text[place] != quote:
        place += 2 if text[place] == "\\" and quote == '"' else 1
    return min(place, len(text))
