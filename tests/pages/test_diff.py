"""A patch as people read it."""

import subprocess
from pathlib import Path

import pytest

from bot.model import Edit
from bot.pages import diff


@pytest.mark.parametrize(
    ("before", "after", "size"),
    [
        ("a\n", "a\nb\n", (1, 0)),
        (None, "a\nb\n", (2, 0)),
        (None, "a", (1, 0)),
        ("a\nb\n", None, (0, 2)),
        ("a", "a\n", (1, 1)),
        ("a\r\n", "a\r\nb\r\n", (1, 0)),
    ],
)
def test_lines_are_counted(before: str | None, after: str | None, size: tuple[int, int]) -> None:
    assert diff.size(Edit("AGENTS.md", before, after)) == size


def test_a_patch_names_each_file_and_what_became_of_it() -> None:
    edits = (Edit("b.md", "x\n", None), Edit("a.md", None, "y"))

    assert list(diff.lines(edits)) == [
        ("file", "a.md (new file)"),
        ("hunk", "@@ -0,0 +1 @@"),
        ("add", "+y"),
        ("hunk", "\\ No newline at end of file"),
        ("file", "b.md (removed)"),
        ("hunk", "@@ -1 +0,0 @@"),
        ("del", "-x"),
    ]


def test_the_draft_is_what_git_applies(tmp_path: Path) -> None:
    edits = (
        Edit("a/new.py", None, "print()\n", "100755"),
        Edit("changed.md", "one\ntwo\n", "one\n2\r\nthree"),
        Edit("gone.md", "x\n", None),
    )
    for edit in edits:
        if edit.before is not None:
            (tmp_path / edit.path).write_bytes(edit.before.encode())

    subprocess.run(["git", "apply"], input=diff.patch(edits).encode(), cwd=tmp_path, check=True)

    found = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"a/new.py": b"print()\n", "changed.md": b"one\n2\r\nthree"}
    assert (tmp_path / "a/new.py").stat().st_mode & 0o111
