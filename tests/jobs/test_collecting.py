"""A finished head becomes one bundle of evidence, made from what GitHub says."""

import httpx
import pytest

from bot.forge.github.errors import RateLimitedError, UnavailableError
from tests.github.runs import FAILED_LOG
from tests.github.server import Fault
from tests.jobs.collecting_world import GREEN, RED, Case, ann, bundle, case, github, head, shop, transcript, world

__all__ = ["ann", "case", "github", "shop", "world"]


# --- what is left alone -----------------------------------------------------------------------------------------------


def test_a_head_where_nothing_has_ended_waits(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), conclusion=None)

    assert "waiting" == case.collect(head(pull)).status
    assert not case.store.exists()


def test_a_pull_of_our_own_is_no_evidence(case: Case) -> None:
    pull = case.pull()
    pull.user = case.world.bot
    case.world.run(case.shop, head(pull))

    assert "ours" == case.collect(head(pull)).status
    assert not case.store.exists()


def test_a_head_without_a_pull_that_nothing_judges_is_nothing(case: Case) -> None:
    main = case.shop.git.ref("refs/heads/main")
    case.world.run(case.shop, main, event="schedule", artifacts={"flywheel-bundle": bundle(main)})

    assert "nothing" == case.collect(main).status
    assert not case.store.exists()


def test_a_head_that_looks_as_before_is_not_fetched_again(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})
    case.collect(head(pull))
    case.calls()

    assert "unchanged" == case.collect(head(pull)).status
    assert ["actions/runs", f"commits/{head(pull)}/pulls"] == case.calls()


def test_a_head_that_was_run_again_is_fetched_again(case: Case) -> None:
    pull = case.pull()
    made = case.world.run(case.shop, head(pull))
    case.collect(head(pull))
    made.conclusions, made.conclusion = ["failure"], "success"

    assert ("stored", "pass") == ((done := case.collect(head(pull))).status, done.outcome)
    assert 1 == len(case.episodes())


def test_a_limit_passes_through_and_nothing_is_written(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})
    case.github.faults = [Fault("secondary", path="/logs$")]

    with pytest.raises(RateLimitedError):
        case.collect(head(pull))
    assert not case.store.exists()
    assert "stored" == case.collect(head(pull)).status


def test_a_store_that_is_down_is_asked_again_later(case: Case) -> None:
    pull = case.pull()
    made = case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})
    case.github.store_faults[str(made.artifacts[0].id)] = "error"

    with pytest.raises(UnavailableError):
        case.collect(head(pull))
    assert not case.store.exists()


# --- what a head is ---------------------------------------------------------------------------------------------------


def test_three_heads_become_three_episodes(case: Case) -> None:
    failed, passed, neither = (case.pull() for _ in range(3))
    case.world.run(case.shop, head(failed), artifacts={"flywheel-bundle": bundle(head(failed))})
    case.world.run(case.shop, head(passed), conclusion="success", artifacts={"flywheel-bundle": bundle(head(passed))})
    case.world.run(case.shop, head(neither), conclusion="cancelled")

    done = [case.collect(head(pull)) for pull in (failed, passed, neither)]

    assert ["stored"] * 3 == [one.status for one in done]
    assert ["fail", "pass", "none"] == [one.outcome for one in done]
    assert {head(failed): "fail", head(passed): "pass", head(neither): "none"} == {
        episode.head_sha: episode.outcome for episode in case.episodes()
    }


def test_an_episode_knows_what_github_knows(case: Case) -> None:
    main = case.shop.git.ref("refs/heads/main")
    pull = case.pull(body="This fixes #34.")
    made = case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})
    case.collect(head(pull))

    found = case.episode(head(pull))

    assert ("octo/shop", pull.number, "issue-34", main) == (found.repository, found.pull, found.task, found.base_sha)
    assert ("T1", "bundle", "fail") == (found.trust, found.joined, found.outcome)
    assert (made.id, 1, "ci", "pull_request", "failure") == (
        *(found.run.id, found.run.attempt, found.run.workflow),
        *(found.run.event, found.run.conclusion),
    )
    assert found.trace
    assert found.trace.agent.name == found.agent.name == "claude-code"
    assert ["job-failed"] == [one.name for one in found.signals if one.name == "job-failed"]
    assert found.diff
    assert found.diff.added == (f"f{pull.number * 2}.py",)


