"""Runs that CI failed on a lint rule which the repository's own ruff does not look for in; that one rule, switched on.

The agent then sees before it hands in what CI will say. The rule's name is written from a list of ours: a report only
chooses from it.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from bot.model import Detector, Edit, Episode, Finding, Harness, HarnessFile, Pattern, Prediction, Remedy, Replay
from bot.modifications.upkeep import Kept, made

LINT, RULE = "lint-rule", "first-red-is-build"
FILES = (".ruff.toml", "ruff.toml")
"""Where ruff looks, in its order (https://docs.astral.sh/ruff/configuration/)."""
IGNORES = ("ignore", "extend-ignore", "per-file-ignores", "extend-per-file-ignores")
LEAST, TASKS = 5, 3
"""Failed runs, and tasks, in which CI named the rule and no test failed (as of a pattern, design.md §4)."""
SAW = 20
"""Passing runs whose linter was heard and did not name the rule: before so many the code at hand may break it too."""
PYTHON = re.compile(r"(\S{1,20}) \S.{0,400}\.(?:py|pyi|ipynb)")
OPENS = {
    key: re.compile(rf"^[ \t]*(?:lint\.)?{key}[ \t]*=[ \t]*\[", re.MULTILINE) for key in ("extend-select", "select")
}
LIST = re.compile(r"(?:\"[^\"\n]{0,99}\"|'[^'\n]{0,99}'|#[^\n]*|[\s,])*+")
"""What stands in a list of words, up to its closing bracket."""


def lint_rules(
    harness: Harness,
    runs: Sequence[Episode],
    detectors: Mapping[str, Detector],
    findings: Sequence[Finding],
    known: Container[str],
) -> Iterator[Kept]:
    """The one rule that is due: that which CI named in the most failed runs. `known` are the rules that may be.

    `runs` are the repository's judged ones that passed the gate. What a fork shows counts for nothing.
    """
    file = next((harness.files[path] for path in FILES if path in harness.files), None)
    detector = detectors.get(RULE)
    if file is None or file.link or detector is None:
        return
    first = {one.episode: one for one in findings if one.detector == RULE}
    heard = tuple(one for one in runs if one.trust != "T0" and any(said.name == "lints-failed" for said in one.signals))
    failed, passed = ([one for one in heard if one.outcome == outcome] for outcome in ("fail", "pass"))
    named = {one.id: _broken(one, known) for one in heard}
    counts = Counter(code for one in failed if one.id in first for code in named[one.id])
    harmless = len(passed) >= SAW
    for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if harmless else ():
        shown = [one for one in failed if one.id in first and code in named[one.id]]
        tasks = tuple(sorted({one.task or one.id for one in shown}))
        after = switched_on(file, code)
        if count < LEAST or len(tasks) < TASKS or not after or any(code in named[one.id] for one in passed):
            continue
        fixes = tuple(one.id for one in shown if named[one.id] == {code})
        pattern = _demanded(harness, code, tasks, [first[one.id] for one in shown], len(failed), len(passed))
        prediction = Prediction(fixes, (), Replay(RULE, len(failed), len(passed), tuple(one.id for one in shown), ()))
        edit = Edit(file.path, file.text, after, file.mode)
        change = made(harness, detector, pattern, LINT, title(code), (edit,), prediction, remedy(code), also=code)
        yield Kept(change, heard)
        return


def switched_on(file: HarnessFile, code: str) -> str:
    """The settings with one rule more; "" when they look for it already, leave it out on purpose, or do not say.

    Only a list that is written there is made longer: what ruff looks for without one differs from version to version.
    """
    before = _settings(file.text)
    lint = before.get("lint", before)
    if not isinstance(lint, dict) or "extend" in before or not isinstance(lint.get("select"), list):
        return ""
    asked = [*lint["select"], *_words(lint.get("extend-select"))]
    left_out = [word for where in (before, lint) for key in IGNORES for word in _words(where.get(key))]
    if any(_names(word, code) for word in [*asked, *left_out]):
        return ""
    for key in OPENS:
        for opened in OPENS[key].finditer(file.text):
            text = _written(file.text, opened.end(), code)
            wanted = {**lint, key: sorted([*_words(lint.get(key)), code])}
            after = _settings(text)
            now = after.get("lint", after)
            if isinstance(now, dict) and {**now, key: sorted(_words(now.get(key)))} == wanted:
                return text
    return ""


def title(code: str) -> str:
    """What the change says of itself."""
    return f"CI fails on {code}, which the linter here does not look for"


def remedy(code: str) -> Remedy:
    """What it adds, in words."""
    return Remedy("hooks", f"Let the linter of the repository look for {code}, as CI does.")


def _written(text: str, at: int, code: str) -> str:
    """The rule written into the list that opens before `at`: on a line of its own, or after the last one."""
    end = LIST.match(text, at)
    close = end.end() if end else at
    if text[close : close + 1] != "]":
        return text
    inner = text[at:close]
    if "\n" in inner:
        lines = inner.split("\n")
        gap = re.match(r"[ \t]*", lines[1])
        return (
            f'{text[:at]}{lines[0]}\n{gap[0] if gap and len(lines) > 2 else "  "}"{code}",\n'
            + text[at + len(lines[0]) + 1 :]
        )
    comma = "" if not inner.strip() else " " if inner.rstrip().endswith(",") else ", "
    return f'{text[: at + len(inner.rstrip())]}{comma}"{code}"{text[at + len(inner.rstrip()) :]}'


def _broken(episode: Episode, known: Container[str]) -> set[str]:
    """The known rules that linters of Python found broken in a run."""
    said = (PYTHON.fullmatch(one.detail) for one in episode.signals if one.name == "lint-failed" and one.held)
    return {found[1] for found in said if found is not None and found[1] in known}


def _names(selector: object, code: str) -> bool:
    return selector == "ALL" or (isinstance(selector, str) and code.startswith(selector))


def _words(value: object) -> list[str]:
    """The words of a list, and of all lists of a table."""
    if isinstance(value, dict):
        return [word for inner in value.values() for word in _words(inner)]
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _settings(text: str) -> dict[str, Any]:
    """The table in a text; empty when it is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _demanded(
    harness: Harness, code: str, tasks: tuple[str, ...], shown: Sequence[Finding], failed: int, passed: int
) -> Pattern:
    """What CI demands is described, not compared: it fails on it by itself."""
    return Pattern(
        id=sha256(f"ci-says\0{harness.repository}\0{code}".encode()).hexdigest()[:12],
        detector=RULE,
        status="descriptive",
        contrast=None,
        repositories=(harness.repository,),
        tasks=tasks,
        failed=len(shown),
        passed=0,
        failed_of=failed,
        passed_of=passed,
        findings=tuple(shown),
        reasons=("ci-says",),
    )
