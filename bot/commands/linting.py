"""`flywheel lint`: paths or a patch in; every problem as code, place and words; rules also have their tests run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.approval import policy
from bot.errors import UserError
from bot.modifications import lint
from bot.shipped import folder, texts
from bot.traces import cases, detectors
from bot.traces.analyse import analyse

MAX_PATCH_BYTES = 4 << 20
Problem = dict[str, str]


def lint_all(paths: Sequence[Path], diff: Path | None) -> Iterator[Problem]:
    """Problems of all paths (our own rules and policies when there are none) and of the patch."""
    if diff is not None:
        yield from _problems(str(diff), lint.lint_diff(_patch(diff), str(diff)))
    if diff is None or paths:
        for path in paths or (folder("rules"),):
            yield from _path(path)


def _path(path: Path) -> Iterator[Problem]:
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder. Name rules, policies or harness files.")
    root = path if path.is_dir() else path.parent
    found = texts(root, "*.yml") if path.is_dir() else {path.name: path.read_text("utf-8", "replace")}
    for name, text in found.items():
        yield from _file(root, name, text, found)


def _file(root: Path, name: str, text: str, beside: dict[str, str]) -> Iterator[Problem]:
    shown = str(root / name)
    try:
        if name.endswith(".test.yml"):
            return
        if (root / name).resolve().parent.name == "approval":
            policy.load(text, shown)
            return
        if name.endswith((".yml", ".yaml")):
            yield from _rule(root, name, text, beside)
            return
    except UserError as error:
        yield _problem(shown, "malformed", str(error))
        return
    yield from _problems(shown, lint.lint(name, text))


def _rule(root: Path, name: str, text: str, beside: dict[str, str]) -> Iterator[Problem]:
    """One rule, and every case of the test beside it."""
    place = str((root / name).resolve())
    (detector,) = detectors.load({place: text})
    yield from _problems(str(root / name), lint.lint(name, text))
    test = name.removesuffix(".yml") + ".test.yml"
    written = beside.get(test)
    if written is None and (root / test).is_file():
        written = (root / test).read_text("utf-8", "replace")
    if written is None:
        yield _problem(str(root / name), "untested", f"There is no {test} beside it. Write what it must leave alone.")
        return
    for case in cases.load(written, str(root / test)):
        found = analyse(case.episode, (detector,))
        steps = found[0].steps if found else None
        if steps != case.finds:
            message = f"{case.name}: finds {_shown(steps)}, the test says {_shown(case.finds)}."
            yield _problem(str(root / test), "test-failed", message)


def _shown(steps: tuple[int, ...] | None) -> str:
    return "nothing" if steps is None else str(list(steps))


def _patch(diff: Path) -> str:
    if str(diff) == "-":
        return sys.stdin.buffer.read(MAX_PATCH_BYTES).decode("utf-8", "replace")
    try:
        with diff.open("rb") as stream:
            return stream.read(MAX_PATCH_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise UserError(f"{diff}: it cannot be read ({error.strerror or error}). Name a patch, or `-`.") from error


def _problems(path: str, found: Sequence[lint.Problem]) -> Iterator[Problem]:
    yield from (_problem(path, problem.code, problem.detail) for problem in found)


def _problem(path: str, code: str, message: str) -> Problem:
    return {"path": path, "code": code, "message": message}
