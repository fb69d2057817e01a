"""What must be known of a repository before it takes part: read from the default branch, told by accounts."""

import github as pygithub
import pytest

from bot.approval.labels import LABELS
from bot.commands.wiring import shipped_policy
from bot.errors import UserError
from bot.forge.github.client import App, Reader
from bot.forge.github.forge import GitHubForge
from bot.forge.github.onboarding import default_file, glimpses, holder, past, workflows
from bot.forge.github.place import Place
from bot.hosting.places import Repository as Known
from bot.hosting.worked import Glimpse
from bot.jobs.onboarding import BRANCH, ONBOARDING, PILOT, onboard, spare
from bot.model import OpenIssue, OpenPull, replace
from bot.pages.onboarding import Needed, Rehearsal
from bot.pages.onboarding import Place as PagePlace
from tests.github.server import GitHub
from tests.github.world import CheckRun, Repository, World, stamp

PATH = ".github/flywheel.yml"


def test_a_file_of_a_pulls_head_is_not_seen(reader: Reader, shop: Repository, ann: pygithub.Github) -> None:
    repo = ann.get_repo("octo/shop")
    repo.create_git_ref("refs/heads/x", repo.get_branch("main").commit.sha)
    repo.create_file(PATH, "m", "version: 1\n", "x")
    repo.create_pull(title="t", body="b", head="x", base="main")

    assert default_file(reader, "octo/shop", PATH) is None
    repo.create_file(PATH, "m", "version: 1\nmode: observe\n", "main")
    assert "version: 1\nmode: observe\n" == default_file(reader, "octo/shop", PATH)


def test_a_repository_that_is_not_to_be_seen_has_no_file(reader: Reader, world: World) -> None:
    world.repository("octo/hidden", {PATH: "version: 1\n"})

    assert default_file(reader, "octo/hidden", PATH) is None


def test_a_folder_in_the_files_place_is_said(app: App, world: World) -> None:
    made = world.repository("octo/odd", {f"{PATH}/x": "1\n"})
    number = world.install("octo", made).id

    with pytest.raises(UserError, match="Make it a plain file"):
        default_file(app.reader(number, "octo/odd"), "octo/odd", PATH)


def test_workflows_are_those_of_the_default_branch(app: App, world: World) -> None:
    files = {".github/workflows/a.yml": "A\n", ".github/workflows/b.txt": "B\n", ".github/workflows/c/d.yml": "D\n"}
    number = world.install("octo", world.repository("octo/flows", files)).id

    assert {".github/workflows/a.yml": "A\n"} == workflows(Place("octo/flows", app.reader(number, "octo/flows")))


