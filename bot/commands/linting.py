"""`flywheel lint`: paths or a patch in; every problem as code, place and words; rules also have their tests run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.approval import policy
from bot.commands import bounded
from bot.commands.wiring import shipped_policy
from bot.errors import UserError
from bot.jobs import configuration
from bot.modifications import lint
from bot.modifications.harness import is_harness
from bot.shipped import folder
from bot.traces import cases, detectors
from bot.traces.analyse import analyse

MAX_PATCH_BYTES = 4 << 20
OURS = re.compile(r"^(?:id|detect|remedy|caps|tiers|steps|- name):", re.MULTILINE)
"""A key at the margin that rules, their tests and policies have; other YAML of a repository is none of our business."""
Problem = dict[str, str]


def lint_all(paths: Sequence[Path], diff: Path | None, checked: list[str]) -> Iterator[Problem]:
    """Problems of all paths (our own rules and policies when there are none) and of the patch.

    Every file that was looked at is added to `checked`.
    """
    if diff is not None:
        checked.append(str(diff))
        yield from _problems(str(diff), lint.lint_diff(_patch(diff), str(diff)))
    if diff is None or paths:
        for path in paths or (folder("rules"),):
            yield from _path(path, checked)


def _path(path: Path, checked: list[str]) -> Iterator[Problem]:
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder. Name rules, policies or harness files.")
    root = path if path.is_dir() else path.parent
    names = _names(path) if path.is_dir() else [path.name]
    if not names or (path.is_file() and not _is_known(path.name)):
        raise UserError(f"{path}: nothing here can be checked. Name rules, policies, patches or harness files.")
    for name in names:
        checked.append(str(root / name))
        yield from _file(root, name, _text(root / name))


def _names(root: Path) -> list[str]:
    """The files below a folder that are ours to check: rules, policies and their like by content, others by name."""
    found = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or ".git" in path.parts:
            continue
        if (
            is_harness(name)
            or _is_configuration(path)
            or (name.endswith((".yml", ".yaml")) and OURS.search(_text(path)))
        ):
            found.append(name)
    return found


def _is_known(name: str) -> bool:
    return name.endswith((".yml", ".yaml", ".md", ".diff", ".patch", "settings.json"))


def _is_configuration(path: Path) -> bool:
    """Whether it is a repository's `.github/flywheel.yml` or an owner's `flywheel.yml`, and no workflow."""
    return path.name == configuration.SHARED_PATH and path.resolve().parent.name != "workflows"


def _text(path: Path) -> str:
    data = bounded.read(path, MAX_PATCH_BYTES, "Name rules, policies or harness files.")
    if len(data) > MAX_PATCH_BYTES:
        raise UserError(f"{path}: larger than {MAX_PATCH_BYTES >> 20} MiB. No rule or harness file is.")
    return data.decode("utf-8", "replace")


def _file(root: Path, name: str, text: str) -> Iterator[Problem]:
    shown = str(root / name)
    try:
        if name.endswith(".test.yml"):
            return
        if (root / name).resolve().parent.name == "approval":
            policy.load(text, shown)
            return
        if _is_configuration(root / name):
            configuration.load(text, shown, shipped_policy())
            return
        if name.endswith((".yml", ".yaml")):
            yield from _rule(root, name, text)
            return
    except UserError as error:
        yield _problem(shown, "malformed", str(error))
        return
    yield from _problems(shown, lint.lint(name, text))


def _rule(root: Path, name: str, text: str) -> Iterator[Problem]:
    """One rule, and every case of the test beside it."""
    place = str((root / name).resolve())
    (detector,) = detectors.load({place: text})
    yield from _problems(str(root / name), lint.lint(name, text))
    test = name.removesuffix(".yml") + ".test.yml"
    if not (root / test).is_file():
        yield _problem(str(root / name), "untested", f"There is no {test} beside it. Write what it must leave alone.")
        return
    for case in cases.load(_text(root / test), str(root / test)):
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
    return _text(diff)


def _problems(path: str, found: Sequence[lint.Problem]) -> Iterator[Problem]:
    yield from (_problem(path, problem.code, problem.detail) for problem in found)


def _problem(path: str, code: str, message: str) -> Problem:
    return {"path": path, "code": code, "message": message}
