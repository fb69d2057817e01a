"""Changes become pulls and issues on GitHub, once, and nothing a person made is ever touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import github as pygithub
import pytest

from bot.approval.labels import LABELS
from bot.errors import UserError
from bot.forge.github import marks
from bot.forge.github.client import App
from bot.forge.github.forge import GitHubForge
from bot.model import CloseChange, Edit, HarnessFile, NoteMerged, OpenIssue, OpenPull, replace
from tests.github.git import Person
from tests.github.server import GitHub
from tests.github.world import Repository, World

Again = Callable[[], GitHubForge]


@pytest.fixture
def again(app: App, world: World) -> Again:
    """A forge of the next job: it remembers nothing."""

    def make() -> GitHubForge:
        number = next(iter(world.installations))
        return GitHubForge("octo/shop", app.reader(number, "octo/shop"), app.writer(number, "octo/shop"), LABELS)

    return make


def revised(pull: OpenPull, text: str = "# Shop\n\nRead it twice.\n", revision: str = "00000000") -> OpenPull:
    message = pull.message.replace(pull.revision, revision)
    edits = (replace(pull.edits[0], after=text), *pull.edits[1:])
    return replace(pull, revision=revision, message=message, edits=edits, body="Because, again.")


def issue(pull: OpenPull) -> OpenIssue:
    labels = ("flywheel", "flywheel:backlog")
    return OpenIssue(pull.repository, pull.change, pull.revision, pull.title, pull.body, labels)


def close(pull: OpenPull, reason: str = "The pattern is gone.") -> CloseChange:
    return CloseChange(pull.repository, pull.change, pull.branch, reason)


def by_ann(ann: pygithub.Github, path: str, text: str, branch: str) -> None:
    repo = ann.get_repo("octo/shop")
    found: Any = repo.get_contents(path, branch)
    repo.update_file(path, "Say it better", text, found.sha, branch)


# --- what must be left alone ------------------------------------------------------------------------------------------


def test_a_second_run_writes_nothing(forge: GitHubForge, again: Again, github: GitHub, pull: OpenPull) -> None:
    forge.perform(pull)
    before = len(github.writes)

    done = again().perform(pull)

    assert done.status == "unchanged"
    assert len(github.writes) == before


def test_a_persons_commit_freezes_the_pull(
    forge: GitHubForge, again: Again, github: GitHub, shop: Repository, pull: OpenPull, ann: pygithub.Github
) -> None:
    forge.perform(pull)
    by_ann(ann, "AGENTS.md", "# Shop\n\nRead it thrice.\n", pull.branch)
    tip, before = shop.git.ref(f"refs/heads/{pull.branch}"), len(github.writes)

    done = again().perform(revised(pull))

    assert done.status == "frozen"
    assert "+Read it thrice." in done.detail
    assert "frozen" == again().perform(close(pull)).status
    assert len(github.writes) == before
    assert shop.git.ref(f"refs/heads/{pull.branch}") == tip
    assert shop.issues[1].state == "open"


def test_a_commit_that_only_bears_our_name_is_not_ours(
    forge: GitHubForge, again: Again, shop: Repository, world: World, pull: OpenPull
) -> None:
    forge.perform(pull)
    ours = shop.git.commit(shop.git.ref(f"refs/heads/{pull.branch}"))
    tree = shop.git.write_tree(ours.tree, [("100644", shop.git.write_blob(b"evil\n"), "AGENTS.md")])
    forged = shop.git.write_commit(tree, ours.parents, ours.message, world.bot.person, world.bot.person)
    shop.git.move(f"refs/heads/{pull.branch}", forged)

    assert "frozen" == again().perform(revised(pull)).status
    assert "frozen" == again().perform(close(pull)).status
    assert shop.git.ref(f"refs/heads/{pull.branch}") == forged


def test_a_commit_that_another_signed_in_our_name_is_not_ours(
    forge: GitHubForge, again: Again, shop: Repository, world: World, pull: OpenPull
) -> None:
    forge.perform(pull)
    ours = shop.git.commit(shop.git.ref(f"refs/heads/{pull.branch}"))
    eve = world.user("eve").person
    forged = shop.git.write_commit(ours.tree, (ours.sha,), ours.message, world.bot.person, eve)
    shop.verified.add(forged)
    shop.git.move(f"refs/heads/{pull.branch}", forged)

    assert "frozen" == again().perform(revised(pull)).status


def test_what_is_pushed_while_we_write_is_not_lost(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull, world: World
) -> None:
    forge.perform(pull)
    later = again()
    compare = later.place.compare

    def and_somebody_pushes(base: str, head: str) -> Any:
        seen = compare(base, head)
        who = world.user("ann").person
        tree = shop.git.commit(head).tree
        shop.git.move(f"refs/heads/{pull.branch}", shop.git.write_commit(tree, (head,), "Mine\n", who, who))
        return seen

    later.place.compare = and_somebody_pushes  # type: ignore[method-assign]

    assert "refused" == later.perform(revised(pull)).status
    assert shop.git.commit(shop.git.ref(f"refs/heads/{pull.branch}")).message == "Mine"


def test_a_pull_that_a_person_closed_is_a_no(
    forge: GitHubForge, again: Again, github: GitHub, pull: OpenPull, ann: pygithub.Github
) -> None:
    forge.perform(pull)
    ann.get_repo("octo/shop").get_pull(1).edit(state="closed")
    before = len(github.writes)

    done = again().perform(revised(pull))

    assert done.status == "refused"
    assert "remembered as a no" in done.detail
    assert len(github.writes) == before


def test_a_no_ends_when_the_failure_is_back_at_twice_the_evidence(
    again: Again, pull: OpenPull, ann: pygithub.Github, shop: Repository
) -> None:
    again().perform(pull)
    ann.get_repo("octo/shop").get_pull(1).edit(state="closed")

    done = again().perform(replace(pull, again=True))

    assert "created" == done.status
    assert ["closed", "open"] == [one.state for one in shop.issues.values()]
    assert "unchanged" == again().perform(replace(pull, again=True)).status


def test_an_issue_that_a_person_closed_is_a_no(
    forge: GitHubForge, again: Again, pull: OpenPull, ann: pygithub.Github, shop: Repository
) -> None:
    forge.perform(issue(pull))
    ann.get_repo("octo/shop").get_issue(1).edit(state="closed")

    assert "refused" == again().perform(issue(pull)).status
    assert ["closed"] == [one.state for one in shop.issues.values()]


def test_a_text_that_a_person_edited_is_left(
    forge: GitHubForge, again: Again, pull: OpenPull, ann: pygithub.Github, shop: Repository
) -> None:
    forge.perform(pull)
    ann.get_repo("octo/shop").get_pull(1).edit(body="I say: " + (shop.issues[1].body or ""))

    done = again().perform(revised(pull))

    assert done.status == "updated"
    assert "edited its text" in done.detail
    assert (shop.issues[1].body or "").startswith("I say: Because.")


def test_a_demotion_by_label_stays(
    forge: GitHubForge, again: Again, pull: OpenPull, ann: pygithub.Github, shop: Repository
) -> None:
    bold = replace(pull, labels=("flywheel", "flywheel:autonomous"))
    forge.perform(bold)
    theirs = ann.get_repo("octo/shop").get_pull(1)
    theirs.remove_from_labels("flywheel:autonomous")
    theirs.add_to_labels("flywheel:interactive", "flywheel:hold")

    again().perform(revised(bold))

    assert {"flywheel", "flywheel:interactive", "flywheel:hold"} == {one.name for one in shop.issues[1].labels}


def test_somebody_elses_pull_from_our_branch_is_theirs(
    forge: GitHubForge, github: GitHub, pull: OpenPull, ann: pygithub.Github
) -> None:
    repo = ann.get_repo("octo/shop")
    repo.create_git_ref(f"refs/heads/{pull.branch}", repo.get_branch("main").commit.sha)
    repo.create_file("mine.md", "Mine", "mine\n", pull.branch)
    repo.create_pull(title="Mine", body="", head=pull.branch, base="main")
    before = len(github.writes)

    assert "refused" == forge.perform(pull).status
    assert len(github.writes) == before


@pytest.mark.parametrize(
    "edit",
    [
        Edit("AGENTS.md", "# Old shop\n", "# New\n"),
        Edit("src.py", None, "x = 3\n"),
        Edit("CLAUDE.md", "AGENTS.md", "# Through the link\n"),
        Edit("CLAUDE.md/hooks.md", None, "below a link\n"),
        Edit(".claude", None, "a folder\n"),
        Edit("../outside.md", None, "out\n"),
        Edit(".GIT/config", None, "x\n"),
        Edit("a\nb.md", None, "x\n"),
        Edit("AGENTS.md", "# Shop\n", "x\n", "120000"),
        Edit(".github/workflows/ci.yml", None, "on: push\n"),
        Edit(".GitHub/Workflows/ci.yml", None, "on: push\n"),
        Edit(".github/workflows", None, "on: push\n"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_and_nothing_is_written(
    edit: Edit, forge: GitHubForge, github: GitHub, pull: OpenPull
) -> None:
    done = forge.perform(replace(pull, edits=(edit,)))

    assert done.status == "refused"
    assert github.writes == []


def test_an_archived_repository_is_left(forge: GitHubForge, github: GitHub, shop: Repository, pull: OpenPull) -> None:
    shop.archived = True

    assert ["refused"] * 3 == [forge.perform(one).status for one in (pull, issue(pull), close(pull))]
    assert github.writes == []


def test_a_repository_without_issues_has_pulls_all_the_same(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull
) -> None:
    shop.has_issues = False

    assert "created" == forge.perform(pull).status
    assert "refused" == again().perform(issue(replace(pull, change="fedcba987654"))).status


def test_a_name_that_is_no_branch_of_a_change_is_refused(forge: GitHubForge, pull: OpenPull) -> None:
    with pytest.raises(UserError):
        forge.perform(replace(pull, branch="main"))


# --- the harness ------------------------------------------------------------------------------------------------------


def test_the_harness_is_that_of_the_default_branch(forge: GitHubForge, shop: Repository) -> None:
    harness = forge.harness()

    assert harness.head == shop.git.ref("refs/heads/main")
    assert harness.files == {
        "AGENTS.md": HarnessFile("AGENTS.md", "# Shop\n"),
        "CLAUDE.md": HarnessFile("CLAUDE.md", "", "120000", "AGENTS.md"),
        ".claude/hooks/format.sh": HarnessFile(".claude/hooks/format.sh", "true\n", "100755"),
    }
    assert harness.paths == {"AGENTS.md", "CLAUDE.md", ".claude/hooks/format.sh", "src.py"}


@pytest.mark.parametrize("data", [b"caf\xe9\r\n\xff", b"a\0b", b"\xef\xbb\xbfbom\n", b""])
def test_bytes_that_are_no_text_come_back_exactly(
    data: bytes, world: World, github: GitHub, app: App, pull: OpenPull
) -> None:
    odd = world.repository("octo/odd", {"docs/deep.md": data}, {"GEMINI.md": "docs/deep.md"})
    number = world.install("octo", odd).id
    forge = GitHubForge("octo/odd", app.reader(number, "octo/odd"), app.writer(number, "octo/odd"))
    text = forge.harness().files["docs/deep.md"].text

    done = forge.perform(replace(pull, edits=(Edit("docs/deep.md", text, text + "\nmore\n"),)))

    assert text.encode("utf-8", "surrogateescape") == data
    assert done.status == "created"
    assert odd.git.run("show", f"{pull.branch}:docs/deep.md") == data + b"\nmore\n"


def test_a_tree_too_large_for_one_answer_is_read_in_parts(forge: GitHubForge, world: World) -> None:
    whole = forge.harness()
    world.tree_entries = 4

    assert whole == forge.harness()
    forge.place._trees.clear()
    assert whole == forge.harness()


def test_what_is_not_to_be_seen_has_no_harness(github: GitHub, app: App, world: World, shop: Repository) -> None:
    world.repository("octo/other", {"a": "b\n"})
    number = next(iter(world.installations))
    forge = GitHubForge("octo/other", app.reader(number, "octo/shop"), app.writer(number, "octo/shop"))

    assert forge.harness().head == ""
    with pytest.raises(UserError, match="does not see"):
        forge.merged("0" * 12, "flywheel/a-b")


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_change_becomes_one_pull_of_one_signed_commit(
    forge: GitHubForge, shop: Repository, pull: OpenPull, ann: pygithub.Github
) -> None:
    done = forge.perform(pull)
    seen = ann.get_repo("octo/shop").get_pull(1)
    commits = list(seen.get_commits())

    assert (done.status, done.where) == ("created", pull.branch)
    assert (seen.title, seen.user.login, seen.mergeable) == (pull.title, "flywheel-under-test[bot]", True)
    assert {(one.name, one.color) for one in seen.labels} == {
        ("flywheel", "5319e7"),
        ("flywheel:interactive", "1d76db"),
    }
    assert [True] == [one.commit.verification.verified for one in commits]  # type: ignore[attr-defined]
    assert commits[0].commit.message == pull.message.strip()
    assert shop.git.run("show", f"{pull.branch}:AGENTS.md").decode() == pull.edits[0].after


@pytest.mark.parametrize("kind", ["pull", "issue"])
def test_odd_text_is_sent_as_github_keeps_it_and_not_sent_again(
    kind: str, forge: GitHubForge, again: Again, github: GitHub, shop: Repository, pull: OpenPull
) -> None:
    odd = replace(pull, title=" a\nb \udce9" + "x" * 300, body="one\r\ntwo\0 \udce9 <!-- " + "y" * 70_000)
    effect = odd if kind == "pull" else issue(odd)

    assert "created" == forge.perform(effect).status
    before = len(github.writes)
    assert "unchanged" == again().perform(effect).status
    assert len(github.writes) == before
    assert shop.issues[1].title.startswith("a b ?x")
    assert (shop.issues[1].body or "").startswith("one\ntwo ? <!-- y")


def test_a_job_uses_the_token_of_the_last_one(github: GitHub, shop: Repository, again: Again, pull: OpenPull) -> None:
    again().perform(pull)
    again().perform(pull)

    assert 2 == sum(one.path.endswith("/access_tokens") for one in github.exchanges)


def test_a_script_keeps_its_mode(forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull) -> None:
    guard = replace(pull, edits=(*pull.edits, Edit(".claude/hooks/guard.py", None, "print('ü')\n", "100755")))

    forge.perform(guard)
    again().perform(revised(guard))

    listed = shop.git.line("ls-tree", "-r", pull.branch)
    assert "100755" in next(line for line in listed.splitlines() if line.endswith("guard.py"))
    assert "Read it twice." in shop.git.line("show", f"{pull.branch}:AGENTS.md")
    assert all(sha in shop.verified for sha in shop.git.between("main", pull.branch))


def test_a_new_revision_moves_the_same_pull_on(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull
) -> None:
    forge.perform(pull)
    first = shop.git.ref(f"refs/heads/{pull.branch}")

    done = again().perform(revised(pull))

    assert done.status == "updated"
    assert shop.git.is_below(first, shop.git.ref(f"refs/heads/{pull.branch}"))
    assert shop.git.line("show", f"{pull.branch}:AGENTS.md") == "# Shop\n\nRead it twice."
    assert len(shop.issues) == 1
    assert (shop.issues[1].body or "").startswith("Because, again.")


def test_a_file_that_a_new_revision_leaves_alone_goes_back(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull
) -> None:
    wide = replace(pull, edits=(*pull.edits, Edit("src.py", "x = 1\n", "x = 2\n"), Edit("new.md", None, "new\n")))
    forge.perform(wide)

    again().perform(revised(pull))

    assert shop.git.line("diff", "--name-only", "main", pull.branch) == "AGENTS.md"


def test_a_base_that_moved_under_our_file_is_merged(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull, ann: pygithub.Github
) -> None:
    forge.perform(pull)
    by_ann(ann, "AGENTS.md", "# Shop, grown\n", "main")
    later = again()
    edit = Edit("AGENTS.md", "# Shop, grown\n", "# Shop, grown\n\nRead the last check.\n")
    message = pull.message.replace("deadbeef", "feedface")

    done = later.perform(replace(pull, revision="feedface", message=message, edits=(edit,)))

    assert done.status == "updated"
    assert ann.get_repo("octo/shop").get_pull(1).mergeable
    assert shop.git.line("diff", "main", pull.branch).endswith("+\n+Read the last check.")
    assert "updated" == again().perform(replace(revised(pull), edits=(replace(edit, after="# New\n"),))).status


def test_a_base_that_moved_elsewhere_changes_nothing(
    forge: GitHubForge, again: Again, github: GitHub, pull: OpenPull, ann: pygithub.Github
) -> None:
    forge.perform(pull)
    by_ann(ann, "src.py", "x = 2\n", "main")
    before = len(github.writes)

    assert "unchanged" == again().perform(pull).status
    assert len(github.writes) == before


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_a_merge_by_a_person_is_seen_in_whatever_way(
    how: str, forge: GitHubForge, again: Again, pull: OpenPull, ann: pygithub.Github, shop: Repository
) -> None:
    forge.perform(pull)
    assert not again().merged(pull.change, pull.branch)
    ann.get_repo("octo/shop").get_pull(1).merge(merge_method=how)

    assert again().merged(pull.change, pull.branch)
    assert "merged" == again().perform(NoteMerged("octo/shop", pull.change)).status
    edits = (Edit("AGENTS.md", pull.edits[0].after, "# Shop\n\nOnce more.\n"),)
    assert "created" == again().perform(replace(revised(pull), edits=edits)).status
    assert ["closed", "open"] == [one.state for one in shop.issues.values()]


def test_a_change_that_ends_says_why_and_takes_its_branch_along(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull
) -> None:
    forge.perform(pull)

    assert "closed" == again().perform(close(pull)).status
    assert shop.issues[1].state == "closed"
    assert ["The pattern is gone."] == [one.body.split("\n")[0] for one in shop.issues[1].comments]
    assert shop.git.ref(f"refs/heads/{pull.branch}") == ""
    assert "closed" == again().perform(close(pull)).status
    assert "created" == again().perform(pull).status
    assert ["closed", "open"] == [one.state for one in shop.issues.values()]


def test_a_branch_that_somebody_still_pushes_to_is_not_deleted(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull, world: World
) -> None:
    forge.perform(pull)
    later = again()
    find = later.branches.kept

    def and_somebody_pushes(tip: str, change: str) -> str:
        said = find(tip, change)
        who = Person("ann", "ann@example.com")
        shop.git.move(
            f"refs/heads/{pull.branch}", shop.git.write_commit(shop.git.commit(tip).tree, (tip,), "Mine\n", who, who)
        )
        return said

    later.branches.kept = and_somebody_pushes  # type: ignore[method-assign]

    assert "frozen" == later.perform(close(pull)).status
    assert shop.git.ref(f"refs/heads/{pull.branch}") != ""


# --- issues -----------------------------------------------------------------------------------------------------------


def test_a_backlog_change_is_one_issue(forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull) -> None:
    first = forge.perform(issue(pull))
    second = again().perform(issue(pull))
    third = again().perform(replace(issue(pull), body="More of it."))

    assert ["created", "unchanged", "updated"] == [first.status, second.status, third.status]
    assert {first.where} == {second.where, third.where}
    assert len(shop.issues) == 1
    assert (shop.issues[1].body or "").startswith("More of it.")
    assert {"flywheel", "flywheel:backlog"} == {one.name for one in shop.issues[1].labels}


def test_an_issue_without_its_label_is_still_found(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull, ann: pygithub.Github
) -> None:
    forge.perform(issue(pull))
    ann.get_repo("octo/shop").get_issue(1).delete_labels()

    assert "unchanged" == again().perform(issue(pull)).status
    assert len(shop.issues) == 1


def test_a_mark_that_a_person_copied_makes_no_issue_ours(
    forge: GitHubForge, shop: Repository, pull: OpenPull, ann: pygithub.Github
) -> None:
    body = marks.marked("Mine", "mine", pull.change, pull.revision)
    ann.get_repo("octo/shop").create_issue("Mine", body, labels=["flywheel"])

    assert "created" == forge.perform(issue(pull)).status
    assert (shop.issues[1].title, shop.issues[1].body) == ("Mine", body)


def test_a_pull_that_becomes_an_issue_and_back(
    forge: GitHubForge, again: Again, shop: Repository, pull: OpenPull
) -> None:
    forge.perform(pull)
    again().perform(issue(pull))

    assert ["closed", "open"] == [one.state for one in shop.issues.values()]
    assert shop.git.ref(f"refs/heads/{pull.branch}") == ""

    again().perform(pull)

    assert ["closed", "closed", "open"] == [one.state for one in shop.issues.values()]
    assert "It is a pull now: #3." in shop.issues[2].comments[0].body

    again().perform(issue(pull))

    assert ["closed", "open", "closed"] == [one.state for one in shop.issues.values()]
