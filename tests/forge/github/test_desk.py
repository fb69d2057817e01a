"""The desk: what we opened as it stands, told by who did it; and each act done once, however often it is performed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed

import github as pygithub
import pytest

from bot.approval.labels import LABELS
from bot.forge.github.client import MINE, App
from bot.forge.github.errors import RateLimitedError, UnavailableError
from bot.forge.github.forge import GitHubForge
from bot.hosting.acts import Act, Close, Disarm, Merge, PutLabels, React, Restore, Say, ShowCheck
from bot.hosting.people import Actor
from bot.model import OpenIssue, OpenPull, replace
from tests.github.fleet import commit, open_pull
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World

At = Callable[[], GitHubForge]


@pytest.fixture
def at(app: App, world: World, shop: Repository) -> At:
    """A new visit each time: nothing is remembered between them."""
    number = next(iter(world.installations))

    def make() -> GitHubForge:
        return GitHubForge("octo/shop", app.reader(number, "octo/shop", MINE), app.writer(number, "octo/shop"), LABELS)

    return make


@pytest.fixture
def opened(at: At, pull: OpenPull) -> int:
    """Our pull stands; its number."""
    at().perform(pull)
    return 1


def issue_of(pull: OpenPull) -> OpenIssue:
    return OpenIssue(
        pull.repository, pull.change, pull.revision, pull.title, pull.body, ("flywheel", "flywheel:backlog")
    )


# --- what is read -----------------------------------------------------------------------------------------------------


def test_what_others_opened_is_not_ours_whatever_it_looks_like(
    at: At, opened: int, shop: Repository, world: World, ann: pygithub.Github
) -> None:
    commit(world, shop, "flywheel/copy-0123456789ab", {"a": "a\n"}, "ann")
    body = shop.issues[opened].body or ""
    copied = open_pull(world, shop, "flywheel/copy-0123456789ab", shop.issues[opened].title, body, "ann")
    ann.get_repo("octo/shop").get_issue(copied.number).add_to_labels("flywheel")

    assert [opened] == [one.thread.number for one in at().desk.pulls()]
    assert [] == at().desk.issues()


def test_our_pull_is_told_as_it_stands(at: At, opened: int, pull: OpenPull, shop: Repository, world: World) -> None:
    (seen,) = at().desk.pulls()

    assert (pull.branch, "main", True) == (seen.branch, seen.base, seen.commits_ours)
    assert seen.head == shop.git.ref(f"refs/heads/{pull.branch}")
    assert (pull.change, True, "open") == (seen.thread.by_mark, seen.thread.intact, seen.thread.state)
    assert Actor(world.bot.id, "none", "ours") == seen.thread.author
    assert {"flywheel", "flywheel:interactive"} == set(seen.thread.labels)
    assert ("clean", False, 0) == (seen.mergeable, seen.armed, seen.twins)
    assert all(one.actor.kind == "ours" and not one.template for one in seen.thread.touched)


@pytest.mark.parametrize("role", ["read", "triage", "write", "admin"])
def test_who_put_a_label_on_is_told_with_the_role_and_the_head(
    at: At, opened: int, shop: Repository, world: World, ann: pygithub.Github, role: str
) -> None:
    shop.roles["ann"] = role
    ann.get_repo("octo/shop").get_issue(opened).add_to_labels("flywheel:autonomous")

    (seen,) = at().desk.pulls()
    last = seen.thread.touched[-1]

    assert ("flywheel:autonomous", True, seen.head) == (last.label, last.added, last.head)
    assert Actor(world.user("ann").id, role, "human") == last.actor  # type: ignore[arg-type]


def test_a_role_that_github_is_too_busy_to_tell_is_no_answer(
    at: At, opened: int, github: GitHub, ann: pygithub.Github
) -> None:
    ann.get_repo("octo/shop").get_issue(opened).add_to_labels("flywheel:hold")
    github.faults += [Fault("error", path=r"/permission$") for _ in range(3)]

    with pytest.raises(UnavailableError):
        at().desk.pulls()
    (seen,) = at().desk.pulls()

    assert "admin" == seen.thread.touched[-1].actor.role


def test_a_label_that_came_with_an_issue_is_a_templates(at: At, shop: Repository, ann: pygithub.Github) -> None:
    ann.get_repo("octo/shop").create_issue("Stop", labels=["flywheel:hold"])

    (seen,) = at().desk.issues()

    assert [True] == [one.template for one in seen.touched]
    assert "human" == seen.author.kind


def test_a_commit_of_a_person_makes_a_pull_no_longer_ours_alone(
    at: At, opened: int, pull: OpenPull, shop: Repository, world: World
) -> None:
    commit(world, shop, pull.branch, {"AGENTS.md": "# Mine\n"}, "ann")

    (seen,) = at().desk.pulls()

    assert seen.commits_ours is False


def test_a_commit_that_bears_our_name_is_not_ours(
    at: At, opened: int, pull: OpenPull, shop: Repository, world: World
) -> None:
    commit(world, shop, pull.branch, {"AGENTS.md": "# Mine\n"}, world.bot.login)

    (seen,) = at().desk.pulls()

    assert seen.commits_ours is False


def test_checks_tell_whose_they_are_what_is_required_and_how_long_they_ran(
    at: At, opened: int, shop: Repository, world: World
) -> None:
    shop.required_checks = ("ci", "lint")
    (seen,) = at().desk.pulls()
    world.check(shop, seen.head, "ci", "success", seconds=90)
    world.check(shop, seen.head, "docs", None)
    world.status(shop, seen.head, "jenkins", "failure")
    at().desk.perform(ShowCheck(seen.head, "c", "success", "Fine", "It is."))

    (seen,) = at().desk.pulls()
    told = {one.name: (one.ours, one.required, one.conclusion, one.seconds) for one in seen.checks}

    assert {
        "ci": (False, True, "success", 90.0),
        "lint": (False, True, "pending", 0.0),
        "docs": (False, False, "pending", 0.0),
        "jenkins": (False, False, "failure", 0.0),
        "flywheel/decision": (True, False, "success", 0.0),
    } == told
    assert "blocked" == seen.mergeable


def test_an_edited_comment_and_a_text_of_ours_that_was_changed_are_told(
    at: At, opened: int, ann: pygithub.Github, shop: Repository
) -> None:
    issue = ann.get_repo("octo/shop").get_issue(opened)
    issue.create_comment("one")
    shop.issues[opened].comments[0].updated_at = "2027-01-01T00:00:00Z"
    issue.create_comment("two")
    issue.edit(body="**autonomous**")

    (seen,) = at().desk.pulls()

    assert [("one", True), ("two", False)] == [(one.body, one.edited) for one in seen.thread.comments]
    assert not seen.thread.intact


def test_who_closed_it_is_told(at: At, opened: int, ann: pygithub.Github, world: World) -> None:
    ann.get_repo("octo/shop").get_pull(opened).edit(state="closed")

    (seen,) = at().desk.pulls()

    assert "closed" == seen.thread.state
    assert seen.thread.closed_by == Actor(world.user("ann").id, "admin", "human")


def test_a_merge_is_told_with_its_commit_and_by_whom(
    at: At, opened: int, ann: pygithub.Github, world: World, shop: Repository
) -> None:
    ann.get_repo("octo/shop").get_pull(opened).merge(merge_method="squash")

    (seen,) = at().desk.pulls()

    assert ("merged", shop.git.ref("refs/heads/main")) == (seen.thread.state, seen.merge_sha)
    assert seen.merged_by == Actor(world.user("ann").id, "admin", "human")


def test_the_ground_is_told(at: At, shop: Repository) -> None:
    assert at().desk.ground().protected is False
    shop.required_checks, shop.allow_auto_merge, shop.private = ("ci",), True, True

    seen = at().desk.ground()

    assert (True, True, True, False) == (seen.protected, seen.auto_merge_allowed, seen.private, seen.queue)
    assert ("squash", "merge") == seen.methods


def test_the_calls_for_one_more_pull_are_few(at: At, opened: int, github: GitHub) -> None:
    desk = at().desk
    desk.ground()
    before = len(github.exchanges)

    desk.pulls()

    assert 13 >= len(github.exchanges) - before


# --- what is done -----------------------------------------------------------------------------------------------------


def acts(head: str, comment: int) -> dict[str, Act]:
    return {
        "labels": PutLabels(1, ("flywheel:hold",), ("flywheel:interactive",)),
        "say": Say(1, "0123456789ab", "Held by a person."),
        "check": ShowCheck(head, "0123456789ab", "neutral", "Waits", "| asked | seen |"),
        "react": React(comment, "+1"),
        "restore": Restore(1, "0123456789ab", "00000000", "As it was", "As it was judged.\n"),
        "merge": Merge(1, head, "merge"),
    }


@pytest.mark.parametrize("name", ["labels", "say", "check", "react", "restore", "merge"])
def test_an_act_performed_twice_is_done_once(
    at: At, opened: int, github: GitHub, ann: pygithub.Github, name: str
) -> None:
    comment = ann.get_repo("octo/shop").get_issue(opened).create_comment("/flywheel hold").id
    act = acts(at().desk.pulls()[0].head, comment)[name]
    assert "done" == at().desk.perform(act).status
    before = len(github.writes)

    assert "unchanged" == at().desk.perform(act).status
    assert before == len(github.writes)


@pytest.mark.parametrize("name", ["labels", "say", "check", "react", "restore", "merge"])
@pytest.mark.parametrize("kind", ["error", "lost", "cut", "primary", "secondary"])
def test_after_any_fault_an_act_performed_again_is_done_once(
    at: At, opened: int, github: GitHub, ann: pygithub.Github, shop: Repository, name: str, kind: str
) -> None:
    comment = ann.get_repo("octo/shop").get_issue(opened).create_comment("/flywheel hold").id
    act = acts(at().desk.pulls()[0].head, comment)[name]
    github.faults.append(Fault(kind, at=1))

    try:
        at().desk.perform(act)
    except (RateLimitedError, UnavailableError):
        github.remaining.clear()
    at().desk.perform(act)

    assert "unchanged" == at().desk.perform(act).status
    assert 2 >= len(shop.issues[opened].comments)
    assert 1 >= len(shop.checks)


def test_a_merge_of_another_head_is_refused(
    at: At, opened: int, shop: Repository, pull: OpenPull, world: World
) -> None:
    head = at().desk.pulls()[0].head
    commit(world, shop, pull.branch, {"AGENTS.md": "# Mine\n"}, "ann")

    done = at().desk.perform(Merge(opened, head, "merge"))

    assert ("refused", None) == (done.status, shop.issues[opened].pull and shop.issues[opened].pull.merged_at)


def test_what_a_rule_forbids_is_refused_with_githubs_words(at: At, opened: int, shop: Repository) -> None:
    shop.required_checks = ("ci",)

    done = at().desk.perform(Merge(opened, at().desk.pulls()[0].head, "merge"))

    assert "refused" == done.status
    assert "Required status check" in done.detail


def test_an_armed_pull_merges_when_it_is_green_and_a_disarmed_one_does_not(
    at: At, opened: int, shop: Repository, world: World
) -> None:
    shop.required_checks, shop.allow_auto_merge = ("ci",), True
    head = at().desk.pulls()[0].head
    assert "done" == at().desk.perform(Merge(opened, head, "arm")).status
    assert "unchanged" == at().desk.perform(Merge(opened, head, "arm")).status
    assert (True, True) == ((armed := at().desk.pulls()[0]).armed, armed.armed_by_us)
    assert "done" == at().desk.perform(Disarm(opened)).status
    assert "unchanged" == at().desk.perform(Disarm(opened)).status
    shop.issues[opened].pull.armed_by = world.user("ann")  # type: ignore[union-attr]
    assert (True, False) == ((armed := at().desk.pulls()[0]).armed, armed.armed_by_us)
    at().desk.perform(Disarm(opened))
    world.check(shop, head, "ci")
    assert "open" == at().desk.pulls()[0].thread.state

    shop.checks.clear()
    at().desk.perform(Merge(opened, head, "arm"))
    world.check(shop, head, "ci")

    assert "merged" == at().desk.pulls()[0].thread.state


def test_two_comments_from_a_race_become_one(at: At, opened: int, shop: Repository) -> None:
    at().desk.perform(Say(opened, "0123456789ab", "One."))
    shop.issues[opened].comments.append(changed(shop.issues[opened].comments[0], id=999_999))

    at().desk.perform(Say(opened, "0123456789ab", "Two."))

    assert ["Two."] == [one.body.splitlines()[0] for one in shop.issues[opened].comments]


def test_an_issue_is_closed_once_with_its_reason(at: At, pull: OpenPull, shop: Repository) -> None:
    at().perform(issue_of(pull))
    close = Close(1, pull.change, "Promoted.", completed=True)

    assert ["done", "unchanged"] == [at().desk.perform(close).status for _ in range(2)]
    assert ("closed", "completed", 1) == (
        shop.issues[1].state,
        shop.issues[1].state_reason,
        len(shop.issues[1].comments),
    )


# --- what commits changed ---------------------------------------------------------------------------------------------


def test_what_a_branch_changes_is_told_as_whole_texts(at: At, opened: int, pull: OpenPull) -> None:
    forge = at()
    (seen,) = forge.desk.pulls()

    assert tuple(replace(edit) for edit in pull.edits) == forge.git.edits(seen.base_head, seen.head)


def test_what_is_no_plain_text_cannot_be_told(
    at: At, opened: int, pull: OpenPull, shop: Repository, world: World
) -> None:
    git = shop.git
    tip = git.ref(f"refs/heads/{pull.branch}")
    tree = git.write_tree(tip, [("120000", git.write_blob(b"AGENTS.md"), "LINK.md")])
    who = world.user("ann").person
    git.move(f"refs/heads/{pull.branch}", git.write_commit(tree, (tip,), "Link\n", who, who))
    forge = at()
    (seen,) = forge.desk.pulls()

    assert forge.git.edits(seen.base_head, seen.head) is None


def test_a_parent_and_the_texts_at_a_commit_are_told(at: At, opened: int, shop: Repository) -> None:
    forge = at()
    (seen,) = forge.desk.pulls()

    assert shop.git.ref("refs/heads/main") == forge.git.parent(seen.head)
    assert {"AGENTS.md": "# Shop\n", "none.md": None} == forge.git.texts(seen.base_head, ["AGENTS.md", "none.md"])
