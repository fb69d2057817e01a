"""What people do in the stand-in is told as GitHub tells it: PyGithub reads it, and the fixture holds each answer."""

from __future__ import annotations

import github as pygithub
import pytest

from tests.github.fleet import commit, open_pull
from tests.github.server import GitHub
from tests.github.world import Repository, World


def test_a_timeline_tells_who_did_what_in_which_order(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World
) -> None:
    commit(world, shop, "work", {"a.txt": "a\n"})
    number = open_pull(world, shop, "work", "Mend it", "Fixes #1").number
    repo = ann.get_repo("octo/shop")
    issue = repo.get_issue(number)
    issue.add_to_labels("bug")
    issue.remove_from_labels("bug")
    issue.create_comment("Hm.")
    repo.get_pull(number).create_review(body="Fine.", event="APPROVE")
    issue.edit(title="Mend it well", state="closed")

    told = [event.event for event in issue.get_timeline()]

    assert sorted(told) == sorted(["committed", "labeled", "unlabeled", "commented", "reviewed", "renamed", "closed"])
    assert [("labeled", "ann"), ("unlabeled", "ann")] == [
        (event.event, event.actor.login) for event in issue.get_timeline() if event.event.endswith("labeled")
    ]


def test_a_label_made_anew_is_another_one(github: GitHub, ann: pygithub.Github, shop: Repository) -> None:
    repo = ann.get_repo("octo/shop")
    first = repo.create_label("bug", "ff0000")
    first.edit("bug!", "ff0000")
    renamed = shop.labels[0].id
    repo.get_label("bug!").delete()
    repo.create_label("bug", "ff0000")

    assert ["bug"] == [label.name for label in shop.labels]
    assert renamed != shop.labels[0].id


@pytest.mark.parametrize("role", ["read", "triage", "write", "maintain", "admin", "none"])
def test_a_role_is_told_by_both_its_names(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World, role: str
) -> None:
    world.user("bea")
    shop.roles["bea"] = role

    told = ann.get_repo("octo/shop").get_collaborator_role_name("bea")

    assert role == told


def test_a_pull_that_waits_for_its_checks_merges_when_they_are_green(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World
) -> None:
    shop.required_checks, shop.allow_auto_merge = ("ci",), True
    head = commit(world, shop, "work", {"a.txt": "a\n"})
    number = open_pull(world, shop, "work", "Mend it", "").number
    repo = ann.get_repo("octo/shop")
    pull = repo.get_pull(number)
    assert "blocked" == pull.mergeable_state
    shop.issues[number].pull.armed_by = world.user("ann")
    assert not repo.get_pull(number).merged

    world.check(shop, head, "ci")

    assert repo.get_pull(number).merged
    assert "ann" == repo.get_pull(number).merged_by.login


@pytest.mark.parametrize(("role", "merged"), [("read", False), ("triage", False), ("write", True), ("admin", True)])
def test_only_the_push_of_who_may_not_write_takes_auto_merge_back(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World, role: str, *, merged: bool
) -> None:
    shop.required_checks, shop.allow_auto_merge, shop.roles = ("ci",), True, {"bea": role}
    commit(world, shop, "work", {"a.txt": "a\n"})
    number = open_pull(world, shop, "work", "Mend it", "").number
    shop.issues[number].pull.armed_by = world.user("ann")

    world.check(shop, commit(world, shop, "work", {"b.txt": "b\n"}, "bea"), "ci")

    assert merged == ann.get_repo("octo/shop").get_pull(number).merged


def test_what_a_rule_requires_cannot_be_passed_by(
    github: GitHub, ann: pygithub.Github, shop: Repository, world: World
) -> None:
    shop.required_checks = ("ci",)
    head = commit(world, shop, "work", {"a.txt": "a\n"})
    number = open_pull(world, shop, "work", "Mend it", "").number
    pull = ann.get_repo("octo/shop").get_pull(number)

    with pytest.raises(pygithub.GithubException, match="405"):
        pull.merge()
    world.check(shop, head, "ci", "failure")
    with pytest.raises(pygithub.GithubException, match="405"):
        pull.merge()
    world.check(shop, head, "ci")

    assert pull.merge().merged


def test_a_reaction_is_there_once(github: GitHub, ann: pygithub.Github, shop: Repository, world: World) -> None:
    number = open_pull_on(world, shop)
    comment = ann.get_repo("octo/shop").get_issue(number).create_comment("/flywheel explain")

    comment.create_reaction("+1")
    comment.create_reaction("+1")

    assert ["+1"] == [one.content for one in comment.get_reactions()]


def test_statuses_are_told_beside_checks(github: GitHub, ann: pygithub.Github, shop: Repository, world: World) -> None:
    head = commit(world, shop, "work", {"a.txt": "a\n"})
    world.status(shop, head, "jenkins", "failure")
    world.check(shop, head, "ci", None)

    told = ann.get_repo("octo/shop").get_commit(head)

    assert "failure" == told.get_combined_status().state
    assert [("ci", "in_progress", None)] == [(one.name, one.status, one.conclusion) for one in told.get_check_runs()]


def open_pull_on(world: World, shop: Repository) -> int:
    commit(world, shop, "work", {"a.txt": "a\n"})
    return open_pull(world, shop, "work", "Mend it", "").number
