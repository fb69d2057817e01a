"""A repository's stored sessions are read as data: joined to commits by their trailer, bounded, and found again."""

import json
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.forge.checkpoints import BRANCH, checkpoints, open_source
from bot.signals.checkpoints import bundles_of
from bot.signals.collect import collect
from tests.forge.conftest import Git
from tests.signals.layouts.conftest import stream

ID = "a1b2c3d4e5f6"
PLACE = "a1/b2c3d4e5f6"


def store(shop: Path, git: Git, files: dict[str, str], branch: str = BRANCH) -> None:
    """Put files on a branch of its own, as Entire does, and leave the work tree as it was."""
    current = git(shop, "symbolic-ref", "HEAD")
    git(shop, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    git(shop, "rm", "-rq", "--cached", ".")
    for name, content in files.items():
        (shop / "blob").write_text(content, encoding="utf-8")
        blob = git(shop, "hash-object", "-w", "blob")
        git(shop, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    git(shop, "commit", "-qm", f"Checkpoint: {ID}")
    (shop / "blob").unlink()
    git(shop, "symbolic-ref", "HEAD", current)
    git(shop, "reset", "-q")


def session(session: str = "s1", *commands: str, place: str = PLACE, number: int = 0) -> dict[str, str]:
    """A session of a checkpoint."""
    meta = {"session_id": session, "agent": "Claude Code", "model": "claude-x", "created_at": "2026-01-02T03:04:05Z"}
    return {
        f"{place}/metadata.json": json.dumps({"checkpoint_id": place.replace("/", ""), "sessions": []}),
        f"{place}/{number}/metadata.json": json.dumps(meta),
        f"{place}/{number}/full.jsonl": stream(*commands, session=session),
        f"{place}/{number}/prompt.txt": "Do it",
    }


def commit(shop: Path, git: Git, trailer: str = ID, text: str = "1") -> str:
    """A commit of the code that bears a checkpoint's trailer."""
    (shop / "a.txt").write_text(text, encoding="utf-8")
    git(shop, "add", "a.txt")
    git(shop, "commit", "-qm", f"Fix it\n\nBecause.\n\nEntire-Checkpoint: {trailer}")
    return git(shop, "rev-parse", "HEAD")


def test_a_repository_without_the_branch_and_a_folder_that_is_none_are_left_alone(shop: Path, tmp_path: Path) -> None:
    assert checkpoints(shop) is None
    assert checkpoints(tmp_path) is None
    assert checkpoints(tmp_path / "gone") is None
    assert open_source(f"{shop}!{BRANCH}:{PLACE}/0/full.jsonl") is None
    assert open_source("plain.jsonl") is None


def test_a_folder_inside_a_repository_is_a_folder_of_runs(shop: Path, git: Git) -> None:
    store(shop, git, session("s1", "ls"))
    (shop / "runs").mkdir()

    assert checkpoints(shop / "runs") is None


def test_what_looks_like_a_bare_repository_and_is_none_is_said(tmp_path: Path) -> None:
    for name in ("objects", "refs"):
        (tmp_path / "x" / name).mkdir(parents=True)
    (tmp_path / "x" / "HEAD").write_text("nothing", encoding="utf-8")

    with pytest.raises(UserError, match="not a git repository"):
        checkpoints(tmp_path / "x")


@pytest.mark.parametrize("bare", [False, True])
def test_a_session_is_an_episode_joined_to_its_commit_and_its_bytes_are_found_again(
    bare: bool, shop: Path, git: Git, tmp_path: Path
) -> None:
    store(shop, git, session("s1", "ls", "make"))
    head = commit(shop, git)
    before = git(shop, "status", "--porcelain")
    path = shop
    if bare:
        path = tmp_path / "bare.git"
        git(tmp_path, "clone", "-q", "--bare", str(shop), str(path))
    (episode,) = collect([path], checkpoints)

    assert (head, "trailer", "none") == (episode.head_sha, episode.joined, episode.outcome)
    assert ("claude-code", "claude-x") == (episode.agent.name, episode.agent.model)
    assert episode.trace is not None
    assert ["ls", "make"] == [call.command for step in episode.trace.steps for call in step.calls]
    assert episode.trace.sources[0].path == f"{path}!{BRANCH}:{PLACE}/0/full.jsonl"
    found = open_source(episode.trace.sources[0].path)
    assert found is not None
    assert stream("ls", "make", session="s1").encode() == found.read()
    assert before == git(shop, "status", "--porcelain")


def test_a_session_that_grew_from_checkpoint_to_checkpoint_is_counted_once(shop: Path, git: Git) -> None:
    later = "ff/0000000000"
    store(shop, git, {**session("s1", "a"), **session("s1", "a", "b", place=later), **session("s2", "c", number=1)})
    head = commit(shop, git, "ff0000000000")

    found = {one.id.rpartition("/")[2]: one for one in collect([shop], checkpoints)}

    assert ["s1", "s2"] == sorted(found)
    assert (head, "trailer") == (found["s1"].head_sha, found["s1"].joined)
    assert ("", "layout") == (found["s2"].head_sha, found["s2"].joined)
    assert found["s1"].trace is not None
    assert 2 == len(found["s1"].trace.steps)


def test_a_checkpoint_that_several_commits_name_is_joined_to_none(shop: Path, git: Git) -> None:
    store(shop, git, session("s1", "ls"))
    commit(shop, git)
    commit(shop, git, text="2")
    (episode,) = collect([shop], checkpoints)

    assert ("", "ambiguous-commits") == (episode.head_sha, episode.joined)


def test_a_transcript_in_parts_is_whole_again(shop: Path, git: Git) -> None:
    files = session("s1", "a", "b", "c")
    whole = files[f"{PLACE}/0/full.jsonl"]
    cuts = [whole[:200], whole[200:700], whole[700:]]
    names = ["full.jsonl", "full.jsonl.001", "full.jsonl.002"]
    store(shop, git, files | {f"{PLACE}/0/{name}": cut for name, cut in zip(names, cuts, strict=True)})
    (episode,) = collect([shop], checkpoints)

    assert episode.trace is not None
    assert 3 == len(episode.trace.steps)
    found = open_source(episode.trace.sources[0].path)
    assert found is not None
    assert whole.encode() == found.read()


def test_checkpoints_that_have_a_ref_each_are_read_beside_the_branch(shop: Path, git: Git) -> None:
    name = "01KVBJCWYA4YW6J5M9GP655HZN"
    ref = f"refs/entire/checkpoints/ZN/{name}"
    store(shop, git, {file.removeprefix(f"{PLACE}/"): text for file, text in session("s2", "a", "b").items()}, "aside")
    git(shop, "update-ref", ref, "aside")
    git(shop, "update-ref", "refs/entire/checkpoints/v2/main", "aside")
    git(shop, "branch", "-qD", "aside")
    head = commit(shop, git, name)
    store(shop, git, session("s1", "ls"))

    kept, other = sorted(collect([shop], checkpoints), key=lambda one: one.id, reverse=True)

    assert ("shop/s2", head, "trailer") == (kept.id, kept.head_sha, kept.joined)
    assert "shop/s1" == other.id
    assert kept.trace is not None
    assert f"{shop}!{ref}:0/full.jsonl" == kept.trace.sources[0].path
    found = open_source(kept.trace.sources[0].path)
    assert found is not None
    assert stream("a", "b", session="s2").encode() == found.read()


def test_the_branch_may_be_fetched_only(shop: Path, git: Git, tmp_path: Path) -> None:
    store(shop, git, session("s1", "ls"))
    git(tmp_path, "clone", "-q", str(shop), str(tmp_path / "clone"))
    (episode,) = collect([tmp_path / "clone"], checkpoints)

    assert episode.trace is not None
    assert open_source(episode.trace.sources[0].path) is not None


def test_a_missing_object_is_said_and_costs_no_other_session(shop: Path, git: Git) -> None:
    store(shop, git, {**session("s1", "a"), **session("s2", "b", place="bb/0000000000")})
    blob = git(shop, "rev-parse", f"{BRANCH}:{PLACE}/0/full.jsonl")
    (shop / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    lost, kept = collect([shop], checkpoints)

    assert kept.trace is not None
    assert lost.trace is None
    assert "missing in this clone" in lost.signals[0].detail


@pytest.mark.parametrize("meta", ["", "[]", '{"session_id": 3}', '{"session_id": "../../x\\n"}', "{" * 3_000])
def test_metadata_that_is_none_costs_no_session(meta: str, shop: Path, git: Git) -> None:
    store(shop, git, session("s1", "ls") | {f"{PLACE}/0/metadata.json": meta})
    (episode,) = collect([shop], checkpoints)

    assert episode.trace is not None
    assert ".." not in episode.id


def test_an_old_checkpoint_has_one_session_without_a_number(shop: Path, git: Git) -> None:
    store(shop, git, {name.replace("/0/", "/"): text for name, text in session("s1", "ls").items()})
    (episode,) = collect([shop], checkpoints)

    assert episode.trace is not None
    assert open_source(episode.trace.sources[0].path) is not None


def test_names_on_the_branch_that_are_no_sessions_are_left_alone(shop: Path, git: Git) -> None:
    store(shop, git, {"README.md": "x", "a1/b2c3d4e5f6/0/other.jsonl": stream("ls"), "zz/full.jsonl": stream("ls")})

    assert [] == list(bundles_of(shop, checkpoints))