def test_any_failure_decides_and_the_agents_own_run_does_not(case: Case) -> None:
    pull, other = case.pull(), case.pull()
    case.world.run(case.shop, head(pull), name="lint", conclusion="success")
    case.world.run(case.shop, head(pull), name="ci")
    case.world.run(case.shop, head(other), name="ci", conclusion="success")
    case.world.run(case.shop, head(other), name="claude", artifacts={"flywheel-bundle": bundle(head(other))})

    assert "fail" == case.collect(head(pull)).outcome
    assert "pass" == case.collect(head(other)).outcome


def test_an_agents_run_that_brought_reports_judges_too(case: Case) -> None:
    pull = case.pull()
    files = {**bundle(head(pull)), "reports/junit.xml": RED}
    case.world.run(case.shop, head(pull), name="lint", conclusion="success")
    case.world.run(case.shop, head(pull), name="agent-and-tests", artifacts={"flywheel-bundle": files})

    assert "fail" == case.collect(head(pull)).outcome
    assert "test-failed" in {one.name for one in case.episode(head(pull)).signals}


def test_the_default_branch_is_a_base_and_nobodys_attempt(case: Case) -> None:
    main = case.shop.git.ref("refs/heads/main")
    case.world.run(case.shop, main, event="push", artifacts={"flywheel-bundle": bundle(main), "junit": {"j.xml": RED}})

    assert ("stored", "T2", "fail") == ((done := case.collect(main)).status, done.trust, done.outcome)
    found = case.episode(main)
    assert (None, None, True) == (found.trace, found.pull, found.run.base)
    assert "test-failed" in {one.name for one in found.signals}


def test_reports_of_other_tools_are_taken_by_content(case: Case) -> None:
    pull = case.pull()
    zips = {"test-results": {"a/junit.xml": RED, "readme.txt": "hello\n", "b.png": "PNG"}, "coverage": {"c.xml": RED}}
    case.world.run(case.shop, head(pull), artifacts=zips)
    case.collect(head(pull))

    named = [file["path"] for file in case.manifest(head(pull))["files"] if not file["path"].endswith(".log")]
    assert ["reports/head.patch", "reports/test-results/a/junit.xml"] == named


def test_the_harness_is_kept_byte_for_byte(case: Case) -> None:
    pull = case.pull()
    files = bundle(head(pull), files={"transcripts/a.jsonl": "", "harness/AGENTS.md": "# Shop, ask ann@example.com\n"})
    files |= bundle(head(pull)) | {"manifest.json": files["manifest.json"]}
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": files})
    done = case.collect(head(pull))

    assert done.folder
    assert "# Shop, ask ann@example.com\n" == (done.folder / "harness/AGENTS.md").read_text()
    assert ["AGENTS.md"] == list(case.episode(head(pull)).harness)


# --- what else may tell -----------------------------------------------------------------------------------------------


def test_the_log_of_a_red_base_is_a_witness(case: Case) -> None:
    main = case.shop.git.ref("refs/heads/main")
    case.world.run(case.shop, main, event="push", logs={"test": FAILED_LOG})
    pull = case.pull()
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})
    case.collect(head(pull))

    (witness,) = case.episode(head(pull)).witnesses

    assert ("base", "fail", main) == (witness.kind, witness.outcome, witness.sha)


def test_the_attempt_before_is_a_witness(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), conclusion="success", earlier=["failure"])
    case.collect(head(pull))

    found = case.episode(head(pull))
    (witness,) = found.witnesses

    assert ("pass", "attempt", "fail", 1) == (found.outcome, witness.kind, witness.outcome, witness.run.attempt)


