"""A project, what fails and how fast go in; the text its test runner would print and its exit code come out."""

from __future__ import annotations

from collections.abc import Sequence

from tools.fleet.dice import Dice
from tools.fleet.shapes import Failure, Project

MODULE = "example.com/lumen-orchard/tidemark"


def run_tests(project: Project, failing: Sequence[Failure], total: int, dice: Dice, only: str = "") -> tuple[str, int]:
    """What the suite prints (or one file of it, `only`) when these tests fail, and its exit code."""
    writer = {"python": _pytest, "typescript": _vitest, "go": _go}[project.language]
    return writer(project, failing, total, dice, only), 1 if failing else 0


def count(project: Project, extra: int) -> int:
    """How many tests the suite has with these added."""
    return sum(len(names) for _, names in project.suite) + extra


def test_command(project: Project, file: str, dice: Dice) -> tuple[str, str]:
    """A command that runs the suite or one file of it, and which file that is ("" for all)."""
    only = file if dice.chance(45) else ""
    if project.language == "python":
        choice = f"python -m pytest -q {only}".strip() if dice.chance(70) else f"pytest {only} -q".replace("  ", " ")
    elif project.language == "typescript":
        choice = f"npx vitest run {only}".strip() if only or dice.chance(40) else "npm test"
    else:
        choice = f"go test ./{only}/..." if only else "go test ./..."
    return choice, only


def _pytest(project: Project, failing: Sequence[Failure], total: int, dice: Dice, only: str) -> str:
    seconds = f"0.{dice.between(18, 94)}s"
    shown = [failure for failure in failing if not only or failure.file == only]
    passed = max(1, (5 if only else total) - len(shown))
    if not shown:
        return f"{'.' * passed}{' ' * max(1, 72 - passed)}[100%]\n{passed} passed in {seconds}"
    lines = ["." * (passed // 2) + "F" * len(shown) + "." * (passed - passed // 2) + " " * 30 + "[100%]"]
    lines.append("=================================== FAILURES ===================================")
    for failure in shown:
        lines.append(f" {failure.name} ".center(80, "_"))
        lines += ["", f"    def {failure.name}():", f">       {failure.statement}", f"E       {failure.message}", ""]
        lines.append(f"{failure.file}:{failure.line}: {failure.message.partition(':')[0]}")
    lines.append("=========================== short test summary info ============================")
    lines += [f"FAILED {failure.file}::{failure.name} - {failure.message}" for failure in shown]
    lines.append(f"{len(shown)} failed, {passed} passed in {seconds}")
    return "\n".join(lines)


def _vitest(project: Project, failing: Sequence[Failure], total: int, dice: Dice, only: str) -> str:
    shown = [failure for failure in failing if not only or failure.file == only]
    files = [only] if only else [file for file, _ in project.suite]
    files += sorted({failure.file for failure in shown} - set(files))
    passed = max(1, (4 if only else total) - len(shown))
    lines = ["", f" RUN  v2.1.8 {project.cwd}", ""]
    for file in files:
        bad = [failure for failure in shown if failure.file == file]
        if not bad:
            lines.append(f" ✓ {file} ({dice.between(1, 4)} tests) {dice.between(2, 9)}ms")
            continue
        lines.append(f" ❯ {file} ({len(bad) + 2} tests | {len(bad)} failed) {dice.between(5, 19)}ms")
        for failure in bad:
            lines += [f"   × {failure.name}", f"     → {failure.message.partition(': ')[2]}"]
    if shown:
        lines += ["", f"⎯⎯⎯⎯⎯⎯⎯ Failed Tests {len(shown)} ⎯⎯⎯⎯⎯⎯⎯", ""]
        for failure in shown:
            lines += [
                f" FAIL  {failure.file} > {failure.name}",
                failure.message,
                f" ❯ {failure.file}:{failure.line}:5",
                "",
            ]
    bad_files = len({failure.file for failure in shown})
    good_files = len(files) - bad_files
    if shown:
        good = f" | {good_files} passed" if good_files else ""
        lines.append(f" Test Files  {bad_files} failed{good} ({len(files)})")
        lines.append(f"      Tests  {len(shown)} failed | {passed} passed ({passed + len(shown)})")
    else:
        lines += ["", f" Test Files  {len(files)} passed ({len(files)})", f"      Tests  {passed} passed ({passed})"]
    lines.append(f"   Duration  {dice.between(380, 940)}ms")
    return "\n".join(lines)


def _go(project: Project, failing: Sequence[Failure], total: int, dice: Dice, only: str) -> str:
    shown = [failure for failure in failing if not only or failure.file == only]
    packages = [only] if only else [file for file, _ in project.suite]
    lines = [] if only else [f"?   \t{MODULE}\t[no test files]"]
    for package in packages:
        bad = [failure for failure in shown if failure.file == package]
        seconds = f"0.00{dice.between(2, 9)}s"
        if not bad:
            lines.append(f"ok  \t{MODULE}/{package}\t{seconds}")
            continue
        for failure in bad:
            lines += [f"--- FAIL: {failure.name} (0.00s)", f"    {failure.statement}:{failure.line}: {failure.message}"]
        lines += ["FAIL", f"FAIL\t{MODULE}/{package}\t{seconds}"]
    if shown:
        lines.append("FAIL")
    return "\n".join(lines)
