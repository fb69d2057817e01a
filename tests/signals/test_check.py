"""What is a check, and what it said: masked exit codes are not believed, output decides where they are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Check
from bot.signals.check import read_check
from bot.signals.check_output import MOST_FAILING


@pytest.mark.parametrize(
    "command",
    [
        "",
        "cat test.py",
        "git status",
        "git commit -m 'run pytest'",
        "pip install pytest",
        "npm install jest",
        "echo 'pytest'",
        "grep -rn pytest .",
        "which pytest",
        "command -v pytest",
        "pytest --version",
        "cat <<'EOF' > t.sh\npytest\nEOF\nls",
        "npm run dev",
        "make install",
        "pnpm install",
        "yarn add -D vitest",
        "ruff format .",
        "go run ./cmd/test",
        "ls tests",
        "vim tests/test_a.py",
        "python -c 'import pytest'",
        "# pytest",
        "test -f a.yml && cat a.yml",
    ],
)
def test_a_command_that_only_speaks_of_checks_is_none(command: str) -> None:
    assert read_check(command, "", 0) is None
    assert read_check(command, "1 failed", 1) is None


@pytest.mark.parametrize(
    "command",
    [
        "pytest",
        "cd x && pytest -q 2>&1 | tail -5",
        "bash -lc 'cd a && npm test'",
        "node ./node_modules/mocha/bin/mocha.js test",
        "node --test",
        "FOO=1 BAR='a b' python -m pytest tests/x.py",
        "python3 -m unittest discover",
        "uv run --with x mypy .",
        "poetry run ruff check .",
        "npx tsc --noEmit",
        "yarn test:unit",
        "npm run lint",
        "pnpm --filter web test",
        "bun test",
        "go test ./...",
        "go build ./... 2>&1",
        "golangci-lint run",
        "(cd a && cargo test) | tail",
        "cargo clippy --all-targets",
        "./gradlew test",
        "mvn -q verify",
        "dotnet test",
        "make",
        "make -j4 test",
        "mise run test:ci",
        "timeout 60 pytest || true",
        "sudo -E npm run test",
        "cd /a; ./run_tests.sh",
        "python manage.py test",
        "pnpm check-types 2>&1",
        "yarn compile",
        "pre-commit run -a",
        "sleep 5 && pytest",
    ],
)
def test_checks_are_recognised_in_their_wrappings(command: str) -> None:
    assert read_check(command, "", 0)


@pytest.mark.parametrize(
    ("command", "output", "exit_code", "outcome"),
    [
        ("pytest", "3 passed", 0, "pass"),
        ("pytest", "the word FAILED in a log", 0, "pass"),
        ("go build ./...", "", 0, "pass"),
        ("go build ./...", "", 1, "fail"),
        ("pytest | tail -3", "1 failed, 2 passed", 0, "fail"),
        ("pytest | tail -3", "3 passed in 0.1s", 0, "pass"),
        ("pytest || true", "FAILED a.py::b - assert", 0, "fail"),
        ("npm test; echo done", "Tests: 2 failed, 3 passed", 0, "fail"),
        ("go build ./... | head", "", 0, "none"),
        ("set -o pipefail; pytest | tail", "", 0, "pass"),
        ("pytest", "", None, "none"),
        ("pytest", "5 passed", None, "pass"),
        ("pytest", "bash: pytest: command not found", 127, "none"),
        ("pytest", "collected 0 items\n\nno tests ran in 0.01s", 5, "none"),
        ("pytest", "", 124, "none"),
        ("cd a && pytest && git push", "5 passed\nrejected", 1, "pass"),
        ("cargo test | tail", "test result: ok. 3 passed; 0 failed", 0, "pass"),
        ("tsc --noEmit | head", "src/a.ts(1,2): error TS2345: no", 0, "fail"),
    ],
)
def test_what_a_check_said(command: str, output: str, exit_code: int | None, outcome: str) -> None:
    check = read_check(command, output, exit_code)

    assert check is not None
    assert check.outcome == outcome


@pytest.mark.parametrize(
    ("command", "output", "failing"),
    [
        (
            "pytest",
            "FAILED tests/a.py::test_b[x] - assert 1\nERROR tests/c.py - boom",
            ("tests/a.py::test_b[x]", "tests/c.py"),
        ),
        ("python -m unittest", "FAIL: test_a (pkg.mod.Case)", ("pkg.mod.Case.test_a",)),
        ("go test ./...", "--- FAIL: TestA (0.01s)\n    --- FAIL: TestA/case_1 (0.00s)", ("TestA", "TestA/case_1")),
        ("go test ./...", "FAIL\tgithub.com/a/b [build failed]", ("github.com/a/b",)),
        ("npx jest", "  ✕ adds numbers (12 ms)\n  ● math › adds numbers", ("adds numbers", "math › adds numbers")),
        ("npx jest", "\x1b[31mFAIL\x1b[0m src/a.test.ts", ("src/a.test.ts",)),
        ("cargo test", "test a::b ... FAILED\ntest a::c ... ok", ("a::b",)),
        ("cargo build", "error[E0308]: mismatched types", ("E0308",)),
        (
            "tsc",
            "src/a.ts(10,2): error TS2345: no\nsrc/b.ts:3:1 - error TS1005: x",
            ("src/a.ts TS2345", "src/b.ts TS1005"),
        ),
        ("ruff check .", "a.py:1:2: F401 unused", ("a.py F401",)),
        ("mypy .", "a.py:12: error: Incompatible types  [assignment]", ("a.py assignment",)),
        ("npx eslint .", "  12:5  error  'x' is unused  no-unused-vars", ("no-unused-vars",)),
        ("go vet ./...", "a.go:3:4: undefined: x", ("a.go undefined: x",)),
        (
            "go build ./... | head",
            '# a/b\na/b.go:12:2: "time" imported and not used',
            ('a/b.go "time" imported and not used',),
        ),
        ("npm test", "  1 failing\n\n  1) Suite\n       adds numbers:\n     Error: no", ("Suite › adds numbers",)),
        ("mise run lint", "[lint:go] a.go:1:2: x is unused (unparam)\n[lint:go] 1 issues:", ("a.go unparam",)),
        ("node --test", "✖ adds (1.2ms)\nnot ok 3 - adds", ("adds",)),
    ],
)
def test_failing_ids_are_sorted_and_hold_no_line_or_duration(
    command: str, output: str, failing: tuple[str, ...]
) -> None:
    assert read_check(command, output, 1) == Check("fail", failing)


def test_the_failing_set_is_bounded() -> None:
    output = "\n".join(f"FAILED a.py::test_{number:04}" for number in range(5_000))
    check = read_check("pytest", output, 1)

    assert check is not None
    assert len(check.failing) == MOST_FAILING


def test_the_end_of_a_long_output_is_read() -> None:
    output = "noise\n" * 100_000 + "FAILED a.py::b\n1 failed"

    assert read_check("pytest | cat", output, 0) == Check("fail", ("a.py::b",))


@settings(deadline=None)
@given(
    st.text(alphabet="pytest &|;'\"\\\n()<>$#-=EOFcd", max_size=120),
    st.text(max_size=200),
    st.none() | st.integers(-2, 256),
)
def test_no_command_line_breaks_the_reader(command: str, output: str, exit_code: int | None) -> None:
    assert (read_check(command, output, exit_code) is None) == (read_check(command, "", 0) is None)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["FAILED a::b", "1 failed", "ok", "error TS1", "--- FAIL: X", "✕ x", "PASS", ""])))
def test_reading_is_deterministic_and_an_own_zero_exit_is_a_pass(lines: list[str]) -> None:
    output = "\n".join(lines)

    assert read_check("pytest | cat", output, 0) == read_check("pytest | cat", output, 0)
    assert read_check("pytest", output, 0) == Check("pass")