def test_a_pass_of_the_same_workflow_at_the_same_head_is_a_witness(case: Case) -> None:
    pull = case.pull()
    green = (
        FAILED_LOG.partition("2026-11-25T03:00:01")[0] + "2026-11-25T03:00:02.0000000Z Cleaning up orphan processes\n"
    )
    case.world.run(case.shop, head(pull))
    case.world.run(case.shop, head(pull), event="push", conclusion="success", logs={"test": green})
    case.collect(head(pull))

    assert ["pass"] == [one.outcome for one in case.episode(head(pull)).witnesses]


def test_annotations_stand_in_for_a_log_that_is_gone(case: Case) -> None:
    pull = case.pull()
    said = [("src.py", 12, "assert 1 == 2"), (".github", 1, "Process completed with exit code 1.")]
    case.world.run(case.shop, head(pull), logs={"test": None}, annotations=said)
    done = case.collect(head(pull))

    assert done.folder
    (log,) = (done.folder / "reports/ci").iterdir()
    assert "##[error]src.py:12: assert 1 == 2\n" == log.read_text()
    assert "job-failed" in {one.name for one in case.episode(head(pull)).signals}


# --- what people did --------------------------------------------------------------------------------------------------


def close(case: Case, number: int) -> None:
    case.ann.get_repo("octo/shop").get_pull(number).edit(state="closed")


def test_a_close_that_nobody_gave_a_thought_to_is_no_verdict(case: Case) -> None:
    pull = case.pull(by="claude[bot]")
    case.world.run(case.shop, head(pull), conclusion="success")
    close(case, pull.number)

    assert ("none", "T1") == ((done := case.collect(head(pull))).outcome, done.trust)
    assert 0 == case.episode(head(pull)).closure.reviews  # type: ignore[union-attr]


def test_a_close_after_a_review_is_remembered_with_its_reason(case: Case) -> None:
    pull = case.pull(by="claude[bot]")
    case.world.run(case.shop, head(pull))
    theirs = case.ann.get_repo("octo/shop").get_pull(pull.number)
    theirs.create_review(body="Not like this.", event="REQUEST_CHANGES")
    theirs.create_issue_comment("Superseded by #9, see ann@example.com")
    close(case, pull.number)
    case.collect(head(pull))

    found = case.episode(head(pull))

    assert found.closure
    assert ("fail", 1, "Superseded by #9, see [redacted]") == (
        *(found.outcome, found.closure.reviews),
        found.closure.reason,
    )


@pytest.mark.parametrize(("words", "outcome"), [("This is not what we want.", "fail"), ("Superseded by #9.", "pass")])
def test_a_green_pull_that_people_turned_down_has_failed(case: Case, words: str, outcome: str) -> None:
    pull = case.pull(by="claude[bot]")
    case.world.run(case.shop, head(pull), conclusion="success")
    theirs = case.ann.get_repo("octo/shop").get_pull(pull.number)
    theirs.create_review(body="Not like this.", event="REQUEST_CHANGES")
    theirs.create_issue_comment(words)
    close(case, pull.number)

    assert outcome == case.collect(head(pull)).outcome
    assert outcome == case.episode(head(pull)).outcome


def test_the_agents_own_review_is_no_review(case: Case) -> None:
    pull = case.pull(by="claude[bot]")
    case.world.run(case.shop, head(pull), conclusion="success")
    header = {"Authorization": f"Bearer {case.world.person_token('claude[bot]')}"}
    at = f"{case.github.url}/repos/octo/shop/pulls/{pull.number}/reviews"
    httpx.post(at, json={"body": "Fine.", "event": "COMMENT"}, headers=header)
    close(case, pull.number)

    assert "none" == case.collect(head(pull)).outcome


