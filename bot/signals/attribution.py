"""What is known of one failed job goes in, whose doing the failure is comes out, with a reason code and what was seen.

The questions of research/ci.md §5.1, cheap ones first; the first that holds answers. What is not known excuses nobody:
an empty field is no evidence, and the last answer is `uncertain`, which counts for nothing until it is seen again.

A log alone answers the first three (`job_log` asks them and says the answers as signals); the rest needs other runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from bot.model import Outcome

Cause = Literal["excluded", "derivative", "infrastructure", "flaky", "base-broken", "environment", "agent", "uncertain"]
"""Whose doing it is. `environment`: something outside broke for many at once; `agent`: the change itself."""

NO_VERDICT = ("cancelled", "skipped", "stale", "action_required", "startup_failure")
"""Conclusions of a run that judged nothing: https://docs.github.com/en/rest/checks/runs."""

STOPS = ("infra/runner-lost", "infra/job-timeout")
"""Signatures that end a job whatever its tests had said; any other trouble is outweighed by a failing test or rule."""

SPREAD_HOURS, SPREAD_PULLS = 48.0, 2
OUTAGE_HOURS, OUTAGE_REPOSITORIES = 1.0, 3
MIN_FLIPS, FLAKY_RATE = 2, 0.02
PRIOR_FLIPS, PRIOR_RUNS = 1.0, 66.0
"""A Beta prior with the mean of 1.5 % (Google's share of flaky test runs, research/ci.md §5.1, step 9)."""


class Elsewhere(msgspec.Struct, frozen=True):
    """The same job, red in another pull (same repository) or another repository, `hours` before or after this one."""

    repository: str
    pull: int
    author: str
    hours: float
    keys: frozenset[str] = frozenset()


class History(msgspec.Struct, frozen=True):
    """How often a test flipped between pass and fail on one commit of the default branch, in how many of its runs."""

    flips: int
    runs: int


class FailedJob(msgspec.Struct, frozen=True):
    """One failed job and what is known around it.

    `keys` are the ids of its failing tests, or its log's keys when no report names any. `signature` is `class/id`;
    `own_doing` says that the evidence is a rule, a test or an error at a line of source. `reruns` are the outcomes of
    the same job at the same head SHA. `base` holds the keys of the same job at the commit that was really tested
    against (the first parent of the merge commit) and at the merge base, one set for each completed run. `paths` are
    the files that the evidence names, `touched` those that the pull changed, both relative to the repository. `flips`
    is by test id.
    """

    repository: str
    pull: int
    author: str
    keys: frozenset[str] = frozenset()
    conclusion: str = "failure"
    signature: str = ""
    own_doing: bool = False
    bot_only: bool = False
    superseded: bool = False
    reruns: tuple[Outcome, ...] = ()
    base: tuple[frozenset[str], ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    flips: Mapping[str, History] = msgspec.field(default_factory=dict)
    paths: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()


class Attribution(msgspec.Struct, frozen=True):
    """Whose doing a failure is, the reason code of the question that answered, and what was seen, in words."""

    cause: Cause
    code: str
    seen: str


def attribute(job: FailedJob) -> Attribution:
    """The first question that holds, `uncertain` when none does."""
    for cause, code, asked in QUESTIONS:
        if seen := asked(job):
            return Attribution(cause, code, seen)
    return Attribution("uncertain", "no-question-holds", "nothing known excuses it or ties it to the change")


def of_log(signature: str, own_doing: bool) -> Attribution:
    """What a failed job's log tells by itself: `derivative`, `infrastructure`, `excluded`, else `uncertain`."""
    return attribute(FailedJob("", 0, "", signature=signature, own_doing=own_doing))


def _excluded(job: FailedJob) -> str:
    if job.conclusion in NO_VERDICT:
        return f"the job's conclusion is {job.conclusion}"
    if job.superseded:
        return "a newer head replaced this one"
    if job.bot_only:
        return "a bot's own job"
    return f"its log says {job.signature}" if job.signature.startswith("excluded/") else ""


def _derivative(job: FailedJob) -> str:
    return f"it only passes on what another job did: {job.signature}" if job.signature.startswith("derivative/") else ""


def _infrastructure(job: FailedJob) -> str:
    if not job.signature.startswith("infra/") or (job.own_doing and job.signature not in STOPS):
        return ""
    return f"its log says {job.signature}"


def _rerun(job: FailedJob) -> str:
    passed = job.reruns.count("pass")
    return f"the same head passed in {passed} of {len(job.reruns)} other runs" if passed else ""


def _base(job: FailedJob) -> str:
    """Every key was red there; one more key at the head is the change's own."""
    if job.keys and any(job.keys <= red for red in job.base):
        return f"all {len(job.keys)} keys were red at the base too"
    return ""


def _spread(job: FailedJob) -> str:
    """Other pulls of other authors; one author's repeated mistake is a pattern and no coincidence."""
    if not job.keys or _touching(job):
        return ""
    same = [one for one in job.elsewhere if job.keys <= one.keys and abs(one.hours) <= SPREAD_HOURS]
    here = [one for one in same if one.repository == job.repository and one.pull != job.pull]
    pulls = {one.pull for one in here if one.author != job.author}
    authors = {one.author for one in here} - {job.author}
    if min(len(pulls), len(authors)) >= SPREAD_PULLS:
        return f"the same keys in {len(pulls)} unrelated pulls within {SPREAD_HOURS:.0f} h"
    others = {one.repository for one in same if abs(one.hours) <= OUTAGE_HOURS} | {job.repository}
    return f"the same keys in {len(others)} repositories within an hour" if len(others) >= OUTAGE_REPOSITORIES else ""


def _known_flaky(job: FailedJob) -> str:
    if not job.keys or _touching(job) or not all(_flaky(job.flips.get(key)) for key in job.keys):
        return ""
    return f"all {len(job.keys)} failing tests are known to flip"


def _flaky(history: History | None) -> bool:
    if history is None or history.flips < MIN_FLIPS:
        return False
    return (PRIOR_FLIPS + history.flips) / (PRIOR_RUNS + max(history.runs, history.flips)) >= FLAKY_RATE


def _touched(job: FailedJob) -> str:
    both = _touching(job)
    return f"the change touches {both[0]}" + (f" and {len(both) - 1} more" if len(both) > 1 else "") if both else ""


def _touching(job: FailedJob) -> Sequence[str]:
    return sorted(job.paths & job.touched)


QUESTIONS: tuple[tuple[Cause, str, Callable[[FailedJob], str]], ...] = (
    ("excluded", "no-verdict", _excluded),
    ("derivative", "derivative", _derivative),
    ("infrastructure", "infrastructure", _infrastructure),
    ("flaky", "flaky-rerun", _rerun),
    ("base-broken", "base-broken", _base),
    ("environment", "spread", _spread),
    ("flaky", "known-flaky", _known_flaky),
    ("agent", "touched", _touched),
)
"""What is asked, in order (research/ci.md §5.1, steps 1 to 8): the cause, the reason code, the question."""
