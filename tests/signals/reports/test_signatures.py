"""Signatures of failed steps. The lines are written here after research/ci.md §5.3; the first ones say nothing."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signals.reports import signatures
from bot.signals.reports.signatures.table import CLASSES

NOTHING = [
    "",
    "Copyright 2024 pyright contributors",
    "You have 0 Checkstyle violations.",
    "Tests run: 12, Failures: 0, Errors: 0, Skipped: 0",
    "Tests:       14 passed, 14 total",
    "✖ 3 problems (0 errors, 3 warnings)",
    "12 examples, 0 failures",
    "5 tests completed, 0 failed",
    "##[warning]You are running out of disk space. No space left on device soon",
    "[WARNING] /src/a/B.java:[3,4] deprecated: use C",
    "[INFO] COMPILATION ERROR : none",
    "connect ECONNREFUSED 127.0.0.1:5432",
    "tests/test_http.py::test_500_internal_server_error PASSED",
    "- hook id: trailing-whitespace",
    "ok 3 - handles not ok answers",
    "not ok 4 - later # TODO someday",
    "curl: (22) The requested URL returned error: 404",
    ":javadoc/src/A.java:35: error: cannot find @link",
    "process exited with code 13",
    "CHANGELOG.md updated, milestone 4",
    "test result: ok. 12 passed; 0 failed",
    "0 failing",
    "Check run lint has conclusion: success",
]

SAYS = {
    "infra/runner-lost": "##[error]The runner has received a shutdown signal. This can happen",
    "infra/job-timeout": "##[error]The job running on runner X has exceeded the maximum execution time of 360 minutes.",
    "excluded/cancelled": "##[error]The operation was canceled.",
    "excluded/dependabot": "##[error]Dependabot encountered an error performing the update",
    "derivative/other-checks": "Check run lint (ID: 12) has conclusion: failure",
    "infra/agent-never-started": "/home/x.sh: line 1: claude: command not found",
    "infra/install-failed": "npm error 404 GET @anthropic-ai/claude-code",
    "infra/out-of-memory": "##[error]Process completed with exit code 137.",
    "infra/disk-full": "write failed: No space left on device",
    "infra/action-download": "##[error]Failed to download archive 'https://codeload.github.example/x'",
    "infra/artifact-broken": "##[error]Invalid or unsupported zip format. No END header found",
    "derivative/artifact-missing": "##[error]Unable to download artifact(s): Artifact not found for name: wheels",
    "infra/docker-daemon": "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
    "infra/rate-limit": "  message: API rate limit exceeded for user 12",
    "infra/network-node": "Error 0: connect ETIMEDOUT 10.2.3.4:443",
    "infra/network-python": "urllib3 NewConnectionError: no route",
    "infra/network-curl": "curl: (6) Could not resolve host: x.example",
    "infra/network-ssh": "ssh: connect to host x.example port 22: Connection timed out",
    "infra/network-git": "fatal: unable to access 'https://x.example/': Could not resolve proxy",
    "infra/network-jvm": "Caused by: java.net.UnknownHostException: x.example",
    "infra/network-apt": "E: Unable to fetch some archives",
    "infra/http-5xx": "GET /simple 503 Service Unavailable",
    "config/permission": "Error: Resource not accessible by integration",
    "config/secret-missing": "##[error]Input required and not supplied: TOKEN_URL",
    "config/command-missing": "line 1: pnpm: command not found",
    "config/workflow-syntax": "##[error]Can't find 'action.yml', 'action.yaml' or 'Dockerfile'",
    "config/tool-version": "##[error]The version '3.99' with architecture 'x64' was not found for this system",
    "config/docker-image": "manifest for python:3.99 not found: manifest unknown",
    "vcs/push-rejected": "error: failed to push some refs to 'https://x.example/r'",
    "vcs/conflict": "CONFLICT (content): Merge conflict in a.py",
    "vcs/ref-missing": "fatal: couldn't find remote ref gone",
    "dependency/npm": "npm error code ERESOLVE",
    "dependency/python": "ERROR: No matching distribution found for left-pad==99",
    "dependency/python-module": "ModuleNotFoundError: No module named 'left_pad'",
    "dependency/jvm": "> No matching variant of org.x:y:7.1 was found",
    "dependency/go": "a.go:3:2: missing go.sum entry for module providing package x",
    "dependency/rust": "error: failed to select a version for `x`",
    "dependency/ruby-php-dotnet": 'Bundler could not find compatible versions for gem "x":',
    "lint/format": "would reformat src/a.py",
    "lint/eslint": "  1:8  error  'Link' is defined but never used  @typescript-eslint/no-unused-vars",
    "lint/flake8": "./test/a.py:505:5: E303 too many blank lines (2)",
    "lint/golangci": "pkg/rpc/tls.go:347:24: unchecked error (errcheck)",
    "lint/checkstyle": "> Task :core:checkstyleMain FAILED",
    "lint/rubocop": "lib/a.rb:3:5: C: [Correctable] Style/StringLiterals: prefer single quotes",
    "lint/clippy": "   = note: `-D clippy::needless-return` implied by `-D warnings`",
    "lint/shellcheck": "^-- SC2086 (info): Double quote to prevent globbing.",
    "lint/spelling": "store_base.cpp:160: unexpect ==> unexpected",
    "lint/markdown": "README.md:3:1 MD042/no-empty-links No empty links",
    "lint/license": "Too many files with unapproved license: 2",
    "type/typescript": "Flow.tsx(666,11): error TS2322: Type 'x' is not assignable",
    "type/mypy": 'src/a.py:38: error: Unexpected keyword argument "total"  [call-arg]',
    "type/tsd": "  ✖   19:0   Parameter type any is not identical to argument type string",
    "type/pyright": '  /src/a.py:3:5 - error: "x" is not defined (reportUndefinedVariable)',
    "compile/rust": "error[E0308]: mismatched types",
    "compile/dotnet": "A.cs(3,4): error CS1002: ; expected",
    "compile/c": "eval-parser.c:480:19: error: inlining failed in call",
    "compile/linker": "a.o: undefined reference to `main'",
    "compile/jvm": "[ERROR] /src/a/B.java:[3,13] cannot find symbol",
    "compile/go": "./a.go:3:4: undefined: x",
    "compile/python": "SyntaxError: invalid syntax",
    "compile/js": '✘ [ERROR] Invalid option in build() call: "watch"',
    "compile/jvm-task": "> Task :compileTestJava FAILED",
    "compile/docker": "##[error]buildx failed with: error",
    "gate/coverage": "Coverage failure: total of 17 is less than fail-under=50",
    "policy/pull-request": "Every PR must have at least one label starting with 'cl-'.",
    "test/pytest": "FAILED tests/test_a.py::test_b[x] - AssertionError",
    "test/pytest-assertion": "E       AssertionError: assert 1 == 2",
    "test/unittest": "FAILED (failures=6, errors=8)",
    "test/jest-vitest": "Tests:       1 failed, 3 passed, 4 total",
    "test/playwright": "  1) [Smoke] › smoke/tab.test.ts:14:7 › opens a tab",
    "test/go": "    --- FAIL: TestX/case_1 (0.00s)",
    "test/cargo": "test result: FAILED. 1 passed; 2 failed",
    "test/junit": "[ERROR] Tests run: 4, Failures: 0, Errors: 2, Skipped: 0",
    "test/gradle": "FooTest > shouldBar() FAILED",
    "test/ant-junit": "    [junit] Testcase: testA(com.x.ATest):\tFAILED",
    "test/gtest-ctest": "[  FAILED  ] Suite.Case (3 ms)",
    "test/rspec": "12 examples, 2 failures",
    "test/phpunit": "There was 1 failure:",
    "test/mocha": "  2 failing",
    "test/tap": "not ok 4 - adds",
    "test/count": "===== 1 failed, 18 passed in 204.50s (0:03:24) =====",
}


def found(*texts: str) -> tuple[signatures.Hit, ...]:
    return signatures.find(texts, range(len(texts)), len(texts) - 1)


@pytest.mark.parametrize("text", NOTHING)
def test_what_says_nothing_of_a_failure(text: str) -> None:
    assert () == found("before", text, "after")


@pytest.mark.parametrize(("name", "text"), SAYS.items())
def test_each_signature_stands_where_its_line_does(name: str, text: str) -> None:
    hits = [hit for hit in found("before", text, "after") if hit.signature.name == name]

    assert [1] == [hit.index for hit in hits]


def test_every_signature_is_shown_by_a_line_here() -> None:
    names = [signature.name for signature in signatures.TABLE]

    assert sorted(set(names)) == sorted(names)
    assert {*names} == {*SAYS} | {"lint/pre-commit"}


def test_every_signature_has_a_class_and_a_pattern_that_compiles() -> None:
    for signature in signatures.TABLE:
        assert signature.kind in CLASSES
        assert re.compile(signature.pattern)


def test_a_hook_counts_below_its_failure_only() -> None:
    hook = "- hook id: trailing-whitespace"

    assert () == found("Trim....Passed", hook)
    assert ["lint/pre-commit"] == [hit.signature.name for hit in found("Trim....Failed", hook)]


def test_a_passing_remark_far_from_the_end_is_no_cause() -> None:
    retry = "curl: (6) Could not resolve host: x.example"

    assert () == found(retry, *["working"] * signatures.TAIL)


@pytest.mark.parametrize(
    ("texts", "picked"),
    [
        (("FAILED tests/test_a.py::test_b", "curl: (6) no"), "test/pytest"),
        (("src/a.py:3:5: E303 too many", "FAILED tests/test_a.py::test_b"), "lint/flake8"),
        (("2 failing", "##[error]The operation was canceled."), "excluded/cancelled"),
        (("> Task :compileJava FAILED", "src/A.java:3: error: ';' expected"), "compile/jvm"),
        (("COMPILATION ERROR", "curl: (6) Could not resolve host: x"), "infra/network-curl"),
    ],
)
def test_the_stronger_signature_is_picked(texts: tuple[str, ...], picked: str) -> None:
    hit = signatures.pick(found(*texts))

    assert hit is not None
    assert picked == hit.signature.name


def test_a_test_on_the_telling_line_outweighs_a_rule_elsewhere() -> None:
    texts = ("a.tsx(4,26): error TS2307: no module", "Ignoring TypeScript errors", "FAIL src/a.test.ts")
    hit = signatures.pick(signatures.find(texts, range(3), 2, telling=2), telling=2)

    assert hit is not None
    assert ("test/jest-vitest", 2) == (hit.signature.name, hit.index)


def test_nothing_is_picked_from_nothing() -> None:
    assert signatures.pick(()) is None


@given(st.lists(st.text(max_size=80), max_size=20))
def test_any_lines_are_searched(texts: list[str]) -> None:
    assert all(0 <= hit.index < len(texts) for hit in found(*texts))


@pytest.mark.parametrize("piece", ["a", "error: ", "FAILED ", "a/", "1:1 ", ".java:", "(x)", "› ", "not found ", "E  "])
def test_hostile_lines_cost_linear_time(piece: str) -> None:
    text = piece * (2_000 // len(piece))
    texts = [f"{needle} {text}"[:2_000] for signature in signatures.TABLE for needle in signature.needles[:1]]
    start = process_time()
    found(*texts)

    assert process_time() - start < 5
