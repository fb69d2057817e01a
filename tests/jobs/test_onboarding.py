"""Nobody is asked twice, nobody private is named in public, only a writer starts a repository, and a no is a no."""

from typing import get_args

import pytest

from bot.commands.wiring import shipped_detectors, shipped_policy
from bot.hosting.acts import React
from bot.hosting.people import Actor, Kind, Role
from bot.hosting.places import Repository
from bot.hosting.pulls import Comment
from bot.jobs.configuration import PURPOSE
from bot.jobs.identity import ASIDE, identity
from bot.jobs.onboarding import (
    BRANCH,
    ONBOARDING,
    PILOT,
    Candidate,
    asks_first,
    chosen,
    onboard,
    pilot,
    reactions,
    rehearse,
    spare,
    standing,
    starts,
)
from bot.model import Agent, Call, CloseChange, Episode, Harness, OpenIssue, Run, Source, Step, Trace, replace
from bot.pages.onboarding import Needed, Place, Rehearsal

NEEDED = Needed(5, 3, 20, 50)
NOW = "2026-11-25T03:00:00+00:00"


def repository(name: str, number: int = 1, **more: bool) -> Repository:
    return Repository(number, name, 77, private=more.pop("private", False), **more)


def candidate(name: str, pulls: int, failed: int, standing: str = "open", **more: bool) -> Candidate:
    return Candidate(repository(name, **more), pulls, failed, standing)  # type: ignore[arg-type]


SHOP, TILL = candidate("octo/shop", 9, 2), candidate("octo/till", 5, 4)
SHARED = candidate("octo/.github", 0, 0)


# --- where to start ---------------------------------------------------------------------------------------------------


def test_who_installed_it_on_one_repository_is_not_asked_where_to_start() -> None:
    assert not asks_first([repository("octo/shop")])
    assert not asks_first([repository("octo/shop"), repository("octo/old", archived=True)])
    assert asks_first([repository("octo/shop"), repository("octo/till")])


def test_where_no_agent_opens_pulls_nothing_is_asked() -> None:
    assert pilot("octo", [candidate("octo/shop", 0, 0), SHARED]) is None


def test_the_issue_lists_where_it_is_worst_first_and_stands_in_the_shared_repository() -> None:
    found = pilot("octo", [SHOP, TILL, SHARED])

    assert isinstance(found, OpenIssue)
    assert ("octo/.github", PILOT, ("flywheel",)) == (found.repository, found.change, found.labels)
    assert found.body.index("octo/till") < found.body.index("octo/shop")
    assert "octo/.github" not in found.body


def test_without_a_shared_repository_it_stands_where_agents_work_most() -> None:
    found = pilot("octo", [TILL, SHOP])

    assert isinstance(found, OpenIssue)
    assert "octo/shop" == found.repository


def test_it_never_moves_when_the_counts_do() -> None:
    found = pilot("octo", [TILL, candidate("octo/shop", 1, 0), SHARED], at="octo/shop")

    assert isinstance(found, OpenIssue)
    assert "octo/shop" == found.repository


def test_nothing_of_a_private_repository_is_shown_in_a_public_one() -> None:
    secret = candidate("octo/secret", 2, 1, private=True)

    found = pilot("octo", [SHOP, TILL, secret, SHARED])

    assert isinstance(found, OpenIssue)
    assert "secret" not in found.body
    assert "Private repositories are not named" in found.body


def test_where_the_worst_one_is_private_the_issue_stands_in_a_private_place() -> None:
    secret = candidate("octo/secret", 20, 19, private=True)

    found = pilot("octo", [SHOP, secret, SHARED])

    assert isinstance(found, OpenIssue)
    assert "octo/secret" == found.repository
    assert "octo/shop" in found.body
    assert "Private repositories are not named" not in found.body


def test_it_is_closed_when_everybody_has_an_answer_and_not_before() -> None:
    answered = [candidate("octo/shop", 9, 2, "configured"), candidate("octo/till", 5, 4, "off")]

    assert isinstance(pilot("octo", answered, at="octo/shop"), CloseChange)
    assert pilot("octo", answered) is None
    waiting = [answered[0], candidate("octo/till", 5, 4, "asked")]
    assert isinstance(pilot("octo", waiting, at="octo/shop"), OpenIssue)


