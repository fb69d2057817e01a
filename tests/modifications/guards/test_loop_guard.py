"""The loop guard, run as a hook runs it over scripted sessions."""

from bot.modifications.guards.loop_guard import NUDGE, PAUSE, decide, observe

GUARD = "loop-guard"
RED = "Exit code 1\n=== FAILURES ===\nFAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed in 0.12s"
OTHER = "Exit code 1\nFAILED tests/test_a.py::test_c - assert 1 == 2\n1 failed in 0.31s"


def stick(project, file="src/a.py"):
    project.run(GUARD, "uv run pytest -q", RED)
    project.edit(GUARD, file)
    project.run(GUARD, "uv run pytest -q", RED)


def test_writing_a_file_in_many_edits_is_no_loop(project):
    said = [project.edit(GUARD, "src/a.py") for _ in range(3 * PAUSE)]

    assert said == [{}] * (3 * PAUSE)
    assert project.log() == []


def test_many_edits_after_one_red_check_are_no_loop(project):
    project.run(GUARD, "pytest", RED)

    assert [project.edit(GUARD, "src/a.py") for _ in range(2 * PAUSE)] == [{}] * (2 * PAUSE)


def test_another_failing_set_or_a_green_check_starts_anew(project):
    for command, error in (("pytest", OTHER), ("pytest", ""), ("go build ./...", "")):
        stick(project)
        for _ in range(NUDGE - 1):
            project.edit(GUARD, "src/a.py")
        project.run(GUARD, command, error)

        assert project.edit(GUARD, "src/a.py") == {}


def test_edits_in_vain_are_told_once(project):
    stick(project)
    said = [project.edit(GUARD, "src/a.py") for _ in range(NUDGE + 1)]

    told = said[NUDGE - 1]["hookSpecificOutput"]
    assert [bool(one) for one in said] == [False] * (NUDGE - 1) + [True, False]
    assert told["hookEventName"] == "PostToolUse"
    assert f"{NUDGE} edits of src/a.py" in told["additionalContext"]
    assert "test_b" not in told["additionalContext"]


def test_reads_polls_and_status_neither_count_nor_start_anew(project):
    stick(project)
    for _ in range(NUDGE - 1):
        project.edit(GUARD, "src/a.py")
        project.run(GUARD, "git status --short", stdout=" M src/a.py")
        project.run(GUARD, "sleep 5; cat out.log", stdout="ERROR nothing to do with it")

    assert project.edit(GUARD, "src/a.py") != {}


def test_a_paused_file_is_free_after_a_check(project):
    stick(project)
    for _ in range(PAUSE):
        project.edit(GUARD, "src/a.py")
    denied = project.edit(GUARD, "src/a.py", "PreToolUse")["hookSpecificOutput"]
    elsewhere = project.edit(GUARD, "src/b.py", "PreToolUse")
    project.run(GUARD, "uv run pytest -q", RED)

    assert (denied["hookEventName"], denied["permissionDecision"]) == ("PreToolUse", "deny")
    assert "src/a.py is paused" in denied["permissionDecisionReason"]
    assert elsewhere == {}
    assert project.edit(GUARD, "src/a.py", "PreToolUse") == {}
    assert [entry["act"] for entry in project.log()] == ["nudge", "pause"]


def test_a_check_is_known_by_its_command_and_what_it_names():
    def seen(command, error="", stdout=""):
        back = {"stdout": stdout, "stderr": ""}
        payload = {"tool_name": "Bash", "tool_input": {"command": command}, "error": error, "tool_response": back}
        return observe(payload, "/p")["check"]

    named = ["FAILED tests/test_a.py::test_b"]
    assert seen("pip install pytest") is None
    assert seen("git commit -m 'go test'") is None
    assert seen("cd web && npm run test:unit") == {"red": False, "failing": []}
    assert seen("make test", "Exit code 2\n--- FAIL: TestA (0.01s)") == {"red": True, "failing": ["--- FAIL: TestA"]}
    assert seen("python -m pytest | tail -5", stdout=named[0] + " - x") == {"red": True, "failing": named}
    assert seen("pytest", stdout="ERROR logged by a passing test")["red"] is False


def test_a_red_check_that_names_nothing_is_never_the_same_as_another():
    red = {"tool": "Bash", "kind": "shell", "paths": [], "command": "make test", "check": {"red": True, "failing": []}}
    edit = {"tool": "Edit", "kind": "edit", "paths": ["a.c"], "command": "", "check": None}
    state = {}
    for call in [red, edit] * (PAUSE + 2):
        state, text = decide(state, call)

        assert text == ""
