"""What an agent does in one part of a run: the plan and its dice go in, moves come out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tools.fleet import phrases
from tools.fleet.dice import Dice
from tools.fleet.outputs import count, run_tests, test_command
from tools.fleet.shapes import Failure, Move, Plan

REPOS = Path(__file__).resolve().parents[2] / "examples" / "repos"
FLAKY = {
    "python": Failure(
        "tests/test_store.py", "test_clock_skew", "assert abs(drift) < 1", "AssertionError: assert 3600.0 < 1", 47
    ),
    "typescript": Failure(
        "src/lib/dates.test.ts",
        "knows the machine's zone",
        'expect(zone).toBe("Europe/Oslo");',
        "AssertionError: expected 'UTC' to be 'Europe/Oslo'",
        31,
    ),
    "go": Failure("internal/scan", "TestWalkKeepsOwner", "scan_test.go", "owner is root, want nobody", 61),
}


def fill(text: str, plan: Plan) -> str:
    """A phrase with the names of this run in it."""
    failing = local_red(plan)[0] if local_red(plan) else None
    summary = plan.task.summary
    return text.format(
        source=plan.task.source,
        summary=summary,
        Summary=summary[0].upper() + summary[1:],
        count=count(plan.project, len(plan.task.failures)),
        failing=failing.name if failing else "",
        message=failing.message[:70] if failing else "",
        path=plan.task.scratch[0][0],
    )


def local_red(plan: Plan) -> tuple[Failure, ...]:
    """What is red at the end on the agent's machine."""
    if plan.ending != "red":
        return ()
    return plan.task.failures if plan.outcome == "fail" and plan.task.failures else (FLAKY[plan.project.language],)


def explore(plan: Plan, dice: Dice) -> Iterator[Move]:
    """A look around, then at the source and its tests."""
    task, root = plan.task, REPOS / plan.project.folder
    source = (root / task.source).read_text()
    tests = task.failures[0].file if task.failures else task.source
    listing = "\n".join(sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())[:18])
    words = re.findall(r"[A-Za-z_]{4,40}", task.hunk)
    symbol = next(word for word in words if word not in ("return", "const", "default"))
    found = "\n".join(
        f"{task.source}:{number}:{line}" for number, line in enumerate(source.splitlines(), 1) if symbol in line
    )
    choices = [
        Move("shell", command="git log --oneline | head -5", output="\n".join(_log(plan, dice))),
        Move("shell", command="git status --short", output=""),
        Move("shell", command="git ls-files", output=listing),
        Move("grep", command=symbol, path=task.source.rpartition("/")[0] or ".", output=found or f"{task.source}:1:"),
    ]
    opening = fill(dice.pick(phrases.OPENING), plan)
    first, *others = dice.shuffled(choices)[: dice.between(1, 3)]
    yield replace(first, say=opening)
    yield from others
    yield Move("read", path=task.source, output=source)
    if tests != task.source and (root / tests).is_file() and plan.project.language != "go":
        yield Move("read", path=tests, output=(root / tests).read_text() + _cases(plan), together=dice.chance(50))


def _cases(plan: Plan) -> str:
    """The cases that the issue's branch adds to the tests."""
    if plan.project.language == "python":
        return "".join(f"\n\ndef {case.name}():\n    {case.statement}\n" for case in plan.task.failures)
    return "".join(f'\ntest("{case.name}", () => {{\n  {case.statement}\n}});\n' for case in plan.task.failures)


def _log(plan: Plan, dice: Dice) -> Iterator[str]:
    words = phrases.SUBJECTS[plan.project.language]
    for number, subject in enumerate(dice.shuffled(words)[: dice.between(3, 5)]):
        yield f"{Dice(f'{plan.project.name}{subject}').below(16**7):07x} {subject}" + (
            f" (#{plan.task.number - 2 - number})" if number else ""
        )


def check(plan: Plan, dice: Dice, failing: tuple[Failure, ...], say: tuple[str, ...], piped: bool = False) -> Move:
    """A run of the tests. Piped through `tail` it hides its exit code, as agents often do."""
    file = failing[0].file if failing else (plan.task.failures[0].file if plan.task.failures else "")
    command, only = test_command(plan.project, file, dice)
    text, code = run_tests(plan.project, failing, count(plan.project, len(plan.task.failures)), dice, only)
    if piped:
        return Move(
            "shell", dice.pick(say), command=f"{command} 2>&1 | tail -20", output="\n".join(text.splitlines()[-20:])
        )
    return Move("shell", dice.pick(say), command=command, output=text, exit=code)


def _edit(plan: Plan, dice: Dice, old: int, new: int, say: tuple[str, ...]) -> Move:
    """From one version of the task's piece to another; version -1 is the piece as it was found."""
    piece = (plan.task.hunk, *plan.task.versions)
    return Move("edit", fill(dice.pick(say), plan), path=plan.task.source, old=piece[old + 1], new=piece[new + 1])


def middle(plan: Plan, dice: Dice) -> Iterator[Move]:
    """What the agent does about the task, up to its last check."""
    if "no-source" in plan.causes:
        for path, text in plan.task.scratch[: dice.between(1, 2)]:
            yield Move("write", dice.pick(phrases.SCRATCH), path=path, new=text, output=path)
        return
    at = -1
    say = phrases.EDIT
    if "loop" in plan.causes:
        for round_ in range(dice.between(8, 10)):
            to = round_ % 3
            yield _edit(plan, dice, at, to, say)
            at, say = to, phrases.MORE
            if round_ % 2 or dice.chance(45):
                say = phrases.AGAIN
                yield check(plan, dice, plan.task.failures, phrases.CHECK)
    elif dice.chance(45):
        at = dice.below(3)
        yield _edit(plan, dice, -1, at, say)
        yield check(plan, dice, plan.task.failures, phrases.CHECK)
        say = phrases.AGAIN
    right = 3
    if plan.outcome == "fail" and plan.ending == "red":
        right = (at + 1) % 3
    if plan.task.versions[right] != plan.task.hunk:
        yield _edit(plan, dice, at, right, say)


