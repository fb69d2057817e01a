"""A guard is registered in settings.json and taken out again, and nothing else moves."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.modifications.adapters.claude_hooks import add, command, events, guard_source, numbers, remove, tune

SCRIPT = ".claude/hooks/flywheel-loop-guard.py"
EVENTS = (("PostToolUse", "Edit|Bash"), ("Stop", ""))
ENTRY = {"hooks": [{"type": "command", "command": command(SCRIPT), "timeout": 10}]}
FOREIGN = {"matcher": "Bash", "hooks": [{"type": "command", "command": 'echo "}{][, \\\\"'}]}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HOOKS = st.fixed_dictionaries(
    {}, optional={event: st.lists(st.just(FOREIGN), max_size=2) for event in ("PostToolUse", "Stop", "PreToolUse")}
)
SETTINGS = st.builds(
    lambda other, hooks, first: {
        **({"hooks": hooks} if first and hooks is not None else {}),
        **other,
        **({"hooks": hooks} if hooks is not None else {}),
    },
    st.dictionaries(
        st.text(max_size=5).filter(lambda key: key not in ("hooks", "disableAllHooks")), VALUES, max_size=3
    ),
    st.none() | HOOKS,
    st.booleans(),
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    indent = draw(st.sampled_from([None, 1, 2, 4, "\t"]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")])) if indent is None else None
    text = json.dumps(draw(SETTINGS), indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
    text = draw(st.sampled_from(["", "\ufeff", "\n"])) + text + draw(st.sampled_from(["", "\n", " \n\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def read(text: str) -> dict:
    return json.loads(text.removeprefix("\ufeff"))


def test_settings_that_run_the_guard_already_are_left_alone() -> None:
    text = json.dumps({"hooks": {"PostToolUse": [{"matcher": "Write", **ENTRY}], "Stop": [ENTRY]}})

    assert add(text, SCRIPT, EVENTS) == text


def test_settings_without_the_guard_have_nothing_to_remove() -> None:
    text = '{"hooks": {"Stop": [], "PreToolUse": []}}'

    assert remove(text, SCRIPT) == text


def test_a_new_file_reads_as_people_write_it() -> None:
    expected = {"hooks": {"PostToolUse": [{"matcher": "Edit|Bash", **ENTRY}], "Stop": [ENTRY]}}

    assert add(None, SCRIPT, EVENTS) == json.dumps(expected, indent=2) + "\n"


def test_an_entry_takes_the_layout_of_its_neighbours() -> None:
    foreign = {"hooks": {"Stop": [{"hooks": []}]}}
    ours = {"hooks": {"Stop": [{"hooks": []}, ENTRY]}}

    assert add(json.dumps(foreign, indent="\t"), SCRIPT, (("Stop", ""),)) == json.dumps(ours, indent="\t")


@given(texts())
@settings(max_examples=400, deadline=None)
def test_the_entries_are_the_only_difference(text: str) -> None:
    before, after = read(text), read(add(text, SCRIPT, EVENTS))

    for event, matcher in EVENTS:
        groups = after["hooks"][event]
        assert groups.pop() == ({"matcher": matcher, **ENTRY} if matcher else ENTRY)
        if event not in before.get("hooks", {}):
            del after["hooks"][event]
    if "hooks" not in before:
        del after["hooks"]
    assert after == before


@given(texts())
@settings(max_examples=400, deadline=None)
def test_removal_gives_back_every_byte(text: str) -> None:
    assert remove(add(text, SCRIPT, EVENTS), SCRIPT) == text


@given(texts())
@settings(max_examples=100, deadline=None)
def test_adding_twice_changes_nothing_more(text: str) -> None:
    once = add(text, SCRIPT, EVENTS)

    assert add(once, SCRIPT, EVENTS) == once


@given(texts())
@settings(max_examples=100, deadline=None)
def test_two_guards_come_out_in_any_order(text: str) -> None:
    other = ".claude/hooks/flywheel-finish-guard.py"
    both = add(add(text, SCRIPT, EVENTS), other, EVENTS)

    assert remove(remove(both, other), SCRIPT) == text
    assert read(remove(remove(both, SCRIPT), other)) == read(text)


@pytest.mark.parametrize(
    "text", ["{}", "{ }", "{\n}\n", "{\r\n}", '{"hooks": {}}', '{"hooks":{"Stop":[]}}', '{\n  "hooks": { }\n}']
)
def test_empty_containers_come_back_as_they_were(text: str) -> None:
    assert remove(add(text, SCRIPT, EVENTS), SCRIPT) == text


def test_a_hook_that_somebody_put_beside_ours_stays() -> None:
    text = add("{}", SCRIPT, (("Stop", ""),)).replace(
        '"hooks": [\n          {', '"hooks": [\n          {"type": "command", "command": "mine"},\n          {'
    )

    assert read(remove(text, SCRIPT)) == {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "mine"}]}]}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{\n  // ours\n  "model": "opus"\n}', "no strict JSON"),
        ('{"a": 1,}', "no strict JSON"),
        ('{"a": NaN}', "no strict JSON"),
        ('{"hooks": {}, "hooks": {}}', "twice"),
        ("[" * 200_000, "nested too deep|no strict JSON"),
        ("[]", "no JSON object"),
        ('{"hooks": null}', "no object of events"),
        ('{"hooks": []}', "no object of events"),
        ('{"hooks": {"Stop": {}}}', "no array"),
        ('{"hooks": {"PreToolUse": ["x"]}}', "no array"),
        ('{"hooks": {"Stop": [{"type": "command"}]}}', "no array"),
        ('{"disableAllHooks": true}', "switched off"),
        ('{"a": "' + "x" * 1_100_000 + '"}', "longer"),
    ],
)
def test_settings_that_cannot_be_changed_safely_are_refused(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=rf"^\.claude/settings\.json: .*({reason})"):
        add(text, SCRIPT, EVENTS)


def test_the_command_runs_where_the_path_has_spaces(tmp_path: Path) -> None:
    script = tmp_path / "my project" / SCRIPT
    script.parent.mkdir(parents=True)
    script.write_text("import sys; print(sys.flags.isolated, sys.flags.no_site)")

    run = subprocess.run(
        ["/bin/sh", "-c", command(SCRIPT)],
        env={"PATH": os.environ["PATH"], "CLAUDE_PROJECT_DIR": str(tmp_path / "my project")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout == "1 1\n"


def test_only_the_number_of_a_threshold_changes() -> None:
    source = "NUDGE = 8  # edits\nPAUSE = 12\nLIMIT = 16_000_000\nif x:\n    PAUSE = 1\n"

    assert numbers(source) == {"NUDGE": 8, "PAUSE": 12}
    assert tune(source, {"nudge": 3, "PAUSE": 5, "other": 1}) == source.replace("8 ", "3 ").replace("12", "5")


def test_an_unknown_guard_is_refused() -> None:
    with pytest.raises(UserError, match=r"no-guard: is no guard"):
        guard_source("no-guard")
    with pytest.raises(UserError):
        guard_source("../../errors")


def test_a_guard_names_its_events_and_thresholds() -> None:
    assert set(dict(events("loop-guard"))) == {"PreToolUse", "PostToolUse", "PostToolUseFailure"}
    assert "Stop" in dict(events("finish-guard"))
    assert {"NUDGE", "PAUSE"} <= set(numbers(guard_source("loop-guard")))
