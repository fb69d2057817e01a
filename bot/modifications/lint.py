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
    hook-runs-download  a hook's command downloads, carries an address, or pipes into a shell
    path                the diff leaves the repository, or reaches into `.git`
    workflow-path       the diff changes a workflow, which only people change
    link                a harness file becomes a link
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
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
_DEPTH = 16
"""Containers looked at around a value: a hook lies in five."""

_SECRET = re.compile(
    r"\bgh[pousr]_[a-z0-9]{20}|\bgithub_pat_\w{20}|\bsk-[a-z0-9_-]{20}|\bAKIA[0-9A-Z]{16}\b|\bxox[abpr]-\w{10}"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----|\beyJ[\w-]{10,500}\.eyJ[\w-]{10}"
    r"|https?://[^\s/@:]{1,200}:[^\s/@]{1,200}@|[?&](?:token|key|secret|access_token|api_key|apikey|sig)=\w",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u206f\U000e0000-\U000e007f]")
_FORBIDS = re.compile(r"\b(?:never|must not|do not|don't|forbidden|not allowed)\b", re.IGNORECASE)
_ALL = re.compile(r"(?:Bash|Write|Edit|WebFetch|\*)(?:\([*:]{0,9}\))?")
"""A permission for every use of a tool."""
_DOWNLOADS = re.compile(
    r"\b(?:https?|ftps?|wss?|ssh)://|/dev/(?:tcp|udp)/"
    r"|(?<![\w.-])(?:curl|wget|nc|ncat|iwr|irm|Invoke-WebRequest|Invoke-RestMethod)(?:\.exe)?\s{1,9}[^\s|&;]",
    re.IGNORECASE,
)
_PIPED = re.compile(
    r"\|&?\s{0,9}(?:sudo\s{1,9})?(?:/[\w/]{0,40}/)?(?:env\s{1,9})?(?:(?:ba|da|z|k|fi)?sh|iex|Invoke-Expression)"
    r"(?:\s{1,9}-[abd-rt-z]{1,9}){0,3}\s{0,9}(?:$|[;&|)<>\"'`]|\s-(?:\s|$)|-[a-z]{0,9}s\b)",
    re.IGNORECASE | re.MULTILINE,
)
"""A shell that takes its commands from what another program says; one that is given a script does not."""
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s{}\[\],:"]+')
_MARKER = re.compile(r"<!-- flywheel:(begin|end) ")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: its code, the file, the line counted from 1 (0 for the whole file), what is wrong in words."""

    code: str
    path: str
    line: int
    detail: str


@dataclass(frozen=True, slots=True)
class _Value:
    """A scalar of a JSON text: the keys around it that the text shows, the lines of these and its own, and itself."""

    keys: tuple[str, ...]
    lines: tuple[int, ...]
    text: str


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
        return (*wrong, *_added(path, lines), *_settings(path, lines))
    if path.endswith(".json") and is_harness(path):
        return (*_added(path, lines), *_settings(path, lines))
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
    for hunk in file if path.endswith(".json") else ():
        after = [(line.target_line_no or 0, line.value) for line in hunk if line.is_added or line.is_context]
        yield from _settings(path, after, {number for number, _ in added})
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


def _settings(path: str, lines: Iterable[tuple[int, str]], new: Collection[int] | None = None) -> Iterator[Problem]:
    """What settings grant and what their hooks run; with `new`, only where such a line, or a key around it, is new."""
    for value in _values(lines):
        number = value.lines[-1]
        if new is not None and not any(line in new for line in value.lines):
            continue
        if _widens(value):
            message = f"{path}:{number}: lets an agent act without being asked. Allow single commands instead."
            yield Problem("wider-permission", path, number, message)
        if _fetches(value):
            message = f"{path}:{number}: a hook downloads, or runs what it is sent. Keep a script in the repository."
            yield Problem("hook-runs-download", path, number, message)


def _values(lines: Iterable[tuple[int, str]]) -> Iterator[_Value]:
    """The scalars of a JSON text or of a piece of one; a piece does not show all the keys around them."""
    opened: list[tuple[str, int]] = []
    key, waiting = ("", 0), ("", 0)
    for number, line in lines:
        for token in _JSON.finditer(line):
            sign = token[0]
            if sign == ":":
                key, waiting = waiting, ("", 0)
                continue
            if waiting[1]:
                yield _value([*opened[-_DEPTH:], key], waiting)
                waiting = ("", 0)
            if sign in ("{", "["):
                opened.append(key)
            elif sign in ("}", "]"):
                del opened[-1:]
            elif sign != ",":
                waiting = (_unquoted(sign), number)
                continue
            key = ("", 0)
    if waiting[1]:
        yield _value([*opened[-_DEPTH:], key], waiting)


def _value(around: Iterable[tuple[str, int]], said: tuple[str, int]) -> _Value:
    named = [(name, number) for name, number in around if number]
    return _Value(tuple(name for name, _ in named), (*(number for _, number in named), said[1]), said[0])


def _unquoted(token: str) -> str:
    try:
        return str(json.loads(token, strict=False)) if token[0] == '"' else token
    except ValueError:
        return token.strip('"')


def _widens(value: _Value) -> bool:
    """An entry with no key in sight counts as one of the allow-list: a hook's matcher always has its key beside it."""
    own = value.keys[-1] if value.keys else "allow"
    if own in ("deny", "ask"):
        return False
    if own in ("allow", "allowedTools") and _ALL.fullmatch(value.text.strip()):
        return True
    if own.startswith("dangerously") or own == "skipDangerousModePermissionPrompt":
        return value.text != "false"
    return value.text == "bypassPermissions" or "--dangerously" in value.text


def _fetches(value: _Value) -> bool:
    """Whether this is what a hook (or the status line) runs or calls, and it reaches out or feeds a shell."""
    *around, own = value.keys or ("",)
    runs = own in ("command", "args", "bash", "powershell", "url")
    if not runs or (around and not {"hooks", "statusLine"} & {*around}):
        return False
    parts = (value.text[start : start + _LONGEST] for start in range(0, len(value.text), _LONGEST - 200))
    return any(_DOWNLOADS.search(part) or _PIPED.search(part) for part in parts)


def _refused(code: str, path: str, reading: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        reading()
    except UserError as error:
        return (Problem(code, path, 0, str(error)),)
    return ()
