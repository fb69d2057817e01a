"""The stand-in answers as GitHub does, by the word of clients and descriptions that are not ours."""

import base64
import time
from typing import Any

import github as pygithub
import httpx
import jwt
import pytest
from githubkit import AppAuthStrategy
from githubkit import GitHub as Githubkit
from githubkit.cache import MemCacheStrategy
from githubkit.exception import PrimaryRateLimitExceeded, RequestFailed, SecondaryRateLimitExceeded
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from tests.github import oracle
from tests.github.graphql import SDL
from tests.github.keys import pair
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World


def as_app(github: GitHub) -> Githubkit[AppAuthStrategy]:
    auth = AppAuthStrategy(github.world.app_id, pair()[0])
    return Githubkit(auth, base_url=github.url, auto_retry=False, http_cache=False, cache_strategy=MemCacheStrategy())


def as_installation(github: GitHub, **permissions: Any) -> Githubkit[Any]:
    number = next(iter(github.world.installations))
    more = {"permissions": permissions} if permissions else {}
    auth = AppAuthStrategy(github.world.app_id, pair()[0]).as_installation(number, **more)
    return Githubkit(auth, base_url=github.url, auto_retry=False, http_cache=False, cache_strategy=MemCacheStrategy())


def token(github: GitHub, **claims: Any) -> str:
    now = int(time.time())
    whole = {"iss": str(github.world.app_id), "iat": now - 60, "exp": now + 540, **claims}
    return jwt.encode(whole, pair()[0], algorithm="RS256")


