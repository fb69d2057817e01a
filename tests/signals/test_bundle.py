"""A path on disk becomes bundles, and nothing hostile in an archive is read or written."""

import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.signals.bundle import Bundle, bundles, open_source

MANIFEST = json.dumps({"flywheel_bundle": 1, "repository": "o/r"})


def names(found: list[Bundle]) -> list[tuple[str, str | None, list[str]]]:
    return [(one.repository, one.task, [member.name for member in one.members]) for one in found]


def write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_an_empty_folder_holds_no_bundle(tmp_path: Path) -> None:
    assert list(bundles(tmp_path)) == []


def test_a_foreign_manifest_is_an_ordinary_file(tmp_path: Path) -> None:
    write(tmp_path / "repo" / "task" / "manifest.json", '{"manifest_version": 3}')

    assert names(list(bundles(tmp_path))) == [("repo", "task", ["manifest.json"])]


def test_a_folder_with_our_manifest_is_one_bundle_with_its_subfolders(tmp_path: Path) -> None:
    write(tmp_path / "r" / "t" / "1" / "manifest.json", MANIFEST)
    write(tmp_path / "r" / "t" / "1" / "transcripts" / "a.jsonl")
    write(tmp_path / "r" / "t" / "1" / "reports" / "deep" / "junit.xml")

    found = list(bundles(tmp_path))

    assert names(found) == [("r", "t", ["reports/deep/junit.xml", "transcripts/a.jsonl"])]
    assert found[0].manifest == json.loads(MANIFEST)


def test_without_a_manifest_the_folders_name_repository_and_task(tmp_path: Path) -> None:
    write(tmp_path / "shop" / "issue-3" / "run-1" / "a.jsonl")
    write(tmp_path / "shop" / "issue-3" / "run-2" / "a.jsonl")

    found = list(bundles(tmp_path))

    assert [(one.repository, one.task, one.name) for one in found] == [
        ("shop", "issue-3", "run-1"),
        ("shop", "issue-3", "run-2"),
    ]


def test_subagents_of_a_session_lie_in_the_bundle_of_the_session(tmp_path: Path) -> None:
    write(tmp_path / "-home-me-app" / "abc.jsonl")
    write(tmp_path / "-home-me-app" / "abc" / "subagents" / "agent-1.jsonl")

    assert names(list(bundles(tmp_path))) == [("-home-me-app", None, ["abc.jsonl", "abc/subagents/agent-1.jsonl"])]


def test_a_path_that_is_not_there_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file or folder"):
        list(bundles(tmp_path / "gone"))


def test_a_link_out_of_the_folder_is_not_walked(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "secret.jsonl")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)

    assert list(bundles(tmp_path / "runs")) == []


def test_pipes_devices_loops_and_links_that_leave_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere.jsonl")
    runs = tmp_path / "runs" / "r" / "t"
    write(runs / "a.jsonl")
    os.mkfifo(runs / "pipe.jsonl")
    (runs / "zero.jsonl").symlink_to("/dev/zero")
    (runs / "loop.jsonl").symlink_to("loop.jsonl")
    (runs / "out.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")

    assert names(list(bundles(tmp_path / "runs"))) == [("r", "t", ["a.jsonl"])]
    with pytest.raises(UserError, match="no regular file"):
        list(bundles(runs / "pipe.jsonl"))


def test_names_that_leave_the_archive_and_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", MANIFEST)
        archive.writestr("../../etc/passwd", "root")
        archive.writestr("/etc/shadow", "root")
        archive.writestr("C:/windows", "x")
        link = zipfile.ZipInfo("transcripts/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("transcripts/good.jsonl", "{}")

    found = list(bundles(path))

    assert names(found) == [(tmp_path.name, None, ["transcripts/good.jsonl"])]
    assert len(found[0].warnings) == 4
    assert all("refused" in warning for warning in found[0].warnings)


def test_a_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("transcripts/a.jsonl", b"0" * (40 << 20))

    found = list(bundles(path))

    assert found[0].members == ()
    assert "inflates more than 200 times" in found[0].warnings[0]


def test_a_damaged_archive_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "r" / "t" / "a.jsonl")
    good = tmp_path / "r" / "t" / "b.zip"
    with zipfile.ZipFile(good, "w") as archive:
        archive.writestr("x", "y")
    good.write_bytes(good.read_bytes()[:-30] + b"\0" * 30)

    found = list(bundles(tmp_path))

    assert [member.name for one in found for member in one.members if member.name == "a.jsonl"] == ["a.jsonl"]


def test_a_broken_manifest_is_said_and_the_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path / "r" / "manifest.json", '{"flywheel_bundle": 1, "repository"')
    write(tmp_path / "r" / "a.jsonl")

    found = list(bundles(tmp_path))

    assert names(found) == [("r", None, ["a.jsonl"])]
    assert "manifest cannot be read" in found[0].warnings[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    closed = tmp_path / "r" / "closed"
    closed.mkdir(parents=True)
    closed.chmod(0)

    found = list(bundles(tmp_path))

    assert "Give read access" in found[0].warnings[0]


def test_a_pin_into_an_archive_can_be_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("transcripts/a.jsonl", "hello")

    stream = open_source(f"{path}!transcripts/a.jsonl")

    assert stream is not None
    assert stream.read() == b"hello"
    assert open_source(f"{path}!gone") is None
    assert open_source(str(tmp_path / "gone")) is None


def test_a_pipe_that_bears_the_manifests_name_is_not_opened(tmp_path: Path) -> None:
    write(tmp_path / "r" / "t" / "a.jsonl")
    os.mkfifo(tmp_path / "r" / "t" / "manifest.json")

    assert names(list(bundles(tmp_path))) == [("r", "t", ["a.jsonl"])]


def test_a_manifest_with_a_wrong_checksum_is_said(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", MANIFEST)
        archive.writestr("transcripts/a.jsonl", "{}")
    path.write_bytes(path.read_bytes().replace(b'"o/r"', b'"x/r"', 1))

    found = list(bundles(path))

    assert names(found) == [(tmp_path.name, None, ["transcripts/a.jsonl"])]
    assert "manifest cannot be read" in found[0].warnings[0]


def test_a_pin_under_names_with_exclamation_marks_can_be_opened_again(tmp_path: Path) -> None:
    place = tmp_path / "wow!" / "such.zip!really"
    write(place / "plain!.txt", "plain")
    archive = place / "a!b.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("c!d.txt", "inside")

    for path, text in ((f"{place}/plain!.txt", b"plain"), (f"{archive}!c!d.txt", b"inside")):
        stream = open_source(path)

        assert stream is not None
        with stream:
            assert stream.read() == text
    assert open_source(f"{archive}!gone.txt") is None


def test_a_very_deep_folder_is_walked(tmp_path: Path) -> None:
    deep = tmp_path / "/".join("d" * 1500)
    try:
        subprocess.run(["mkdir", "-p", str(deep)], check=True)
        write(deep / "a.jsonl")

        assert len(list(bundles(tmp_path))) == 1
    finally:  # Python's own removal of a tree calls itself for every level, too
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)
