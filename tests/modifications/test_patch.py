"""A patch says what the edits say: to git, to unidiff, and back again."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.model import Edit
from bot.modifications.patch import apply, blob, check, inverse, refusal, render

PIECES = st.sampled_from(
    ["a", "b", "+", "-- x", "@@ -1 +1 @@", "\\ No", "é", "\u2028", "\x0c", "\t", " ", "\r", "\r\n", "\n", "\n"]
)
TEXT = st.lists(PIECES, max_size=25).map("".join)
PATHS = st.sampled_from(
    ["AGENTS.md", "CLAUDE.md", "pkg/AGENTS.md", "my docs/AGENTS.md", "café/CLAUDE.md", ".claude/settings.json"]
)
CHANGES = st.dictionaries(
    PATHS, st.tuples(st.none() | TEXT, st.none() | TEXT).filter(lambda pair: pair[0] != pair[1]), min_size=1
)
EDITS = CHANGES.map(lambda changes: tuple(Edit(path, *texts) for path, texts in changes.items()))


def git(where: Path, *arguments: str, text: str = "") -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(where), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
    run = subprocess.run(["git", *arguments], cwd=where, env=environment, input=text.encode(), capture_output=True)
    assert run.returncode == 0, run.stderr.decode() + text
    return run.stdout.decode()


def files_of(where: Path) -> dict[str, str]:
    found = (path for path in where.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(where).as_posix(): path.read_bytes().decode() for path in found}


@given(EDITS)
@settings(max_examples=300, deadline=None)
def test_the_inverse_undoes_every_byte(edits: tuple[Edit, ...]) -> None:
    files = {"other.md": "kept"} | {edit.path: edit.before for edit in edits if edit.before is not None}

    assert apply(apply(files, edits), inverse(edits)) == files


@given(EDITS)
@settings(max_examples=40, deadline=None)
def test_git_applies_the_patch_and_takes_it_back(edits: tuple[Edit, ...]) -> None:
    before = {edit.path: edit.before for edit in edits if edit.before is not None}
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        git(where, "init", "-q")
        for path, text in before.items():
            (where / path).parent.mkdir(parents=True, exist_ok=True)
            (where / path).write_bytes(text.encode())
        patch = render(edits)
        git(where, "apply", "--check", "-", text=patch)
        git(where, "apply", "--whitespace=nowarn", "-", text=patch)
        assert files_of(where) == apply(before, edits)
        git(where, "apply", "--whitespace=nowarn", "-R", "-", text=patch)
        assert files_of(where) == before
        git(where, "apply", "--check", "--whitespace=nowarn", "-", text=patch)


def test_a_script_is_made_executable(tmp_path: Path) -> None:
    text = "pass\n"
    git(tmp_path, "init", "-q")
    git(tmp_path, "apply", "--index", "-", text=render([Edit(".claude/hooks/x.py", None, text, "100755")]))

    assert git(tmp_path, "ls-files", "--stage") == f"100755 {blob(text)} 0\t.claude/hooks/x.py\n"


def test_a_patch_reads_as_git_writes_it() -> None:
    edits = [Edit("CLAUDE.md", "a\n", "a\nb"), Edit("AGENTS.md", None, "new\n")]

    assert render(edits) == (
        "diff --git a/AGENTS.md b/AGENTS.md\n"
        "new file mode 100644\n"
        "index 0000000000000000000000000000000000000000..3e757656cf36eca53338e520d134963a44f793f8\n"
        "--- /dev/null\n"
        "+++ b/AGENTS.md\n"
        "@@ -0,0 +1 @@\n"
        "+new\n"
        "diff --git a/CLAUDE.md b/CLAUDE.md\n"
        "index 78981922613b2afb6025042ff6bd878ac1994e85..0a207c060e61f3b88eaee0a8cd0696f46fb155eb 100644\n"
        "--- a/CLAUDE.md\n"
        "+++ b/CLAUDE.md\n"
        "@@ -1 +1,2 @@\n"
        " a\n"
        "+b\n"
        "\\ No newline at end of file\n"
    )


@pytest.mark.parametrize(
    "path", ["AGENTS.md", "my docs/AGENTS.md", ".claude/settings.json", ".claude/hooks/flywheel-loop-guard.py"]
)
def test_a_harness_file_may_be_edited(path: str) -> None:
    assert refusal(path) == ""


@pytest.mark.parametrize(
    "path",
    ["../AGENTS.md", "/AGENTS.md", "~/AGENTS.md", "a/../AGENTS.md", "./AGENTS.md", "a//AGENTS.md", "", "C:/AGENTS.md",
     "a\\AGENTS.md", ".git/AGENTS.md", ".GIT/AGENTS.md", "x/.git/hooks/AGENTS.md", "git~1/AGENTS.md", ".git./AGENTS.md",
     ".git /AGENTS.md", ".github/workflows/AGENTS.md", ".GitHub/Workflows/CLAUDE.md", ".github/workflows/ci.yml",
     ".github/actions/x/AGENTS.md", "src/app.py", "README.md", ".mcp.json", "CODEOWNERS", "a\nb/AGENTS.md",
     'a"/AGENTS.md', "cafe\u0301/AGENTS.md", "a\u202e/AGENTS.md", "x/" * 200 + "AGENTS.md"],
)  # fmt: skip
def test_any_other_path_is_refused(path: str) -> None:
    assert refusal(path)
    with pytest.raises(UserError, match="harness files only"):
        check([Edit(path, None, "x")])


def test_a_file_that_a_link_leads_to_may_be_edited_but_no_workflow() -> None:
    assert refusal("docs/agents.md", also={"docs/agents.md"}) == ""
    assert refusal(".github/workflows/ci.md", also={".github/workflows/ci.md"})


@pytest.mark.parametrize(
    "edits",
    [
        [Edit("AGENTS.md", "a", "a")],
        [Edit("AGENTS.md", None, "a", "120000")],
        [Edit("AGENTS.md", "a", "b"), Edit("AGENTS.md", "b", "c")],
        [Edit("x/AGENTS.md", None, "b"), Edit("X/AGENTS.md", None, "c")],
    ],
)
def test_edits_that_cannot_stand_together_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(UserError):
        check(edits)


def test_an_edit_of_a_file_that_has_moved_on_is_refused() -> None:
    with pytest.raises(UserError, match=r"AGENTS\.md: has changed"):
        apply({"AGENTS.md": "theirs"}, [Edit("AGENTS.md", "ours", "new")])
