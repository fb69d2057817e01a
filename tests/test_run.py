"""The command line as a user meets it: real processes, a real git, real files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli import EXAMPLES, ROOT, flywheel, git, record


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "flywheel.lock"
    }


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The out folder of a first run over the examples."""
    folder = tmp_path_factory.mktemp("first")
    flywheel("run", "--json", cwd=folder)
    return folder / "flywheel-out"


def test_a_first_run_finds_what_was_planted_and_leaves_branches(out: Path) -> None:
    run = record(out)
    planted = json.loads((ROOT / "examples" / "planted.json").read_text(encoding="utf-8"))["planted"]

    assert {one["detector"].split("/")[-1] for one in planted} == {
        one["detector"] for one in run["patterns"] if one["status"] == "actionable"
    }
    assert run["modifications"]
    for change in run["modifications"]:
        bare = out / "repos" / (change["repository"].replace("/", "__") + ".git")
        assert change["branch"].startswith("flywheel/")
        message = git(bare, "log", "-1", "--format=%B", change["branch"])
        assert f"Flywheel-Change: {change['id']}.{change['revision']}" in message
        assert f"Flywheel-Tier: {change['tier']}" in message
        assert (out / "pulls" / f"{change['id']}.md").exists()
        git(bare, "fsck", "--strict")


def test_nothing_is_autonomous_without_a_record(out: Path) -> None:
    assert "autonomous" not in {change["tier"] for change in record(out)["modifications"]}


def test_every_citation_holds_and_says_its_line(out: Path) -> None:
    run = record(out)
    pins = [pin for pattern in run["patterns"] for finding in pattern["findings"] for pin in finding["pins"]]

    assert run["dropped_pins"] == 0
    assert pins
    assert all(pin["line"] > 0 for pin in pins)


def test_a_second_run_changes_nothing(out: Path) -> None:
    before = tree(out)
    flywheel("run", "--json", "--out", out, cwd=out.parent)
    after = tree(out)

    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name] and name != "run.json"] == []


def test_no_secret_and_no_script_of_a_transcript_reaches_a_page(out: Path) -> None:
    for name, data in tree(out).items():
        if name.endswith((".html", ".md", ".patch", ".json", ".jsonl")):
            text = data.decode("utf-8")
            assert "hunter2" not in text, name
        if name.endswith((".html", ".md")):
            assert "<script" not in data.decode("utf-8"), name


def test_no_byte_of_a_transcript_reaches_a_harness_file(out: Path) -> None:
    run = record(out)
    quotes = {
        pin["quote"][:60]
        for pattern in run["patterns"]
        for finding in pattern["findings"]
        for pin in finding["pins"]
        if len(pin["quote"]) > 25
    }
    patches = "".join(path.read_text(encoding="utf-8") for path in (out / "pulls").glob("*.patch"))

    assert quotes
    assert [quote for quote in quotes if quote in patches] == []


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = flywheel("run", "--dry-run", "--json", cwd=tmp_path)

    assert json.loads(done.stdout)["modifications"]
    assert list(tmp_path.iterdir()) == []


def test_without_a_repository_there_are_patches_and_no_branch(tmp_path: Path) -> None:
    flywheel("run", EXAMPLES, "--json", cwd=tmp_path)
    out = tmp_path / "flywheel-out"

    changes = record(out)["modifications"]

    assert {change["branch"] for change in changes} == {None}
    assert all((out / "pulls" / f"{change['id']}.patch").exists() for change in changes if change["tier"] != "backlog")
    assert not (out / "repos").exists()


def test_a_work_tree_with_uncommitted_work_is_untouched(tmp_path: Path) -> None:
    repository = tmp_path / "api"
    shutil.copytree(ROOT / "examples" / "repos" / "lumen-orchard__parcel-api", repository)
    git(tmp_path, "init", "-q", "-b", "main", str(repository))
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Begin")
    (repository / "README.md").write_text("half a thought", encoding="utf-8")
    (repository / "new.txt").write_text("new", encoding="utf-8")
    status, index = git(repository, "status", "--porcelain"), (repository / ".git" / "index").read_bytes()

    flywheel("run", EXAMPLES, "--repo", f"lumen-orchard/parcel-api={repository}", "--json", cwd=tmp_path)

    assert git(repository, "branch", "--list", "flywheel/*") != ""
    assert git(repository, "status", "--porcelain") == status
    assert (repository / ".git" / "index").read_bytes() == index