def test_commits_of_people_after_the_agents_are_corrections(case: Case) -> None:
    pull = case.pull("fix", "Fix it\n\nCo-Authored-By: Claude <noreply@anthropic.com>")
    first = head(pull)
    case.commit("fix", "Merge branch 'main' into fix")
    last = case.commit("fix", "No, like this")
    case.world.run(case.shop, first, branch="fix")
    case.world.run(case.shop, last, conclusion="success", branch="fix")
    for sha in (first, last):
        case.collect(sha)

    assert [1, 1] == [case.manifest(sha)["corrections"] for sha in (first, last)]
    assert ["corrected"] == [one.name for one in case.episode(first).signals if one.name == "corrected"]


def test_a_merged_pull_that_was_taken_back_says_so(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), conclusion="success")
    merged = case.ann.get_repo("octo/shop").get_pull(pull.number).merge(merge_method="squash").sha
    case.collect(head(pull))
    before = [one.name for one in case.episode(head(pull)).signals]
    git = case.shop.git
    taken = git.write_commit(
        git.line("rev-parse", f"{merged}~1^{{tree}}"),
        (merged,),
        f'Revert "t"\n\nThis reverts commit {merged}.\n',
        case.world.user("ann").person,
        case.world.user("ann").person,
    )
    git.move("refs/heads/main", taken)

    assert "stored" == case.collect(head(pull)).status
    assert ("reverted" in before, taken) == (False, case.manifest(head(pull))["reverted"])
    assert "reverted" in {one.name for one in case.episode(head(pull)).signals}


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_a_failed_run_costs_eight_calls(case: Case) -> None:
    case.world.run(case.shop, case.shop.git.ref("refs/heads/main"), event="push", conclusion="success")
    pull, other = case.pull(), case.pull()
    for one in (pull, other):
        files = {**bundle(head(one)), "reports/junit.xml": RED}
        case.world.run(case.shop, head(one), artifacts={"flywheel-bundle": files})
    source = case.source()
    case.calls()
    case.collect(head(pull), source)
    first = case.calls()
    case.collect(head(other), source)

    assert [
        "actions/runs",
        f"commits/{head(pull)}/pulls",
        f"compare/{case.shop.git.ref('refs/heads/main')}...{head(pull)}",
        "actions/artifacts",
        *(f"actions/artifacts/{made.artifacts[0].id}/zip" for made in case.world.workflow_runs[case.shop.id][1:2]),
        *(f"actions/runs/{made.id}/attempts/1/jobs" for made in case.world.workflow_runs[case.shop.id][1:2]),
        *(f"actions/jobs/{made.jobs[0].id}/logs" for made in case.world.workflow_runs[case.shop.id][1:2]),
        "actions/runs",
    ] == first
    assert 6 == len(case.calls())


def test_a_passed_run_costs_five_calls(case: Case) -> None:
    pull = case.pull()
    files = {**bundle(head(pull)), "reports/junit.xml": GREEN}
    case.world.run(case.shop, head(pull), conclusion="success", artifacts={"flywheel-bundle": files})
    source = case.source()
    case.calls()
    case.collect(head(pull), source)

    assert 5 == len(case.calls())


def test_a_commit_that_is_gone_stops_nobody(case: Case) -> None:
    gone = "0" * 39 + "1"
    case.world.run(case.shop, gone, branch="work", artifacts={"flywheel-bundle": bundle(gone)})

    done = case.collect(gone)

    assert ("stored", "T0", "fail") == (done.status, done.trust, done.outcome)
    assert any("No commit found" in text for text in done.left_out)


def test_files_beyond_what_a_manifest_may_list_are_left_out(case: Case) -> None:
    pull = case.pull()
    files = {f"{'x' * 90}/{'y' * 90}/{'z' * 90}/{number}.jsonl": transcript(str(number)) for number in range(800)}
    case.world.run(case.shop, head(pull), artifacts={"agent": files})
    done = case.collect(head(pull))

    assert any("too large" in text for text in done.left_out)
    assert "T1" == case.episode(head(pull)).trust
    assert done.folder
    assert (done.folder / "manifest.json").stat().st_size < 1 << 20
