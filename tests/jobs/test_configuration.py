"""A file may only ask for more care, is read strictly, and a broken one makes us look on; one issue says why."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from bot.approval.care import careless
from bot.approval.policy import Policy
from bot.commands.wiring import shipped_policy
from bot.errors import UserError
from bot.jobs import configuration
from bot.jobs.configuration import PATH, PURPOSE, START, effects, load, read
from bot.jobs.identity import identity
from bot.model import CloseChange, OpenIssue

ISSUE = identity(PURPOSE)
WORDS = (
    "version: 1\n",
    "mode: ",
    "observe",
    "propose",
    "\n",
    "policy: ",
    "{caps: ",
    "{open_pulls: ",
    "2",
    "}",
    "pause: yes\n",
)


@pytest.fixture(scope="module")
def base() -> Policy:
    return shipped_policy()


def policy(**sections: object) -> str:
    return f"version: 1\npolicy: {json.dumps(sections)}\n"


# --- what is left alone -----------------------------------------------------------------------------------------------


def test_without_a_file_of_its_own_nothing_is_done_in_a_repository(base: Policy) -> None:
    for shared in (None, "version: 1\n"):
        found = read(None, shared, base)

        assert (False, False, False) == (found.present, found.proposes, found.policy.enabled)
        assert () == found.problems


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "version: 2\n",
        "version: 1\nmode: yolo\n",
        "version: 1\nautomerge: true\n",
        "version: 1\npause: maybe\n",
        "version: 1\ntrials: {workflow: ../x.yml}\n",
        "version: 1\ntrials: {}\n",
        "version: 1\npolicy: {caps: {open_pulls: 99}}\n",
        "version: 1\npolicy: {nonsense: 1}\n",
        "version: 1\npolicy: {caps: {2026-01-01: 1}}\n",
        "version: 1\npolicy: {caps: {open_pulls: 0x" + "f" * 9_000 + "}}\n",
        "version: 1\npolicy: {autonomous: {kept_share: .nan}}\n",
        "version: 1\nversion: 1\n",
        "a: &a [*a]\n",
        "version: 1\x00",
        "version: 1\n" + "#" * 70_000,
    ],
)
def test_a_file_that_cannot_be_read_means_observe_only(text: str, base: Policy) -> None:
    found = read(text, None, base)

    assert (True, "observe", False, False) == (found.present, found.mode, found.proposes, found.policy.enabled)
    assert [False] == [one.shared for one in found.problems]


@given(st.text() | st.lists(st.sampled_from(WORDS), max_size=12).map("".join))
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_file_it_only_makes_us_more_careful(text: str) -> None:
    base = shipped_policy()

    found = read(text, None, base)

    assert not list(careless(to_builtins(found.policy), to_builtins(base)))


def test_a_broken_shared_file_stops_everybody(base: Policy) -> None:
    found = read(START, "nonsense: true\n", base)

    assert not found.proposes
    assert [True] == [one.shared for one in found.problems]


def test_a_pause_of_rollbacks_outlives_a_file_that_breaks_elsewhere(base: Policy) -> None:
    assert read("nonsense: 1\n", "version: 1\npause_rollbacks: true\n", base).pause_rollbacks


# --- what is said -----------------------------------------------------------------------------------------------------


def test_the_text_that_we_offer_is_a_file_that_proposes(base: Policy) -> None:
    found = read(START, None, base)

    assert found.proposes
    assert base == found.policy
    assert (False, False, None) == (found.dashboard, found.pause, found.trials)


def test_an_unknown_key_is_refused_with_the_known_ones(base: Policy) -> None:
    with pytest.raises(UserError) as caught:
        load("version: 1\nautomerge: true\n", PATH, base)

    assert str(caught.value).startswith(f"{PATH}: ")
    assert "`automerge`" in str(caught.value)
    assert "Known keys: version, mode, pause, pause_rollbacks, dashboard, trials, policy." in str(caught.value)


def test_a_policy_may_only_be_more_careful(base: Policy) -> None:
    with pytest.raises(UserError, match=r"`autonomous.files` is less careful .* Write at most 1"):
        load(policy(autonomous={"files": 2}), PATH, base)

    found = read(policy(autonomous={"kinds": []}, caps={"open_pulls": 1}), None, base)

    assert () == found.policy.autonomous.kinds
    assert 1 == found.policy.caps.open_pulls


@pytest.mark.parametrize(("own", "shared"), [("observe", "propose"), ("propose", "observe")])
def test_the_more_careful_mode_holds(own: str, shared: str, base: Policy) -> None:
    found = read(f"version: 1\nmode: {own}\n", f"version: 1\nmode: {shared}\n", base)

    assert ("observe", False, False) == (found.mode, found.proposes, found.policy.enabled)


def test_of_two_policies_the_more_careful_word_holds_key_by_key(base: Policy) -> None:
    own = policy(
        caps={"open_pulls": 2, "new_per_run": 1},
        autonomous={"kinds": ["lint-rule", "guard-threshold"], "repositories": 4},
        paths={"never": [*base.paths.never, "mine/*"]},
    )
    shared = policy(
        caps={"open_pulls": 1, "new_per_run": 2},
        autonomous={"kinds": ["guard-threshold"], "repositories": 5},
        paths={"never": [*base.paths.never, "theirs/*"]},
        watch={"charts": [{"expected": c.expected, "feared": c.feared, "alarm": 1.0} for c in base.watch.charts]},
    )

    found = read(own, shared, base)

    assert (1, 1) == (found.policy.caps.open_pulls, found.policy.caps.new_per_run)
    assert (("guard-threshold",), 5) == (found.policy.autonomous.kinds, found.policy.autonomous.repositories)
    assert {"mine/*", "theirs/*"} <= set(found.policy.paths.never)
    assert {1.0} == {chart.alarm for chart in found.policy.watch.charts}
    turned = read(shared, own, base).policy
    assert set(found.policy.paths.never) == set(turned.paths.never)
    assert found.policy.autonomous == turned.autonomous
    assert any("policy.caps.open_pulls" in note for note in found.notes)
    assert not any("caps.new_per_run" in note for note in found.notes)


def test_what_the_owner_shares_is_noted_where_it_holds(base: Policy) -> None:
    found = read("version: 1\n", "version: 1\npause: true\ndashboard: true\n", base)

    assert (True, True, False) == (found.pause, found.dashboard, found.proposes)
    assert [
        "`pause: true` holds: the owner's shared file says so.",
        "`dashboard: true` holds: the owner's shared file says so.",
    ] == list(found.notes)


def test_a_repositorys_own_trial_workflow_goes_before_the_shared_one(base: Policy) -> None:
    for own, expected in (("version: 1\n", "shared.yml"), ("version: 1\ntrials: {workflow: own.yaml}\n", "own.yaml")):
        found = read(own, "version: 1\ntrials: {workflow: shared.yml}\n", base)

        assert found.trials is not None
        assert expected == found.trials.workflow


# --- the one issue ----------------------------------------------------------------------------------------------------


def test_one_issue_says_why_and_goes_when_it_is_mended(base: Policy) -> None:
    broken, good = read("version: 1\nmode: yolo\n", None, base), read(START, None, base)

    (opened,) = effects("octo/shop", broken, open_now=False)

    assert isinstance(opened, OpenIssue)
    assert "yolo" in opened.body
    assert (opened,) == effects("octo/shop", broken, open_now=True)
    (closed,) = effects("octo/shop", good, open_now=True)
    assert isinstance(closed, CloseChange)
    assert ISSUE == opened.change == closed.change


def test_where_all_is_well_nothing_is_said(base: Policy) -> None:
    assert () == effects("octo/shop", read(START, None, base), open_now=False)


def test_the_text_of_a_file_cannot_leave_its_frame_in_the_issue(base: Policy) -> None:
    found = read('version: 1\n"```\\n@octo/team fixes #1": 1\n', None, base)

    (opened,) = effects("octo/shop", found, open_now=False)

    assert isinstance(opened, OpenIssue)
    before, framed, rest = opened.body.partition("````text\n")
    inside, _, after = rest.partition("\n````\n")
    assert framed
    assert "@octo/team" in inside
    assert "@octo" not in before + after


def test_a_broken_shared_file_is_said_where_it_stands_and_nowhere_else(base: Policy) -> None:
    found = read(START, "nonsense: true\n", base)

    assert () == effects("octo/shop", found, open_now=False)
    (said,) = effects("octo/.github", found, open_now=False)

    assert isinstance(said, OpenIssue)
    assert "in every repository of this owner" in said.body
    assert "`flywheel.yml` cannot be read" in said.title


def test_both_files_of_the_shared_repository_are_said_in_one_issue(base: Policy) -> None:
    (said,) = effects("octo/.github", read("a: 1\n", "b: 1\n", base), open_now=False)

    assert isinstance(said, OpenIssue)
    assert ("`a`" in said.body, "`b`" in said.body) == (True, True)


def test_every_key_is_documented() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = [*configuration.File.__struct_fields__, *configuration.Trials.__struct_fields__]

    assert [] == [key for key in keys if f"`{key}`" not in text]
    assert START in text
