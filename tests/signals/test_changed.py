"""What a trace's edits left behind, and when a trace cannot tell."""

from bot.model import Call, Diff, Step, Trace
from bot.signals.changed import changed, inside


def trace(*calls: Call, cwd: str = "/work/app") -> Trace:
    return Trace("claude-code-session", (), tuple(Step(0, 1, "x", (call,)) for call in calls), cwd=cwd)


def edit(path: str, *, new: bool = False, status: str = "ok") -> Call:
    return Call("Edit", "edit", status, paths=(path,), creates=(path,) if new else ())  # type: ignore[arg-type]


def test_a_run_without_edit_tools_tells_nothing() -> None:
    assert changed(trace(Call("search_flights", "other", "ok"))) is None


def test_a_run_that_only_read_changed_nothing() -> None:
    assert changed(trace(Call("Bash", "shell", "ok", command="pytest"))) == Diff()


def test_files_written_by_the_shell_alone_are_not_guessed() -> None:
    assert changed(trace(Call("Bash", "shell", "ok", command="sed -i s/a/b/ src/app.py"))) is None
    assert changed(trace(Call("Bash", "shell", "ok", command="echo x > src/app.py"))) is None


def test_a_new_file_beside_a_write_by_the_shell_claims_nothing() -> None:
    calls = (edit("/work/app/new.py", new=True), Call("Bash", "shell", "ok", command="git apply fix.patch"))

    assert changed(trace(*calls)) is None


def test_redirecting_errors_writes_no_file() -> None:
    assert changed(trace(Call("Bash", "shell", "ok", command="pytest 2>&1 | tail"))) == Diff()


def test_a_failed_or_rejected_edit_changed_nothing() -> None:
    calls = (edit("/work/app/a.py", status="error"), edit("/work/app/b.py", status="rejected"))

    assert changed(trace(*calls)) == Diff()


def test_a_new_file_stays_new_when_it_is_edited_again() -> None:
    calls = (edit("/work/app/new.py", new=True), edit("/work/app/new.py"), edit("/work/app/old.py"))

    assert changed(trace(*calls)) == Diff(changed=("old.py",), added=("new.py",))


def test_a_path_outside_the_repository_is_dropped() -> None:
    assert inside("/tmp/x.py", "/work/app") == ""
    assert inside("../x.py", "/work/app") == ""
    assert inside("~/x.py", "") == ""
    assert inside("/work/app/src/x.py", "/work/app") == "src/x.py"
    assert inside("src/./x.py", "/work/app") == "src/x.py"


def test_an_edit_outside_only_changed_nothing_inside() -> None:
    assert changed(trace(edit("/tmp/notes.md", new=True))) == Diff()


def test_a_word_that_holds_an_arrow_writes_no_file() -> None:
    for command in ("grep 'def f() -> int' a.py", "ls >/dev/null", "node -e 'x => 1'", "git diff", "ruff check"):
        assert changed(trace(Call("Bash", "shell", "ok", command=command))) == Diff()


def test_files_written_by_a_program_are_not_guessed() -> None:
    for command in (
        "python -c \"open('a.py', 'w').write('')\"",
        "ruff check --fix",
        "ruff format .",
        "npx prettier --write .",
    ):
        assert changed(trace(Call("Bash", "shell", "ok", command=command))) is None


def test_a_new_file_that_was_removed_again_was_not_left() -> None:
    gone = Call("Bash", "shell", "ok", command="cd x && rm -f new.py '/work/app/also.py'")
    calls = (edit("/work/app/new.py", new=True), edit("/work/app/also.py", new=True), edit("/work/app/old.py"), gone)

    assert changed(trace(*calls)) == Diff(changed=("old.py",))


def test_a_file_that_was_made_again_stays_new() -> None:
    gone = Call("Bash", "shell", "ok", command="rm new.py")
    calls = (edit("new.py", new=True), gone, edit("new.py", new=True), edit("old.py"))

    assert changed(trace(*calls)) == Diff(changed=("old.py",), added=("new.py",))


def test_absolute_paths_without_a_working_directory_claim_nothing() -> None:
    assert changed(trace(edit("/testbed/src/app.py"), cwd="")) is None
    assert changed(trace(edit("/tmp/notes.md", new=True), edit("src/app.py"), cwd="")) == Diff(("src/app.py",))