# --- who may what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Bearer nobody", "token ghs_never", "Bearer a.b.c"])
def test_a_token_that_nobody_gave_out_is_refused(header: str, github: GitHub, shop: Repository) -> None:
    answer = httpx.get(f"{github.url}/repos/octo/shop", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401


@pytest.mark.parametrize("claims", [{"iss": "1"}, {"exp": 1}, {"exp": int(time.time()) + 3600}])
def test_a_jwt_must_be_the_apps_and_short(claims: dict[str, Any], github: GitHub) -> None:
    header = {"Authorization": f"Bearer {token(github, **claims)}"}

    assert httpx.get(f"{github.url}/app", headers=header).status_code == 401
    assert httpx.get(f"{github.url}/app", headers={"Authorization": f"Bearer {token(github)}"}).status_code == 200


def test_a_token_never_has_more_than_its_installation(github: GitHub, shop: Repository, world: World) -> None:
    other = world.repository("octo/other", {"a": "b\n"})
    app = as_app(github)
    number = next(iter(world.installations))

    for body in ({"permissions": {"administration": "write"}}, {"repository_ids": [other.id]}):
        with pytest.raises(RequestFailed) as caught:
            app.request("POST", f"/app/installations/{number}/access_tokens", json=body)
        assert caught.value.response.status_code == 422


def test_what_a_token_does_not_permit_is_403_and_what_it_does_not_see_is_404(
    github: GitHub, shop: Repository, world: World
) -> None:
    world.repository("octo/other", {"a": "b\n"})
    reader = as_installation(github, contents="read", issues="read")

    assert reader.rest.repos.get("octo", "shop").status_code == 200
    with pytest.raises(RequestFailed) as missing:
        reader.rest.issues.create("octo", "shop", title="no")
    with pytest.raises(RequestFailed) as hidden:
        reader.rest.repos.get("octo", "other")

    assert (missing.value.response.status_code, hidden.value.response.status_code) == (403, 404)
    assert "issues=write" in missing.value.response.headers["X-Accepted-GitHub-Permissions"]


def test_no_app_writes_a_workflow_without_the_permission(github: GitHub, shop: Repository) -> None:
    writer = as_installation(github)

    with pytest.raises(RequestFailed) as caught:
        writer.rest.repos.create_or_update_file_contents(
            "octo", "shop", ".github/workflows/a.yml", message="m", content=base64.b64encode(b"x").decode()
        )

    assert caught.value.response.status_code == 403


# --- two clients ------------------------------------------------------------------------------------------------------


def test_githubkits_models_take_every_answer(github: GitHub, shop: Repository, ann: pygithub.Github) -> None:
    clients = as_installation(github), as_app(github)
    bot, app = clients[0].rest, clients[1].rest
    main = bot.git.get_ref("octo", "shop", "heads/main").parsed_data.object_.sha
    bot.git.create_ref("octo", "shop", ref="refs/heads/x", sha=main)
    blob = bot.git.create_blob("octo", "shop", content="new\n").parsed_data.sha
    entry: Any = {"path": "new.sh", "mode": "100755", "type": "blob", "sha": blob}
    tree = bot.git.create_tree("octo", "shop", base_tree=main, tree=[entry]).parsed_data.sha
    commit = bot.git.create_commit("octo", "shop", message="New", tree=tree, parents=[main]).parsed_data
    bot.git.update_ref("octo", "shop", "heads/x", sha=commit.sha)
    pull = bot.pulls.create("octo", "shop", title="t", body="b", head="x", base="main").parsed_data
    bot.issues.create_label("octo", "shop", name="flywheel:hold", color="d93f0b", description="Wait")
    bot.issues.add_labels("octo", "shop", pull.number, labels=["flywheel:hold"])
    bot.issues.create_comment("octo", "shop", pull.number, body="hello")
    issue = bot.issues.create("octo", "shop", title="i", labels=["flywheel:hold"]).parsed_data
    bot.checks.create("octo", "shop", name="c", head_sha=commit.sha, conclusion="neutral")  # type: ignore[call-overload]
    answers = [
        app.apps.get_authenticated(),
        app.apps.list_installations(),
        app.apps.get_repo_installation("octo", "shop"),
        bot.apps.list_repos_accessible_to_installation(),
        bot.repos.get("octo", "shop"),
        bot.repos.get_branch("octo", "shop", "x"),
        bot.repos.list_branches("octo", "shop"),
        bot.repos.get_content("octo", "shop", "AGENTS.md"),
        bot.repos.get_content("octo", "shop", ".claude"),
        bot.repos.list_commits("octo", "shop"),
        bot.repos.get_commit("octo", "shop", "x"),
        bot.repos.compare_commits("octo", "shop", "main...x"),
        bot.git.get_tree("octo", "shop", "main", recursive="1"),
        bot.git.get_blob("octo", "shop", blob),
        bot.git.get_commit("octo", "shop", commit.sha),
        bot.git.list_matching_refs("octo", "shop", "heads/"),
        bot.pulls.get("octo", "shop", pull.number),
        bot.pulls.list("octo", "shop", head="octo:x", state="all"),
        bot.pulls.list_files("octo", "shop", pull.number),
        bot.pulls.list_commits("octo", "shop", pull.number),
        bot.issues.get("octo", "shop", issue.number),
        bot.issues.list_for_repo("octo", "shop", state="all"),
        bot.issues.list_comments("octo", "shop", pull.number),
        bot.issues.list_labels_for_repo("octo", "shop"),
        bot.checks.list_for_ref("octo", "shop", "x", check_name="c"),
        bot.search.issues_and_pull_requests(q="repo:octo/shop is:issue i"),
    ]

    for answer in answers:
        assert answer.parsed_data is not None
    assert commit.verification.verified
    assert pull.commits == 1


def test_a_person_with_another_client_reviews_merges_and_closes(
    github: GitHub, shop: Repository, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/shop")
    repo.create_git_ref("refs/heads/x", repo.get_branch("main").commit.sha)
    repo.update_file("AGENTS.md", "Mine", "# Shop, mine\n", repo.get_contents("AGENTS.md", "x").sha, "x")  # type: ignore[union-attr]
    pull = repo.create_pull(title="t", body="b", head="x", base="main")
    pull.add_to_labels("flywheel:hold")
    pull.create_issue_comment("looks right")

    assert pull.mergeable
    assert ["AGENTS.md"] == [file.filename for file in pull.get_files()]
    assert pull.merge(merge_method="squash").merged
    assert shop.git.run("show", "main:AGENTS.md") == b"# Shop, mine\n"
    assert ["closed"] == [one.state for one in repo.get_pulls(state="all")]


def test_a_conflict_does_not_merge(github: GitHub, shop: Repository, ann: pygithub.Github) -> None:
    repo = ann.get_repo("octo/shop")
    repo.create_git_ref("refs/heads/x", repo.get_branch("main").commit.sha)
    for name in ("x", "main"):
        sha = repo.get_contents("AGENTS.md", name).sha  # type: ignore[union-attr]
        repo.update_file("AGENTS.md", name, f"# {name}\n", sha, name)
    pull = repo.create_pull(title="t", body="b", head="x", base="main")

    assert pull.mergeable is False
    with pytest.raises(pygithub.GithubException) as caught:
        pull.merge()
    assert caught.value.status == 405


def test_a_branch_that_goes_takes_its_pull_with_it(github: GitHub, shop: Repository, ann: pygithub.Github) -> None:
    repo = ann.get_repo("octo/shop")
    repo.create_git_ref("refs/heads/x", repo.get_branch("main").commit.sha)
    repo.create_file("new.md", "New", "new\n", "x")
    pull = repo.create_pull(title="t", body="b", head="x", base="main")
    repo.get_git_ref("heads/x").delete()

    assert (repo.get_pull(pull.number).state, repo.get_pull(pull.number).merged) == ("closed", False)


# --- the protocol -----------------------------------------------------------------------------------------------------


def test_lists_come_in_pages(github: GitHub, shop: Repository, ann: pygithub.Github) -> None:
    repo = ann.get_repo("octo/shop")
    for number in range(7):
        repo.create_issue(f"i{number}")
    header = {"Authorization": f"Bearer {next(iter(github.world.tokens))}"}

    first = httpx.get(f"{github.url}/repos/octo/shop/issues?per_page=3", headers=header)
    last = httpx.get(first.links["last"]["url"], headers=header)

    assert [one["title"] for one in first.json()] == ["i6", "i5", "i4"]
    assert [one["title"] for one in last.json()] == ["i0"]
    assert set(last.links) == {"prev", "first"}


def test_an_answer_that_the_caller_has_is_304(github: GitHub, shop: Repository, world: World) -> None:
    header = {"Authorization": f"Bearer {world.person_token('ann')}"}
    first = httpx.get(f"{github.url}/repos/octo/shop", headers=header)

    again = httpx.get(f"{github.url}/repos/octo/shop", headers=header | {"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_faults_come_when_they_are_asked_for(github: GitHub, shop: Repository) -> None:
    client = as_installation(github)
    bot = client.rest
    bot.repos.get("octo", "shop")
    github.faults = [Fault("primary", path="/repos/octo/shop$")]
    with pytest.raises(PrimaryRateLimitExceeded):
        bot.repos.get("octo", "shop")
    github.remaining.clear()
    github.faults = [Fault("secondary", at=1)]
    with pytest.raises(SecondaryRateLimitExceeded):
        bot.issues.create("octo", "shop", title="i")
    github.faults = [Fault("error", at=1), Fault("lost", at=2), Fault("cut", at=3)]
    for number, there in ((1, 0), (2, 1), (3, 2)):
        with pytest.raises(Exception):  # noqa: B017 - an error status, or no answer at all
            bot.issues.create("octo", "shop", title=f"i{number}")
        assert there == len(shop.issues)


# --- against GitHub's own words ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not oracle.SCHEMA.exists(), reason="needs ../shared/github")
def test_our_part_of_the_schema_is_a_part_of_githubs() -> None:
    ours, theirs = build_schema(SDL), oracle.schema()
    composite = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)
    kinds = [one for name, one in ours.type_map.items() if not name.startswith("__") and isinstance(one, composite)]

    for kind in kinds:
        known = theirs.type_map[kind.name]
        assert isinstance(known, composite)
        for name, field in kind.fields.items():
            assert str(field.type) == str(known.fields[name].type), f"{kind.name}.{name}"


@pytest.mark.skipif(not oracle.DESCRIPTION.exists(), reason="needs ../shared/github")
def test_the_description_notices_what_is_missing(github: GitHub, shop: Repository, world: World) -> None:
    header = {"Authorization": f"Bearer {world.person_token('ann')}"}
    httpx.get(f"{github.url}/repos/octo/shop", headers=header)
    (seen,) = github.exchanges
    whole = dict(seen.answer)

    required = ["id", "owner", "default_branch", "labels_url"]
    for name in required:
        seen.answer = {key: value for key, value in whole.items() if key != name}
        assert name in oracle.complaint(seen)
    seen.answer = whole | {"id": "one"}
    assert oracle.complaint(seen)
    seen.answer = whole
    assert not oracle.complaint(seen)
