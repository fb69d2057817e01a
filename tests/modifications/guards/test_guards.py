"""What both guards promise: they fail open, they are small, and a replay hears what the process says."""

import ast
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Call, Check, Step, Trace
from bot.modifications.backtest import views
from bot.modifications.guards import finish_guard, loop_guard

GUARDS = {"loop-guard": loop_guard, "finish-guard": finish_guard}
RED = "Exit code 1\nFAILED t.py::a\n1 failed"
each = pytest.mark.parametrize("guard", GUARDS)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(
    ["tool", "kind", "paths", "creates", "command", "check", "exit", "active", "failing", "stuck", "edits", "files"]
)


def blocked(project, guard):
    """A payload to which this guard has something to say."""
    if guard == "loop-guard":
        for _ in range(loop_guard.NUDGE):
            project.run(guard, "pytest", RED)
            project.edit(guard, "a.py")
        return project.edit(guard, "a.py")
    project.edit(guard, "a.py")
    return project.hook(guard, "Stop", stop_hook_active=False)


@each
def test_a_guard_is_under_80_lines_of_the_standard_library(guard):
    source = Path(GUARDS[guard].__file__).read_text()
    tree = ast.parse(source, feature_version=(3, 8))
    documented = [node for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.FunctionDef))]
    prose = {line for node in documented for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)}
    lines = [n for n, text in enumerate(source.splitlines(), 1) if text.strip(" ") and not text.startswith("#")]
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}

    assert len(set(lines) - prose) < 80
    assert imported <= sys.stdlib_module_names


@each
def test_a_guard_is_off_when_told(project, guard):
    project.env = {f"FLYWHEEL_{guard.replace('-', '_').upper()}": "off"}

    assert blocked(project, guard) == {}
    assert list(project.temp.iterdir()) == []


@each
@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"null", b"\xff\x00", b'{"session_id": 1}', b'{"session_id":"a"}' * 2, b"[" * 100_000]
)
def test_a_broken_payload_is_passed_over(project, guard, payload):
    assert project.raw(guard, payload) == ""


@each
@pytest.mark.parametrize("state", ["", "{", "[]", '{"edits": 3, "files": 3, "failing": {}}', "\udc80"])
def test_a_damaged_state_is_passed_over(project, guard, state):
    project.edit(guard, "a.py")
    (kept,) = project.temp.iterdir()
    kept.write_bytes(state.encode(errors="surrogateescape"))

    assert project.edit(guard, "a.py") == {}


@each
def test_a_folder_that_cannot_be_written_is_passed_over(project, guard):
    project.env = {"TMPDIR": str(project.temp / "none")}

    assert blocked(project, guard) == {}


@each
def test_nothing_is_written_through_a_link_or_beyond_the_bound(project, guard, tmp_path):
    outside, log = tmp_path / "outside", project.root / ".claude/flywheel-log.jsonl"
    log.symlink_to(outside)
    assert blocked(project, guard) != {}
    assert not outside.exists()

    log.unlink()
    log.write_text("x" * 256_000)
    project.session = "another"
    assert blocked(project, guard) != {}
    assert log.stat().st_size == 256_000


@each
def test_a_session_id_is_no_path(project, guard):
    project.session = "../../a/b"
    project.edit(guard, "a.py")

    assert [path.name.split("-")[-1] for path in project.temp.iterdir()] == ["ab"]
    assert (project.temp.parent / "a").exists() is False


@each
@given(state=anything | st.dictionaries(keys, anything), call=anything | st.dictionaries(keys, anything))
def test_decide_never_raises(guard, state, call):
    new, text = GUARDS[guard].decide(state, call)

    assert (type(new), type(text)) == (dict, str)


@each
def test_a_replay_hears_what_the_process_says(project, guard):
    red, green = Check("fail", ("FAILED t.py::a",)), Check("pass")
    story = [
        ("pytest", red),
        *["a.py", ("pytest", red)] * 2,
        *["a.py"] * (loop_guard.PAUSE + 2),
        ("git status", None),
        ("pytest", red),
        "a.py",
        "b.py",
        ("pytest", green),
        "a.py",
    ]
    project.hook(guard, "UserPromptSubmit", prompt="Mend it.")
    heard = []
    for what in story:
        if isinstance(what, str):
            heard.append(project.edit(guard, what))
        else:
            heard.append(project.run(guard, what[0], RED if what[1] == red else ""))
    heard.append(project.hook(guard, "Stop", stop_hook_active=False))

    calls = [
        Call("Write", "edit", "ok", paths=(f"/p/{what}",))
        if isinstance(what, str)
        else Call("Bash", "shell", "error" if what[1] == red else "ok", what[0], check=what[1])
        for what in story
    ]
    trace = Trace("x", (), tuple(Step(0, 0, "", (call,)) for call in calls), "finished", cwd="/p", prompt="Mend it.")
    state, said = {}, []
    for _, seen in views(guard, trace):
        state, text = GUARDS[guard].decide(state, seen)
        said.append(text)
    said = said[-len(heard) :] if guard == "finish-guard" else [*said, ""]

    assert any(said)
    assert [bool(text) for text in said] == [bool(one) for one in heard]
    assert all(json.dumps(text)[1:20] in json.dumps(one) for text, one in zip(said, heard, strict=True) if text)


@each
def test_hooks_that_run_at_once_leave_a_whole_state(project, guard):
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda n: project.edit(guard, f"{n}.py"), range(24)))
    (kept,) = project.temp.iterdir()

    assert said == [{}] * 24
    assert isinstance(json.loads(kept.read_text()), dict)
