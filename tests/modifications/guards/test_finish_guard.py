"""The finish guard, run as a hook runs it over scripted sessions."""

import pytest

from bot.modifications.guards.finish_guard import SEND_BACKS

GUARD = "finish-guard"
RED = "Exit code 1\nFAILED tests/test_a.py::test_b - assert 1 == 2\n1 failed in 0.12s"
PROMPT = "Fix the parser.\n- keep empty lines\n- refuse tabs\n"


@pytest.fixture
def asked(project):
    project.hook(GUARD, "UserPromptSubmit", prompt=PROMPT)
    return project


def stop(project, active=False):
    return project.hook(GUARD, "Stop", stop_hook_active=active)


def test_an_ordinary_session_is_left_alone(asked):
    said = [
        asked.run(GUARD, "grep -rn tab src", stdout="src/a.py:1:tab"),
        asked.run(GUARD, "pytest", RED),
        asked.edit(GUARD, "src/a.py"),
        asked.run(GUARD, "uv run pytest -q", stdout="2 passed"),
        asked.edit(GUARD, "docs/a.md"),
        stop(asked),
    ]

    assert said == [{}] * 6
    assert asked.log() == []


def test_a_turn_without_edits_of_source_is_left_alone(asked):
    asked.run(GUARD, "pytest", RED)
    asked.edit(GUARD, "README.md")
    asked.edit(GUARD, ".claude/scripts/a.sh")
    asked.edit(GUARD, "../elsewhere/a.py")

    assert stop(asked) == {}


def test_a_red_check_sends_the_agent_back_to_the_task(asked):
    asked.edit(GUARD, "src/a.py")
    asked.run(GUARD, "uv run pytest -q", RED)
    said = stop(asked)

    assert said["decision"] == "block"
    assert "the last check is red" in said["reason"]
    assert "- keep empty lines\n- refuse tabs\n" in said["reason"]
    assert "Changed: src/a.py. Last check: `uv run pytest -q`, exit 1." in said["reason"]


def test_a_masked_exit_code_does_not_hide_what_failed(asked):
    asked.edit(GUARD, "src/a.py")
    asked.run(GUARD, "pytest | tail -1", stdout="1 failed, 3 passed in 0.12s")

    assert "the last check is red" in stop(asked)["reason"]


@pytest.mark.parametrize("command", ["git diff --stat", "cat src/a.py | head -20", "cd src && ls"])
def test_looking_at_an_edit_does_not_run_it(asked, command):
    asked.edit(GUARD, "src/a.py")
    asked.run(GUARD, command)

    assert "nothing ran after your last edit" in stop(asked)["reason"]


@pytest.mark.parametrize("command", ["python3 repro.py", "node node_modules/mocha/bin/mocha.js", "make", "./run.sh"])
def test_running_anything_is_enough(asked, command):
    asked.edit(GUARD, "src/a.py")
    asked.run(GUARD, command)

    assert stop(asked) == {}


def test_new_files_alone_do_not_answer_a_fix(asked):
    asked.edit(GUARD, "src/parser_fixed.py", kind="create")
    asked.run(GUARD, "python3 src/parser_fixed.py")

    assert "only new files were written" in stop(asked)["reason"]


def test_new_files_answer_a_request_for_them(project):
    project.hook(GUARD, "UserPromptSubmit", prompt="Write a script that counts words.")
    project.edit(GUARD, "count.py", kind="create")
    project.run(GUARD, "python3 count.py")

    assert stop(project) == {}


def test_a_file_changed_by_the_shell_counts_as_touched(asked):
    asked.edit(GUARD, "tests/test_new.py", kind="create")
    asked.run(GUARD, "sed -i s/a/b/ src/a.py && pytest", stdout="1 passed")

    assert stop(asked) == {}


def test_the_agent_is_sent_back_twice_and_never_while_a_stop_hook_is_at_work(asked):
    said = []
    for active in (True, False, False, False):
        asked.edit(GUARD, "src/a.py")
        said.append(bool(stop(asked, active)))
        said.append(bool(stop(asked)))

    assert said == [False, False, True, False, True, False, False, False]
    assert sum(said) == SEND_BACKS
    assert [entry["act"] for entry in asked.log()] == ["send-back"] * SEND_BACKS
    assert PROMPT[:8] not in str(asked.log())
