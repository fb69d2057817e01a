"""What an agent's job leaves behind is bundled, without its secrets, and `flywheel run` reads it as it was."""

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.commands.embedding import Request, embed, workflow_commands
from bot.errors import UserError
from bot.model import Episode
from bot.signals.collect import collect
from bot.signals.embed import Told
from tests.cli import EXAMPLES, flywheel, git

NOW = "2026-11-24T12:00:00Z"
TOKEN = "ghp_" + "A1b2C3d4" * 5
JUNIT = '<testsuite name="t" tests="1" failures="1"><testcase name="a"><failure message="no"/></testcase></testsuite>'
SHAS = {"head": "1" * 40, "base": "2" * 40}
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "transcripts"
RUNS = sorted(path.parent for path in EXAMPLES.rglob("manifest.json"))


class Job:
    """A runner's folders, and the environment that GitHub gives a step."""

    def __init__(self, root: Path, event: object = None) -> None:
        self.home, self.workspace, self.temp = root / "home", root / "work", root / "temp"
        for folder in (self.home, self.workspace, self.temp):
            folder.mkdir()
        self.event = self.temp / "event.json"
        self.event.write_text(json.dumps(event or {}), encoding="utf-8")
        os.utime(self.event, (1_000_000, 1_000_000))
        self.out = root / "bundle"
        self.sessions = self.home / ".claude" / "projects" / "-home-jane-work"
        self.environment = {
            "HOME": str(self.home),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_WORKFLOW": "agent",
            "GITHUB_EVENT_NAME": "pull_request",
        }

    def session(self, name: str = "27eff924", text: str | None = None) -> Path:
        """A transcript where Claude Code keeps them."""
        text = text if text is not None else next((RUNS[0] / "transcripts").iterdir()).read_text(encoding="utf-8")
        return write(self.sessions / f"{name}.jsonl", text)

    def embed(self, **asked: Any) -> dict[str, Any]:
        return embed(Request(out=asked.pop("out", self.out), **asked), self.environment, NOW)

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.out).as_posix() for path in self.out.rglob("*") if path.is_file())


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


def gist(episode: Episode) -> object:
    """What of an episode has to survive the way through a bundle."""
    trace = episode.trace
    steps = [
        [(call.name, call.status, call.command, call.exit_code) for call in step.calls]
        for step in (trace.steps if trace else ())
    ]
    return (
        episode.repository,
        episode.pull,
        episode.head_sha,
        episode.task,
        episode.outcome,
        trace and episode.agent,  # a run that left no transcript cannot name its agent
        trace and trace.end_reason,
        steps,
        sorted((one.name, one.held) for one in episode.signals),
        episode.harness,
    )


@pytest.mark.parametrize("run", RUNS, ids=lambda run: "-".join(run.parts[-3:]))
def test_an_example_comes_back_from_its_bundle_as_it_was(run: Path, tmp_path: Path) -> None:
    said = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    pulled = {"number": said["pull"], "head": {"sha": said["head_sha"]}, "base": {"sha": said.get("base_sha")}}
    job = Job(tmp_path, {"pull_request": pulled})
    job.environment |= {
        "GITHUB_REPOSITORY": said["repository"],
        "GITHUB_RUN_ID": str(said["run"]["id"]),
        "GITHUB_RUN_ATTEMPT": str(said["run"]["attempt"]),
        "GITHUB_WORKFLOW": said["run"]["workflow"],
        "GITHUB_EVENT_NAME": said["run"]["event"],
    }
    for transcript in (run / "transcripts").iterdir() if (run / "transcripts").is_dir() else ():
        if transcript.suffix == ".json":
            shutil.copy(transcript, job.temp / "claude-execution-output.json")
        elif transcript.is_dir():
            shutil.copytree(transcript, job.sessions / transcript.name)
        else:
            write(job.sessions / transcript.name, transcript.read_text(encoding="utf-8"))
    for name, where in (("reports", "reports"), ("harness", ".")):
        if (run / name).is_dir():
            shutil.copytree(run / name, job.workspace / where, dirs_exist_ok=True)
    told = Told(task=said["task"], conclusion=said["run"]["conclusion"], outcome=said.get("outcome"))

    globs = ("reports/*",) if (job.workspace / "reports").is_dir() else ()
    record = job.embed(report_globs=globs, told=told)

    (before,), (after,) = list(collect([run])), list(collect([job.out]))
    assert [] == [one for one in record["warnings"] if "no transcript was found" not in one]
    assert gist(before) == gist(after)