def test_an_archived_repository_is_neither_listed_nor_a_host() -> None:
    old = candidate("octo/old", 50, 50, archived=True)

    found = pilot("octo", [old, TILL])

    assert isinstance(found, OpenIssue)
    assert "octo/old" not in found.body
    assert pilot("octo", [old, TILL], at="octo/old") is None


# --- who may start ----------------------------------------------------------------------------------------------------


def comment(body: str, kind: Kind = "human", *, number: int = 5, account: int = 9, edited: bool = False) -> Comment:
    return Comment(number, Actor(account, "none", kind), body, NOW, edited)


def role(repository: str, account: int) -> Role:
    """9 may write to shop, and only read till."""
    return "write" if (repository, account) == ("octo/shop", 9) else "read"


INSTALLED = [repository("octo/shop", 1), repository("octo/till", 2)]


@pytest.mark.parametrize(
    "body",
    [
        "/flywheel start",
        "/flywheel start shop",
        "/flywheel start octo/shop octo/till",
        "please /flywheel start octo/shop",
        "> /flywheel start octo/shop",
        "```\n/flywheel start octo/shop\n```",
        "    /flywheel start octo/shop",
        "<!--\n/flywheel start octo/shop\n-->",
        "/flywheel start octo/shop\u200b",
        "/flywheel hold",
    ],
)
def test_what_is_no_command_starts_nothing(body: str) -> None:
    assert () == starts([comment(body)], INSTALLED, role)


@pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if kind != "human"])
def test_only_people_start_anything(kind: Kind) -> None:
    assert () == starts([comment("/flywheel start octo/shop", kind)], INSTALLED, role)


def test_an_edited_comment_starts_nothing() -> None:
    assert () == starts([comment("/flywheel start octo/shop", edited=True)], INSTALLED, role)


@pytest.mark.parametrize("known", ["none", "read", "triage", "unknown"])
def test_less_than_write_in_that_very_repository_is_refused(known: Role) -> None:
    found = starts([comment("/flywheel start octo/shop")], INSTALLED, lambda _name, _account: known)

    assert [False] == [one.granted for one in found]
    assert frozenset() == chosen(found)


def test_a_repository_that_nobody_sees_is_refused_like_one_that_one_may_not_write() -> None:
    asked: list[str] = []

    found = starts(
        [comment("/flywheel start octo/nowhere"), comment("/flywheel start octo/till", number=6)],
        INSTALLED,
        lambda name, account: asked.append(name) or role(name, account),  # type: ignore[func-returns-value]
    )

    assert (React(5, "-1"), React(6, "-1")) == reactions(found)
    assert ["octo/till"] == asked


def test_a_writer_starts_a_repository_by_its_name_in_any_case() -> None:
    found = starts([comment("Let us begin.\r\n\r\n/flywheel start Octo/SHOP")], INSTALLED, role)

    assert frozenset({"octo/shop"}) == chosen(found)
    assert (React(5, "+1"),) == reactions(found)


def test_who_may_start_what_is_archived_waits_for_his_answer_and_who_may_not_is_refused() -> None:
    installed = [repository("octo/shop", archived=True), repository("octo/till", 2)]
    asked = [comment("/flywheel start octo/shop")]

    assert () == starts(asked, installed, lambda _name, _account: "write")
    assert (React(5, "-1"),) == reactions(starts(asked, installed, lambda _name, _account: "read"))


def test_what_was_obeyed_is_not_refused_when_the_repository_has_another_name() -> None:
    asked = [replace(comment("/flywheel start octo/formerly"), reactions=frozenset({"+1"}))]
    found = starts(asked, INSTALLED, role)

    assert frozenset() == chosen(found)
    assert () == reactions(found)


def test_a_comment_with_one_refused_start_is_refused_as_a_whole_in_its_reaction_only() -> None:
    found = starts([comment("/flywheel start octo/shop\n/flywheel start octo/till")], INSTALLED, role)

    assert frozenset({"octo/shop"}) == chosen(found)
    assert (React(5, "-1"),) == reactions(found)