def last(plan: Plan, dice: Dice) -> Iterator[Move]:
    """The end of the run: a check that is green or red, or an edit that nothing checks."""
    if dice.chance(35):
        yield _lint(plan, dice)
    if plan.ending == "red":
        yield check(plan, dice, local_red(plan), phrases.CHECK, piped=dice.chance(20))
    elif plan.ending == "green":
        yield _green(plan, dice)
    elif "no-source" not in plan.causes:
        yield _green(plan, dice)
        notes = {"python": "CHANGES.md", "typescript": "README.md", "go": "README.md"}[plan.project.language]
        text = (REPOS / plan.project.folder / notes).read_text().splitlines()
        touched = _edit(plan, dice, 3, 3, phrases.TIDY)
        yield (
            replace(touched, new=touched.old + _remark(plan))
            if dice.chance(60)
            else Move(
                "edit", touched.say, path=plan.task.source, old=touched.old, new=touched.old.rstrip() + _remark(plan)
            )
        )
        if dice.chance(30):
            yield Move(
                "edit",
                path=notes,
                old=text[-1],
                new=f"{text[-1]}\n- {plan.task.summary[0].upper()}{plan.task.summary[1:]}.",
            )
    if dice.chance(30):
        yield Move(
            "shell",
            command="git diff --stat",
            output=f" {plan.task.source} | 4 +++-\n 1 file changed, 3 insertions(+), 1 deletion(-)",
        )


def _remark(plan: Plan) -> str:
    mark = "#" if plan.project.language == "python" else "//"
    return f"  {mark} issue {plan.task.number}"


def _green(plan: Plan, dice: Dice) -> Move:
    """A green check: of the whole suite, or only of the new file when no source was touched."""
    if "no-source" not in plan.causes:
        return check(plan, dice, (), phrases.CHECK)
    file = plan.project.suite[dice.below(len(plan.project.suite))][0]
    text, _ = run_tests(plan.project, (), 5, dice, file)
    command = {
        "python": f"python -m pytest -q {file}",
        "typescript": f"npx vitest run {file}",
        "go": f"go test ./{file}",
    }
    return Move("shell", dice.pick(phrases.CHECK), command=command[plan.project.language], output=text)


def _lint(plan: Plan, dice: Dice) -> Move:
    command, output = {
        "python": ("ruff check .", "All checks passed!"),
        "typescript": ("npm run typecheck", "\n> reading-room@1.4.0 typecheck\n> tsc --noEmit\n"),
        "go": ("go vet ./...", ""),
    }[plan.project.language]
    return Move("shell", "And the linter." if dice.chance(40) else "", command=command, output=output)


def streak(plan: Plan, dice: Dice) -> Iterator[Move]:
    """The same mistake three or four times in a row."""
    kind = dice.below(3)
    says = (phrases.STREAK_TOOL, phrases.STREAK_READ, phrases.STREAK_EDIT)[kind]
    for number in range(dice.between(3, 4)):
        say = says[number % 4]
        if kind == 0:
            tool = {"python": "uv", "typescript": "pnpm", "go": "golangci-lint"}[plan.project.language]
            yield Move(
                "shell",
                say,
                command=f"{tool} run checks",
                output=f"/bin/bash: line 1: {tool}: command not found",
                exit=127,
            )
        elif kind == 1:
            missing = f"docs/{plan.task.id}.md"
            yield Move("read", say, path=missing, error="File does not exist.")
        else:
            yield Move(
                "edit",
                say,
                path=plan.task.source,
                old="    return result",
                new="    return value",
                error="String to replace not found in file.\nString:     return result",
            )


def time_outs(plan: Plan, dice: Dice) -> Iterator[Move]:
    """Commands that never return, killed after two minutes."""
    choices = (
        ("npm run dev", "\n> reading-room@1.4.0 dev\n> tsx watch src/server/main.ts\n"),
        ("npx tsx watch src/server/main.ts", ""),
        (
            "npm run dev -- --port 5199 && curl -s localhost:5199",
            "\n> reading-room@1.4.0 dev\n> tsx watch src/server/main.ts --port 5199\n",
        ),
        ("npx tsx watch src/server/main.ts | head -5", ""),
    )
    says = (
        "I'll start the site to see it in the browser.",
        "Let me look at the running page.",
        "Starting the server once more, on another port.",
    )
    for command, output in dice.shuffled(choices)[: dice.between(1, 2)]:
        yield Move("shell", dice.pick(says), command=command, output=output, exit=143, timed_out=True)


def extra(kind: str, plan: Plan, dice: Dice) -> list[Move]:
    """Something rare that a reader must take calmly."""
    if kind == "reject":
        return [
            Move(
                "edit",
                "A guard here would help too.",
                path="README.md",
                old="# ",
                new="# The ",
                rejected=True,
                error=dice.pick(phrases.REJECTIONS),
            )
        ]
    if kind == "poll":
        return [Move("poll", output="") for _ in range(dice.between(3, 5))]
    return [
        Move(
            "compact" if kind == "compact" else "retry",
            output="The agent has read the issue and the source; the next step is the change itself.",
        )
    ]