def test_the_manifest_says_what_the_job_was_told(tmp_path: Path) -> None:
    pulled = {"number": 12, "head": {"sha": SHAS["head"]}, "base": {"sha": SHAS["base"]}}
    job = Job(tmp_path, {"pull_request": pulled})
    job.session()

    made = job.embed(told=Told(task="issue-3", conclusion="failure"))["manifest"]

    assert made == json.loads((job.out / "manifest.json").read_text(encoding="utf-8"))
    assert {
        "flywheel_bundle": 1,
        "repository": "o/r",
        "pull": 12,
        "head_sha": SHAS["head"],
        "base_sha": SHAS["base"],
        "task": "issue-3",
        "run": {
            "id": 77,
            "attempt": 2,
            "workflow": "agent",
            "event": "pull_request",
            "conclusion": "failure",
            "created_at": NOW,
        },
    } == {name: value for name, value in made.items() if name not in ("agent", "files")}
    assert "claude-code" == made["agent"]["name"]
    assert ["transcripts/claude-code/27eff924.jsonl"] == [file["path"] for file in made["files"]]


def test_a_run_that_left_nothing_is_bundled_and_said(job: Job) -> None:
    record = job.embed()

    assert ["manifest.json"] == job.files()
    assert 1 == len(record["warnings"])
    assert "no transcript was found" in record["warnings"][0]


def test_strict_turns_the_first_warning_into_an_error(job: Job) -> None:
    with pytest.raises(UserError, match="no transcript was found"):
        job.embed(strict=True)


def test_a_dry_run_writes_nothing(job: Job) -> None:
    job.session()

    assert 1 == job.embed(dry_run=True)["transcripts"]
    assert not job.out.exists()


def test_no_secret_leaves_the_job(job: Job) -> None:
    lines = [json.loads(line) for line in job.session().read_text(encoding="utf-8").splitlines()]
    lines[0]["note"] = f"export GH_TOKEN={TOKEN}; echo an-ordinary-password jane@example.org /home/jane/x"
    job.session(text="".join(json.dumps(line) + "\n" for line in lines))
    write(job.workspace / "junit.xml", JUNIT.replace("no", f"said {TOKEN}"))
    job.environment["DEPLOY_PASSWORD"] = "an-ordinary-password"

    record = job.embed()

    whole = b"".join((job.out / name).read_bytes() for name in job.files()).decode()
    assert 2 == record["redacted"]
    assert not [
        one for one in (TOKEN, "an-ordinary-password", "jane@example.org", "jane/x", "-home-jane") if one in whole
    ]
    assert 1 == len(list(collect([job.out])))


def test_sessions_of_an_earlier_job_on_this_runner_stay(job: Job) -> None:
    old = job.session("old")
    os.utime(old, (900_000, 900_000))
    job.session("new")

    job.embed()

    assert ["manifest.json", "transcripts/claude-code/new.jsonl"] == job.files()


def test_a_session_that_the_action_told_as_a_whole_is_taken_once(job: Job) -> None:
    session = "27eff924-35e6-41fe-ac98-a2f8eafbc2d6"
    job.session(session)
    told = [
        {"type": "system", "subtype": "init", "session_id": session, "cwd": "/x", "tools": [], "model": "m"},
        {"type": "result", "subtype": "error_max_turns", "is_error": True, "num_turns": 3, "session_id": session},
    ]
    write(job.temp / "claude-execution-output.json", json.dumps(told, indent=2))

    job.embed()

    assert ["manifest.json", "transcripts/claude-action/claude-execution-output.json"] == job.files()


