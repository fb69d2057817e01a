"""A finished head of a repository in; one scrubbed bundle of it in the evidence store out, made from what the API says.

Level-triggered: it looks at GitHub as it stands, whatever caused the look. A head that looks as it did when it was
collected costs two calls and nothing is written; how many a failed one costs stands in docs/collecting.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UserError
from bot.hosting.places import Repository
from bot.hosting.runs import Compared, PullRef, WorkflowRun
from bot.jobs import evidence
from bot.jobs.collecting_facts import (
    agent_of,
    at_home,
    closure_of,
    corrections,
    deciding,
    judging,
    outcome_of,
    pull_of,
    task_of,
    trust_of,
)
from bot.jobs.collecting_files import BUNDLE, REPORT, Contents, Shelf
from bot.jobs.collecting_join import Head, artifacts_of, join
from bot.jobs.collecting_runs import Case, attempts, base, failed, logs, run_facts
from bot.jobs.collecting_source import Source
from bot.model import Outcome, Trust
from bot.signals.embed import safe
from bot.signals.witness import closure
from bot.traces.gate.closed import rejected

MAX_REPORTS = 6
MAX_COMMITS = 100
REVERTS = re.compile(r"(?m)\bThis reverts commit ([0-9a-f]{40})\b")


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a head. `waiting`: nothing has ended there yet; `ours`: the pull is our own; `nothing`: neither a
    pull nor a run that judges it; `left_out` says what could not be had."""

    sha: str
    status: str
    folder: Path | None = None
    outcome: Outcome = "none"
    trust: Trust = "T0"
    joined: str = ""
    left_out: tuple[str, ...] = ()


def collect_head(source: Source, repository: Repository, head_sha: str, store: Path, now: str) -> Collected:
    """Write the bundle of a head into the store. `now` is an ISO 8601 time.

    What cannot be had is left out and said; that the forge is not to be asked now (a rate limit, an outage) passes
    through, and then nothing is written.
    """
    place = evidence.folder(store, repository.name, head_sha)
    runs = source.runs(head_sha)
    if not any(run.conclusion for run in runs):
        return Collected(head_sha, "waiting")
    shelf = Shelf(source)
    pull = _pull(source, repository, head_sha, runs, shelf)
    if pull is not None and pull.author == source.account:
        return Collected(head_sha, "ours")
    home = at_home(runs, pull, repository)
    judged = judging(home, pull)
    if not judged and pull is None:
        return Collected(head_sha, "nothing")
    reverted = _reverted(source, pull)
    seen = _seen(home, pull, reverted)
    if evidence.seen(place) == seen:
        return Collected(head_sha, "unchanged", place)
    head = Head(head_sha, repository, pull, home, _compared(source, pull, head_sha, shelf))
    case = Case(source, head, Contents(shelf), judged=judged)
    if reverted:
        case.more["reverted"] = reverted
    _gather(case)
    manifest = _manifest(case, seen, now)
    evidence.keep(place, manifest, case.contents.files)
    trust = trust_of(pull, home, repository)
    return Collected(head_sha, "stored", place, case.outcome, trust, case.joined.code, tuple(shelf.left_out))


def _gather(case: Case) -> None:
    """Transcripts first, then reports, logs and the patch; then what else may tell why it ended so."""
    if case.head.pull:  # what stands on the default branch is nobody's attempt
        case.joined = join(case.source, case.head, case.shelf)
    for opened, file in case.joined.files:
        if opened:
            case.contents.take(opened, [file])
        else:
            case.contents.put("transcript", f"transcripts/{safe(file.name)}", file.data)
    reporting = _reports(case)
    case.judged = _without_the_agent(case.judged, case.joined.run, reporting)
    case.outcome = outcome_of(case.judged)
    for run in failed(case.judged):
        logs(case, run, run.attempt, f"reports/{safe(run.workflow)}")
    compared = case.head.compared
    if compared and compared.patch:
        case.contents.put("report", "reports/head.patch", compared.patch)
        if compared.cut:
            case.shelf.say("the patch: GitHub does not show all of it")
    case.more["witnesses"] = [*base(case), *attempts(case)]
    _closing(case)


def _pull(source: Source, here: Repository, sha: str, runs: Sequence[WorkflowRun], shelf: Shelf) -> PullRef | None:
    """The head's pull; one that was closed unmerged is found by its branch. A commit that is gone (somebody pushed
    over it) has none that can be seen."""
    try:
        found = pull_of(source.pulls(sha), sha, runs, here)
    except UserError as error:
        shelf.say(f"the pull: {error}")
        return None
    branches = {run.head_branch for run in runs if run.head_repository == here.id}
    if found is None and len(branches) == 1 and (branch := branches.pop()) not in ("", here.branch):
        return pull_of(source.pulls_of_branch(here.name.partition("/")[0], branch), sha, runs, here)
    return found


