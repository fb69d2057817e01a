"""What goes wrong in real life, end to end: it is said in one line, it stops nothing else, and nothing is lost."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli import EXAMPLES, ROOT, flywheel, git, record

API = "lumen-orchard/parcel-api"
ROOM = "lumen-orchard/reading-room"


def repository(place: Path, name: str = API) -> Path:
    """A checked-out repository of the examples."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "examples" / "repos" / name.replace("/", "__"), place)
    git(place.parent, "init", "-q", "-b", "main", str(place))
    git(place, "add", "-A")
    git(place, "commit", "-qm", "Begin")
    return place


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "FLYWHEEL": f"{sys.executable} -m bot"}
    done = subprocess.run(["bash", "-c", line], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return done


# --- where branches are -----------------------------------------------------------------------------------------------


def test_undo_finds_the_branch_although_a_later_run_named_no_repository(tmp_path: Path) -> None:
    api = repository(tmp_path / "api")
    flywheel("run", EXAMPLES, "--repo", f"{API}=api", "--json", cwd=tmp_path)
    flywheel("run", EXAMPLES, "--json", cwd=tmp_path)
    change = next(one for one in record(tmp_path / "flywheel-out")["modifications"] if one["repository"] == API)
    (tmp_path / "elsewhere").mkdir()

    done = flywheel("undo", change["id"], "--out", tmp_path / "flywheel-out", cwd=tmp_path / "elsewhere")

    assert change["branch"].startswith("flywheel/")
    assert "closed" in done.stdout
    assert change["id"] not in git(api, "branch", "--list", "flywheel/*")


def test_a_squashed_merge_is_no_undo(tmp_path: Path) -> None:
    api = repository(tmp_path / "api")
    flywheel("run", EXAMPLES, "--repo", f"{API}={api}", "--json", cwd=tmp_path)
    out = tmp_path / "flywheel-out"
    change = next(one for one in record(out)["modifications"] if one["branch"])
    git(api, "merge", "-q", "--squash", change["branch"])
    git(api, "commit", "-qm", "Take it")

    done = flywheel("undo", change["id"], cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert "it is merged already" in done.stderr
    assert 'state: "merged"' in (out / f"pulls/{change['id']}.md").read_text(encoding="utf-8")
    flywheel("run", EXAMPLES, "--repo", f"{API}={api}", "--json", cwd=tmp_path)
    assert change["id"] not in [one["id"] for one in record(out)["modifications"]]
    explained = flywheel("explain", change["id"], cwd=tmp_path).stdout
    assert ["state", "merged"] in [line.split() for line in explained.splitlines()]


def test_a_refused_undo_is_not_remembered_as_done(tmp_path: Path) -> None:
    api = repository(tmp_path / "api")
    flywheel("run", EXAMPLES, "--repo", f"{API}={api}", "--json", cwd=tmp_path)
    out = tmp_path / "flywheel-out"
    change = next(one for one in record(out)["modifications"] if one["branch"])
    git(api, "checkout", "-q", change["branch"])
    before = (out / "ledger.jsonl").read_bytes()

    done = flywheel("dismiss", change["id"], "--reason", "no", cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert "checked out" in done.stderr
    assert (out / "ledger.jsonl").read_bytes() == before


def test_a_dismissal_and_its_reason_are_explained(tmp_path: Path) -> None:
    flywheel("run", EXAMPLES, "--json", cwd=tmp_path)
    change = record(tmp_path / "flywheel-out")["modifications"][0]["id"]
    flywheel("dismiss", change, "--reason", "we do it otherwise", cwd=tmp_path)

    assert "State: dismissed: we do it otherwise" in flywheel("explain", change, cwd=tmp_path).stdout


# --- repositories that cannot be used ---------------------------------------------------------------------------------


def test_one_unusable_repository_stops_no_other(tmp_path: Path) -> None:
    room = repository(tmp_path / "room", ROOM)
    (tmp_path / "broken").mkdir()
    named = ("--repo", f"{API}=broken", "--repo", f"{ROOM}={room}")

    done = flywheel("run", EXAMPLES, *named, "--json", cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert "broken" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert git(room, "branch", "--list", "flywheel/*") != ""
    refused = {one["repository"] for one in json.loads(done.stdout)["modifications"] if one["status"] == "refused"}
    assert refused <= {API}


def test_a_folder_whose_origin_is_another_repository_is_not_taken_for_the_only_one(tmp_path: Path) -> None:
    other = repository(tmp_path / "x")
    git(other, "remote", "add", "origin", "https://git.example.org/somebody/else.git")

    done = flywheel("run", EXAMPLES / API.replace("/", "__"), "--repo", other, cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert "which repository of these runs is it?" in done.stderr
    assert git(other, "branch", "--list", "flywheel/*") == ""


@pytest.mark.parametrize(
    "name",
    ["ledger.jsonl", "run.json", *(pytest.param(one, marks=pytest.mark.long) for one in ("repos", "pulls"))],
)
def test_something_else_where_a_file_of_ours_belongs_is_told_and_kept(name: str, tmp_path: Path) -> None:
    out = tmp_path / "flywheel-out"
    out.mkdir()
    if name.endswith(("jsonl", "json")):
        (out / name).mkdir()
    else:
        (out / name).write_text("mine", encoding="utf-8")

    flywheel("run", "--json", cwd=tmp_path, check=False)
    done = flywheel("explain", "finishes-on-red", cwd=tmp_path, check=False)

    assert (out / name).exists()
    assert done.returncode in (0, 2)
    assert (out / "pulls").is_file() == (name == "pulls")
    if (out / "repos").is_dir() and name != "run.json":
        branches = "".join(git(bare, "branch", "--list", "flywheel/*") for bare in (out / "repos").iterdir())
        assert branches == ""


@pytest.mark.parametrize("text", ["[]", '{"modifications": 3}', '{"patterns": ["x"]}', "\udcff", '{"a":' * 5000])
def test_a_run_record_that_is_none_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "flywheel-out").mkdir()
    (tmp_path / "flywheel-out" / "run.json").write_text(text, encoding="utf-8", errors="surrogateescape")

    done = flywheel("explain", "x", cwd=tmp_path, check=False)

    assert done.returncode == 2
    assert "flywheel run" in done.stderr


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    left = tmp_path / "flywheel-out" / "repos" / ".seed-abc"
    left.mkdir(parents=True)

    flywheel("run", "--json", cwd=tmp_path)

    assert not left.exists()


# --- files that cannot be read ----------------------------------------------------------------------------------------


def damaged(path: Path, method: int) -> Path:
    """A zip with a sound directory and a member whose bytes are not what it says."""
    with zipfile.ZipFile(path, "w", method) as zipped:
        zipped.writestr("reports/junit.xml", "<testsuite>" + "<testcase name='a'/>" * 50 + "</testsuite>")
    data = bytearray(path.read_bytes())
    data[60:70] = bytes(10)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_read_goes_on_after_a_damaged_archive(method: int, tmp_path: Path) -> None:
    bad = damaged(tmp_path / "bad.zip", method)
    (tmp_path / "torn.zip").write_bytes(bad.read_bytes()[:-30])
    good = next(EXAMPLES.rglob("*.xml"))

    done = flywheel("read", bad, tmp_path / "torn.zip", tmp_path / "gone", good, "--json", cwd=tmp_path, check=False)

    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["kind"] for one in found] == ["unknown", "unknown", "report"]
    assert all(one["warnings"] for one in found[:2])
    assert done.returncode == 2
    assert "gone" in done.stderr


def test_read_of_an_empty_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    (line,) = flywheel("read", tmp_path / "empty", "--json", cwd=tmp_path).stdout.splitlines()

    assert json.loads(line)["warnings"] == ["It holds no file."]


def test_a_report_that_was_cut_off_is_told_by_the_run(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(EXAMPLES / API.replace("/", "__"), runs)
    victim = sorted(runs.rglob("*.xml"))[0]
    victim.write_bytes(victim.read_bytes()[:-15])

    warnings = json.loads(flywheel("run", runs, "--json", "--dry-run", cwd=tmp_path).stdout)["warnings"]

    assert any(str(victim) in warning for warning in warnings)


def test_a_copy_of_the_runs_counts_nothing_twice(tmp_path: Path) -> None:
    for copy in ("a", "b"):
        run = tmp_path / copy / "octo" / "task" / "run-1"
        run.mkdir(parents=True)
        manifest = {"flywheel_bundle": 1, "repository": "octo/shop", "task": "task", "outcome": "fail"}
        (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        (run / "junit.xml").write_text("<testsuite><testcase name='a'><failure/></testcase></testsuite>")

    done = flywheel("run", tmp_path / "a", tmp_path / "b", "--json", "--dry-run", cwd=tmp_path)

    assert json.loads(done.stdout)["episodes"] == 1


@pytest.mark.parametrize("command", ["lint", "read", "run"])
def test_a_pipe_or_a_device_is_told_and_not_waited_for(command: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")

    for path in (tmp_path / "pipe.md", "/dev/zero"):
        done = flywheel(command, path, cwd=tmp_path, check=False)

        assert done.returncode == 2
        assert "no regular file" in done.stderr


def test_lint_says_what_it_looked_at(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")

    ours, foreign = flywheel("lint", cwd=tmp_path), flywheel("lint", tmp_path, cwd=tmp_path, check=False)

    assert ours.stdout.startswith("nothing to mend in ")
    assert foreign.returncode == 2
    assert "nothing here can be checked" in foreign.stderr


# --- what is printed --------------------------------------------------------------------------------------------------


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    done = shell(f"$FLYWHEEL read --json '{EXAMPLES}' | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}", tmp_path)

    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_full_disk_behind_standard_output_is_told(tmp_path: Path) -> None:
    done = shell(f"$FLYWHEEL read --json '{EXAMPLES}' >/dev/full", tmp_path)

    assert done.returncode == 2
    assert "No space left" in done.stderr


def test_a_closed_standard_output_is_no_crash(tmp_path: Path) -> None:
    assert shell("$FLYWHEEL run --dry-run --json >&-", tmp_path).returncode == 0


def test_a_name_with_control_characters_cannot_forge_a_line(tmp_path: Path) -> None:
    done = flywheel("read", "gone\nflywheel: all is well\x1b[2J", cwd=tmp_path, check=False)

    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr


# --- what is said of runs ---------------------------------------------------------------------------------------------


def example(place: Path, **changed: object) -> Path:
    """One bundle of the examples, its manifest changed."""
    run = place / "octo" / "task" / "run-1"
    shutil.copytree(sorted((EXAMPLES / API.replace("/", "__")).glob("*/*/manifest.json"))[0].parent, run)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    (run / "manifest.json").write_text(json.dumps({**manifest, **changed}), encoding="utf-8")
    return run


def warned(place: Path, cwd: Path) -> tuple[dict[str, int], str]:
    done = json.loads(flywheel("run", place, "--json", "--dry-run", cwd=cwd).stdout)
    return done["outcomes"], "\n".join(done["warnings"])


@pytest.mark.parametrize("outcome", ["passed", "FAIL", ["pass"], 1])
def test_an_outcome_that_is_none_is_no_verdict_and_is_told(outcome: object, tmp_path: Path) -> None:
    example(tmp_path / "runs", outcome=outcome)

    outcomes, said = warned(tmp_path / "runs", tmp_path)

    assert outcomes == {"none": 1}
    assert "Write pass, fail or none" in said


def test_what_a_manifest_lists_and_nobody_finds_is_told(tmp_path: Path) -> None:
    example(tmp_path / "runs", repository="../../x", files=[{"path": "../gone.jsonl", "kind": "transcript"}])

    _, said = warned(tmp_path / "runs", tmp_path)

    assert "1 listed in its manifest but not there: ../gone.jsonl" in said
    assert "no owner/name" in said


def test_files_of_no_known_format_are_counted_and_named(tmp_path: Path) -> None:
    run = example(tmp_path / "runs")
    (run / "transcript.log").write_text('{"my": "format"}', encoding="utf-8")

    _, said = warned(tmp_path / "runs", tmp_path)

    assert "1 file of no known format left alone" in said
    assert "transcript.log" in said


def test_a_zip_that_lost_its_end_is_told_as_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.writestr("reports/junit.xml", "<testsuite/>" * 50)
    (tmp_path / "cut.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:-40])

    assert "cannot be opened" in flywheel("read", tmp_path / "cut.zip", "--json", cwd=tmp_path).stdout
