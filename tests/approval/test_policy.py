"""What a policy file may hold, and that one over another only grows more careful."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.approval.policy import load
from bot.errors import UserError

DEFAULT = (Path(__file__).resolve().parents[2] / "rules/approval/default.yml").read_text()
BASE = load(DEFAULT, "default.yml")


@pytest.mark.parametrize("text", ["{}", "version: 1", "caps: {open_pulls: 3}", "paths: {}"])
def test_what_is_left_out_stays_as_it_was(text):
    assert load(text, "flywheel.yml", BASE) == BASE


def test_the_default_is_as_the_design_says():
    assert BASE.enabled
    assert BASE.interactive.passing_episodes == 20
    assert BASE.caps.open_pulls == 3
    assert BASE.autonomous.kept_share == 0.85


def test_a_policy_may_be_more_careful():
    text = "enabled: false\ninteractive: {passing_episodes: 30, files: 1}\nautonomous: {kinds: []}\n"
    policy = load(text, "flywheel.yml", BASE)

    assert (policy.enabled, policy.interactive.passing_episodes, policy.interactive.files) == (False, 30, 1)
    assert policy.interactive.lines_added == BASE.interactive.lines_added
    assert policy.autonomous.kinds == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("caps: {open_pulls: 4}", "`caps.open_pulls` is less careful than the policy it stands on. Write at most 3."),
        ("interactive: {passing_episodes: 19}", "Write at least 20."),
        ("autonomous: {kept_share: 0.8}", "Write at least 0.85."),
        ("autonomous: {kinds: [guard]}", "Write some of guard-threshold,"),
        ("paths: {never: []}", "and more."),
        ("shared: {repositories: ['*/x']}", "Write all of */.github,"),
    ],
)
def test_a_policy_may_not_be_less_careful(text, says):
    with pytest.raises(UserError) as error:
        load(text, "flywheel.yml", BASE)

    assert str(error.value).startswith("flywheel.yml: ")
    assert says in str(error.value)


def test_switching_on_what_was_switched_off_is_less_careful():
    with pytest.raises(UserError, match="Write False"):
        load("enabled: true", "flywheel.yml", load("enabled: false", "base.yml", BASE))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no mapping of keys"),
        ("- 1", "no mapping of keys"),
        ("[", "no YAML that may stand here (line 1"),
        ("[" * 5000, "no YAML that may stand here"),
        ("a: &a [1]\nb: *a", "aliases"),
        ("enabled: true\nenabled: false", "a key stands twice"),
        ("#" * 70_000, "larger than 64 KiB"),
        ("enabeld: true", "`enabeld`. Known keys: version, enabled, paths,"),
        ("caps: {open: 1}", "`open` - at `caps`. Known keys: open_pulls, new_per_run, new_per_day,"),
        ("caps: 3", "at `caps`. Known keys: open_pulls"),
        ("version: 2", "at `version`"),
        ("caps: {open_pulls: yes}", "got `bool` - at `caps.open_pulls`"),
        ("caps: {open_pulls: -1}", "at `caps.open_pulls`"),
        ("interactive: {passes_disturbed: .nan}", "at `interactive.passes_disturbed`"),
        ("paths: {never: ['']}", "at `paths.never[0]`"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_mend(text, says):
    with pytest.raises(UserError) as error:
        load(text, "flywheel.yml", BASE)

    assert str(error.value).startswith("flywheel.yml: ")
    assert says in str(error.value)


def test_without_a_base_every_key_is_asked_for():
    with pytest.raises(UserError, match=r"missing required field `enabled`"):
        load("version: 1", "default.yml")


@given(st.text() | st.from_regex(r"(version|caps|paths|enabled): .{0,20}", fullmatch=True))
def test_any_text_is_a_policy_or_a_mistake_with_a_name(text):
    try:
        said = load(text, "flywheel.yml", BASE).version
    except UserError as error:
        said = str(error)

    assert said == 1 or said.startswith("flywheel.yml: ")
