"""Signatures of failed tests: a line that names one, and what runners say when they have counted more than none."""

from __future__ import annotations

from bot.signals.reports.signatures.table import Signature

SIGNATURES: tuple[Signature, ...] = (
    Signature(
        "test/pytest",
        "test",
        ("FAILED ", "ERROR ", "Interrupted: "),
        r"^(?:FAILED|ERROR) \S{1,400}\.py(?:::\S|$| - )|^\[gw\d+\] \[ *\d+%\] (?:FAILED|ERROR) \S"
        r"|^\S{1,400}\.py::\S{1,400} (?:FAILED|ERROR)\b|^!+ Interrupted: [1-9]\d* errors? during collection",
    ),
    Signature(
        "test/pytest-assertion",
        "error",
        ("E  ",),
        r"^(?:[A-Za-z_]\w{0,80}\.){0,8}[A-Z]\w{0,80}(?:Error|Exception|Exit|Interrupt)\b|^assert \S",
    ),
    Signature(
        "test/unittest",
        "test",
        ("FAIL: ", "ERROR: ", "FAILED (", "Tests result: FAILURE"),
        r"^(?:FAIL|ERROR): \w{1,200} \([\w.]{1,300}\)|^FAILED \((?:SKIP=\d+, )?(?:failures|errors)=[1-9]"
        r"|^== Tests result: FAILURE",
    ),
    Signature(
        "test/jest-vitest",
        "test",
        ("● ", "FAIL ", "failed"),
        r"^● (?:\S.{0,300} › |Test suite failed to run)|^FAIL \S{1,300}\.[cm]?[jt]sx?\b"
        r"|^(?:Tests|Test Suites|Test Files):? {1,8}(?:.{0,30}[^0])?[1-9]\d* failed",
    ),
    Signature(
        "test/playwright", "test", (" › ",), r"^\d+\) (?:\[[\w -]{1,60}\] › )?\S{1,300}\.[cm]?[jt]sx?:\d+:\d+ › "
    ),
    Signature(
        "test/go", "test", ("--- FAIL: ", "panic: test timed out"), r"^--- FAIL: \S|^panic: test timed out after"
    ),
    Signature(
        "test/cargo",
        "test",
        ("test result: FAILED", "... FAILED", "panicked at"),
        r"^test result: FAILED|^test \S{1,400} \.\.\. FAILED",
    ),
    Signature(
        "test/junit",
        "test",
        ("FAILURE!", "ERROR!", "Tests run:", "There are test failures", " tests failed "),
        r"<<< (?:FAILURE|ERROR)!|^Tests run: \d+, (?:Failures: [1-9]|Failures: 0, Errors: [1-9])"
        r"|^There are test failures|^(?:\[junit\] )?\[ +[1-9]\d* tests failed +\]",
    ),
    Signature(
        "test/gradle",
        "test",
        (" FAILED", "failing tests", "tests completed"),
        r"^\S.{0,300} > .{1,300} FAILED$|There were failing tests|^\d+ tests completed, [1-9]\d* failed",
    ),
    Signature(
        "test/ant-junit",
        "test",
        ("Testcase: ", "FAILED", "Test suite"),
        r"^(?:\[junit\] )?(?:Testcase: \S{1,300}:\s+(?:FAILED|Caused an ERROR)|Test \S{1,300} FAILED)",
    ),
    Signature(
        "test/gtest-ctest",
        "test",
        ("[  FAILED  ]", "(Failed)", "tests failed out of"),
        r"^\[  FAILED  \] \S|^\d+ - \S{1,300} \(Failed\)|[1-9]\d* tests failed out of \d",
    ),
    Signature("test/rspec", "test", ("rspec ./", "examples, "), r"^rspec \./\S|^\d+ examples?, [1-9]\d* failures?"),
    Signature(
        "test/phpunit",
        "test",
        ("FAILURES!", "There was", "There were"),
        r"^FAILURES!$|^There (?:was|were) [1-9]\d* (?:failure|error)s?:$",
    ),
    Signature("test/mocha", "test", (" failing",), r"^\s*[1-9]\d* failing$"),
    Signature("test/tap", "test", ("not ok ", "# fail"), r"^not ok \d+ (?!.{0,300}# (?:TODO|SKIP))|^# fail {1,5}[1-9]"),
    Signature(
        "test/count",
        "summary",
        ("failed", "Failures: "),
        r"^=+ .{0,200}[1-9]\d* (?:failed|errors?)\b.{0,200} in [\d.]+ ?s|^Tests failed: [1-9]|^Failures: [1-9]\d*$"
        r"|^RuntimeError: \S{1,300} \d+/\d+ failed!$",
    ),
)