def test_a_human_commit_freezes_the_branch(tmp_path: Path) -> None:
    flywheel("run", "--json", cwd=tmp_path)
    out = tmp_path / "flywheel-out"
    change = record(out)["modifications"][0]
    bare = out / "repos" / (change["repository"].replace("/", "__") + ".git")
    git(tmp_path, "clone", "-q", "-b", change["branch"], str(bare), "clone")
    (tmp_path / "clone" / "note.txt").write_text("mine", encoding="utf-8")
    git(tmp_path / "clone", "add", "-A")
    git(tmp_path / "clone", "commit", "-qm", "My own idea")
    git(tmp_path / "clone", "push", "-q", "origin", change["branch"])
    mine = git(bare, "rev-parse", change["branch"])

    for _ in range(2):
        flywheel("run", "--json", cwd=tmp_path)

    assert git(bare, "rev-parse", change["branch"]) == mine
    events = [
        json.loads(line)["event"] for line in (out / "ledger.jsonl").read_text().splitlines() if change["id"] in line
    ]
    assert events == ["proposed", "frozen"]


def test_a_dismissed_change_stays_away_and_an_undone_one_comes_back(tmp_path: Path) -> None:
    flywheel("run", "--json", cwd=tmp_path)
    out = tmp_path / "flywheel-out"
    no, undone = [change["id"] for change in record(out)["modifications"][:2]]

    flywheel("dismiss", no, "--reason", "not for us", cwd=tmp_path)
    flywheel("undo", undone, cwd=tmp_path)
    branches = "".join(git(bare, "branch", "--list") for bare in (out / "repos").iterdir())
    assert no not in branches
    assert undone not in branches
    flywheel("run", "--json", cwd=tmp_path)

    assert no in [change["id"] for change in record(out)["held"]]
    assert undone in [change["id"] for change in record(out)["modifications"]]
    assert "not for us" in flywheel("explain", no, cwd=tmp_path).stdout
    assert flywheel("undo", no, cwd=tmp_path, check=False).returncode == 2


def test_a_merged_change_is_remembered_as_merged_and_not_proposed_again(tmp_path: Path) -> None:
    flywheel("run", "--json", cwd=tmp_path)
    out = tmp_path / "flywheel-out"
    change = record(out)["modifications"][0]
    bare = out / "repos" / (change["repository"].replace("/", "__") + ".git")
    git(bare, "update-ref", "refs/heads/main", change["branch"])

    for _ in range(2):
        flywheel("run", "--json", cwd=tmp_path)

    assert change["id"] not in [one["id"] for one in record(out)["modifications"]]
    lines = [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines() if change["id"] in line]
    assert [line["event"] for line in lines] == ["proposed", "merged"]


def test_a_run_in_a_held_folder_says_who_holds_it(tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "flywheel-out").mkdir()
    with (tmp_path / "flywheel-out" / "flywheel.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = flywheel("run", cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert "is at work in this folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        cwd=tmp_path,
        env=env,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    out = tmp_path / "flywheel-out"
    for _ in range(2000):
        if (out / "repos").exists():
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert b"Traceback" not in said
    flywheel("run", "--json", cwd=tmp_path)
    assert record(out)["modifications"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("truncated.jsonl", b'{"type":"user","sessionId":"a","uuid":"b","message":{"role":"user","content":"x"'),
        ("binary.json", bytes(range(256)) * 40),
        ("empty.jsonl", b""),
        ("nul.jsonl", b"\0" * 5000),
        ("half.xml", b"<testsuite><testcase name='a'><fail"),
    ],
)
def test_a_bad_file_is_said_and_the_rest_of_the_run_goes_on(tmp_path: Path, name: str, data: bytes) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(EXAMPLES / "lumen-orchard__tidemark", runs / "lumen-orchard__tidemark")
    (runs / "other" / "task" / "run").mkdir(parents=True)
    (runs / "other" / "task" / "run" / name).write_bytes(data)

    done = flywheel("run", runs, "--json", cwd=tmp_path)

    assert json.loads(done.stdout)["episodes"] >= 37


