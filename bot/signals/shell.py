"""Takes a shell command line; gives its simple commands, each as words with the operator behind it."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"(?P<comment>(?<!\S)#[^\n]*)|(?P<redirect>\d?>&[\d-]?|&>)|(?P<operator>&&|\|\||[;|&\n()])|(?P<space>[ \t\r]+)|"
    r"(?P<quoted>'[^']*+'?|\"(?:[^\"\\]|\\.)*+\"?)|(?P<escaped>\\.)|(?P<plain>[^\s;|&()'\"\\]+?(?=\d?>&)|[^\s;|&()'\"\\]+)|.",
    re.S,
)
_HEREDOC = re.compile(r"<<-?[ \t]?(['\"]?)(\w{1,40})\1")


def split(command: str) -> list[tuple[list[str], str]]:
    """The simple commands of a line with the operator after each; quotes are honoured, here-documents are dropped."""
    parts: list[tuple[list[str], str]] = []
    words: list[str] = []
    word: list[str] = []
    for token in _TOKEN.finditer(_without_heredocs(command)):
        kind, text = token.lastgroup, token[0]
        if kind in ("plain", "quoted", "escaped", "redirect"):
            word.append(_unquoted(kind, text))
            continue
        if word:
            words.append("".join(word))
            word = []
        if kind == "operator":
            mark = ";" if text in "\n()" else text
            if words:
                parts.append((words, mark))
            elif parts and mark != ";":  # `(a && b) | tail`: what follows the bracket follows its last command
                parts[-1] = (parts[-1][0], mark)
            words = []
    if word:
        words.append("".join(word))
    if words:
        parts.append((words, ""))
    return parts


def _unquoted(kind: str, text: str) -> str:
    if kind == "quoted":
        inner = text[1:].removesuffix(text[0])
        return inner.replace('\\"', '"') if text[0] == '"' else inner
    return text[1:].replace("\n", "") if kind == "escaped" else text


def _without_heredocs(command: str) -> str:
    """The command without the bodies of its here-documents: they are data; a script fed to a shell is not seen."""
    while found := _HEREDOC.search(command):
        line = command.find("\n", found.end())
        end = command.find(f"\n{found[2]}", found.end())
        after = command[end + 1 + len(found[2]) :] if end >= 0 else ""
        rest = command[found.end() : line] if line >= 0 else command[found.end() :]
        command = command[: found.start()] + rest + after
    return command
