"""The transcript of a head often lies in another run; it is joined for a reason that GitHub confirms, or not at all."""

import json

import pytest

from bot.model import Episode
from tests.github.runs import WorkflowRun
from tests.github.world import Issue
from tests.jobs.collecting_world import Case, ann, bundle, case, github, head, shop, transcript, world

__all__ = ["ann", "case", "github", "shop", "world"]


def by_comment(
    case: Case, sha: str, *, begun: int = 0, actor: str = "ann", event: str = "issue_comment"
) -> WorkflowRun:
    """An agent's run of ten minutes at the default branch, begun by a comment, whose bundle says it is of this head."""
    main = case.shop.git.ref("refs/heads/main")
    files = bundle(sha, files={f"transcripts/{begun}-{actor}.jsonl": transcript(f"{begun}-{actor}")})
    return case.world.run(
        *(case.shop, main),
        conclusion="success",
        event=event,
        name="claude",
        actor=actor,
        created=case.at(begun),
        seconds=600,
        artifacts={"flywheel-bundle": files},
    )


def ci(case: Case, pull: Issue, *, at: int, actor: str = "ann") -> None:
    """The run that the push of the head caused."""
    case.world.run(case.shop, head(pull), created=case.at(at), actor=actor)


def joined(case: Case, pull: Issue) -> Episode:
    assert "stored" == case.collect(head(pull)).status
    return case.episode(head(pull))


# --- what is not joined -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pushed", "pusher"), [(-30, "ann"), (40, "ann"), (5, "bob")], ids=["before", "after", "by somebody else"]
)
def test_a_claim_that_github_does_not_confirm_joins_nothing(case: Case, pushed: int, pusher: str) -> None:
    pull = case.pull()
    by_comment(case, head(pull))
    ci(case, pull, at=pushed, actor=pusher)

    found = joined(case, pull)

    assert ("unjoined", None) == (found.joined, found.trace)


def test_two_runs_that_both_fit_are_ambiguous(case: Case) -> None:
    pull = case.pull()
    by_comment(case, head(pull))
    by_comment(case, head(pull), begun=1)
    ci(case, pull, at=5)

    found = joined(case, pull)

    assert ("ambiguous", None, "fail") == (found.joined, found.trace, found.outcome)


def test_two_agents_at_one_head_are_ambiguous(case: Case) -> None:
    pull = case.pull()
    for name in ("claude", "codex"):
        files = bundle(head(pull), files={"transcripts/a.jsonl": transcript(name)})
        case.world.run(case.shop, head(pull), name=name, artifacts={f"flywheel-bundle-{name}": files})

    assert "ambiguous" == joined(case, pull).joined


def test_a_bundle_of_another_head_stays_with_that_head(case: Case) -> None:
    first = case.pull("fix")
    before = head(first)
    case.commit("fix", "The agent's")
    after = case.shop.git.ref("refs/heads/fix")
    case.world.run(case.shop, before, created=case.at(0), seconds=600, artifacts={"flywheel-bundle": bundle(after)})
    case.world.run(case.shop, after, created=case.at(5), conclusion="success")
    for sha in (before, after):
        case.collect(sha)

    assert ["unjoined", "bundle"] == [case.episode(sha).joined for sha in (before, after)]
    assert case.episode(after).trace


def test_a_person_who_links_a_run_joins_nothing(case: Case) -> None:
    main = case.shop.git.ref("refs/heads/main")
    zips = {"agent": {"claude.jsonl": transcript()}}
    made = case.world.run(
        *(case.shop, main), event="schedule", created=case.at(0), seconds=600, artifacts=zips, conclusion="success"
    )
    pull = case.pull(body=f"See https://github.com/octo/shop/actions/runs/{made.id}")
    ci(case, pull, at=5)

    assert "unjoined" == joined(case, pull).joined


def test_a_benchmark_of_several_attempts_is_no_work_on_one_head(case: Case) -> None:
    pull = case.pull()
    info = json.dumps({"engine_id": "claude", "workflow_name": "w", "run_id": 1})
    files = {f"{at}/aw_info.json": info for at in "ab"} | {f"{at}/agent-stdio.log": transcript(at) for at in "ab"}
    case.world.run(case.shop, head(pull), artifacts={"harbor-results": files})
    done = case.collect(head(pull))

    assert "unjoined" == done.joined
    assert any("2 attempts" in text for text in done.left_out)


# --- what is ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["issue_comment", "workflow_dispatch"])
def test_the_run_that_a_comment_began_is_found_by_its_bundle(case: Case, event: str) -> None:
    pull = case.pull()
    by_comment(case, head(pull), event=event)
    ci(case, pull, at=5)

    found = joined(case, pull)

    assert ("bundle", "T1", "fail", "ci") == (found.joined, found.trust, found.outcome, found.run.workflow)
    assert found.trace
    assert "0-ann" == found.trace.session


def test_a_push_by_an_app_is_of_the_run_during_which_it_was_made(case: Case) -> None:
    pull = case.pull(by="claude[bot]")
    by_comment(case, head(pull))
    ci(case, pull, at=5, actor="claude[bot]")

    assert "bundle" == joined(case, pull).joined


