"""Conditions: what they leave alone first, then what they see. The cases of the shipped rules are in test_rules.py."""

import pytest

from bot.model import Diff, Episode
from bot.traces import cases
from bot.traces.claims import says
from bot.traces.conditions import CONDITIONS, check, evaluate
from bot.traces.conditions.changes import kind_of
from bot.traces.paths import is_source


def seen(condition: dict[str, object], steps: str, more: str = "") -> tuple[int, ...] | None:
    check(condition, "test")
    [case] = cases.load(f"[{{name: x, finds: [], steps: [{steps}]{more}}}]", "test")
    return evaluate(condition, case.episode)


@pytest.mark.parametrize(
    ("condition", "steps"),
    [
        ({"last_check": "red"}, "{run: pytest, check: red}, {run: pytest, check: green}"),
        ({"last_check": "green"}, "{run: ls}"),
        ({"last_check": "none"}, "{run: pytest, check: green}"),
        ({"unchecked_edit": "any"}, "{edit: README.md}, {run: pytest, check: red}"),
        ({"final_says": "failure"}, "{say: Done.}"),
        ({"repeated_error": 3}, "{run: a, error: x}, {run: a, error: y}, {run: a, error: x}"),
        ({"repeated_error": 2}, "[{run: a, error: x}, {run: b, error: x}]"),
        ({"failed_edits": 2}, "{edit: a, error: x}, {edit: a, rejected: true}, {run: a, error: x}"),
        ({"same_call": 3}, "{run: pytest}, {edit: a}, {run: pytest}, {edit: a}, {run: pytest}"),
        ({"same_call": 2}, "{poll: wait}, {poll: wait}, {poll: wait}"),
        ({"same_call": 2}, "{run: ls a}, {run: ls b}"),
        ({"edits_of_one_file": 3}, "{edit: a}, {edit: b}, {edit: a, error: x}, {edit: a, rejected: true}, {edit: a}"),
        ({"timed_out_calls": 2}, "{run: a, timeout: true}, {run: b, error: timeout}"),
        ({"error_share": 50}, "{run: a, error: x}, {run: b}, {run: c}"),
        ({"error_share": 1}, "{run: a}, {poll: a, error: x}, {run: a, rejected: true}"),
        ({"ended": ["limit", "timeout"]}, "{say: Done.}"),
        ({"steps": 3}, "{run: a}, {say: b}"),
        ({"compactions": 1}, "{run: a}"),
        ({"signal": "test-flaky"}, "{run: a}"),
        ({"changes": ["nothing", "only-new", "docs-only", "source"]}, "{edit: a.py}"),
        ({"edits_path": "conftest.py"}, "{read: tests/conftest.py}, {edit: my_conftest.py}"),
        ({"command_has": "--no-verify"}, "{run: git commit}, {run: git commit --no-verify, rejected: true}"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_condition_leaves_alone(condition, steps):
    assert seen(condition, steps) is None


@pytest.mark.parametrize(
    ("condition", "steps", "more", "cited"),
    [
        ({"last_check": "red"}, "{run: pytest, check: red}, {run: ls}", "", (1,)),
        ({"last_check": ["red", "green"]}, "{run: pytest, check: green}", "", (1,)),
        ({"last_check": "none"}, "{edit: a.py}", "", ()),
        ({"unchecked_edit": "any"}, "{edit: a.py}, {edit: README.md}, {say: x}", "", (2,)),
        ({"unchecked_edit": "source"}, "{edit: a.py}, {edit: README.md}, {say: x}", "", (1,)),
        ({"final_says": "failure"}, "{run: a}, {say: I could not reproduce it.}", "", (2,)),
        ({"repeated_error": 3}, "{run: a, error: x}, {run: b}, {run: a, error: x}, {read: c, error: x}", "", (1, 3, 4)),
        ({"failed_edits": 2}, "{edit: a, error: x}, {run: a}, {edit: b, error: y}", "", (1, 3)),
        ({"same_call": 3}, "{run: ls}, {poll: wait}, {run: ls}, {run: pwd}, {run: ls}", "", (1, 3, 5)),
        ({"edits_of_one_file": 2}, "{write: a}, {edit: b}, {edit: a}", "", (1, 3)),
        ({"timed_out_calls": 1}, "{run: a}, {run: a, timeout: true}", "", (2,)),
        ({"error_share": 50}, "{run: a, error: x}, {run: b}", "", (1,)),
        ({"ended": ["limit", "timeout"]}, "{run: a}, {run: b}", ", ended: timeout", (2,)),
        ({"ended": "finished"}, "{run: a}, {say: x}, {run: c, by: subagent}", "", (2,)),
        ({"steps": 2}, "{run: a}, {run: b}, {run: c}", "", (2,)),
        ({"compactions": 2}, "{run: a}", ", compactions: 2", ()),
        ({"signal": ["a", "test-flaky"]}, "{run: a}", ", reports: {test-flaky: t}", ()),
        ({"changes": "source"}, "{edit: a.py}", ", diff: {changed: [a.py]}", ()),
        ({"edits_path": [".github/workflows/*"]}, "{edit: /w/.github/workflows/ci.yml}, {edit: a.py}", "", (1,)),
        ({"command_has": "--no-verify"}, "{run: git commit --no-verify -m x}", "", (1,)),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_condition_sees(condition, steps, more, cited):
    assert seen(condition, steps, more) == cited


def test_every_condition_is_silent_without_a_trace_and_knows_it():
    parameters = {
        "last_check": "none",
        "unchecked_edit": "any",
        "final_says": ["success", "failure"],
        "ended": "unknown",
    }
    nothing = Episode("e", "o/r", "fail")

    for condition in CONDITIONS:
        assert condition.ask(nothing, parameters.get(condition.name, 1 if condition.accepts(1) == "" else "x")) is None


@pytest.mark.parametrize(
    ("expression", "cited"),
    [
        ({"all": [{"steps": 1}, {"steps": 9}]}, None),
        ({"any": [{"steps": 8}, {"steps": 9}]}, None),
        ({"not": {"steps": 1}}, None),
        ({"not": {"not": {"steps": 9}}}, None),
        ({"all": [{"steps": 2}, {"steps": 1}, {"steps": 2}]}, (1, 2)),
        ({"any": [{"steps": 2}, {"steps": 9}]}, (2,)),
        ({"not": {"steps": 9}}, ()),
        ({"all": [{"steps": 1}, {"not": {"steps": 9}}]}, (1,)),
        ({"any": [{"not": {"steps": 1}}, {"all": [{"steps": 2}]}]}, (2,)),
    ],
    ids=str,
)
def test_an_expression_joins_what_its_parts_cite(expression, cited):
    assert seen(expression, "{run: a}, {run: b}, {run: c}") == cited


@pytest.mark.parametrize(
    "final",
    [
        "",
        "Which one do you want?",
        "The tests should pass once the server is up.",
        "I will run the tests next.",
        "Let me know if it works.",
        "To make all tests pass, add the key.",
        "```\nall tests pass\n```",
    ],
)
def test_a_text_that_claims_nothing_says_nothing(final):
    assert says(final) == ""


@pytest.mark.parametrize(
    "final",
    [
        "Done. All tests pass.",
        "All 12 tests passed with no failures.",
        "I've fixed the failing test in cart.py.",
        "Fixed: the failing build is now green.",
        "The build runs successfully; 0 errors.",
        "✅ Implemented the export.",
        "- Added the option\n- Updated the docs",
        "The bug is now resolved and the suite is green.",
        "It no longer fails, and the tests pass.",
        "The change is complete.",
        "All clean. The fallback is set now.",
        "Done. It now says:\n```\ncannot split this object: 2 errors\n```",
    ],
)
def test_a_text_that_claims_success(final):
    assert says(final) == "success"


@pytest.mark.parametrize(
    "final",
    [
        "Implemented the export. Two tests still fail.",
        "Done, but I could not run the tests.",
        "Not all tests pass.",
        "All tests pass except 3 failing tests in auth.",
        "The fix is complete; there is 1 failure left in CI.",
        "I was unable to reproduce the bug.",
        "The tests don't pass yet.",
        "Everything works. The remaining failures are unrelated.",
        "Fixed the parser. There are pre-existing lint errors.",
        "This isn't verified.",
        "Lint passed. `pnpm test` still aborts inside the harness with SIGABRT.",
    ],
)
def test_a_text_that_admits_something_open_claims_nothing(final):
    assert says(final) == "failure"


@pytest.mark.parametrize(
    "path",
    ["README.md", "docs/a.rst", "uv.lock", "a/package-lock.json", "logo.svg", "LICENSE", "notes.txt", "/tmp/x.py",
     "/home/u/.claude/plans/p.py", ".git/config", ""],
)  # fmt: skip
def test_what_is_no_source(path):
    assert not is_source(path)


@pytest.mark.parametrize(
    "path",
    [
        "a.py",
        "src/todo.py",
        "Makefile",
        "requirements-dev.txt",
        "CMakeLists.txt",
        "a.json",
        "C:\\x\\a.cs",
        "license.go",
    ],
)
def test_what_is_source(path):
    assert is_source(path)


def test_a_checkout_that_lies_under_tmp_is_the_project():
    assert is_source("/tmp/work/a.py", "/tmp/work")
    assert not is_source("/tmp/other/a.py", "/tmp/work")


@pytest.mark.parametrize(
    ("diff", "kind"),
    [
        (Diff(), "nothing"),
        (Diff(changed=("README.md",)), "docs-only"),
        (Diff(added=("new.py",)), "only-new"),
        (Diff(changed=("uv.lock",), added=("new.py",)), "only-new"),
        (Diff(changed=("old.py",), added=("new.py",)), "source"),
    ],
)
def test_a_diff_is_of_one_kind(diff, kind):
    assert kind_of(diff) == kind
