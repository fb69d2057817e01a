"""From the text of a rule, a harness file or a diff to what is wrong in it, before a person or an agent has to read it.

The codes:

    unreadable          the file or the diff is too long, no YAML or no unified diff
    remedy              a rule's remedy is empty, too long, or holds marks that may not stand in a harness file
    damaged-block       a managed block lost a marker or stands twice
    file-too-long       instructions longer than agents read of them
    settings            `.claude/settings.json` is no strict JSON or its hooks have the wrong shape
    secret              a token, a private key, or a web address with a password or a token in it
    hidden-character    an invisible or direction-changing character
    outside-block       a change right beside a changed block of ours, outside its markers
    removed-prohibition a line that forbids something was taken out of a harness file
    wider-permission    a setting that lets an agent do more without being asked
    path                the diff leaves the repository, or reaches into `.git`
    workflow-path       the diff changes a workflow, which only people change
    link                a harness file becomes a link
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import strict_yaml
from bot.errors import UserError
from bot.modifications import patch
from bot.modifications.adapters import claude_hooks, managed_block
from bot.modifications.harness import is_harness

if TYPE_CHECKING:
    from unidiff.patch import Hunk, PatchedFile

MAX_CHARACTERS = 4 << 20
_LONGEST = 2000

_SECRET = re.compile(
    r"\bgh[pousr]_[a-z0-9]{20}|\bgithub_pat_\w{20}|\bsk-[a-z0-9_-]{20}|\bAKIA[0-9A-Z]{16}\b|\bxox[abpr]-\w{10}"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----|\beyJ[\w-]{10,500}\.eyJ[\w-]{10}"
    r"|https?://[^\s/@:]{1,200}:[^\s/@]{1,200}@|[?&](?:token|key|secret|access_token|api_key|apikey|sig)=\w",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u206f\U000e0000-\U000e007f]")
_FORBIDS = re.compile(r"\b(?:never|must not|do not|don't|forbidden|not allowed)\b", re.IGNORECASE)
_WIDER = re.compile(r'bypassPermissions|dangerously|"(?:Bash|Write|Edit|WebFetch|\*)(?:\((?:\*|:\*|\*:\*)\))?"')
_MARKER = re.compile(r"<!-- flywheel:(begin|end) ")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: its code, the file, the line counted from 1 (0 for the whole file), what is wrong in words."""

    code: str
    path: str
    line: int
    detail: str


def lint(path: str, text: str) -> tuple[Problem, ...]:
    """The problems of a rule (`.yml`), of settings (`.json`), of instructions (`.md`) or of a diff, by its name."""
    if path.endswith((".diff", ".patch")):
        return lint_diff(text, path)
    if len(text) > MAX_CHARACTERS:
        return (Problem("unreadable", path, 0, f"{path}: is longer than {MAX_CHARACTERS} characters. Split it."),)
    if path.endswith((".yml", ".yaml")):
        return tuple(_rule(path, text))
    lines = list(enumerate(text.split("\n"), 1))
    if path.endswith("settings.json"):
        wrong = _refused("settings", path, lambda: claude_hooks.load(text, path))
        return (*wrong, *_added(path, lines), *_wider(path, lines))
    if path.endswith(".md"):
        return (*_instructions(path, text), *_added(path, lines))
    return ()


