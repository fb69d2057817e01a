"""What a call does, by the tools of many agents, and what a command's output tells of how it ended."""

from __future__ import annotations

import pytest

from bot.signals.transcripts.acts import act
from bot.signals.transcripts.exits import exit_code, timed_out
from bot.signals.transcripts.functions import functions
from bot.signals.transcripts.tools import Use


@pytest.mark.parametrize("name", ["finish", "think", "submit", "task_tracker"])
def test_what_an_agent_says_of_itself_has_no_command_and_never_repeats(name: str) -> None:
    assert act(name, {"message": "done"}) == Use("other")


@pytest.mark.parametrize(
    ("name", "given", "use"),
    [
        ("execute_bash", {"command": "ls", "is_input": "false"}, Use("shell", "ls")),
        ("bash_command", {"keystrokes": "\n", "duration": 5}, Use("poll")),
        ("terminal", {"command": "sleep 5"}, Use("poll", "sleep 5")),
        ("str_replace_editor", {"command": "view", "path": "/a"}, Use("read", "", ("/a",))),
        ("file_editor", {"command": "create", "path": "/a"}, Use("edit", "", ("/a",), ("/a",))),
        ("file_editor", {"command": "insert", "path": "/a"}, Use("edit", "", ("/a",))),
        ("search_dir", {"path": "/a", "q": 1}, Use("search", '{"path":"/a","q":1}', ("/a",))),
        ("Read", {"file_path": "/a"}, Use("read", "", ("/a",))),
        ("delegate", {"b": 1, "a": 2}, Use("task", '{"a":2,"b":1}')),
        ("mcp__shop__price", {"id": 7}, Use("other", '{"id":7}')),
        ("mcp__shop__price", {}, Use("other")),
        ("exec", '{"command": "make"}', Use("shell", "make")),
        ("exec", "make", Use("shell", "make")),
        ("execute_bash", None, Use("poll")),
        ("execute_bash", ["ls"], Use("poll")),
    ],
)
def test_a_tool_is_known_by_its_name_and_arguments(name: str, given: object, use: Use) -> None:
    assert act(name, given) == use


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("the exit code is what we return, 3", None),
        ("", None),
        ("x" * 700 + "\nExit code: 3\n" + "y" * 700, None),
        ("<returncode>-9</returncode>\n<output>", -9),
        ("out\n[The command completed with exit code 0.]", 0),
        ("Process exited with code 127", 127),
        ("Exit code 2\nmake: no rule", 2),
        ("boom\n[exit_code] 4", 4),
    ],
)
def test_the_exit_code_stands_at_either_end(output: str, code: int | None) -> None:
    assert exit_code(output) == code


@pytest.mark.parametrize(
    ("output", "late"),
    [
        ("ERROR: test_login timed out in the test suite", False),
        ("EXECUTION TIMED OUT", True),
        ("The command was cancelled because it took more than 30 seconds.", True),
        ("The last command <command>x</command> timed out and has been killed.", True),
    ],
)
def test_a_time_limit_is_told_in_known_words(output: str, late: bool) -> None:
    assert timed_out(output) is late


def test_calls_in_the_text_of_a_message() -> None:
    said = "<function=a>\n<parameter=x>1 > 0</parameter>\n<parameter=y>\nb\n</parameter>\n</function>then<function=b>"

    assert functions(said) == [("a", {"x": "1 > 0", "y": "b"}), ("b", {})]
    assert functions("<function=" * 30) == []
    assert functions("a <function> of <function=") == []
