"""An episode goes in; the steps that say how it looked around before and beside its work come out (None: not so)."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import PurePosixPath

from bot.model import Call, Episode
from bot.traces.conditions.calls import calls, is_source, last_step, threads
from bot.traces.conditions.calls import edits as edited
from bot.traces.paths import PICTURES

LOOKS = frozenset((
    "cat", "head", "tail", "less", "nl", "sed", "awk", "grep", "egrep", "rg", "ag", "find", "fd", "ls", "tree", "wc",
    "pwd", "cd", "echo", "printf", "file", "stat", "which", "sort", "uniq", "cut", "tr", "jq", "diff", "true", "git",
    "gh",
))  # fmt: skip
"""Commands that look and change nothing (with the exceptions of WRITES)."""
WRITES = re.compile(
    r"\bsed\s+-[a-zA-Z]{0,4}i|\bgit\s+(?:apply|am|commit|mv|rm|checkout|restore|revert|stash)\b|\b(?:tee|patch)\s|<<"
    r"|(?<![0-9&>=-])>{1,2}\s*(?!/dev/null)[^\s&|>]"
)
WRITE_HINTS = (">", "<<", "sed", "git", "tee", "patch")
"""One of these stands in every command that `WRITES` matches."""
PARTS = re.compile(r"&&|\|\||[;|\n]")
MOST = 2_000
SHOWN = 10
KIB = 1024
NAMED = re.compile(r"(?<![\w/.:@-])(?:[\w.-]{1,80}/){1,12}[\w.-]{1,80}\.[A-Za-z]\w{0,5}\b")
"""A relative path with a folder and an extension, as people write it in a task."""


def first_edit_after(episode: Episode, share: int) -> tuple[int, ...] | None:
    """No file is written in the first `share` per cent of the steps; the first that writes (or the last) is cited."""
    if episode.trace is None or not episode.trace.steps:
        return None
    first = next((number for number, call in calls(episode) if edited(call) or writes(call.command)), 0)
    if not first:
        return last_step(episode)
    return (first,) if 100 * (first - 1) >= share * len(episode.trace.steps) else None


def looking(episode: Episode, share: int) -> tuple[int, ...] | None:
    """At least `share` per cent of what came back (bytes of the records) answers calls that only look; the ten largest
    answers of those are cited."""
    sizes = [(number, call.end - call.start, looks(call)) for number, call in calls(episode)]
    looked = [(size, number) for number, size, only in sizes if only]
    if not looked or 100 * sum(size for size, _ in looked) < share * sum(size for _, size, _ in sizes):
        return None
    return tuple(sorted({number for _, number in sorted(looked, reverse=True)[:SHOWN]}))


def large_answer(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The record of an answer that was read, searched for or printed by a command holds `least` KiB or more.

    Pictures are left out. NOTE: Claude Code writes most answers twice into their record: there they are half as long.
    """
    found = {
        number
        for number, call in calls(episode)
        if call.kind in ("shell", "read", "search")
        and call.end - call.start >= least * KIB
        and not any(path.lower().endswith((*PICTURES, ".pdf")) for path in call.paths)
    }
    return tuple(sorted(found)) or None


def rereads(episode: Episode, least: int) -> tuple[int, ...] | None:
    """The same file is read with the same answer in `least` or more steps; the most of one file are cited."""
    best: tuple[int, ...] = ()
    for thread in threads(episode):
        seen: dict[tuple[object, ...], set[int]] = {}
        for number, call in thread:
            if call.kind == "read" and call.status == "ok" and call.paths:
                seen.setdefault((*call.paths, call.quote, call.end - call.start), set()).add(number)
        best = max((best, *(tuple(sorted(steps)) for steps in seen.values())), key=len)
    return best if len(best) >= least else None


def named_files(episode: Episode, _unopened: str | list[str]) -> tuple[int, ...] | None:
    """The first request names source files by their paths, and none of them was opened, searched or named in a command.

    The last step is cited.
    """
    if episode.trace is None:
        return None
    named = [path for path in NAMED.findall(episode.trace.prompt) if is_source(path)]
    if not named:
        return None
    names = {PurePosixPath(path).name for path in named}
    touched = chain.from_iterable((call.command, *call.paths) for _, call in calls(episode))
    seen = any(name in text for text in touched for name in names)
    return None if seen else last_step(episode)


def writes(command: str) -> bool:
    """Whether a command line writes a file, as far as can be seen."""
    return any(hint in command for hint in WRITE_HINTS) and WRITES.search(command[:MOST]) is not None


def looks(call: Call) -> bool:
    """Whether a call only looks: reads, searches, or a command line all of whose parts do."""
    if call.kind in ("read", "search", "web"):
        return True
    if call.kind != "shell" or not call.command or call.check or writes(call.command):
        return False
    words = (part.split(None, 1) for part in PARTS.split(call.command[:MOST]))
    return all(first[0].rsplit("/", 1)[-1] in LOOKS for first in words if first)
