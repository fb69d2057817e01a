"""Conditions: what they leave alone first, then what they see. The cases of the shipped rules are in test_rules.py."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Call, Check, Diff, Episode, Signal, Source, Step, Trace, replace
from bot.traces import cases
from bot.traces.claims import says
from bot.traces.conditions import CONDITIONS, check, evaluate
from bot.traces.conditions.changes import kind_of
from bot.traces.conditions.suites import is_narrow
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
        ({"repeated_error": 2}, "{run: pytest, check: red, exit: 1}, {run: pytest, check: red, exit: 1}"),
        ({"same_call": 2}, "{read: a, output: page one}, {read: a, output: page two}"),
        ({"call_in_a_row": 2}, "{run: a}, {run: b}, {run: a}"),
        ({"call_in_a_row": 2}, "{run: a}, {run: a, by: subagent}"),
        ({"call_in_a_row": 2}, "{edit: a}, {edit: a}"),
        ({"call_in_a_row": 2}, "{edit: a, error: not found}, {edit: a, error: not found}"),
        ({"call_in_a_row": 2}, "{search: src, output: No matches}, {search: src, output: No matches}"),
        ({"answer_in_a_row": 2}, "{run: a, output: x}, {run: a, output: y}"),
        ({"answer_in_a_row": 2}, "{run: a, output: x}, {run: a, output: x, exit: 1}"),
        ({"answer_in_a_row": 2}, "{run: a, output: x}, {run: a, output: x, size: 4}"),
        ({"answer_in_ten": 2}, "{run: a}, " + ", ".join(f"{{run: b{n}}}" for n in range(9)) + ", {run: a}"),
        ({"call_cycle": 2}, "{run: a}, {run: a}, {run: a}, {run: a}"),
        ({"call_cycle": 2}, "{run: a}, {edit: x}, {run: a}, {edit: x}"),
        ({"call_cycle": 2}, "{run: a}, {run: b}, {run: a}"),
        ({"errors_in_a_row": 2}, "{run: a, error: x}, {run: b}, {run: a, error: x}"),
        ({"error_has": "denied"}, "{run: a, output: denied}, {run: b, error: other}"),
        ({"malformed_calls": 1}, "{run: a, error: 'unknown flag: --short'}"),
        ({"missing_tools": 1}, "{read: a, error: File does not exist.}, {run: b, exit: 1, output: no rule}"),
        ({"missing_files": 1}, "{run: a, error: 'a: command not found'}"),
        ({"refused_calls": 1}, "{run: a, error: permission denied}"),
        ({"first_edit_after": 50}, "{edit: a}, {run: b}, {run: c}"),
        ({"first_edit_after": 50}, "{run: sed -i s/a/b/ x}, {run: b}, {run: c}"),
        ({"looking": 60}, "{read: a, size: 1}, {run: make, size: 1}"),
        ({"looking": 1}, "{run: cat a > b}, {run: sed -i s/a/b/ c}, {run: cat a && make}"),
        ({"large_answer": 5}, "{read: a, size: 4}, {read: a.png, size: 9}, {edit: b, size: 9}"),
        ({"rereads": 2}, "{read: a}, {read: b}, {read: a, error: gone}"),
        ({"unrun_edit": "any"}, "{edit: a}, {run: ls}"),
        ({"last_command": "failed"}, "{run: a, exit: 1}, {run: b}, {edit: c}"),
        ({"new_failures": 1}, "{run: t, check: red, failing: [a]}, {edit: x}, {run: t, check: red, failing: [a]}"),
        ({"new_failures": 2}, "{run: t, check: green}, {edit: x}, {run: t, check: red, failing: [a]}"),
        ({"tested": "narrow"}, "{run: pytest tests/test_a.py, check: green}, {run: pytest, check: green}"),
        ({"tested": ["narrow", "whole"]}, "{run: pytest}, {run: ruff check tests, check: green}"),
        ({"ci_tests": ["unrun", "run"]}, "{run: pytest, check: green}"),
        ({"ci_stage": ["build", "lint", "types"]}, "{run: a}"),
        ({"guard_did": ["nudge", "pause", "send-back"]}, "{run: a}"),
        ({"adds_path": "*"}, "{write: a.py}"),
        ({"changed_files": 1}, "{write: a.py}"),
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
        ({"call_in_a_row": 2}, "{run: a}, {poll: p}, {run: a}, {run: b}", "", (1, 3)),
        ({"answer_in_a_row": 2}, "{run: a, output: x}, {run: a, output: x}", "", (1, 2)),
        (
            {"answer_in_ten": 2},
            "{run: a}, " + ", ".join(f"{{run: b{n}}}" for n in range(8)) + ", {run: a}",
            "",
            (1, 10),
        ),
        ({"call_cycle": 2}, "{run: x}, {run: a}, {run: b}, {run: a}, {run: b}", "", (2, 3, 4, 5)),
        ({"errors_in_a_row": 2}, "{run: a, error: x}, {read: b, error: y}", "", (1, 2)),
        ({"error_has": ["a", "denied"]}, "{run: b}, {run: x, error: it is denied}", "", (2,)),
        ({"malformed_calls": 1}, "{run: a, error: 'No such tool available: Foo'}", "", (1,)),
        ({"missing_tools": 1}, "{run: a, exit: 127}", "", (1,)),
        ({"missing_files": 1}, "{read: a, error: File does not exist.}", "", (1,)),
        ({"refused_calls": 1}, "{run: a}, {run: b, rejected: true}", "", (2,)),
        ({"first_edit_after": 50}, "{run: b}, {run: c}, {edit: a}", "", (3,)),
        ({"first_edit_after": 50}, "{run: grep x y 2>/dev/null}, {run: c}", "", (2,)),
        (
            {"looking": 60},
            "{read: a, size: 2}, {run: 'cd x && grep -rn y . | head', size: 1}, {run: make, size: 1}",
            "",
            (1, 2),
        ),
        ({"large_answer": 5}, "{read: a, size: 4}, {run: cat a, size: 5}", "", (2,)),
        ({"rereads": 2}, "{read: a}, {run: b}, {read: a}", "", (1, 3)),
        ({"named_files": "unopened"}, "{read: b.py}, {say: x}", ", prompt: See src/a.py", (2,)),
        ({"unrun_edit": "source"}, "{run: a}, {edit: a.py}, {run: b, exit: 1}, {edit: b.md}", "", (2,)),
        ({"last_command": ["failed", "none"]}, "{edit: a}", "", ()),
        ({"last_command": "failed"}, "{run: a}, {run: b, exit: 1}, {edit: a}", "", (2,)),
        ({"new_failures": 1}, "{run: t, check: green}, {edit: x}, {run: t, check: red, failing: [a]}", "", (1, 3)),
        ({"tested": "whole"}, "{run: pytest a.py, check: green}, {run: pytest, check: red}", "", (2,)),
        (
            {"ci_tests": "run"},
            "{run: pytest -k total, check: green}",
            ", reports: {test-failed: 'a::test_total'}",
            (1,),
        ),
        ({"ci_stage": "lint"}, "{run: a}", ", reports: {lint-failed: E501}", ()),
        ({"guard_did": "nudge"}, "{run: a}", ", reports: {guard-acted: loop-guard nudge s1}", ()),
        ({"adds_path": "*.rej"}, "{run: patch}, {write: a.rej}", ", diff: {added: [src/b.rej, a.rej]}", (2,)),
        ({"changed_files": 2}, "{run: a}", ", diff: {changed: [a.py, b.md], added: [c.py]}", ()),
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
        "tested": "none",
        "last_command": "none",
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


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q --tb=short -n 4",
        "python -m pytest tests/ 2>&1 | tail -5",
        "uv run pytest -q > /tmp/out.txt",
        "go test ./...",
        "npm run test:unit",
        "./gradlew build",
        "pytest tests/test_a.py; pytest",
        "ruff check tests/test_a.py",
        "cd tests && mypy test_a.py",
    ],
)
def test_a_command_that_runs_a_whole_suite_or_no_test_is_not_narrow(command):
    assert not is_narrow(command)


@pytest.mark.parametrize(
    "command",
    [
        "pytest tests/test_a.py",
        "pytest -k total",
        "python tests/test_a.py",
        "go test -run TestTotal ./...",
        "mvn -q test -Dtest=CartTest",
        "cd web && npx vitest run src/cart.test.ts",
        "pytest --lf",
        "bash -lc 'pytest tests/test_a.py::test_b'",
    ],
)
def test_a_command_that_names_its_tests_is_narrow(command):
    assert is_narrow(command)


def test_what_a_guard_did_in_another_session_is_not_this_runs():
    acted = Signal("guard-acted", detail="loop-guard pause other")
    [case] = cases.load("[{name: x, finds: [], steps: [{run: a}]}]", "test")
    assert case.episode.trace is not None
    mine = replace(case.episode, signals=(acted,), trace=replace(case.episode.trace, session="mine"))
    others = replace(mine, trace=replace(case.episode.trace, session="other"))

    assert evaluate({"guard_did": "pause"}, mine) is None
    assert evaluate({"guard_did": "pause"}, others) == ()


texts = st.sampled_from(
    ["", "a.py", "pytest -k x", "tests/t.py", "cat a > b", "command not found", "error: x"]
) | st.text(max_size=9)
calls = st.builds(
    Call,
    name=texts,
    kind=st.sampled_from(["shell", "edit", "read", "search", "web", "task", "poll", "other"]),
    status=st.sampled_from(["ok", "error", "rejected", "aborted", "missing"]),
    command=texts,
    paths=st.lists(texts, max_size=2).map(tuple),
    exit_code=st.none() | st.integers(0, 130),
    error=texts,
    timed_out=st.booleans(),
    check=st.none()
    | st.builds(Check, st.sampled_from(["pass", "fail", "none"]), st.lists(texts, max_size=2).map(tuple)),
    end=st.integers(0, 200_000),
    quote=texts,
)
steps = st.builds(
    Step,
    start=st.just(0),
    end=st.just(1),
    quote=texts,
    calls=st.lists(calls, max_size=3).map(tuple),
    origin=st.sampled_from(["main", "subagent"]),
)
signals = st.builds(
    Signal,
    name=st.sampled_from(["test-failed", "job-failed", "lint-failed", "guard-acted", "test-regressed"]),
    held=st.booleans(),
    detail=texts,
)
PARAMETERS: tuple[object, ...] = (
    1,
    2,
    5,
    70,
    ["*"],
    "x",
    "red",
    "source",
    "success",
    "none",
    "narrow",
    "unrun",
    "build",
)
MORE: tuple[object, ...] = ("failed", "finished", "unopened", "nudge", "loop", "rejected")


@given(
    trace=st.lists(steps, max_size=12),
    said=st.lists(signals, max_size=3),
    diff=st.none() | st.builds(Diff, st.lists(texts, max_size=3).map(tuple), st.lists(texts, max_size=3).map(tuple)),
    prompt=texts,
)
def test_any_episode_is_asked_everything_and_only_its_own_steps_are_cited(trace, said, diff, prompt):
    run = Trace("test", (Source("t", "", 0),), tuple(trace), "finished", final="All tests pass.", prompt=prompt)
    episode = Episode("e", "o/r", "fail", run, tuple(said), diff=diff)

    for condition in CONDITIONS:
        for parameter in (*PARAMETERS, *MORE):
            if condition.accepts(parameter) == "":
                cited = condition.ask(episode, parameter)
                assert cited is None or list(cited) == sorted({*cited} & {*range(1, len(trace) + 1)})


def test_a_long_run_is_asked_in_time_that_grows_with_its_steps():
    """Forty thousand calls, a few seconds at most: nothing compares every step with every other."""
    same = Step(0, 1, "q", (Call("Bash", "shell", "error", "make", error="x", check=Check("fail", ("t",))),))
    edit = Step(0, 1, "q", (Call("Edit", "edit", "ok", paths=("a.py",)),))
    read = Step(0, 1, "q", (Call("Read", "read", "ok", paths=("a.py",)), Call("Bash", "shell", "ok", "ls")))
    many = (same,) * 20_000 + (same, edit) * 2_000 + (read,) * 20_000
    episode = Episode("e", "o/r", "fail", Trace("test", (Source("t", "", 0),), many, "finished"))
    started = time.perf_counter()

    for condition in CONDITIONS:
        condition.ask(episode, next(p for p in (3, *PARAMETERS, *MORE) if condition.accepts(p) == ""))

    assert time.perf_counter() - started < 20