def test_overlapping_paths_and_equal_names_count_every_run_once(tmp_path: Path) -> None:
    one = EXAMPLES / "lumen-orchard__tidemark"
    runs = flywheel("run", one, one / "issue-19", "--json", "--dry-run", cwd=tmp_path).stdout

    assert json.loads(runs)["episodes"] == len(list(one.rglob("manifest.json")))


def test_one_very_long_line_is_skipped_and_counted(tmp_path: Path) -> None:
    line = b'{"type":"user","sessionId":"a","uuid":"%d","message":{"role":"user","content":"%s"}}\n'
    path = tmp_path / "long.jsonl"
    with path.open("wb") as stream:
        stream.write(line % (1, b"hello"))
        stream.write(b'{"type":"user","sessionId":"a","uuid":"2","message":{"role":"user","content":"')
        for _ in range(40):
            stream.write(b"x" * (1 << 20))
        stream.write(b'"}}\n')
        stream.write(line % (3, b"bye"))

    (read,) = [json.loads(one) for one in flywheel("read", path, "--json", cwd=tmp_path).stdout.splitlines()]

    assert read["format"] == "claude-code-session"
    assert any("line 2" in warning for warning in read["warnings"])


def test_an_empty_folder_and_a_missing_one_are_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    for path, said in ((tmp_path / "empty", "nothing readable"), (tmp_path / "gone", "no such file or folder")):
        done = flywheel("run", path, cwd=tmp_path, check=False)

        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_is_no_repository_is_the_users_to_mend(tmp_path: Path) -> None:
    done = flywheel("run", EXAMPLES, "--repo", f"lumen-orchard/parcel-api={tmp_path}", cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert str(tmp_path) in done.stderr


def test_somebodys_own_sessions_are_described_and_never_acted_on(tmp_path: Path) -> None:
    projects = tmp_path / "projects" / "-home-me-app"
    projects.mkdir(parents=True)
    for number, path in enumerate(sorted(EXAMPLES.rglob("*.jsonl"))[:8]):
        shutil.copy(path, projects / f"{number}.jsonl")

    run = json.loads(flywheel("run", tmp_path / "projects", "--json", cwd=tmp_path).stdout)

    assert run["modifications"] == []
    assert {pattern["status"] for pattern in run["patterns"]} <= {"descriptive"}
    assert run["outcomes"] == {"none": run["episodes"]}


def test_a_terminal_without_unicode_still_gets_its_answer(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "bot", "run", "--dry-run"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)

    assert "finishes-on-red" in done.stdout


def test_fail_on_actionable_exits_one(tmp_path: Path) -> None:
    assert flywheel("run", "--fail-on", "actionable", "--dry-run", cwd=tmp_path, check=False).returncode == 1


def test_read_prints_one_line_a_file(tmp_path: Path) -> None:
    files = sorted((EXAMPLES / "lumen-orchard__tidemark" / "issue-19" / "run-1").rglob("*.*"))
    lines = flywheel("read", *files, "--json", cwd=tmp_path).stdout.splitlines()

    assert len(lines) == len(files)
    assert {"path", "kind", "format", "steps", "calls", "errors", "end_reason", "warnings"} <= json.loads(
        lines[0]
    ).keys()


def test_a_back_test_prints_the_contract(tmp_path: Path) -> None:
    for name in ("loop-guard", "finish-guard", "finishes-on-red"):
        replay = json.loads(flywheel("backtest", name, "--json", cwd=tmp_path).stdout)

        assert {"guard", "failed", "passed", "fixes", "risks", "microseconds"} <= replay.keys()
        assert replay["failed"]["fired"] == len(replay["fixes"])
    assert flywheel("backtest", "no-such", cwd=tmp_path, check=False).returncode == 2


def test_our_own_rules_are_clean_and_a_malformed_one_is_named(tmp_path: Path) -> None:
    flywheel("lint", cwd=tmp_path)
    bad = tmp_path / "loops" / "never-stops.yml"
    bad.parent.mkdir()
    bad.write_text("id: never-stops\ntitel: x\n", encoding="utf-8")

    done = flywheel("lint", bad, cwd=tmp_path, check=False)

    assert done.returncode == 1
    assert "never-stops.yml" in done.stdout
