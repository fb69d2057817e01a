"""Folders and zips become episodes: outcome, task, diff and every loss said."""

import hashlib
import json
import zipfile
from pathlib import Path

from bot.model import Diff, Episode
from bot.signals.collect import collect

PASSED = '<testsuite><testcase name="a"/></testsuite>'
FAILED = '<testsuite><testcase name="a"><failure message="no"/></testcase></testsuite>'


def session(*, name: str = "s1", text: str = "Done.") -> str:
    base = {"sessionId": name, "cwd": "/work/app", "version": "2.0.1", "gitBranch": "fix", "isSidechain": False}
    edit = {"type": "tool_use", "id": f"t-{name}", "name": "Edit", "input": {"file_path": "/work/app/src/a.py"}}
    lines = [
        {**base, "type": "user", "uuid": f"{name}1", "message": {"role": "user", "content": "Fix it"}},
        {
            **base,
            "type": "assistant",
            "uuid": f"{name}2",
            "message": {"id": f"m-{name}", "role": "assistant", "model": "claude-x", "content": [edit]},
        },
        {
            **base,
            "type": "user",
            "uuid": f"{name}3",
            "message": {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": f"t-{name}", "content": "The file was updated"}],
            },
        },
        {
            **base,
            "type": "assistant",
            "uuid": f"{name}4",
            "message": {
                "id": f"n-{name}",
                "role": "assistant",
                "model": "claude-x",
                "content": [{"type": "text", "text": text}],
            },
        },
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def only(path: Path) -> Episode:
    (episode,) = collect([path])
    return episode


def test_a_file_that_no_reader_knows_makes_no_episode(tmp_path: Path) -> None:
    write(tmp_path / "notes.txt", "hello")

    assert list(collect([tmp_path])) == []


def test_a_session_without_reports_has_no_verdict(tmp_path: Path) -> None:
    write(tmp_path / "shop" / "s1.jsonl", session())

    episode = only(tmp_path)

    assert (episode.repository, episode.task, episode.outcome) == ("shop", None, "none")
    assert episode.diff == Diff(changed=("src/a.py",))


def test_any_failed_report_makes_a_failure(tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "issue-1" / "run-1"
    write(folder / "s.jsonl", session())
    write(folder / "a.xml", PASSED)
    write(folder / "b.xml", FAILED)

    assert only(tmp_path).outcome == "fail"
    assert only(tmp_path).id == "shop/issue-1/run-1"


def test_the_manifest_has_the_last_word(tmp_path: Path) -> None:
    folder = tmp_path / "x" / "y" / "z"
    write(folder / "transcripts" / "s.jsonl", session())
    write(folder / "reports" / "a.xml", FAILED)
    manifest = {"flywheel_bundle": 1, "repository": "octo/shop", "task": "issue-9", "pull": 3, "outcome": "pass"}
    write(folder / "manifest.json", json.dumps({**manifest, "head_sha": "a" * 40, "run": {"attempt": 2}}))

    episode = only(tmp_path)

    assert (episode.repository, episode.task, episode.pull, episode.outcome) == ("octo/shop", "issue-9", 3, "pass")
    assert episode.head_sha == "a" * 40
    assert episode.run.attempt == 2


def test_a_patch_says_more_than_the_edits(tmp_path: Path) -> None:
    folder = tmp_path / "shop" / "t" / "r"
    write(folder / "s.jsonl", session())
    patch = "diff --git a/b.py b/b.py\n--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-x\n+y\n"
    write(folder / "change.patch", patch)

    assert only(tmp_path).diff == Diff(changed=("b.py",))


def test_two_sessions_in_one_folder_are_two_episodes(tmp_path: Path) -> None:
    write(tmp_path / "shop" / "s1.jsonl", session(name="s1"))
    write(tmp_path / "shop" / "s2.jsonl", session(name="s2"))

    assert sorted(episode.id for episode in collect([tmp_path])) == ["shop/s1", "shop/s2"]


def test_a_zip_is_read_without_unpacking(tmp_path: Path) -> None:
    path = tmp_path / "flywheel-bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps({"flywheel_bundle": 1, "repository": "o/r", "task": "t"}))
        archive.writestr("transcripts/s.jsonl", session())
        archive.writestr("reports/a.xml", PASSED)

    episode = only(path)

    assert (episode.repository, episode.outcome) == ("o/r", "pass")
    assert episode.trace is not None
    assert episode.trace.sources[0].path == f"{path}!transcripts/s.jsonl"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["flywheel-bundle.zip"]


def test_a_damaged_member_is_said_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("transcripts/s.jsonl", session())
        archive.writestr("reports/a.xml", PASSED)
    data = bytearray(path.read_bytes())
    at = data.index(b"<testcase")
    data[at : at + 4] = b"\0\0\0\0"
    path.write_bytes(data)

    episode = only(path)

    assert episode.trace is not None
    assert ["unreadable"] == [one.name for one in episode.signals if one.name == "unreadable"]


def test_a_digest_that_is_not_the_manifests_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "r" / "t" / "1"
    write(folder / "transcripts" / "s.jsonl", session())
    good = hashlib.sha256(session().encode()).hexdigest()
    for digest, said in ((good, 0), ("0" * 64, 1)):
        files = [{"path": "transcripts/s.jsonl", "kind": "transcript", "sha256": digest}]
        write(folder / "manifest.json", json.dumps({"flywheel_bundle": 1, "files": files}))

        assert said == sum(one.name == "unreadable" for one in only(tmp_path).signals)


def test_what_tools_left_beside_a_session_is_no_report(tmp_path: Path) -> None:
    write(tmp_path / "-home-me-app" / "s1.jsonl", session())
    write(tmp_path / "-home-me-app" / "s1" / "tool-results" / "toolu_1.txt", FAILED)

    episode = only(tmp_path)

    assert (episode.outcome, episode.reports) == ("none", ())


def test_what_a_report_lost_reaches_the_episode(tmp_path: Path) -> None:
    write(tmp_path / "r" / "t" / "1" / "a.jsonl", session())
    write(tmp_path / "r" / "t" / "1" / "junit.xml", FAILED[:-20])

    episode = only(tmp_path)

    assert len(episode.warnings) == 1
    assert "junit.xml" in episode.warnings[0]


def test_a_run_number_of_four_hundred_digits_is_no_number(tmp_path: Path) -> None:
    manifest = {"flywheel_bundle": 1, "repository": "o/r", "outcome": "fail", "run": {"id": 7, "attempt": 10**400}}
    write(tmp_path / "manifest.json", json.dumps(manifest))
    write(tmp_path / "a.jsonl", session())

    assert (only(tmp_path).run.id, only(tmp_path).run.attempt) == (7, 1)
