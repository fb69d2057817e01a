"""Two jobs with one file between them: what is handed over is opened once, remembered, and followed by hand."""

import json
import threading
from pathlib import Path
from typing import Any

import github as pygithub
import pytest

from tests.action import stage
from tests.action.runner import Runner
from tests.github.git import Person
from tests.github.server import GitHub
from tests.github.world import Repository, World


def opened(shop: Repository) -> list[tuple[str, bool, list[str]]]:
    """Title, whether it is a pull, labels."""
    return [(one.title, one.pull is not None, [label.name for label in one.labels]) for one in shop.issues.values()]


def commit(shop: Repository, path: str, text: str) -> None:
    """A person changes a file on the default branch."""
    git, who = shop.git, Person("ann", "ann@example.org", "2026-11-25T00:00:00Z")
    tip = git.ref("refs/heads/main")
    tree = git.write_tree(tip, [("100644", git.write_blob(text.encode()), path)])
    git.move("refs/heads/main", git.write_commit(tree, (tip,), "Change it\n", who, who))


def test_where_nothing_was_downloaded_nothing_is_handed_over(runner: Runner) -> None:
    done = runner.step("propose", path="no-such-folder")

    assert 0 == done.returncode, done.stderr
    assert {"episodes": "0", "proposals": "0"} == runner.outputs()


def test_a_job_that_may_only_read_hands_over_and_the_other_opens(
    reading: Runner, writing: Runner, world: World, shop: Repository, github: GitHub, write_token: str
) -> None:
    made = reading.step("propose", token=stage.token(world, shop, stage.READS))

    assert 0 == made.returncode, made.stderr
    assert [] == github.writes
    assert ("120", "3") == (reading.outputs()["episodes"], reading.outputs()["proposals"])
    assert "### Handed over: 3 proposals" in reading.page()
    stage.give(writing, Path(reading.outputs()["proposal"]).read_bytes())

    done = writing.step("apply", token=write_token, dry_run="false")

    told = writing.outputs()
    assert 0 == done.returncode, done.stderr
    assert ("3", "1", "0", "0") == (told["proposals"], told["opened"], told["updated"], told["merged"])
    assert {"cap": 2} == writing.skipped()
    title = "The agent stops by itself while its last check is red"
    assert [(title, True, ["flywheel", "flywheel:interactive"])] == opened(shop)
    (line,) = stage.remembered(shop)
    assert ("proposed", "interactive", stage.NAME) == (line["event"], line["tier"], line["repository"])
    page = writing.page()
    assert f"- pull request created: {title}: [#1](https://" in page
    assert "These pull requests start no workflow" in page
    assert "The tier `autonomous` is off here" in page


@pytest.mark.long
def test_an_apps_token_is_told_nothing_of_workflows_that_do_not_start(
    writing: Runner, world: World, shop: Repository, handed: dict[str, Any]
) -> None:
    stage.give(writing, handed)

    done = writing.step("apply", token=stage.token(world, shop, stage.WRITES, "our-app[bot]"), dry_run="false")

    assert (0, "1") == (done.returncode, writing.outputs()["opened"]), done.stderr
    assert "start no workflow" not in writing.page()


def test_no_text_of_a_transcript_crosses_but_the_quotes_that_are_shown(handed: dict[str, Any]) -> None:
    pins = [
        pin
        for one in handed["proposals"]
        for finding in one["modification"]["pattern"]["findings"]
        for pin in finding["pins"]
    ]

    assert pins
    assert {""} == {pin["quote"] for pin in pins}
    assert max(len(pin["shown"]) for pin in pins) <= 200
    assert len(pins) <= 3 * len(handed["proposals"])
    assert {""} == {one["detail"] for one in handed["excluded"]}


def test_twice_is_the_same_as_once(writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str) -> None:
    stage.give(writing, handed)
    once = writing.step("apply", token=write_token, dry_run="false")
    stood, lines = opened(shop), stage.remembered(shop)

    twice = writing.step("apply", token=write_token, dry_run="false")

    assert [0, 0] == [once.returncode, twice.returncode], twice.stderr
    assert ("0", "0") == (writing.outputs()["opened"], writing.outputs()["updated"])
    assert (stood, lines) == (opened(shop), stage.remembered(shop))
    assert 1 == len(lines)


