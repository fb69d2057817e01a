"""A plan and what is red in CI go in; a JUnit file and a GitHub Actions job log come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from tools.fleet.dice import Dice, digits
from tools.fleet.outputs import MODULE, count, run_tests
from tools.fleet.shapes import Failure, Plan

RED, GREEN, BOLD, CYAN, OFF = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[36;1m", "\x1b[0m"
SETUP = {
    "python": (
        "actions/setup-python@v5",
        "python-version: 3.11",
        "Successfully set up CPython (3.11.13)",
        "pip install pytest ruff",
        "python -m pytest -q --junitxml=junit.xml",
    ),
    "typescript": (
        "actions/setup-node@v4",
        "node-version: 22",
        "Found in cache @ /opt/hostedtoolcache/node/22.19.0/x64",
        "npm ci",
        "npx vitest run --reporter=default --reporter=junit --outputFile=junit.xml",
    ),
    "go": (
        "actions/setup-go@v5",
        "go-version: 1.23",
        "Successfully set up Go version 1.23",
        "go mod download",
        "go test ./...",
    ),
}
INSTALLED = {
    "python": (
        "Collecting pytest",
        "  Downloading pytest-8.4.2-py3-none-any.whl (365 kB)",
        "Installing collected packages: pluggy, packaging, iniconfig, pytest, ruff",
        "Successfully installed iniconfig-2.1.0 packaging-25.0 pluggy-1.6.0 pytest-8.4.2 ruff-0.14.1",
    ),
    "typescript": ("", "added 118 packages, and audited 119 packages in 4s", "", "found 0 vulnerabilities"),
    "go": (),
}


def tests(plan: Plan, red: Sequence[Failure]) -> Iterator[tuple[str, str, Failure | None]]:
    """Every test that ran in CI: file, name, and how it failed (None when it passed)."""
    for file, names in plan.project.suite:
        for name in names:
            yield file, name, None
    for failure in (*plan.task.failures, plan.task.in_ci_only):
        yield failure.file, failure.name, failure if failure in red else None


def junit(plan: Plan, red: Sequence[Failure]) -> bytes:
    """The report in the dialect of the project's runner."""
    cases = list(tests(plan, red))
    if plan.project.language == "python":
        return _one_suite(plan, cases, red)
    dice = Dice(plan.key + "/junit")
    rows = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites tests="{len(cases)}" failures="{len(red)}" errors="0" time="0.412">',
    ]
    for file in dict.fromkeys(file for file, _, _ in cases):
        inside = [case for case in cases if case[0] == file]
        bad = sum(failure is not None for _, _, failure in inside)
        suite = f"{MODULE}/{file}" if plan.project.language == "go" else file
        rows.append(
            f'  <testsuite name={quoteattr(suite)} tests="{len(inside)}" failures="{bad}" errors="0" skipped="0" '
            f'time="0.0{dice.between(10, 99)}">'
        )
        for _, name, failure in inside:
            head = f'    <testcase classname={quoteattr(suite)} name={quoteattr(name)} time="0.00{dice.between(1, 9)}"'
            if failure is None:
                rows.append(head + "/>")
                continue
            message = "Failed" if plan.project.language == "go" else failure.message
            body = (
                f"{failure.statement}:{failure.line}: {failure.message}"
                if plan.project.language == "go"
                else f"{failure.message}\n ❯ {file}:{failure.line}:5"
            )
            rows += [
                head + ">",
                f'      <failure message={quoteattr(message)} type="AssertionError">{escape(body)}</failure>',
                "    </testcase>",
            ]
        rows.append("  </testsuite>")
    return "\n".join([*rows, "</testsuites>", ""]).encode()