@pytest.mark.skipif(not DATA.exists(), reason="the shared data is not here")
@pytest.mark.parametrize(
    ("family", "like", "place", "name"),
    [
        ("codex-rollout", "*.jsonl", ".codex/sessions/2026/01/02/rollout-1.jsonl", "codex"),
        ("gemini-cli", "*.json", ".gemini/tmp/abc/chats/session-1.json", "gemini"),
        ("copilot-cli", "*.jsonl", ".copilot/session-state/abc/events.jsonl", "copilot"),
        ("openhands-v0", "*.json", ".openhands/runs/1/trajectory.json", "openhands"),
        ("mini-swe-agent", "*.json", ".config/mini-swe-agent/last_mini_run.traj.json", "mini-swe-agent"),
    ],
)
def test_each_agent_is_found_where_it_writes(job: Job, family: str, like: str, place: str, name: str) -> None:
    real = min((path for path in (DATA / family).rglob(like)), key=lambda path: path.stat().st_size)
    (job.home / place).parent.mkdir(parents=True)
    shutil.copy(real, job.home / place)

    record = job.embed()

    assert 1 == record["transcripts"], record
    assert record["manifest"]["files"][0]["path"].startswith(f"transcripts/{name}/")


def test_a_report_that_git_tracks_is_a_fixture_and_no_report(job: Job) -> None:
    git(job.workspace, "init", "-q")
    write(job.workspace / "tests" / "junit.xml", JUNIT)
    git(job.workspace, "add", ".")
    git(job.workspace, "commit", "-qm", "x")
    write(job.workspace / "build" / "junit.xml", JUNIT)
    write(job.workspace / "build" / "test-results.json", "{}")

    record = job.embed()

    assert ["manifest.json", "reports/build/junit.xml"] == job.files()
    assert git(job.workspace, "rev-parse", "HEAD") == record["manifest"]["head_sha"]


def test_a_report_that_was_named_is_taken_and_one_that_is_none_is_said(job: Job) -> None:
    write(job.workspace / "a" / "odd.name", JUNIT)
    write(job.workspace / "a" / "notes.txt", "nothing")

    record = job.embed(report_globs=("a/*", "b/*"))

    assert ["manifest.json", "reports/a/odd.name"] == job.files()
    assert any("notes.txt: it is no report" in one for one in record["warnings"])
    assert any(one.startswith("b/*: no file fits") for one in record["warnings"])


def test_harness_files_are_kept_byte_for_byte(job: Job) -> None:
    write(job.workspace / "AGENTS.md", "mail jane@example.org\r\n")
    (job.workspace / "CLAUDE.md").symlink_to("AGENTS.md")
    write(job.workspace / "README.md", "no harness")

    job.embed()

    assert b"mail jane@example.org\r\n" == (job.out / "harness" / "AGENTS.md").read_bytes()
    assert b"mail jane@example.org\r\n" == (job.out / "harness" / "CLAUDE.md").read_bytes()
    assert not (job.out / "harness" / "README.md").exists()


def test_a_harness_file_with_a_secret_stays_where_it_is(job: Job) -> None:
    write(job.workspace / "AGENTS.md", f"use {TOKEN}")

    record = job.embed()

    assert ["manifest.json"] == job.files()
    assert any("AGENTS.md: it holds a secret" in one for one in record["warnings"])
    assert TOKEN not in json.dumps(record)


def test_nothing_that_an_agent_links_to_is_taken(job: Job, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "junit.xml", JUNIT)
    (job.workspace / "junit.xml").symlink_to(outside)
    (job.workspace / "linked").symlink_to(outside.parent, target_is_directory=True)
    (job.workspace / "AGENTS.md").symlink_to(outside)
    os.mkfifo(job.workspace / "report.xml")
    projects = job.home / ".claude" / "projects"
    projects.mkdir(parents=True)
    (projects / "p").symlink_to(outside.parent, target_is_directory=True)
    shutil.copy(next((RUNS[0] / "transcripts").iterdir()), outside.parent / "s.jsonl")

    job.embed(report_globs=("**/*.xml",))

    assert ["manifest.json"] == job.files()