def _reverted(source: Source, pull: PullRef | None) -> str:
    """The commit of the default branch that takes a merged pull back."""
    if pull is None or not pull.merge_sha:
        return ""
    for commit in source.commits_since(pull.closed_at, MAX_COMMITS):
        if pull.merge_sha in REVERTS.findall(commit.message):
            return commit.sha
    return ""


def _seen(runs: Sequence[WorkflowRun], pull: PullRef | None, reverted: str) -> list[object]:
    """What a head looks like: when this is the same, collecting it again would give the same."""
    ended = sorted([run.id, run.attempt, run.conclusion] for run in runs if run.conclusion)
    return [ended, [pull.number, pull.state, pull.head_sha] if pull else [], reverted]


def _compared(source: Source, pull: PullRef | None, sha: str, shelf: Shelf) -> Compared | None:
    if pull is None:
        return None
    try:
        return source.compare(pull.base_sha, sha)
    except UserError as error:
        shelf.say(f"the patch: {error}")
        return None


def _reports(case: Case) -> set[int]:
    """Put in what CI wrote in the runs at this head; the runs that wrote something."""
    told: set[int] = set()
    count = 0
    for artifact in artifacts_of(case.source, case.judged):
        if not case.shelf.has(artifact):
            if not BUNDLE.fullmatch(artifact.name) and not REPORT.fullmatch(artifact.name):
                continue
            count += 1
            if count > MAX_REPORTS:
                case.shelf.say(
                    f"artifact {safe(artifact.name)}: {MAX_REPORTS} artifacts were looked through for reports"
                )
                continue
        opened = case.shelf.open(artifact)
        case.contents.take(opened, opened.reports)
        if opened.reports:
            told.add(artifact.run)
    return told


def _without_the_agent(
    judged: Sequence[WorkflowRun], agent: WorkflowRun | None, reporting: set[int]
) -> Sequence[WorkflowRun]:
    """The runs that judge, without the agent's own: a run that left its transcript and no report, beside others."""
    others = [run for run in judged if agent is None or run.workflow != agent.workflow]
    return others if agent and others and agent.id not in reporting else judged


def _closing(case: Case) -> None:
    """What people did with the pull: a close that nobody gave a thought to is no verdict (issue 4, 6); what they looked
    at and turned down has failed, whatever CI said of it (issue 3, 4)."""
    pull, compared = case.head.pull, case.head.compared
    if pull is None:
        return
    commits = compared.commits if compared else ()
    if pull.head_sha != case.head.sha:
        try:
            commits = (*commits, *case.source.compare(case.head.sha, pull.head_sha).commits)
        except UserError as error:
            case.shelf.say(f"what came after this head: {error}")
    by_people = corrections(commits)
    if by_people:
        case.more["corrections"] = by_people
    if pull.state != "closed":
        return
    try:
        said = case.source.discussion(pull)
    except UserError as error:
        case.shelf.say(f"why it was closed: {error}")
        case.outcome = "none"
        return
    case.more["closure"] = closure_of(pull, said)
    if not said.reviews and not said.threads and not by_people:
        case.outcome = "none"
    elif case.outcome == "pass" and pull.head_sha == case.head.sha and rejected(closure(case.more)):
        case.outcome = "fail"


def _manifest(case: Case, seen: object, now: str) -> dict[str, object]:
    head, pull = case.head, case.head.pull
    run = deciding(case.judged, outcome_of(case.judged))
    trust = trust_of(pull, head.runs, head.here)
    manifest: dict[str, object] = {
        "flywheel_bundle": 1,
        "repository": head.here.name,
        "head_sha": head.sha,
        "task": task_of(pull, run.head_branch if run else ""),
        "trust": trust,
        "joined": case.joined.code,
        "outcome": case.outcome,
        "collected_at": now,
        "seen": seen,
        **case.more,
        "files": case.contents.listed(),
    }
    if pull:
        manifest["pull"] = pull.number
        manifest["base_sha"] = head.compared.merge_base if head.compared else pull.base_sha
    if run:
        manifest["run"] = run_facts(run, base=trust == "T2")
    told = "transcript" in case.contents.kinds.values()
    if not told and (agent := agent_of(pull, head.compared.commits if head.compared else ())):
        manifest["agent"] = {"name": agent}
    if case.shelf.left_out:
        manifest["left_out"] = case.shelf.left_out
    return manifest
