"""The desk where GitHub makes it hard: queues, answers that come late, forced branches, names that changed hands."""

from __future__ import annotations

from collections.abc import Callable

import github as pygithub
import pytest

from bot.approval.labels import LABELS
from bot.forge.github.client import MINE, RUN, App
from bot.forge.github.forge import GitHubForge
from bot.hosting.acts import Disarm, Merge, Rerun, ShowCheck
from bot.hosting.people import Actor
from bot.model import OpenPull
from tests.github.fleet import commit, open_pull
from tests.github.routes_reruns import end_attempt
from tests.github.server import GitHub
from tests.github.world import Repository, User, World

At = Callable[[], GitHubForge]


@pytest.fixture
def at(app: App, world: World, shop: Repository) -> At:
    """A new visit each time, with a token of its own for workflows."""
    number, name = next(iter(world.installations)), "octo/shop"

    def make() -> GitHubForge:
        runner = app.writer(number, name, RUN)
        return GitHubForge(name, app.reader(number, name, MINE), app.writer(number, name), LABELS, runner)

    return make


@pytest.fixture
def opened(at: At, pull: OpenPull) -> int:
    """Our pull stands; its number."""
    at().perform(pull)
    return 1


# --- protection and queues --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["required_checks", "protection"])
def test_a_required_check_is_told_whichever_way_it_is_required(
    at: At, opened: int, shop: Repository, kind: str
) -> None:
    setattr(shop, kind, ("ci",))

    (seen,) = at().desk.pulls()

    assert at().desk.ground().protected
    assert [("ci", True, "pending")] == [(one.name, one.required, one.conclusion) for one in seen.checks]
    assert "blocked" == seen.mergeable


def test_reviews_that_are_missing_block(at: At, opened: int, shop: Repository, ann: pygithub.Github) -> None:
    shop.protection, shop.required_reviews = (), 1
    assert "blocked" == at().desk.pulls()[0].mergeable
    ann.get_repo("octo/shop").get_pull(opened).create_review(body="Yes.", event="APPROVE")

    (seen,) = at().desk.pulls()

    assert "clean" == seen.mergeable
    assert [("approved", seen.head)] == [(one.state, one.head) for one in seen.reviews]


def test_a_pull_in_the_queue_is_armed_and_can_be_taken_out_of_it(
    at: At, opened: int, shop: Repository, world: World
) -> None:
    shop.queue = True
    head = at().desk.pulls()[0].head
    assert at().desk.ground().queue
    assert "refused" == at().desk.perform(Merge(opened, head, "merge")).status
    act = Merge(opened, head, "enqueue")
    assert ["done", "unchanged"] == [at().desk.perform(act).status for _ in range(2)]
    assert at().desk.pulls()[0].armed

    assert ["done", "unchanged"] == [at().desk.perform(Disarm(opened)).status for _ in range(2)]
    assert not at().desk.pulls()[0].armed

    at().desk.perform(act)
    world.merge_group(shop)
    assert "merged" == at().desk.pulls()[0].thread.state


def test_what_was_armed_and_then_queued_can_still_be_stopped(
    at: At, opened: int, shop: Repository, world: World
) -> None:
    shop.queue, shop.allow_auto_merge, shop.required_checks = True, True, ("ci",)
    head = at().desk.pulls()[0].head
    assert "done" == at().desk.perform(Merge(opened, head, "arm")).status
    world.check(shop, head, "ci")
    assert at().desk.pulls()[0].armed

    assert "done" == at().desk.perform(Disarm(opened)).status
    world.merge_group(shop)

    assert ("open", False) == (at().desk.pulls()[0].thread.state, at().desk.pulls()[0].armed)


def test_another_head_is_not_queued(at: At, opened: int, pull: OpenPull, shop: Repository, world: World) -> None:
    shop.queue = True
    head = at().desk.pulls()[0].head
    commit(world, shop, pull.branch, {"AGENTS.md": "# Mine\n"}, "ann")

    assert "refused" == at().desk.perform(Merge(opened, head, "enqueue")).status
    assert not at().desk.pulls()[0].armed


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merge_is_told_however_a_person_merges(
    at: At, opened: int, shop: Repository, ann: pygithub.Github, world: World, method: str
) -> None:
    shop.methods = (method,)
    ann.get_repo("octo/shop").get_pull(opened).merge(merge_method=method)

    (seen,) = at().desk.pulls()

    assert ("merged", shop.git.ref("refs/heads/main")) == (seen.thread.state, seen.merge_sha)
    assert Actor(world.user("ann").id, "admin", "human") == seen.merged_by == seen.thread.closed_by
    assert "# Shop\n\nRead the last check.\n" == shop.git.blob("refs/heads/main:AGENTS.md").decode()


def test_who_opened_it_again_is_told_with_the_time(at: At, opened: int, ann: pygithub.Github, world: World) -> None:
    (before,) = at().desk.pulls()
    pull = ann.get_repo("octo/shop").get_pull(opened)
    pull.edit(state="closed")
    pull.edit(state="open")

    (seen,) = at().desk.pulls()

    assert (None, "") == (before.thread.reopened_by, before.thread.reopened_at)
    assert Actor(world.user("ann").id, "admin", "human") == seen.thread.reopened_by
    assert seen.thread.created_at <= seen.thread.reopened_at


def test_a_pull_that_cannot_be_merged_is_dirty(at: At, opened: int, shop: Repository, world: World) -> None:
    commit(world, shop, "main", {"AGENTS.md": "# Another shop\n"}, "ann")

    (seen,) = at().desk.pulls()
    done = at().desk.perform(Merge(opened, seen.head, "merge"))

    assert ("dirty", "refused") == (seen.mergeable, done.status)


