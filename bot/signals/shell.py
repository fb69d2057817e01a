"""Takes a shell command line; gives its simple commands, each as words with the operator behind it."""

from __future__ import annotations

import re

_PIECE = r"'[^']*+'?|\"(?:[^\"\\]|\\.)*+\"?|\\.(?:(?<=\s)#[^\n]*+)?"
"""Quoted or escaped; a comment that follows an escaped space or line end belongs to it."""
_TOKEN = re.compile(
    rf"(?<!\S)#[^\n]*|((?:[^\s;|&()'\"\\>]++|>(?:&[\d-]?)?|&>|{_PIECE})++)|(&&|\|\||[;|&\n()])",
    re.S,
)
"""A comment, a word (group 1) or an operator (group 2); all else only stands between words."""
_QUOTED = re.compile(_PIECE, re.S)
_HEREDOC = re.compile(r"<<-?[ \t]?(['\"]?)(\w{1,40})\1")


def split(command: str) -> list[tuple[list[str], str]]:
    """The simple commands of a line with the operator after each; quotes are honoured, here-documents are dropped."""
    parts: list[tuple[list[str], str]] = []
    words: list[str] = []
    for word, operator in _TOKEN.findall(_without_heredocs(command)):
        if word:
            plain = "'" not in word and '"' not in word and "\\" not in word
            words.append(word if plain else _QUOTED.sub(_unquoted, word))
        elif operator:
            mark = ";" if operator in "\n()" else operator
            if words:
                parts.append((words, mark))
            elif parts and mark != ";":  # `(a && b) | tail`: what follows the bracket follows its last command
                parts[-1] = (parts[-1][0], mark)
            words = []
    if words:
        parts.append((words, ""))
    return parts


def _unquoted(piece: re.Match[str]) -> str:
    text = piece[0]
    if text[0] == "\\":
        return text[1:2].replace("\n", "")
    inner = text[1:].removesuffix(text[0])
    return inner.replace('\\"', '"') if text[0] == '"' else inner


def _without_heredocs(command: str) -> str:
    """The command without the bodies of its here-documents: they are data; a script fed to a shell is not seen."""
    while "<<" in command and (found := _HEREDOC.search(command)):
        line = command.find("\n", found.end())
        end = command.find(f"\n{found[2]}", found.end())
        after = command[end + 1 + len(found[2]) :] if end >= 0 else ""
        rest = command[found.end() : line] if line >= 0 else command[found.end() :]
        command = command[: found.start()] + rest + after
    return command