def test_hostile_names_stay_within_the_bundle(job: Job) -> None:
    write(job.workspace / "a .." / "$(x)\n::error::" / "CON junit.xml", JUNIT)

    job.embed(report_globs=("**/*.xml",))

    assert ["manifest.json", "reports/a/x-error/CON-junit.xml"] == job.files()


def test_a_hostile_event_and_environment_name_nothing(tmp_path: Path) -> None:
    event = {"pull_request": {"number": True, "head": {"sha": "../../x"}}, "issue": {"number": -4}}
    job = Job(tmp_path, event)
    job.environment |= {"GITHUB_REPOSITORY": "../..", "GITHUB_RUN_ID": "\N{SUPERSCRIPT TWO}", "GITHUB_WORKFLOW": "a\nb"}

    made = job.embed()["manifest"]

    assert {
        "flywheel_bundle": 1,
        "run": {"attempt": 2, "event": "pull_request", "created_at": NOW},
        "files": [],
    } == made


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "7"])
def test_an_event_that_cannot_be_read_fails_nothing(job: Job, text: str) -> None:
    job.event.write_text(text, encoding="utf-8")

    assert str(job.out) == job.embed()["bundle"]


def test_a_comment_on_a_pull_names_it_and_one_on_an_issue_is_the_task(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    on_pull = Job(tmp_path / "a", {"issue": {"number": 5, "pull_request": {"url": "x"}}}).embed()["manifest"]
    on_issue = Job(tmp_path / "b", {"issue": {"number": 5}}).embed()["manifest"]

    assert (5, None) == (on_pull.get("pull"), on_pull.get("task"))
    assert (None, "issue-5") == (on_issue.get("pull"), on_issue.get("task"))


def test_a_zip_is_read_back_and_is_the_same_each_time(job: Job) -> None:
    job.session()
    write(job.workspace / "junit.xml", JUNIT)
    out = job.out.with_suffix(".zip")
    job.embed(out=out)
    first = out.read_bytes()
    job.embed(out=out)

    (episode,) = collect([out])
    assert first == out.read_bytes()
    assert ("o/r", "fail") == (episode.repository, episode.outcome)
    assert [] == [one.detail for one in episode.signals if one.name == "unreadable"]


def test_what_compresses_like_a_bomb_is_still_read_back(job: Job) -> None:
    write(job.workspace / "junit.xml", JUNIT.replace("no", "x" * (4 << 20)))
    out = job.out.with_suffix(".zip")

    job.embed(out=out)

    (episode,) = collect([out])
    assert "fail" == episode.outcome
    with zipfile.ZipFile(out) as archive:
        assert zipfile.ZIP_STORED == archive.getinfo("reports/junit.xml").compress_type


def test_an_earlier_bundle_is_replaced_and_nothing_else_is(job: Job) -> None:
    job.session()
    job.embed()
    shutil.rmtree(job.home / ".claude")
    job.embed()
    assert ["manifest.json"] == job.files()

    write(job.out / "manifest.json", "mine")
    record = job.embed()
    assert record["bundle"] is None
    assert "the folder is not empty and no bundle of ours" in record["warnings"][-1]
    assert "mine" == (job.out / "manifest.json").read_text(encoding="utf-8")


def test_a_file_that_may_not_be_read_costs_no_other(job: Job) -> None:
    job.session("a")
    job.session("b").chmod(0)

    record = job.embed()

    assert record["transcripts"] == 1 + (os.geteuid() == 0)


def test_no_warning_can_give_the_runner_a_command() -> None:
    said = list(workflow_commands(["a\n::set-output name=x::y%\r"]))

    assert ["::warning title=flywheel embed::a%0A::set-output name=x::y%25%0D"] == said


def test_a_bundle_of_ours_is_what_run_reads(job: Job, tmp_path: Path) -> None:
    job.session()
    write(job.workspace / "junit.xml", JUNIT)
    job.embed()

    done = flywheel("run", job.out, "--out", tmp_path / "out", "--json", cwd=tmp_path)

    assert 1 == json.loads(done.stdout)["episodes"]