def lint_diff(text: str, path: str = "diff") -> tuple[Problem, ...]:
    """The problems that a unified diff would bring into harness files; of other files only workflows are named."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    if len(text) > MAX_CHARACTERS:
        return (Problem("unreadable", path, 0, f"{path}: is longer than {MAX_CHARACTERS} characters. Split it."),)
    try:
        files = list(PatchSet(text))
    except UnidiffParseError as error:
        return (Problem("unreadable", path, 0, f"{path}: is no whole unified diff ({error}). Make it anew."),)
    if text.strip() and not files:
        return (Problem("unreadable", path, 0, f"{path}: is no unified diff. Make one with `git diff`."),)
    return tuple(problem for file in files for problem in _file(file))


def _rule(path: str, text: str) -> Iterator[Problem]:
    """Only the remedy: the rest of a rule is checked where rules are loaded."""
    try:
        rule = strict_yaml.parse(text, path)
    except UserError as error:
        yield Problem("unreadable", path, 0, str(error))
        return
    remedy = rule.get("remedy") if isinstance(rule, dict) else None
    if isinstance(remedy, dict):
        said = str(remedy.get("text", ""))
        yield from _refused("remedy", path, lambda: managed_block.check_body(said, f"{path}: its remedy"))
        yield from _secrets(path, [(0, line) for line in said.split("\n")])


def _instructions(path: str, text: str) -> Iterator[Problem]:
    if managed_block.size(text) > managed_block.FILE_BUDGET:
        message = f"{path}: is longer than the {managed_block.FILE_BUDGET} bytes that agents read of it. Shorten it."
        yield Problem("file-too-long", path, 0, message)
        return
    yield from _refused("damaged-block", path, lambda: managed_block.blocks(text, path))


def _file(file: PatchedFile) -> Iterator[Problem]:
    path = file.path
    reason = patch.refusal(path)
    if "relative path" in reason or "git's own" in reason:
        yield Problem("path", path, 0, f"{path}: {reason}. Take the file out of the diff.")
        return
    if "workflow" in reason:
        yield Problem("workflow-path", path, 0, f"{path}: is a workflow. Leave it to a change made by people.")
    if not is_harness(path):
        return
    if "mode 120000" in str(file.patch_info or ""):
        yield Problem("link", path, 0, f"{path}: becomes a link. Keep a file of its own there.")
    added = [(line.target_line_no or 0, line.value) for hunk in file for line in hunk if line.is_added]
    removed = [(line.source_line_no or 0, line.value) for hunk in file for line in hunk if line.is_removed]
    yield from _added(path, added)
    if path.endswith(".json"):
        yield from _wider(path, added)
    kept = {line.strip() for _, line in added}
    for number, line in removed:
        if _FORBIDS.search(line[:_LONGEST]) and line.strip() not in kept:
            yield Problem("removed-prohibition", path, number, f"{path}:{number}: forbids something. Keep it.")
    for hunk in file:
        yield from _outside(path, hunk)


def _outside(path: str, hunk: Hunk) -> Iterator[Problem]:
    """Changed lines that cannot lie in a block: before a begin marker, or after an end marker with no new beginning.

    A line without its line end before and with it after is no change. A hunk without markers says nothing.
    """
    changed = {sign: {line.value.strip() for line in hunk if line.line_type == sign} for sign in "+-"}
    same = {""} | (changed["+"] & changed["-"])
    waiting: list[int] = []
    inside: bool | None = None
    for line in hunk:
        marker = _MARKER.match(line.value)
        if marker and marker[1] == "begin":
            yield from (_beside(path, number) for number in waiting)
        if marker:
            waiting, inside = [], marker[1] == "begin"
        elif not (line.is_added or line.is_removed) or line.value.strip() in same:
            continue
        elif inside is None:
            waiting.append(line.target_line_no or line.source_line_no or 0)
        elif not inside:
            yield _beside(path, line.target_line_no or line.source_line_no or 0)


def _beside(path: str, number: int) -> Problem:
    return Problem("outside-block", path, number, f"{path}:{number}: is changed beside our block. Change it by itself.")


def _added(path: str, lines: Iterable[tuple[int, str]]) -> Iterator[Problem]:
    lines = list(lines)
    yield from _secrets(path, lines)
    for number, line in lines:
        if hidden := _HIDDEN.search(line):
            message = f"{path}:{number}: holds the invisible character {hidden[0]!r}. Remove it."
            yield Problem("hidden-character", path, number, message)


def _secrets(path: str, lines: Iterable[tuple[int, str]]) -> Iterator[Problem]:
    for number, line in lines:
        parts = (line[start : start + _LONGEST] for start in range(0, len(line), _LONGEST - 200))
        if any(_SECRET.search(part) for part in parts):
            place = f"{path}:{number}" if number else path
            yield Problem(
                "secret", path, number, f"{place}: holds what looks like a secret. Take it out and revoke it."
            )


def _wider(path: str, lines: Iterable[tuple[int, str]]) -> Iterator[Problem]:
    for number, line in lines:
        if _WIDER.search(line[:_LONGEST]):
            message = f"{path}:{number}: lets an agent act without being asked. Allow single commands instead."
            yield Problem("wider-permission", path, number, message)


def _refused(code: str, path: str, reading: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        reading()
    except UserError as error:
        return (Problem(code, path, 0, str(error)),)
    return ()