def test_what_carries_no_modification_is_known_as_such() -> None:
    assert {ONBOARDING, PILOT, identity(PURPOSE)} == ASIDE


# --- one repository ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("past", "has_file", "is_chosen", "expected"),
    [
        ("none", False, False, "open"),
        ("none", False, True, "asked"),
        ("open", False, False, "asked"),
        ("closed", False, True, "off"),
        ("merged", False, True, "off"),
        ("merged", True, False, "configured"),
        ("none", True, False, "configured"),
        ("closed", True, False, "configured"),
    ],
)
def test_a_no_is_kept_and_a_file_is_a_yes(past: str, has_file: bool, is_chosen: bool, expected: str) -> None:
    assert expected == standing(past, has_file=has_file, is_chosen=is_chosen)


def test_the_pull_adds_one_file_and_only_its_text_changes_with_the_evidence() -> None:
    policy = shipped_policy()
    place = Place("https://github.com", "octo/shop", "main")
    first = onboard(repository("octo/shop"), Rehearsal(30, NEEDED), (), place, policy)
    later = onboard(
        repository("octo/shop"), rehearse(runs(3, 12), Harness("octo/shop"), policy, (), gone, NOW), (), place, policy
    )

    assert [".github/flywheel.yml"] == [edit.path for edit in first.edits]
    assert (BRANCH, ONBOARDING, ("flywheel",)) == (first.branch, first.change, first.labels)
    assert f"Flywheel-Change: {ONBOARDING}.{first.revision}" in first.message
    assert (first.revision, first.edits, first.message) == (later.revision, later.edits, later.message)
    assert "0 of 5 failures, 0 of 3 tasks, 0 of 50 passes" in first.body
    assert "3 of 5 failures, 3 of 3 tasks, 12 of 50 passes" in later.body


def test_a_pull_that_is_not_needed_any_more_is_closed_with_the_reason() -> None:
    assert spare("octo/shop", "open", has_file=False) is None
    assert spare("octo/shop", "closed", has_file=True) is None
    closing = spare("octo/shop", "open", has_file=True)

    assert closing is not None
    assert (BRANCH, "`.github/flywheel.yml` is there already.") == (closing.branch, closing.reason)


# --- the replay report ------------------------------------------------------------------------------------------------


def gone(_path: str) -> None:
    return None


def runs(failed: int, passed: int, repository: str = "octo/shop", at: str = "2026-11-20T10:00:00Z") -> list[Episode]:
    """Judged runs of an agent that did something, a task each."""
    source = Source("session.jsonl", "0" * 64, 100)
    trace = Trace("claude-code-session", (source,), (Step(0, 9, "x", (Call("Bash", "shell", "ok", "pytest"),)),) * 4)
    return [
        Episode(
            id=f"{repository}/{outcome}-{number}",
            repository=repository,
            outcome=outcome,
            trace=trace,
            task=f"{outcome}-{number}",
            agent=Agent("claude-code"),
            run=Run(number + 1, created_at=at),
        )
        for outcome, count in (("fail", failed), ("pass", passed))
        for number in range(count)
    ]


def test_the_report_is_of_this_repository_and_of_thirty_days_alone() -> None:
    policy = shipped_policy()
    others = runs(7, 7, "octo/till") + runs(7, 7, at="2026-09-01T00:00:00Z") + runs(2, 1, at="")

    found = rehearse([*runs(3, 12), *others], Harness("octo/shop"), policy, shipped_detectors(), gone, NOW)

    assert (3, 12, 3, 3) == (found.failed, found.passed, found.tasks, found.undated)
    assert (5, 3, 20, 50) == (
        found.needed.failures,
        found.needed.tasks,
        found.needed.passes,
        found.needed.most_passes,
    )


def test_a_report_without_runs_is_an_empty_one() -> None:
    found = rehearse([], Harness("octo/shop"), shipped_policy(), shipped_detectors(), gone, NOW)

    assert Rehearsal(30, found.needed) == found