def test_what_became_of_our_pull_is_told_by_the_account(
    forge: GitHubForge, pull: OpenPull, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/shop")
    ours = replace(pull, branch=BRANCH, change=ONBOARDING, message=f"m\n\nFlywheel-Change: {ONBOARDING}.deadbeef\n")

    assert "none" == past(forge.place, BRANCH)
    forge.perform(ours)
    assert "open" == past(forge.place, BRANCH)
    repo.get_pull(1).edit(state="closed")
    assert "closed" == past(forge.place, BRANCH)
    repo.get_pull(1).edit(state="open")
    repo.get_pull(1).merge()
    assert "merged" == past(forge.place, BRANCH)


def test_a_pull_that_somebody_else_opened_from_that_branch_is_not_ours(
    forge: GitHubForge, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/shop")
    repo.create_git_ref(f"refs/heads/{BRANCH}", repo.get_branch("main").commit.sha)
    repo.create_file(PATH, "m", "version: 1\n", BRANCH)
    repo.create_pull(title="Configure Flywheel", body="b", head=BRANCH, base="main")

    assert "none" == past(forge.place, BRANCH)


def test_the_pilot_issue_is_found_wherever_it_stands_and_a_copy_of_it_is_not(
    forge: GitHubForge, app: App, world: World, ann: pygithub.Github, github: GitHub
) -> None:
    world.install("octo", world.repository("octo/till", {"a": "b\n"}))
    account = world.bot.id

    assert "" == holder(forge.reader, "octo", PILOT, account)
    forge.perform(OpenIssue("octo/shop", PILOT, "deadbeef", "Where?", "Text.", ("flywheel",)))
    body = ann.get_repo("octo/shop").get_issue(1).body
    assert "octo/shop" == holder(forge.reader, "octo", PILOT, account)
    ann.get_repo("octo/shop").create_issue("Where?", body=body)
    assert "octo/shop" == holder(forge.reader, "octo", PILOT, account)
    assert "" == holder(forge.reader, "octo", PILOT, account + 1)


def test_pulls_are_seen_at_a_glance_in_one_call(
    reader: Reader, shop: Repository, world: World, ann: pygithub.Github, github: GitHub
) -> None:
    repo = ann.get_repo("octo/shop")
    for name in ("copilot/fix-1", "mine"):
        repo.create_git_ref(f"refs/heads/{name}", repo.get_branch("main").commit.sha)
        repo.create_file(f"{name}.md", "m", "x\n", name)
        repo.create_pull(title="t", body="b", head=name, base="main")
    sha = repo.get_branch("copilot/fix-1").commit.sha
    now = stamp()
    shop.checks[7] = CheckRun(7, "ci", sha, "completed", "failure", "", None, {}, now, now)
    before = len(github.exchanges)

    found = glimpses(reader, "octo/shop", "2020-01-01T00:00:00Z")

    assert [("mine", False), ("copilot/fix-1", True)] == [(one.branch, one.red) for one in found]
    assert isinstance(found[0], Glimpse)
    assert "ann" == found[0].author
    assert 1 == sum("/graphql" == one.template for one in github.exchanges[before:])
    assert [] == glimpses(reader, "octo/shop", "2999-01-01T00:00:00Z")


# --- the onboarding pull on GitHub ------------------------------------------------------------------------------------


def offered(passed: int = 0) -> OpenPull:
    policy = shipped_policy()
    seen = Rehearsal(30, Needed(5, 3, 20, 50), passed=passed)
    place = PagePlace("https://github.com", "octo/shop", "main")
    return onboard(Known(1, "octo/shop", 1), seen, (), place, policy)


def fresh(app: App, world: World) -> GitHubForge:
    number = next(iter(world.installations))
    return GitHubForge("octo/shop", app.reader(number, "octo/shop"), app.writer(number, "octo/shop"), LABELS)


def test_the_pull_is_one_and_only_its_text_follows_the_evidence(
    app: App, shop: Repository, world: World, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/shop")

    statuses = [fresh(app, world).perform(offered(passed)).status for passed in (0, 0, 7)]

    assert ["created", "unchanged", "updated"] == statuses
    (pull,) = repo.get_pulls(state="all")
    assert "7 of 50 passes" in pull.body
    assert [PATH] == [file.filename for file in pull.get_files()]
    assert 1 == pull.commits
    assert ["flywheel"] == [label.name for label in pull.labels]


def test_what_a_person_edited_is_left_and_what_a_person_closed_stays_closed(
    app: App, shop: Repository, world: World, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/shop")
    fresh(app, world).perform(offered())
    pull = repo.get_pull(1)
    pull.edit(body="Mine now.\n\n" + pull.body)

    assert "unchanged" == fresh(app, world).perform(offered(7)).status
    repo.update_file(PATH, "m", "version: 1\nmode: observe\n", repo.get_contents(PATH, BRANCH).sha, BRANCH)  # type: ignore[union-attr]
    assert "frozen" == fresh(app, world).perform(offered(8)).status
    repo.get_pull(1).edit(state="closed")
    done = fresh(app, world).perform(offered(9))

    assert ("refused", True) == (done.status, "remembered as a no" in done.detail)
    assert [1] == [one.number for one in repo.get_pulls(state="all")]
    assert "Mine now." in repo.get_pull(1).body


def test_a_file_that_somebody_committed_meanwhile_ends_the_pull(
    app: App, shop: Repository, world: World, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/shop")
    fresh(app, world).perform(offered())
    repo.create_file(PATH, "m", "version: 1\n", "main")
    forge = fresh(app, world)

    ending = spare("octo/shop", past(forge.place, BRANCH), has_file=True)
    assert ending is not None
    forge.perform(ending)

    assert "closed" == repo.get_pull(1).state
    assert "is there already" in next(iter(repo.get_issue(1).get_comments())).body
    assert [] == [ref.ref for ref in repo.get_git_matching_refs("heads/flywheel/onboarding")]