@pytest.mark.long
def test_what_a_person_closed_is_remembered_and_stays_closed(
    writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str, ann: pygithub.Github
) -> None:
    stage.give(writing, handed)
    writing.step("apply", token=write_token, dry_run="false")
    ann.get_repo(stage.NAME).get_pull(1).edit(state="closed")

    done = writing.step("apply", token=write_token, dry_run="false")

    assert 0 == done.returncode, done.stderr
    assert ["proposed", "dismissed"] == [line["event"] for line in stage.remembered(shop)]
    assert {"dismissed": 1, "cap": 2} == writing.skipped()
    assert 1 == len(shop.issues)
    assert "a pull was turned down on" in writing.page()


@pytest.mark.long
def test_what_a_person_merged_is_remembered(
    writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str, ann: pygithub.Github
) -> None:
    stage.give(writing, handed)
    writing.step("apply", token=write_token, dry_run="false")
    ann.get_repo(stage.NAME).get_pull(1).merge(merge_method="squash")

    done = writing.step("apply", token=write_token, dry_run="false")

    assert ["proposed", "merged"] == [line["event"] for line in stage.remembered(shop)], done.stderr
    assert {"cap", "stale"} >= set(writing.skipped())
    assert 1 == len(shop.issues)


@pytest.mark.long
def test_two_jobs_at_once_lose_no_line(
    tmp_path: Path, github: GitHub, shop: Repository, handed: dict[str, Any], write_token: str
) -> None:
    jobs = [stage.runner(tmp_path / name, github) for name in ("one", "two")]
    for job, proposal in zip(jobs, (handed["proposals"][0], handed["proposals"][2]), strict=True):
        stage.give(job, {**handed, "proposals": [proposal]})
    codes: list[int] = []

    def work(job: Runner) -> None:
        codes.append(job.step("apply", token=write_token, dry_run="false").returncode)

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert [0, 0] == codes
    detectors = sorted(line["detector"] for line in stage.remembered(shop))
    pulls = sorted(one.pull.head for one in shop.pulls() if one.pull)
    assert [name.removeprefix("flywheel/").rpartition("-")[0] for name in pulls] == detectors
    assert len(pulls) == sum(int(job.outputs()["opened"]) for job in jobs) >= 1


def test_a_harness_that_changed_meanwhile_makes_it_stale(
    writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str, github: GitHub
) -> None:
    commit(shop, ".claude/settings.json", "{}\n")
    stage.give(writing, {**handed, "proposals": handed["proposals"][:1]})

    done = writing.step("apply", token=write_token, dry_run="false")

    assert 0 == done.returncode, done.stderr
    assert {"stale": 1} == writing.skipped()
    assert [] == github.writes
    assert "Run the workflow again, from its first job." in writing.page()


def test_a_default_branch_that_moved_elsewhere_makes_it_no_less_true(
    writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str
) -> None:
    commit(shop, "src/other.py", "x = 1\n")
    stage.give(writing, handed)

    done = writing.step("apply", token=write_token, dry_run="false")

    assert (0, "1") == (done.returncode, writing.outputs()["opened"]), done.stderr


def test_runs_of_a_fork_make_an_issue_at_most(tmp_path: Path, github: GitHub, world: World, shop: Repository) -> None:
    job = stage.runner(tmp_path / "reading", github)
    fork = world.repository("mallory/parcel-api", {"x": "y"}, is_fork=True)
    stage.bundles(world, shop, job.work / "flywheel-bundle", fork)

    done = job.step("propose", token=stage.token(world, shop, stage.READS))

    assert 0 == done.returncode, done.stderr
    document = json.loads(Path(job.outputs()["proposal"]).read_bytes())
    assert {"backlog"} == {one["decision"]["tier"] for one in document["proposals"]}
    assert "120 agent runs have nobody who vouches for them" in job.page()