def test_copilots_run_is_found_by_its_branch(case: Case) -> None:
    pull = case.pull("copilot/fix-1", by="copilot-swe-agent[bot]")
    zips = {"copilot-session": {"events.jsonl": transcript("copilot")}}
    case.world.run(
        *(case.shop, case.shop.git.ref("refs/heads/main")),
        event="dynamic",
        branch="copilot/fix-1",
        created=case.at(0),
        seconds=600,
        conclusion="success",
        artifacts=zips,
    )
    ci(case, pull, at=5, actor="copilot-swe-agent[bot]")

    found = joined(case, pull)

    assert ("run-branch", "T1") == (found.joined, found.trust)
    assert found.trace


def test_an_agentic_workflows_run_is_found_by_the_link_of_its_pull(case: Case) -> None:
    main = case.shop.git.ref("refs/heads/main")
    info = {"engine_id": "claude", "workflow_name": "fixer", "run_id": 1}
    zips = {
        "activation": {"aw_info.json": json.dumps(info)},
        "agent": {"agent-stdio.log": "Starting\n" + transcript("gh-aw"), "mcp-logs/a.jsonl": transcript("not this")},
        "detection": {"d.jsonl": transcript("nor this")},
    }
    made = case.world.run(
        *(case.shop, main),
        event="schedule",
        created=case.at(0),
        seconds=600,
        artifacts=zips,
        conclusion="success",
    )
    pull = case.pull(by="github-actions[bot]", body=f"> [fixer](https://github.com/octo/shop/actions/runs/{made.id})")
    ci(case, pull, at=5, actor="github-actions[bot]")

    found = joined(case, pull)

    assert "run-branch" == found.joined
    assert found.trace
    assert "gh-aw" == found.trace.session


def test_the_execution_file_of_claudes_action_is_found_at_the_head(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), artifacts={"claude-execution-output": {"out.jsonl": transcript()}})

    found = joined(case, pull)

    assert "head-sha" == found.joined
    assert found.trace


def test_a_workflow_that_was_run_again_has_one_transcript(case: Case) -> None:
    pull = case.pull()
    for session in ("old", "new"):
        files = bundle(head(pull), files={"transcripts/a.jsonl": transcript(session)})
        case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": files})

    found = joined(case, pull)

    assert found.trace
    assert ("bundle", "new", 2) == (found.joined, found.trace.session, len(found.trace.steps))


def test_what_is_told_twice_counts_once(case: Case) -> None:
    pull = case.pull()
    stream = [json.loads(line) for line in transcript().splitlines()]
    told = [{"type": "system", "subtype": "init", "session_id": "s1", "model": "claude-opus-4", "tools": []}, *stream]
    files = {"transcripts/a.jsonl": transcript(), "transcripts/out.json": json.dumps(told)}
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull), files=files)})

    found = joined(case, pull)

    assert found.trace
    assert 1 == sum(len(step.calls) for step in found.trace.steps)


# --- Entire -----------------------------------------------------------------------------------------------------------


def checkpoint(case: Case, number: str, files: dict[str, str]) -> None:
    """What Entire keeps on its branch."""
    git = case.shop.git
    tip = git.ref("refs/heads/entire/checkpoints/v1")
    rows = [
        ("100644", git.write_blob(text.encode()), f"{number[:2]}/{number[2:]}/{name}") for name, text in files.items()
    ]
    who = case.world.user("ann").person
    sha = git.write_commit(git.write_tree(tip, rows), (tip,) if tip else (), f"Checkpoint: {number}\n", who, who)
    git.move("refs/heads/entire/checkpoints/v1", sha)


def test_a_trailer_leads_to_what_entire_keeps(case: Case) -> None:
    whole = transcript("entire")
    checkpoint(
        case, "a3b2c4d5e6f7", {"0/metadata.json": "{}", "0/full.jsonl": whole[:300], "0/full.jsonl.001": whole[300:]}
    )
    checkpoint(case, "ffffffffffff", {"0/full.jsonl": transcript("other")})
    pull = case.pull(message="Fix it\n\nEntire-Checkpoint: a3b2c4d5e6f7")
    files = bundle(head(pull), files={"transcripts/a.jsonl": transcript("bundle")})
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": files})

    found = joined(case, pull)

    assert found.trace
    assert ("trailer", "entire", "claude-code") == (found.joined, found.trace.session, found.agent.name)


def test_a_checkpoint_that_several_commits_name_is_ambiguous(case: Case) -> None:
    checkpoint(case, "a3b2c4d5e6f7", {"0/full.jsonl": transcript()})
    pull = case.pull("fix", message="Fix it\n\nEntire-Checkpoint: a3b2c4d5e6f7")
    sha = case.commit("fix", "Again\n\nEntire-Checkpoint: a3b2c4d5e6f7")
    case.world.run(case.shop, sha)
    case.collect(sha)

    assert ("ambiguous", pull.number) == (case.episode(sha).joined, case.episode(sha).pull)


def test_a_trailer_that_leads_nowhere_leaves_the_other_joins(case: Case) -> None:
    pull = case.pull(message="Fix it\n\nEntire-Checkpoint: a3b2c4d5e6f7")
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})

    assert "bundle" == joined(case, pull).joined
