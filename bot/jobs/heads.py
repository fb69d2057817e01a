"""What ended in a repository since the last look in, the heads worth collecting out, newest first; needs no webhook.

All failures; of the successes those that turned a failed branch green, for that contrast is the finest there is, and a
sample of the newest others up to a bound; pulls that were closed; merged pulls that were reverted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Literal

from bot.errors import UserError
from bot.hosting.runs import WorkflowRun
from bot.jobs.collecting import REVERTS
from bot.jobs.collecting_facts import moment
from bot.jobs.collecting_source import Source

Why = Literal["failed", "turned-green", "sample", "closed", "reverted"]
MAX_FAILED = 300
MAX_PASSED = 100
"""Runs that are listed, not heads that are taken."""
MAX_CLOSED = 100
MAX_COMMITS = 100
MAX_REVERTED = 10
LONG = timedelta(days=1)
"""Runs are listed by when they began; one that ended since may have begun so much before. GitHub ends a job after six
hours, a run that waits for people after 35 days: https://docs.github.com/actions/reference/limits"""


@dataclass(frozen=True, slots=True)
class Finished:
    """A head, why it is worth a look, and when it came to be so."""

    sha: str
    why: Why
    at: str


@dataclass(frozen=True, slots=True)
class Looked:
    """The heads, newest first; `until` is the `since` of the next look. `left_out` counts passes beyond the bound."""

    heads: tuple[Finished, ...]
    until: str
    left_out: int = 0


def finished_heads(source: Source, since: str, most: int = 20) -> Looked:
    """What ended at `since` (ISO 8601, empty for the first look) or later; at most `most` passing heads.

    Four calls, and one for each revert, where a hundred rows tell it all.
    """
    since = _stamp(since, timedelta())
    created = _stamp(since, LONG)
    failed = _ended(source.runs_since(created, "failure", MAX_FAILED), since)
    passed = _ended(source.runs_since(created, "success", MAX_PASSED), since)
    closed = source.pulls_closed_since(since, MAX_CLOSED)
    heads = [Finished(run.head_sha, "failed", run.updated_at) for run in failed]
    taken, left_out = _sample(failed, passed, most)
    heads += taken
    heads += [Finished(pull.head_sha, "closed", pull.closed_at) for pull in closed if pull.state == "closed"]
    heads += _reverted(source, since)
    times = [since, *(run.updated_at for run in (*failed, *passed)), *(pull.closed_at for pull in closed)]
    return Looked(_once(heads), max(times), left_out)


def _sample(failed: Sequence[WorkflowRun], passed: Sequence[WorkflowRun], most: int) -> tuple[list[Finished], int]:
    """Passing heads, those first that belong to a branch with a failed one; and how many were left out."""
    red = {run.head_sha for run in failed}
    branches = {(run.head_repository, run.head_branch) for run in failed}
    green: dict[str, Finished] = {}
    for run in passed:
        if run.head_sha not in red:
            turned = (run.head_repository, run.head_branch) in branches
            green.setdefault(
                run.head_sha, Finished(run.head_sha, "turned-green" if turned else "sample", run.updated_at)
            )
    ordered = sorted(green.values(), key=lambda one: (one.why == "turned-green", one.at), reverse=True)
    return ordered[:most], max(len(ordered) - most, 0)


def _reverted(source: Source, since: str) -> list[Finished]:
    """The heads of merged pulls that a commit of the default branch took back; none at the first look."""
    if not since:
        return []
    found: list[Finished] = []
    for commit in source.commits_since(since, MAX_COMMITS):
        for merge in REVERTS.findall(commit.message)[:1]:
            try:
                pulls = [pull for pull in source.pulls(merge) if pull.merge_sha == merge]
            except UserError:
                continue  # a message may name what is no commit here
            found += [Finished(pull.head_sha, "reverted", since) for pull in pulls]
        if len(found) >= MAX_REVERTED:
            break
    return found


def _ended(runs: Iterable[WorkflowRun], since: str) -> list[WorkflowRun]:
    return [run for run in runs if run.updated_at >= since]


def _stamp(at: str, before: timedelta) -> str:
    """A time so long before, as GitHub writes times, so that they compare as texts; empty for none."""
    found = moment(at)
    return (found.astimezone(UTC) - before).strftime("%Y-%m-%dT%H:%M:%SZ") if found else ""


def _once(heads: Iterable[Finished]) -> tuple[Finished, ...]:
    """Each head once, for the first reason there is, newest first."""
    kept: dict[str, Finished] = {}
    for head in heads:
        kept.setdefault(head.sha, head)
    return tuple(sorted(kept.values(), key=lambda one: one.at, reverse=True))