def test_github_is_asked_again_until_it_knows_whether_a_pull_can_be_merged(
    at: At, opened: int, shop: Repository
) -> None:
    shop.unsure = 1
    assert "clean" == at().desk.pulls()[0].mergeable
    waits: list[float] = []
    forge = at()
    forge.desk._sleep = waits.append
    shop.unsure = 100

    assert "unknown" == forge.desk.pulls()[0].mergeable
    assert 3 == len(waits)


def test_the_base_is_told_where_it_stands_now_not_where_it_stood(
    at: At, opened: int, shop: Repository, world: World, ann: pygithub.Github
) -> None:
    before = shop.git.ref("refs/heads/main")
    now = commit(world, shop, "main", {"b.txt": "b\n"}, "ann")
    assert before == ann.get_repo("octo/shop").get_pull(opened).base.sha

    (seen,) = at().desk.pulls()

    assert now == seen.base_head


# --- people and heads -------------------------------------------------------------------------------------------------


def test_after_a_forced_push_no_earlier_label_speaks_for_a_head(
    at: At, opened: int, pull: OpenPull, shop: Repository, world: World, ann: pygithub.Github
) -> None:
    first = shop.git.ref(f"refs/heads/{pull.branch}")
    commit(world, shop, pull.branch, {"b.txt": "b\n"}, "ann")
    issue = ann.get_repo("octo/shop").get_issue(opened)
    issue.add_to_labels("flywheel:autonomous")
    shop.git.move(f"refs/heads/{pull.branch}", first)
    assert first == ann.get_repo("octo/shop").get_pull(opened).head.sha
    issue.add_to_labels("flywheel:hold")

    (seen,) = at().desk.pulls()
    told = {one.label: one.head for one in seen.thread.touched}

    assert first == seen.head
    assert ("", first) == (told["flywheel:autonomous"], told["flywheel:hold"])


def test_a_name_that_changed_hands_brings_nobody_a_role(
    at: At, opened: int, world: World, shop: Repository, ann: pygithub.Github
) -> None:
    shop.roles["ann"] = "admin"
    ann.get_repo("octo/shop").get_issue(opened).add_to_labels("flywheel:autonomous")
    world.users["ann"] = User(next(world.numbers), "ann")

    (seen,) = at().desk.pulls()

    assert "unknown" == seen.thread.touched[-1].actor.role


def test_what_an_app_does_for_a_person_is_a_bots_doing(
    at: At, opened: int, world: World, shop: Repository, ann: pygithub.Github
) -> None:
    ann.get_repo("octo/shop").get_issue(opened).add_to_labels("flywheel:autonomous")
    shop.issues[opened].events[-1].by_app = True

    (seen,) = at().desk.pulls()

    assert Actor(world.user("ann").id, "none", "bot") == seen.thread.touched[-1].actor


def test_a_check_of_our_app_is_ours_under_any_name(at: At, opened: int, shop: Repository, world: World) -> None:
    head = at().desk.pulls()[0].head
    world.check(shop, head, "ci", app=world.app_slug)
    world.check(shop, head, "flywheel/trial", app="somebody")
    world.check(shop, head, "lint", app="somebody")

    (seen,) = at().desk.pulls()

    assert {"ci": True, "flywheel/trial": True, "lint": False} == {one.name: one.ours for one in seen.checks}


def test_a_check_that_another_app_calls_like_ours_is_not_written_to(
    at: At, opened: int, shop: Repository, world: World
) -> None:
    head = at().desk.pulls()[0].head
    theirs = world.check(shop, head, "flywheel/decision", "failure", app="somebody")
    theirs.external_id = "c"

    assert "done" == at().desk.perform(ShowCheck(head, "c", "success", "Fine", "It is.")).status
    assert "unchanged" == at().desk.perform(ShowCheck(head, "c", "success", "Fine", "It is.")).status
    assert ["failure", "success"] == [one.conclusion for one in shop.checks.values()]


# --- runs -------------------------------------------------------------------------------------------------------------


def test_failed_jobs_run_again_once(at: At, shop: Repository, world: World) -> None:
    world.installations[next(iter(world.installations))].permissions["actions"] = "write"
    made = world.run(shop, shop.git.ref("refs/heads/main"))

    assert ["done", "unchanged"] == [at().desk.perform(Rerun(made.id)).status for _ in range(2)]
    end_attempt(made, "failure")
    assert "unchanged" == at().desk.perform(Rerun(made.id)).status
    assert 2 == made.attempt

    assert "done" == at().desk.perform(Rerun(made.id, attempt=2)).status


def test_without_the_permission_nothing_runs_again_and_the_mend_is_said(at: At, shop: Repository, world: World) -> None:
    made = world.run(shop, shop.git.ref("refs/heads/main"))

    done = at().desk.perform(Rerun(made.id))

    assert ("refused", 1) == (done.status, made.attempt)
    assert "permissions" in done.detail


# --- how much is asked ------------------------------------------------------------------------------------------------


def test_an_open_pull_costs_five_calls_and_one_that_ended_one(
    at: At, opened: int, shop: Repository, world: World, github: GitHub
) -> None:
    def calls() -> int:
        desk = at().desk
        desk.ground()
        before = len(github.exchanges)
        desk.pulls()
        return len(github.exchanges) - before

    first = calls()
    for name in ("one", "two"):
        commit(world, shop, name, {f"{name}.txt": "1\n"}, world.bot.login)
        open_pull(world, shop, name, name, "", world.bot.login)
    third = calls()
    for number in (2, 3):
        shop.issues[number].state, shop.issues[number].closed_at = "closed", "2026-11-20T00:00:00Z"
    ended = calls()

    assert (5, 1) == ((third - first) // 2, (ended - first) // 2)
    assert 8 >= first
