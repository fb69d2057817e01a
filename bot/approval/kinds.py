"""Takes a kind of edit and the edits, and answers whether they are no more than that kind: a name proves nothing.

These are the kinds that may ever merge themselves (design.md §5). Each touches only our own bytes, or one number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.model import Edit

MARKER = re.compile(r"<!-- flywheel:(begin|end) ")
NUMBER = re.compile(r"\d{1,9}")
CONSTANT = re.compile(r"[A-Z][A-Z_]{0,40} = \d{1,9}")
MAX_READ = 2_000
REMOVAL, LINT = "expired-rule-removal", "lint-rule"
FACTOR = 2
"""A number may at most double or halve by itself: a limit raised a thousandfold is a limit removed."""
PATIENCE: Mapping[str, tuple[tuple[str, str], ...]] = {
    ".claude/settings.json": (("env", "BASH_DEFAULT_TIMEOUT_MS"),),
}
"""The numbers of files that hold more than numbers, by the keys that lead to them: how long Claude Code lets a command
run that asks for no time of its own (https://docs.claude.com/en/docs/claude-code/settings, `env`). Not the `timeout` of
a hook: a hook that is cut short lets through what it was to stop."""
LINTERS = ("ruff.toml", ".ruff.toml")
ENABLES = ("select", "extend-select")
"""The lists of ruff that switch rules on, in the file itself or its table `lint`
(https://docs.astral.sh/ruff/settings/#lint_select)."""
MAX_INSERTED = 40
RUFF_RULES = frozenset(
    f"{family}{number}"
    for family, numbers in {
        "B": "002 003 004 005 006 007 008 009 010 011 012 013 014 015 016 017 018 019 020 021 022 023 024 025 026 027 "
        "028 029 030 031 032 033 034 035 039 904 905 911 912",
        "E": "701 702 703 711 712 713 714 721 722 731 741 742 743 902",
        "F": "401 402 403 404 405 406 407 501 502 503 504 505 506 507 508 509 521 522 523 524 525 541 601 602 621 622 "
        "631 632 633 634 701 702 704 706 707 722 811 821 822 823 841 842 901",
        "PLE": "0100 0101 0115 0116 0117 0118 0237 0241 0302 0303 0304 0305 0307 0308 0309 0604 0605 0643 0704 1132 "
        "1142 1205 1206 1300 1307 1310 1507 1519 1520 1700 2502 2510 2512 2513 2514 2515",
    }.items()
    for number in numbers.split()
)
"""The rules that may be switched on: those about defects, not taste, that `ruff rule --all` (0.17.6) calls stable."""


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


def only_a_number(edit: Edit) -> bool:
    """Whether the edit moves a number of which it is known what it is for, and nothing else of its file."""
    return _is_patience(edit) if edit.path in PATIENCE else _is_threshold(edit)


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
    """One retry count or time-out, by its key: the rest of the file means what it did."""
    if one_number(edit) is None:
        return False
    before, after = _json(edit.before), _json(edit.after)
    for table, key in PATIENCE.get(edit.path, ()):
        old, new = before.get(table), after.get(table)
        if isinstance(old, dict) and isinstance(new, dict) and key in old and key in new:
            return {**before, table: {**old, key: new[key]}} == after
    return False


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
    """One known rule more in a list that switches rules on, written into the text in one place."""
    before, after = edit.before or "", edit.after or ""
    start = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    more = len(after) - len(before)
    written = after[start : start + more]
    if edit.path not in LINTERS or not 0 < more <= MAX_INSERTED or "#" in written:
        return False
    return after[start + more :] == before[start:] and any(_added_rules(before, after))


def _added_rules(before: str, after: str) -> Iterator[str]:
    """The rules without which the settings would be what they were."""
    was, now = _toml(before), _toml(after)
    lint = now.get("lint")
    inner: dict[str, object] = lint if isinstance(lint, dict) else {}
    for key in ENABLES:
        yield from (code for code, rest in _each_left_out(now.get(key)) if {**now, key: rest} == was)
        yield from (
            code for code, rest in _each_left_out(inner.get(key)) if {**now, "lint": {**inner, key: rest}} == was
        )


def _each_left_out(listed: object) -> Iterator[tuple[str, list[object]]]:
    """Each rule of ours in a list, with what else stands there."""
    codes: list[object] = listed if isinstance(listed, list) else []
    for at, code in enumerate(codes):
        rest = [*codes[:at], *codes[at + 1 :]]
        if isinstance(code, str) and code in RUFF_RULES and code not in rest:
            yield code, rest


def _json(text: str | None) -> dict[str, object]:
    """The object in a text; empty when it is none, or says a key twice."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    try:
        read = json.loads(text or "", object_pairs_hook=once)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _toml(text: str) -> dict[str, object]:
    """The table in a text; empty when it is none."""
    import tomllib  # 10 ms at import, for a file that few changes touch

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


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
    LINT: _is_lint_rule,
}
