"""What a forge says of a head in, what is to be believed of it out: its pull, trust, outcome, task, and how it ended.

Pure. An artifact has no say here: who owns a head, and how it was judged, comes from the API alone (design.md §7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.hosting.places import Repository
from bot.hosting.runs import Commit, Discussion, PullRef, WorkflowRun
from bot.model import Outcome, Trust
from bot.signals.redact import redact

JUDGING = frozenset({"push", "pull_request", "pull_request_target", "merge_group"})
"""Events whose runs judge a head. By hand (`workflow_dispatch`) a pull's head is judged, the default branch is not:
what is started there by hand, by a comment or a clock may as well be an agent."""
BY_HAND = "workflow_dispatch"
VERDICTS: Mapping[str, Outcome] = {"success": "pass", "failure": "fail"}
WRITERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""https://docs.github.com/graphql/reference/enums#commentauthorassociation"""
LINKED = re.compile(r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]{1,3}#([1-9][0-9]{0,8})\b")
"""https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue"""
AGENTS = re.compile(
    r"(?im)^(?:entire-checkpoint:[ \t]|co-authored-by:[^\n]{0,200}?(noreply@anthropic\.com|copilot|codex|cursor"
    r"|devin-ai|openhands|aider|google-labs-jules|gemini))"
)
"""What agents write below a commit that bears its user's name."""
NAMES = {
    "noreply@anthropic.com": "claude-code",
    "google-labs-jules": "jules",
    "devin-ai": "devin",
    "gemini": "gemini-cli",
}
MERGE = re.compile(r"Merge (?:branch|remote-tracking branch|pull request|commit) ")
MAX_WORDS = 200
BEFORE, AFTER = timedelta(minutes=1), timedelta(minutes=5)
"""How far a push may lie outside of the run that made it: the first run at a head comes some time after its push."""


def pull_of(pulls: Iterable[PullRef], head_sha: str, runs: Sequence[WorkflowRun], here: Repository) -> PullRef | None:
    """The pull that a head belongs to: the API shows it there, or a run took place at it on the pull's own branch.

    One of the same repository goes before one of a fork that has the same commit; an open one, then one into the
    default branch, before others. None when several are left, and for a head of the default branch.
    """
    if on_default_branch(runs, here):
        return None
    places = {(run.head_branch, run.head_repository) for run in runs}
    fits = [one for one in pulls if one.head_sha == head_sha or (one.head_ref, one.head_repository) in places]
    fits = [one for one in fits if one.head_repository == here.id] or fits
    fits = [one for one in fits if one.head_sha == head_sha] or fits
    fits = [one for one in fits if one.state == "open"] or fits
    fits = [one for one in fits if one.base_ref == here.branch] or fits
    return fits[0] if len(fits) == 1 else None


def on_default_branch(runs: Iterable[WorkflowRun], here: Repository) -> bool:
    """Whether a head stands on the default branch itself: a run of a push there took place at it."""
    return any(
        run.head_branch == here.branch != "" and run.head_repository == here.id and run.event == "push" for run in runs
    )


def at_home(runs: Iterable[WorkflowRun], pull: PullRef | None, here: Repository) -> list[WorkflowRun]:
    """The runs of the repository that the head was pushed to.

    A fork may push the same commit and have its own runs at it: they say nothing of a pull that is not the fork's.
    """
    home = pull.head_repository if pull else here.id
    return [run for run in runs if run.head_repository == home]


def trust_of(pull: PullRef | None, runs: Sequence[WorkflowRun], here: Repository) -> Trust:
    """T2 on the default branch; T1 for a pull of the same repository by somebody who writes there, or an App that does;
    T0 for forks and for whatever is not known."""
    if pull is None:
        return "T2" if on_default_branch(runs, here) else "T0"
    inside = pull.head_repository == here.id != 0
    return "T1" if inside and (pull.association in WRITERS or pull.by_bot) else "T0"


