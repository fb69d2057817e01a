"""A command is split where the shell would split it, whatever its characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.traces.integrity.commands import simple_commands


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", []),
        ("# git commit --no-verify", []),
        ("echo 'a && b'", [("echo", "a && b")]),
        ('echo "a; \\"b"', [("echo", 'a; \\"b')]),
        ("a && b || c; d | e & f", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ("pytest 2>&1 | tail", [("pytest", "2>&1"), ("tail",)]),
        ("cat > x <<'EOF'\nrm -rf /\nEOF\nls", [("cat", ">", "x", "<<EOF"), ("ls",)]),
        ("FOO=1 sudo env timeout -k 5 60s uv run python -m pytest -q", [("pytest", "-q")]),
        ("(cd a && ./run)", [("cd", "a"), ("./run)",)]),
        ("a \\\n  b", [("a", "b")]),
        ("echo 'never closed", [("echo", "never closed")]),
    ],
)
def test_a_command_falls_into_its_parts(command, words):
    assert [part.words for part in simple_commands(command)] == words


def test_what_joins_two_commands_is_known():
    assert [part.then for part in simple_commands("a && b || c | d")] == ["&&", "||", "|", ""]


@given(st.text(max_size=400))
def test_any_text_is_split(text):
    assert all(part.words or part.sets for part in simple_commands(text))


@given(st.lists(st.from_regex(r"[a-z./-]{1,12}", fullmatch=True), min_size=1, max_size=8))
def test_plain_words_are_kept(words):
    kept = simple_commands("x " + " ".join(words))

    assert [("x", *words)] == [part.words for part in kept]
