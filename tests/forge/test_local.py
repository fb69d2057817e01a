"""Changes become branches of a local repository, and nothing a person made is ever touched."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.forge import files
from bot.forge.local import LocalForge
from bot.model import CloseChange, Edit, HarnessFile, NoteMerged, OpenIssue, OpenPull, replace

Git = Callable[..., str]


def snapshot(root: Path) -> dict[str, str]:
    """Every file below `root` with the digest of its bytes; links as links."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(root))] = str(path.readlink())
        elif path.is_file():
            found[str(path.relative_to(root))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def close(pull: OpenPull, reason: str = "not for us") -> CloseChange:
    return CloseChange(pull.repository, pull.change, pull.branch, reason)


def issue(pull: OpenPull) -> OpenIssue:
    return OpenIssue(pull.repository, pull.change, pull.revision, pull.title, pull.body, pull.labels)


# --- what must be left alone ------------------------------------------------------------------------------------------


def test_uncommitted_work_and_the_index_stay_as_they_are(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    (shop / "AGENTS.md").write_text("work in progress\n")
    (shop / "src.py").write_text("x = 2\n")
    (shop / "untracked").write_text("mine\n")
    git(shop, "add", "src.py")
    index = (shop / ".git/index").read_bytes()
    tree = {path: digest for path, digest in snapshot(shop).items() if not path.startswith(".git/")}

    done = forge.perform(pull)

    assert done.status == "created"
    assert (shop / ".git/index").read_bytes() == index
    assert {path: digest for path, digest in snapshot(shop).items() if not path.startswith(".git/")} == tree
    assert git(shop, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_second_run_writes_nothing(forge: LocalForge, shop: Path, pull: OpenPull) -> None:
    forge.perform(pull)
    before = snapshot(shop), snapshot(forge.out)
    times = {path: path.stat().st_mtime_ns for path in forge.out.rglob("*")}

    again = LocalForge("octo/shop", shop, forge.out).perform(pull)

    assert again.status == "unchanged"
    assert (snapshot(shop), snapshot(forge.out)) == before
    assert {path: path.stat().st_mtime_ns for path in forge.out.rglob("*")} == times


def test_a_persons_commit_freezes_the_branch(forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    forge.perform(pull)
    git(shop, "switch", "-q", pull.branch)
    (shop / "AGENTS.md").write_text("# Shop\n\nRead it twice.\n")
    git(shop, "commit", "-q", "-am", "Say it better")
    theirs = git(shop, "rev-parse", "HEAD")
    git(shop, "switch", "-q", "main")

    done = forge.perform(replace(pull, revision="00000000", message=pull.message.replace("deadbeef", "00000000")))

    assert done.status == "frozen"
    assert git(shop, "rev-parse", pull.branch) == theirs
    assert "+Read it twice." in (forge.out / f"pulls/{pull.change}.correction.patch").read_text()
    assert 'state: "frozen"' in (forge.out / f"pulls/{pull.change}.md").read_text()
    assert forge.perform(close(pull)).status == "frozen"
    assert git(shop, "rev-parse", pull.branch) == theirs


@pytest.mark.parametrize("how", ["amend", "merge", "someone else's branch", "another change's commit"])
def test_a_branch_that_is_not_ours_alone_is_never_overwritten(
    how: str, forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    if how == "someone else's branch":
        git(shop, "branch", pull.branch)
        git(shop, "switch", "-q", pull.branch)
        git(shop, "commit", "-q", "--allow-empty", "-m", f"Mine\n\nFlywheel-Change: {pull.change}.deadbeef")
    else:
        message = pull.message.replace(pull.change, "f" * 12) if how == "another change's commit" else pull.message
        forge.perform(replace(pull, message=message))
        git(shop, "switch", "-q", pull.branch)
    if how == "amend":
        git(shop, "commit", "-q", "--amend", "--no-edit", "--allow-empty")
    if how == "merge":
        git(shop, "switch", "-q", "main")
        git(shop, "commit", "-q", "--allow-empty", "-m", "Go on")
        git(shop, "switch", "-q", pull.branch)
        git(shop, "merge", "-q", "--no-edit", "main")
    theirs = git(shop, "rev-parse", "HEAD")
    git(shop, "switch", "-q", "main")

    assert forge.perform(replace(pull, title="New")).status == "frozen"
    assert git(shop, "rev-parse", pull.branch) == theirs


def test_a_checked_out_branch_is_not_moved_under_its_users_feet(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    forge.perform(pull)
    git(shop, "switch", "-q", pull.branch)
    tip = git(shop, "rev-parse", "HEAD")

    done = forge.perform(replace(pull, message=pull.message.replace("Add", "Put")))

    assert done.status == "refused"
    assert str(shop) in done.detail
    assert git(shop, "rev-parse", "HEAD") == tip
    assert git(shop, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "edit",
    [
        Edit("AGENTS.md", "# Old shop\n", "# New\n"),
        Edit("src.py", None, "x = 3\n"),
        Edit("CLAUDE.md", "AGENTS.md", "# Through the link\n"),
        Edit("CLAUDE.md/hooks.md", None, "below a link\n"),
        Edit("../outside.md", None, "out\n"),
        Edit(".git/hooks/post-checkout", None, "true\n", "100755"),
        Edit(".GIT/config", None, "x\n"),
        Edit("a\nb.md", None, "x\n"),
        Edit("AGENTS.md", "# Shop\n", "x\n", "120000"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_and_nothing_is_written(
    edit: Edit, forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    done = forge.perform(replace(pull, edits=(edit,)))

    assert done.status == "refused"
    assert git(shop, "branch", "--list", "flywheel/*") == ""
    assert not (forge.out / "pulls").exists()


def test_the_repositorys_own_hooks_and_programs_do_not_run(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git, tmp_path: Path
) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for hook in ("reference-transaction", "post-index-change", "pre-commit", "commit-msg"):
        shutil.copy(trap, shop / ".git/hooks" / hook)
    git(shop, "config", "core.fsmonitor", str(trap))
    git(shop, "config", "core.pager", str(trap))
    git(shop, "config", "diff.external", str(trap))
    git(shop, "config", "commit.gpgSign", "true")
    (tmp_path / "sprung").unlink(missing_ok=True)

    forge.harness()
    forge.perform(pull)
    forge.perform(close(pull))

    assert not (tmp_path / "sprung").exists()


# --- the harness ------------------------------------------------------------------------------------------------------


def test_the_harness_is_that_of_the_default_branch_not_of_the_work_tree(
    forge: LocalForge, shop: Path, git: Git
) -> None:
    head = git(shop, "rev-parse", "main")
    git(shop, "switch", "-q", "-c", "feature")
    (shop / "AGENTS.md").write_text("# Feature\n")
    git(shop, "commit", "-q", "-am", "Go elsewhere")
    (shop / "AGENTS.md").write_text("work in progress\n")

    harness = forge.harness()

    assert harness.head == head
    assert harness.files == {
        "AGENTS.md": HarnessFile("AGENTS.md", "# Shop\n"),
        "CLAUDE.md": HarnessFile("CLAUDE.md", "", "120000", "AGENTS.md"),
        ".claude/hooks/format.sh": HarnessFile(".claude/hooks/format.sh", "true\n", "100755"),
    }
    assert harness.paths == {"AGENTS.md", "CLAUDE.md", ".claude/hooks/format.sh", "src.py"}


def test_a_link_brings_the_file_it_leads_to(shop: Path, tmp_path: Path, git: Git) -> None:
    (shop / "docs").mkdir()
    (shop / "docs/agents.md").write_text("# Deep\n")
    (shop / "GEMINI.md").symlink_to("docs/agents.md")
    git(shop, "add", ".")
    git(shop, "commit", "-q", "-m", "Link")

    assert LocalForge("octo/shop", shop, tmp_path / "out").harness().files["docs/agents.md"].text == "# Deep\n"


def test_bytes_that_are_no_text_come_back_exactly(shop: Path, forge: LocalForge, pull: OpenPull, git: Git) -> None:
    (shop / "AGENTS.md").write_bytes(b"caf\xe9\r\n\xff")
    git(shop, "commit", "-q", "-am", "Latin")
    text = forge.harness().files["AGENTS.md"].text

    forge.perform(replace(pull, edits=(Edit("AGENTS.md", text, text + "\nmore\n"),)))

    shown = subprocess.run(["git", "-C", shop, "show", f"{pull.branch}:AGENTS.md"], capture_output=True, check=True)
    assert shown.stdout == b"caf\xe9\r\n\xff\nmore\n"


def test_on_a_branch_of_ours_the_default_branch_is_still_found(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    git(shop, "branch", "-m", "main", "develop")
    forge.perform(pull)
    git(shop, "switch", "-q", pull.branch)

    assert forge.harness().head == git(shop, "rev-parse", "develop")


def test_origin_says_which_branch_is_the_default(forge: LocalForge, shop: Path, git: Git) -> None:
    git(shop, "switch", "-q", "-c", "trunk")
    git(shop, "commit", "-q", "--allow-empty", "-m", "Go on")
    git(shop, "switch", "-q", "main")
    git(shop, "update-ref", "refs/remotes/origin/trunk", "trunk")
    git(shop, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")

    assert forge.harness().head == git(shop, "rev-parse", "trunk")


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_pull_is_one_commit_of_ours_on_the_default_branch(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    done = forge.perform(pull)

    assert (done.status, done.where) == ("created", pull.branch)
    assert git(shop, "rev-list", f"main..{pull.branch}").count("\n") == 0
    assert git(shop, "log", "-1", "--format=%an <%ae> %cI", pull.branch) == (
        "flywheel <flywheel@users.noreply.invalid> 2026-01-05T12:00:00+00:00"
    )
    assert git(shop, "log", "-1", "--format=%(trailers:key=Flywheel-Change,valueonly)", pull.branch).strip() == (
        "0123456789ab.deadbeef"
    )
    assert git(shop, "ls-tree", pull.branch, ".claude/hooks/guard.py").startswith("100755")
    assert git(shop, "ls-tree", pull.branch, "CLAUDE.md").startswith("120000")
    assert git(shop, "fsck", "--strict") == ""


def test_the_patch_applies_and_gives_the_branchs_tree(forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    forge.perform(pull)

    git(shop, "apply", "--index", str(forge.out / f"pulls/{pull.change}.patch"))

    assert git(shop, "write-tree") == git(shop, "rev-parse", f"{pull.branch}^{{tree}}")


def test_without_a_directory_there_are_the_same_patch_and_the_text(
    forge: LocalForge, pull: OpenPull, tmp_path: Path
) -> None:
    forge.perform(pull)
    bare = LocalForge("octo/shop", None, tmp_path / "alone")

    done = bare.perform(pull)

    assert (done.status, bare.perform(pull).status) == ("created", "unchanged")
    assert done.where == str(tmp_path / f"alone/pulls/{pull.change}.md")
    name = f"pulls/{pull.change}.patch"
    assert (tmp_path / "alone" / name).read_bytes() == (forge.out / name).read_bytes()
    assert "branch: null" in (tmp_path / f"alone/pulls/{pull.change}.md").read_text()
    assert bare.harness().files == {}


def test_new_evidence_updates_the_same_branch(forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    forge.perform(pull)

    done = forge.perform(replace(pull, body="More.", message=pull.message + "Flywheel-Fixes: 9\n"))

    assert done.status == "updated"
    assert git(shop, "branch", "--list", "flywheel/*", "--format=%(refname:short)") == pull.branch
    assert git(shop, "rev-parse", f"{pull.branch}^") == git(shop, "rev-parse", "main")
    assert "More." in (forge.out / f"pulls/{pull.change}.md").read_text()


@pytest.mark.parametrize("how", ["moved on", "rewritten"])
def test_a_moved_base_moves_the_branch(how: str, forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    forge.perform(pull)
    (shop / "src.py").write_text("x = 5\n")
    git(shop, "commit", "-q", "-a", *(["--amend"] if how == "rewritten" else []), "-m", "Go on")

    done = forge.perform(pull)

    assert done.status == "updated"
    assert git(shop, "rev-parse", f"{pull.branch}^") == git(shop, "rev-parse", "main")
    assert git(shop, "show", f"{pull.branch}:src.py") == "x = 5"


def test_undo_takes_the_branch_back_and_a_new_proposal_opens_again(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    refs = git(shop, "for-each-ref")
    forge.perform(pull)

    done = forge.perform(close(pull))

    assert done.status == "closed"
    assert git(shop, "for-each-ref") == refs
    text = (forge.out / f"pulls/{pull.change}.md").read_text()
    assert 'state: "closed"\nreason: "not for us"\n' in text
    assert text.endswith("# The agent finishes on red\n\nBecause.\n")
    assert forge.perform(close(pull)).status == "closed"
    assert forge.perform(pull).status == "created"
    assert 'state: "open"' in (forge.out / f"pulls/{pull.change}.md").read_text()


def test_a_change_is_a_pull_or_an_issue_never_both(forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    first = forge.perform(issue(pull))
    second = forge.perform(issue(pull))
    forge.perform(pull)
    became = (forge.out / f"issues/{pull.change}.md").read_text()
    third = forge.perform(issue(pull))

    assert [first.status, second.status, third.status] == ["created", "unchanged", "created"]
    assert 'state: "closed"' in became
    assert 'state: "closed"' in (forge.out / f"pulls/{pull.change}.md").read_text()
    assert git(shop, "branch", "--list", "flywheel/*") == ""


@pytest.mark.parametrize("after", [1, 2])
def test_a_run_cut_off_between_two_writes_is_completed_by_the_next(
    after: int, forge: LocalForge, shop: Path, pull: OpenPull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writes are the branch, the patch, the text; `after` is the file whose write does not happen."""
    whole = LocalForge("octo/shop", shop, tmp_path / "whole", date=forge.date)
    real, seen = files.write, []

    def cut(path: Path, data: bytes) -> bool:
        seen.append(path)
        if len(seen) == after:
            raise KeyboardInterrupt
        return real(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(files, "write", cut)
        with pytest.raises(KeyboardInterrupt):
            forge.perform(pull)
    done = forge.perform(pull)
    whole.perform(pull)

    assert done.status == "created"
    assert snapshot(forge.out) == snapshot(whole.out)


def test_the_branch_that_moves_while_we_write_is_not_overwritten(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.forge import branch

    real = branch.commit

    def slow(*arguments: object) -> str:
        made = real(*arguments)  # type: ignore[arg-type]
        git(shop, "branch", "-f", pull.branch, "main")
        return made

    monkeypatch.setattr(branch, "commit", slow)
    done = forge.perform(pull)

    assert done.status == "refused"
    assert "Run again" in done.detail
    assert git(shop, "rev-parse", pull.branch) == git(shop, "rev-parse", "main")


# --- repositories of every kind ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bare", "detached", "sha256", "worktree", "subfolder", "packed"])
def test_repositories_of_every_kind(kind: str, shop: Path, tmp_path: Path, pull: OpenPull, git: Git) -> None:
    directory = shop
    if kind == "bare":
        directory = tmp_path / "bare.git"
        git(tmp_path, "clone", "-q", "--bare", str(shop), str(directory))
    if kind == "detached":
        git(shop, "checkout", "-q", "--detach")
        git(shop, "branch", "-D", "main")
    if kind == "sha256":
        shutil.rmtree(shop / ".git")
        git(shop, "init", "-q", "-b", "main", "--object-format=sha256")
        git(shop, "add", ".")
        git(shop, "commit", "-q", "-m", "Begin")
    if kind == "worktree":
        directory = tmp_path / "second"
        git(shop, "worktree", "add", "-q", "-b", "side", str(directory))
    if kind == "subfolder":
        directory = shop / ".claude"
    if kind == "packed":
        git(shop, "gc", "-q")
    forge = LocalForge("octo/shop", directory, tmp_path / "out")

    assert forge.harness().files["AGENTS.md"].text == "# Shop\n"
    assert [forge.perform(pull).status for _ in range(2)] == ["created", "unchanged"]
    assert git(directory, "show", f"{pull.branch}:AGENTS.md").endswith("Read the last check.")
    assert forge.perform(close(pull)).status == "closed"


def test_an_empty_repository_says_what_to_do(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "empty")

    with pytest.raises(UserError, match=r"empty: the repository has no commit .* Make a first commit"):
        LocalForge("octo/shop", tmp_path / "empty", tmp_path / "out").harness()


def test_a_path_that_is_no_repository_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for name in ("plain", "missing"):
        with pytest.raises(UserError, match=rf"{name}: .* Name a git repository"):
            LocalForge("octo/shop", tmp_path / name, tmp_path / "out").harness()


def test_a_branch_in_the_way_of_ours_is_told(forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    git(shop, "branch", "flywheel")

    done = forge.perform(pull)

    assert done.status == "refused"
    assert "another branch stands in the way" in done.detail


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_read_only_repository_is_read_and_says_what_to_do_when_written(pull: OpenPull, git: Git) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        shop = Path(place) / "shop"
        git(Path(place), "init", "-q", "-b", "main", "shop")
        (shop / "AGENTS.md").write_text("# Shop\n")
        git(shop, "add", ".")
        git(shop, "commit", "-q", "-m", "Begin")
        for path in (shop, *shop.rglob("*")):
            os.chown(path, 65534, 65534)
            path.chmod(0o555 if path.is_dir() else 0o444)
        said = as_nobody(lambda: read_then_write(LocalForge("octo/shop", shop, Path(place) / "out"), pull))

    assert said.startswith("# Shop\n")
    assert "Get write access to it, or leave --repo out" in said


def read_then_write(forge: LocalForge, pull: OpenPull) -> str:
    text = forge.harness().files["AGENTS.md"].text
    try:
        return f"{text}{forge.perform(pull)}"
    except UserError as error:
        return f"{text}{error}"


def as_nobody(action: Callable[[], str]) -> str:
    """What `action` returns in a child process that has given up being root."""
    reader, writer = os.pipe()
    if child := os.fork():
        os.close(writer)
        with os.fdopen(reader) as stream:
            said = stream.read()
        os.waitpid(child, 0)
        return said
    try:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os.write(writer, action().encode())
    finally:
        os._exit(0)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 65, "A/B"])
def test_an_id_cannot_lead_out_of_the_folder(name: str, tmp_path: Path, pull: OpenPull) -> None:
    with pytest.raises(UserError, match="no change has such an id"):
        LocalForge("octo/shop", None, tmp_path / "out").perform(replace(pull, change=name))


@pytest.mark.parametrize("name", ["main", "flywheel/../main", "-d", "flywheel/x.lock", "flywheel/a b"])
def test_no_branch_but_ours_is_ever_named(name: str, forge: LocalForge, pull: OpenPull) -> None:
    with pytest.raises(UserError, match="no branch of a change"):
        forge.perform(replace(pull, branch=name))
    with pytest.raises(UserError, match="no branch of a change"):
        forge.perform(close(replace(pull, branch=name)))


# --- merged, moved away, or somewhere else ----------------------------------------------------------------------------


def test_a_branch_that_nobody_merged_is_not_merged(forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    forge.perform(pull)
    (shop / "AGENTS.md").write_text("# Shop\n\nRead the last check, twice.\n")
    git(shop, "commit", "-q", "-a", "-m", "Say it otherwise")

    assert not forge.merged(pull.change, pull.branch)


@pytest.mark.parametrize("how", ["merge", "squash", "rebase", "squash and delete"])
def test_a_merge_of_any_kind_is_seen(how: str, forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    forge.perform(pull)
    (shop / "src.py").write_text("x = 2\n")
    git(shop, "commit", "-q", "-a", "-m", "Go on")
    match how.split()[0]:
        case "merge":
            git(shop, "merge", "-q", "--no-edit", pull.branch)
        case "squash":
            git(shop, "merge", "-q", "--squash", pull.branch)
            git(shop, "commit", "-q", "-m", "Squashed")
        case "rebase":
            git(shop, "cherry-pick", pull.branch)
    if how.endswith("delete"):
        git(shop, "branch", "-q", "-D", pull.branch)

    assert forge.merged(pull.change, pull.branch)


def test_a_merged_pull_says_so_in_its_text(forge: LocalForge, pull: OpenPull) -> None:
    forge.perform(pull)

    done = forge.perform(NoteMerged(pull.repository, pull.change))

    assert done.status == "merged"
    assert 'state: "merged"' in (forge.out / f"pulls/{pull.change}.md").read_text()


def test_a_run_without_the_repository_does_not_forget_its_branch(forge: LocalForge, pull: OpenPull) -> None:
    forge.perform(pull)
    path = forge.out / f"pulls/{pull.change}.md"
    before = path.read_text()

    done = LocalForge("octo/shop", None, forge.out).perform(pull)

    assert (done.status, done.where) == ("unchanged", pull.branch)
    assert path.read_text() == before


def test_nothing_is_closed_while_its_branch_stands_where_nobody_looked(
    forge: LocalForge, shop: Path, tmp_path: Path, pull: OpenPull, git: Git
) -> None:
    forge.perform(pull)
    git(tmp_path, "init", "-q", "-b", "main", "other")
    git(tmp_path / "other", "commit", "-q", "--allow-empty", "-m", "Begin")

    nowhere = LocalForge("octo/shop", None, forge.out).perform(close(pull))
    elsewhere = LocalForge("octo/shop", tmp_path / "other", forge.out).perform(close(pull))

    assert (nowhere.status, elsewhere.status) == ("refused", "refused")
    assert "--repo" in nowhere.detail
    assert "--repo" in elsewhere.detail
    assert 'state: "open"' in (forge.out / f"pulls/{pull.change}.md").read_text()
    assert git(shop, "branch", "--list", "flywheel/*") != ""


def test_a_branch_that_its_user_deleted_can_still_be_closed(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    forge.perform(pull)
    git(shop, "branch", "-q", "-D", pull.branch)

    assert forge.perform(close(pull)).status == "closed"


def test_a_file_where_the_texts_go_costs_no_branch(forge: LocalForge, shop: Path, pull: OpenPull, git: Git) -> None:
    forge.out.mkdir()
    (forge.out / "pulls").write_text("mine")

    with pytest.raises(UserError, match="Move it away"):
        forge.perform(pull)

    assert git(shop, "branch", "--list", "flywheel/*") == ""
    assert (forge.out / "pulls").read_text() == "mine"


def test_a_folder_where_a_file_is_needed_is_not_replaced(
    forge: LocalForge, shop: Path, pull: OpenPull, git: Git
) -> None:
    done = forge.perform(replace(pull, edits=(Edit(".claude/hooks", None, "x\n"),)))

    assert done.status == "refused"
    assert "a folder where a file is needed" in done.detail
    assert git(shop, "branch", "--list", "flywheel/*") == ""


def test_a_lost_commit_is_not_told_to_make_a_first_one(forge: LocalForge, shop: Path, git: Git) -> None:
    head = git(shop, "rev-parse", "HEAD")
    (shop / ".git/objects" / head[:2] / head[2:]).unlink()

    with pytest.raises(UserError, match="git fsck"):
        forge.harness()
