"""The stand-in answers of CI and reviews as GitHub does, by the word of clients and descriptions that are not ours."""

import github as pygithub
import httpx
import pytest

from tests.github.server import GitHub
from tests.github.world import Issue, Repository, World


@pytest.fixture
def pull(shop: Repository, ann: pygithub.Github) -> Issue:
    repo = ann.get_repo("octo/shop")
    repo.create_git_ref("refs/heads/x", repo.get_branch("main").commit.sha)
    repo.create_file("new.md", "New", "new\n", "x")
    return shop.issues[repo.create_pull(title="t", body="b", head="x", base="main").number]


def head(pull: Issue) -> str:
    assert pull.pull
    return pull.pull.head_sha


def test_githubs_description_takes_every_answer(github: GitHub, world: World, shop: Repository, pull: Issue) -> None:
    sha = head(pull)
    made = world.run(
        shop,
        sha,
        artifacts={"flywheel-bundle": {"manifest.json": "{}"}},
        annotations=[("src.py", 1, "boom")],
        earlier=["failure"],
    )
    job = made.jobs[-1].id
    header = {"Authorization": f"Bearer {world.person_token('ann')}"}
    paths = [
        "actions/runs",
        f"actions/runs?head_sha={sha}&status=failure&created=%3E%3D2026-01-01T00:00:00Z",
        f"actions/runs/{made.id}",
        f"actions/runs/{made.id}/attempts/1",
        f"actions/runs/{made.id}/jobs?filter=all",
        f"actions/runs/{made.id}/attempts/1/jobs",
        f"actions/runs/{made.id}/artifacts",
        "actions/artifacts?name=flywheel-bundle",
        f"check-runs/{job}/annotations",
        f"commits/{sha}/pulls",
        "pulls/1/reviews",
        "pulls/1/comments",
    ]

    answers = [httpx.get(f"{github.url}/repos/octo/shop/{path}", headers=header) for path in paths]

    assert [200] * len(paths) == [one.status_code for one in answers]
    assert 2 == answers[4].json()["total_count"]


def test_lists_of_runs_are_filtered(github: GitHub, world: World, shop: Repository, pull: Issue) -> None:
    world.run(shop, head(pull), conclusion="success", event="push", created="2026-11-01T00:00:00+00:00")
    world.run(shop, head(pull), conclusion=None, created="2026-11-02T00:00:00+00:00")
    header = {"Authorization": f"Bearer {world.person_token('ann')}"}
    asked = {
        "": 2,
        "status=completed": 1,
        "status=success": 1,
        "status=failure": 0,
        "status=in_progress": 1,
        "event=push": 1,
        "branch=x": 2,
        "branch=main": 0,
        "created=%3E%3D2026-11-01T12:00:00Z": 1,
        "created=2026-11-01T00:00:00Z..2026-11-01T12:00:00Z": 1,
        f"head_sha={'0' * 40}": 0,
    }

    found = {
        query: httpx.get(f"{github.url}/repos/octo/shop/actions/runs?{query}", headers=header).json()["total_count"]
        for query in asked
    }

    assert asked == found


def test_logs_and_artifacts_are_on_another_host_for_whoever_has_no_token(
    github: GitHub, world: World, shop: Repository, pull: Issue
) -> None:
    made = world.run(shop, head(pull), artifacts={"a": {"x": "y"}, "old": {"x": "y"}}, logs={"test": None})
    made.artifacts[1].expired = True
    header = {"Authorization": f"Bearer {world.person_token('ann')}"}
    at = f"{github.url}/repos/octo/shop/actions"

    found = httpx.get(f"{at}/artifacts/{made.artifacts[0].id}/zip", headers=header)
    store = found.headers["location"]

    assert (302, 200) == (found.status_code, httpx.get(store).status_code)
    assert store.startswith(github.blob_url)
    assert 400 == httpx.get(store, headers=header).status_code
    assert 410 == httpx.get(f"{at}/artifacts/{made.artifacts[1].id}/zip", headers=header).status_code
    assert 410 == httpx.get(f"{at}/jobs/{made.jobs[0].id}/logs", headers=header).status_code
    assert 404 == httpx.get(f"{at}/artifacts/1/zip", headers=header).status_code


def test_a_person_with_another_client_reviews_and_sees_ci(
    github: GitHub, world: World, shop: Repository, pull: Issue, ann: pygithub.Github
) -> None:
    world.run(shop, head(pull))
    repo = ann.get_repo("octo/shop")
    theirs = repo.get_pull(pull.number)
    theirs.create_review(body="no", event="REQUEST_CHANGES")
    theirs.create_review_comment("why", repo.get_commit(head(pull)), "new.md", line=1)

    assert ["CHANGES_REQUESTED"] == [one.state for one in theirs.get_reviews()]
    assert ["why"] == [one.body for one in theirs.get_review_comments()]
    assert ["failure"] == [one.conclusion for one in repo.get_workflow_runs()]
    assert [pull.number] == [one.number for one in repo.get_commit(head(pull)).get_pulls()]


def test_a_pull_that_was_closed_unmerged_is_not_among_those_of_a_commit(
    github: GitHub, world: World, shop: Repository, pull: Issue, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/shop")
    repo.get_pull(pull.number).edit(state="closed")

    assert [] == list(repo.get_commit(head(pull)).get_pulls())


def test_a_pull_may_come_from_a_fork(
    github: GitHub, world: World, shop: Repository, pull: Issue, ann: pygithub.Github
) -> None:
    fork = world.fork(shop, "eve")
    number = world.fork_pull(shop, fork, "x").number

    theirs = ann.get_repo("octo/shop").get_pull(number)

    assert ("eve/shop", "octo/shop") == (theirs.head.repo.full_name, theirs.base.repo.full_name)
    assert head(pull) == theirs.head.sha
