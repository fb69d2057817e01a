"""Takes a kind of edit and the edits, and answers whether they are no more than that kind: a name proves nothing.

These are the kinds that may ever merge themselves (design.md §5). Each touches only our own bytes, or one number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from bot.model import Edit

MARKER = re.compile(r"<!-- flywheel:(begin|end) ")
NUMBER = re.compile(r"\d{1,9}")
CONSTANT = re.compile(r"[A-Z][A-Z_]{0,40} = \d{1,9}")
PATIENCE = re.compile(r"retr|time-?out|attempt", re.IGNORECASE)
MAX_READ = 2_000
REMOVAL = "expired-rule-removal"
FACTOR = 2
"""A number may at most double or halve by itself: a limit raised a thousandfold is a limit removed."""
LINTERS = ("ruff.toml", ".ruff.toml", ".golangci.yml", ".golangci.yaml", ".yamllint", ".rubocop.yml")
HARDENS = re.compile(r"select|enable|rules|linters", re.IGNORECASE)
SOFTENS = re.compile(r"ignore|exclude|disable|skip|allow|false|\boff\b|none|warn", re.IGNORECASE)


def is_kind(kind: str, edits: Sequence[Edit]) -> bool:
    """Whether every edit is of this kind; never for a kind that is not known here."""
    shows = KINDS.get(kind)
    return shows is not None and bool(edits) and all(shows(edit) for edit in edits)


def one_number(edit: Edit) -> str | None:
    """The new line, when one integer in one line is all that changed, and by no more than FACTOR; else None."""
    before, after = (edit.before or "").split("\n"), (edit.after or "").split("\n")
    changed = [(old, new) for old, new in zip(before, after, strict=False) if old != new]
    if len(before) != len(after) or len(changed) != 1:
        return None
    old, new = changed[0]
    if max(len(old), len(new)) > MAX_READ or NUMBER.sub("0", old) != NUMBER.sub("0", new):
        return None
    moved = [(int(a), int(b)) for a, b in zip(NUMBER.findall(old), NUMBER.findall(new), strict=True) if a != b]
    if len(moved) != 1:
        return None
    (was, now) = moved[0]
    return new if was <= now * FACTOR and now <= was * FACTOR and was and now else None


def outside(text: str | None) -> list[str]:
    """The lines that stand in no managed block of ours; all of them where a marker is missing its other half."""
    lines: list[str] = []
    inside = False
    for line in (text or "").splitlines():
        marker = MARKER.match(line)
        if marker is not None and (marker[1] == "begin") == inside:
            return (text or "").splitlines()
        if marker is not None:
            inside = marker[1] == "begin"
        elif not inside:
            lines.append(line)
    return (text or "").splitlines() if inside else lines


def _is_threshold(edit: Edit) -> bool:
    """One constant of a guard of ours."""
    line = one_number(edit)
    return line is not None and CONSTANT.fullmatch(line) is not None


def _is_patience(edit: Edit) -> bool:
    """One retry count or time-out."""
    line = one_number(edit)
    return line is not None and PATIENCE.search(line) is not None


def _is_refresh(edit: Edit) -> bool:
    """Nothing but what stands inside our blocks, as many as before."""
    old, new = edit.before or "", edit.after or ""
    return old != new and _same_outside(edit) and bool(_markers(old)) and _markers(old) == _markers(new)


def _is_removal(edit: Edit) -> bool:
    """Lines taken out of our blocks, or whole blocks with their markers, and nothing added or moved."""
    old, new = (edit.before or "").splitlines(), (edit.after or "").splitlines()
    same = [line for line in outside(edit.before) if line.strip()] == [
        line for line in outside(edit.after) if line.strip()
    ]
    rest = iter(old)
    return same and edit.after is not None and len(new) < len(old) and all(line in rest for line in new)


def _is_lint_rule(edit: Edit) -> bool:
    """One line more in a linter's own settings, under a key that turns rules on."""
    old, new = (edit.before or "").splitlines(), (edit.after or "").splitlines()
    if edit.path.rpartition("/")[2] not in LINTERS or not old or len(new) != len(old) + 1:
        return False
    place = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
    if new[:place] + new[place + 1 :] != old:
        return False
    key = next((line for line in reversed(new[:place]) if "=" in line or line.rstrip().endswith(":")), "")
    asked = f"{key[:MAX_READ]} {new[place][:MAX_READ]}"
    return len(new[place]) <= MAX_READ and bool(HARDENS.search(asked)) and not SOFTENS.search(asked)


def _same_outside(edit: Edit) -> bool:
    """Whether all that is not ours stays as it is; blank lines do not count."""
    before, after = ([line for line in outside(text) if line.strip()] for text in (edit.before, edit.after))
    return before == after


def _markers(text: str) -> list[str]:
    """Which of our blocks begin and end, in their order, without the id of the change that wrote them."""
    return [" ".join(line.split()[:3]) for line in text.splitlines() if MARKER.match(line)]


KINDS: Mapping[str, Callable[[Edit], bool]] = {
    "guard-threshold": _is_threshold,
    "managed-block-refresh": _is_refresh,
    REMOVAL: _is_removal,
    "retry-or-timeout": _is_patience,
    "lint-rule": _is_lint_rule,
}