def _one_suite(plan: Plan, cases: list[tuple[str, str, Failure | None]], red: Sequence[Failure]) -> bytes:
    dice = Dice(plan.key + "/junit")
    head = (
        f'<testsuite name="pytest" errors="0" failures="{len(red)}" skipped="0" tests="{len(cases)}" '
        f'time="0.{dice.between(200, 900)}" timestamp="{plan.created}" hostname="runner">'
    )
    rows = [f'<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests">{head}']
    for file, name, failure in cases:
        classname = file.removesuffix(".py").replace("/", ".")
        case = f'<testcase classname="{classname}" name="{name}" time="0.00{dice.between(1, 9)}"'
        if failure is None:
            rows.append(case + " />")
        else:
            body = escape(f"def {name}():\n>       {failure.statement}\nE       {failure.message}\n\n")
            body += escape(f"{file}:{failure.line}: {failure.message.partition(':')[0]}")
            rows.append(f"{case}><failure message={quoteattr(failure.message)}>{body}</failure></testcase>")
    return ("".join(rows) + "</testsuite></testsuites>").encode()


class Log:
    """The lines of a job log with the runner's time stamps."""

    def __init__(self, plan: Plan) -> None:
        self._dice = Dice(plan.key + "/log")
        self._now = datetime.fromisoformat(plan.created) + timedelta(minutes=14)
        self._rows: list[str] = []

    def say(self, *rows: str) -> None:
        """Lines, each a moment after the other."""
        for row in rows:
            self._now += timedelta(microseconds=self._dice.between(300, 90_000))
            self._rows.append(f"{self._now:%Y-%m-%dT%H:%M:%S.%f}{self._dice.below(10)}Z {row}")

    def group(self, title: str, *rows: str) -> None:
        """A folded group."""
        self.say(f"##[group]{title}", *rows, "##[endgroup]")

    def run(self, command: str) -> None:
        """The head of a `run:` step, which echoes its script."""
        self.group(f"Run {command}", f"{CYAN}{command}{OFF}", "shell: /usr/bin/bash -e {0}")

    def bytes(self) -> bytes:
        """The whole log."""
        return ("\n".join(self._rows) + "\n").encode()


def head(log: Log, plan: Plan) -> None:
    """What every job prints before its own work."""
    log.say("Current runner version: '2.329.0'")
    log.group("Operating System", "Ubuntu", "24.04.3", "LTS")
    log.group("GITHUB_TOKEN Permissions", "Contents: read", "Metadata: read")
    log.say(
        "Secret source: Actions",
        "Prepare workflow directory",
        "Prepare all required actions",
        "Getting action download info",
    )
    log.say(
        f"Download action repository 'actions/checkout@v4' (SHA:{digits('checkout', 40)})", "Complete job name: test"
    )
    log.group(
        "Run actions/checkout@v4",
        "with:",
        f"  repository: {plan.project.repository}",
        "  token: ***",
        "  fetch-depth: 1",
    )
    log.say(f"Syncing repository: {plan.project.repository}", "[command]/usr/bin/git version", "git version 2.51.0")
    log.say(f"HEAD is now at {digits(plan.key, 7)} {plan.task.title}")


def job_log(plan: Plan, red: Sequence[Failure]) -> bytes:
    """The log of the test job."""
    log, dice = Log(plan), Dice(plan.key + "/job")
    head(log, plan)
    action, version, ready, install, test = SETUP[plan.project.language]
    log.group(f"Run {action}", "with:", f"  {version}")
    log.say(ready)
    log.run(install)
    log.say(*INSTALLED[plan.project.language])
    log.run(test)
    text, code = run_tests(plan.project, red, count(plan.project, len(plan.task.failures) + 1), dice)
    for row in text.splitlines():
        log.say(_coloured(row))
    if code:
        log.say("##[error]Process completed with exit code 1.")
    log.say("Post job cleanup.", "[command]/usr/bin/git version", "git version 2.51.0", "Cleaning up orphan processes")
    return log.bytes()


def _coloured(row: str) -> str:
    if row.startswith(("FAILED ", "E   ", " FAIL ", "--- FAIL")):
        return f"{RED}{row}{OFF}"
    if row.startswith(("=", "⎯")):
        return f"{BOLD}{row}{OFF}"
    green = row.startswith((" ✓", "ok ")) or (" passed in" in row and "failed" not in row)
    return f"{GREEN}{row}{OFF}" if green else row