def judging(runs: Iterable[WorkflowRun], pull: PullRef | None) -> list[WorkflowRun]:
    """The runs that judge a head and have ended, newest first."""
    counted = JUDGING | ({BY_HAND} if pull else set())
    ended = [run for run in runs if run.conclusion and run.event in counted]
    return sorted(ended, key=lambda run: (run.created_at, run.id), reverse=True)


def outcome_of(judged: Iterable[WorkflowRun]) -> Outcome:
    """Any failure is a fail; a pass is at least one success and no failure; what was cancelled or skipped is none."""
    told = {VERDICTS.get(run.conclusion, "none") for run in judged}
    return "fail" if "fail" in told else "pass" if "pass" in told else "none"


def deciding(judged: Sequence[WorkflowRun], outcome: Outcome) -> WorkflowRun | None:
    """The newest run that says so; the newest of all when none does."""
    return next((run for run in judged if VERDICTS.get(run.conclusion) == outcome), judged[0] if judged else None)


def pushed_by(agent: WorkflowRun, head_runs: Iterable[WorkflowRun], here: Repository) -> bool:
    """Whether a head was pushed during this run, by who caused it or by an App, in this repository.

    The push is seen in the first run that it caused: GitHub names its actor and its time, whatever an artifact says.
    NOTE: an agent that pushes as an App during somebody's run is believed to be of that run; two such runs at once are
    ambiguous, and then neither is.
    """
    caused = [run for run in head_runs if run.event in JUDGING and run.head_repository == here.id]
    if not caused or agent.head_repository != here.id:
        return False
    first = min(caused, key=lambda run: (run.created_at, run.id))
    begun, pushed, ended = (moment(at) for at in (agent.created_at, first.created_at, agent.updated_at))
    if not begun or not pushed or not ended or not begun - BEFORE <= pushed <= ended + AFTER:
        return False
    return first.by_bot or not set(first.actors).isdisjoint(agent.actors)


def task_of(pull: PullRef | None, branch: str) -> str:
    """The issue that a pull is linked to by its text, else the pull, else the branch."""
    if pull is None:
        return f"branch-{re.sub(r'[^A-Za-z0-9._-]+', '-', branch)[:80] or 'unknown'}"
    linked = LINKED.search(pull.body)
    return f"issue-{linked[1]}" if linked else f"pull-{pull.number}"


def corrections(commits: Sequence[Commit]) -> int:
    """How many commits people made after an agent's last, merges of the base left out; 0 where no agent made any."""
    by_agent = [one.by_bot or AGENTS.search(one.message) is not None for one in commits]
    if True not in by_agent:
        return 0
    after = commits[len(commits) - by_agent[::-1].index(True) :]
    return sum(MERGE.match(one.message) is None for one in after)


def agent_of(pull: PullRef | None, commits: Sequence[Commit]) -> str:
    """The agent that a commit names, else `app` where an App made one or opened the pull; empty for people's work.

    For a head without a transcript, which would say more. It keeps the work of an agent that left no transcript from
    being taken for a person's.
    """
    named = (found[1] for one in reversed(commits) for found in AGENTS.finditer(one.message) if found[1])
    if name := next(named, ""):
        return NAMES.get(name.lower(), name.lower())
    signed = any(one.by_bot or AGENTS.search(one.message) for one in commits)
    return "app" if pull and (pull.by_bot or signed) else ""


def closure_of(pull: PullRef, said: Discussion) -> dict[str, object]:
    """How a pull was closed unmerged, as a manifest says it (bot/signals/witness.py)."""
    words = " ".join("".join(char if char.isprintable() else " " for char in said.words).split())
    reason = ", ".join([*pull.labels, words]) if words else ", ".join(pull.labels)
    return {
        "reason": redact(reason)[:MAX_WORDS],
        "by_bot": said.closed_by_bot,
        "reviews": said.reviews + said.threads,
    }


def moment(at: str) -> datetime | None:
    """A time as the API writes it; None for what is none."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return found if found.tzinfo else None
