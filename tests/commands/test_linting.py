"""`flywheel lint` knows a repository's configuration by its name, and leaves a workflow of the same name alone."""

from pathlib import Path

from bot.commands.linting import lint_all


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_workflow_of_the_same_name_is_none_of_our_business(tmp_path: Path) -> None:
    put(tmp_path / ".github/workflows/flywheel.yml", "name: anything\n")
    put(tmp_path / ".github/flywheel.yml", "version: 1\n")
    checked: list[str] = []

    assert [] == list(lint_all([tmp_path], None, checked))
    assert [str(tmp_path / ".github/flywheel.yml")] == checked


def test_a_key_that_nobody_knows_is_said_before_it_is_committed(tmp_path: Path) -> None:
    own = put(tmp_path / ".github/flywheel.yml", "version: 1\nautomerge: true\n")
    shared = put(tmp_path / "shared/flywheel.yml", "version: 1\npolicy: {caps: {open_pulls: 99}}\n")

    problems = [*lint_all([own], None, []), *lint_all([shared], None, [])]

    assert ["malformed", "malformed"] == [one["code"] for one in problems]
    assert "`automerge`" in problems[0]["message"]
    assert "less careful" in problems[1]["message"]