def test_a_bundle_that_names_another_repository_is_left_out(reading: Runner, world: World, shop: Repository) -> None:
    for path in (reading.work / "flywheel-bundle").rglob("manifest.json"):
        path.write_text(path.read_text(encoding="utf-8").replace(stage.NAME, "octo/elsewhere"), encoding="utf-8")

    done = reading.step("propose", token=stage.token(world, shop, stage.READS))

    assert (0, "0", "0") == (done.returncode, reading.outputs()["episodes"], reading.outputs()["proposals"])
    assert "120 agent runs of other repositories were left out" in reading.page()


@pytest.mark.parametrize(
    ("text", "said"), [("version: 1\nmode: observe\n", ""), ("version: 1\nmood: x\n", "unknown field")]
)
def test_the_repository_s_own_file_is_obeyed(
    text: str, said: str, reading: Runner, writing: Runner, world: World, shop: Repository, handed: dict[str, Any],
    write_token: str, github: GitHub,
) -> None:  # fmt: skip
    commit(shop, ".github/flywheel.yml", text)
    stage.give(writing, handed)

    made = reading.step("propose", token=stage.token(world, shop, stage.READS))
    done = writing.step("apply", token=write_token, dry_run="false")

    assert [0, 0] == [made.returncode, done.returncode], made.stderr + done.stderr
    assert "0" == reading.outputs()["proposals"]
    assert said in reading.page()
    assert {"switched-off": 3} == writing.skipped()
    assert [] == github.writes


@pytest.mark.long
def test_where_workflows_may_open_no_pulls_the_way_out_is_said(
    writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str
) -> None:
    shop.workflows_open_pulls = False
    stage.give(writing, handed)

    done = writing.step("apply", token=write_token, dry_run="false")

    assert 2 == done.returncode
    assert {"cap": 2, "refused": 1} == writing.skipped()
    assert "Settings > Actions > General" in done.stderr
    assert [] == stage.remembered(shop)

    shop.workflows_open_pulls = True

    assert 0 == writing.step("apply", token=write_token, dry_run="false").returncode
    assert "1" == writing.outputs()["opened"]
    assert 1 == len(stage.remembered(shop))


def test_a_token_that_may_not_write_is_told(
    writing: Runner, world: World, shop: Repository, handed: dict[str, Any]
) -> None:
    stage.give(writing, handed)

    done = writing.step("apply", token=stage.token(world, shop, {**stage.WRITES, "contents": "read"}), dry_run="false")

    assert 2 == done.returncode
    assert "contents=write" in done.stderr
    assert {} == shop.issues


def test_without_a_token_or_a_file_it_says_what_is_missing(writing: Runner, write_token: str) -> None:
    no_file = writing.step("apply", token=write_token)
    no_token = writing.step("apply", token="")

    assert [2, 2] == [no_file.returncode, no_token.returncode]
    assert "Download the artifact of the job that proposes" in no_file.stderr
    assert "GITHUB_TOKEN: it is not set" in no_token.stderr
    assert {} == writing.outputs()


@pytest.mark.long
def test_where_another_token_keeps_the_ledger_nothing_is_opened(
    writing: Runner, world: World, shop: Repository, handed: dict[str, Any], write_token: str
) -> None:
    stage.give(writing, handed)
    assert (
        0 == writing.step("apply", token=stage.token(world, shop, stage.WRITES, "app[bot]"), dry_run="false").returncode
    )
    before = opened(shop)

    done = writing.step("apply", token=write_token, dry_run="false")

    assert 2 == done.returncode
    assert "by app[bot], and only github-actions[bot] may write there. Let either the App or the Action" in done.stderr
    assert before == opened(shop)


def test_a_crash_after_the_pull_is_mended_by_the_next_run(
    writing: Runner, shop: Repository, handed: dict[str, Any], write_token: str
) -> None:
    """The pull stands, its line was never written."""
    stage.give(writing, handed)
    writing.step("apply", token=write_token, dry_run="false")
    shop.git.run("update-ref", "-d", "refs/heads/flywheel/ledger")

    done = writing.step("apply", token=write_token, dry_run="false")

    assert 0 == done.returncode, done.stderr
    assert 1 == len(shop.pulls())
    assert ["proposed"] == [line["event"] for line in stage.remembered(shop)]
