"""Takes what was seen of an owner's repositories; returns the pilot issue, who chose what, and the onboarding pulls.

First one issue for an owner, which asks where to start; then, for each repository that somebody who may write there
chose, one pull that adds `.github/flywheel.yml`. Nothing else happens before that is merged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from bot.approval.commands import CALL, heard
from bot.approval.labels import FLYWHEEL
from bot.approval.policy import Policy
from bot.flywheel import Sources, turn
from bot.hosting.acts import React
from bot.hosting.people import Role
from bot.hosting.places import Repository
from bot.hosting.pulls import Comment
from bot.jobs.configuration import PATH, SHARED_REPOSITORY, START
from bot.jobs.identity import identity, revision
from bot.ledger import Ledger
from bot.model import CloseChange, Detector, Edit, Effect, Episode, Harness, OpenIssue, OpenPull, Pattern, branch_of
from bot.pages import onboarding as page
from bot.pages import pilot as asking
from bot.pages.onboarding import InUse, Needed, Place, Rehearsal, Sight
from bot.pages.pilot import Row, Standing
from bot.traces.contrast import MIN_FAILED, MIN_TASKS, task_of

DAYS = 30
PILOT = identity("pilot")
ONBOARDING = identity("onboarding")
BRANCH = branch_of("onboarding", ONBOARDING)
MAX_STARTS = 50
"""Comments of the pilot issue that are heard; nobody starts more by hand."""

_START = re.compile(rf"{CALL}\s+start\s+([A-Za-z0-9-]{{1,39}}/[A-Za-z0-9._-]{{1,100}})\s*")


class Candidate(msgspec.Struct, frozen=True):
    """A repository that the App sees: pulls by agents in the last 30 days, those that are red, and how it stands."""

    repository: Repository
    pulls: int = 0
    failed: int = 0
    standing: Standing = "open"


class Start(msgspec.Struct, frozen=True):
    """A `/flywheel start` in a comment of the pilot issue: which repository, and whether its author may.

    `obeyed` = somebody has put a thumbs up there, as we do.
    """

    comment: int
    repository: str
    granted: bool
    obeyed: bool = False


# --- where to start ---------------------------------------------------------------------------------------------------


def asks_first(installed: Collection[Repository]) -> bool:
    """Whether an owner is asked where to start: whoever installed the App on one repository has said so already."""
    return sum(not one.archived for one in installed) > 1


def pilot(owner: str, candidates: Sequence[Candidate], at: str = "") -> Effect | None:
    """The one pilot issue of an owner as it should read now, or its end; None when there is nothing to ask.

    `at` is the repository that has it already: it never moves. Its `change` is PILOT.
    """
    ranked = sorted(
        (one for one in candidates if not one.repository.archived and (one.pulls or one.standing != "open")),
        key=lambda one: (-one.failed, -one.pulls, one.repository.name.casefold()),
    )
    host = _host(owner, ranked, candidates, at)
    if host is None:
        return None
    shown = [one for one in ranked if host.private or not one.repository.private]
    if not any(one.standing in ("open", "asked") for one in ranked):
        said = "Every repository in which agents open pull requests has an answer."
        return CloseChange(host.name, PILOT, branch_of("pilot", PILOT), said) if at else None
    rows = [Row(one.repository.name, one.pulls, one.failed, one.standing) for one in shown]
    text = asking.body(rows, DAYS, hidden=not host.private)
    return OpenIssue(host.name, PILOT, revision(text), asking.TITLE, text, (FLYWHEEL.name,))


def _host(owner: str, ranked: Sequence[Candidate], candidates: Sequence[Candidate], at: str) -> Repository | None:
    """Where the pilot issue stands: where it is; else `{owner}/.github`, if the worst one may be named there; else in
    the repository with most pulls by agents that may be named where it is itself."""
    known = {one.repository.name.casefold(): one.repository for one in candidates if not one.repository.archived}
    if at:
        return known.get(at.casefold())
    asked = [one for one in ranked if one.standing == "open" and one.pulls]
    if not asked:
        return None
    shared = known.get(f"{owner}/{SHARED_REPOSITORY}".casefold())
    if shared and (shared.private or not asked[0].repository.private):
        return shared
    return max(asked, key=lambda one: (one.pulls, one.failed, one.repository.name)).repository


def starts(
    comments: Iterable[Comment], installed: Iterable[Repository], role: Callable[[str, int], Role]
) -> tuple[Start, ...]:
    """Every `/flywheel start` of a pilot issue. `role(repository, account)` looks up what somebody may there.

    A repository that nobody sees and one where the author may not write are refused alike, so that no name is told.
    Where the author may and nothing can be written, as long as it is archived, he waits for his answer. Comments by
    bots, by us, and such as were edited start nothing.
    """
    names = {one.name.casefold(): one for one in installed}
    found: list[Start] = []
    for comment in comments:
        if comment.edited or comment.author.kind != "human":
            continue
        for wanted in _wanted(comment.body):
            there = names.get(wanted.casefold())
            granted = there is not None and role(there.name, comment.author.id) in ("write", "maintain", "admin")
            if there is not None and granted and there.archived:
                continue
            obeyed = "+1" in (comment.reactions or ())
            found.append(Start(comment.id, there.name if there is not None else wanted, granted, obeyed))
            if len(found) == MAX_STARTS:
                return tuple(found)
    return tuple(found)


def chosen(found: Iterable[Start]) -> frozenset[str]:
    """The repositories that somebody who may write there has started."""
    return frozenset(one.repository for one in found if one.granted)


def reactions(found: Iterable[Start]) -> tuple[React, ...]:
    """At most one reaction a comment: thumbs down as soon as one of its starts was refused. None where one was obeyed
    before: the repository has another name since, or its author another role."""
    granted: dict[int, bool] = {}
    for one in found:
        granted[one.comment] = granted.get(one.comment, True) and one.granted
    obeyed = {one.comment for one in found if one.obeyed}
    answered = ((comment, well) for comment, well in granted.items() if well or comment not in obeyed)
    return tuple(React(comment, "+1" if well else "-1") for comment, well in answered)


def _wanted(body: str) -> Iterator[str]:
    """What the comment starts. A line counts where a command may stand (bot/approval/commands.py), and nowhere else.

    `start` is a verb of the pilot issue alone; the grammar of changes does not know it and names its line.
    """
    lines = re.split(r"\r\n|\n|\r", body)
    for odd in heard(body).not_understood:
        found = _START.fullmatch(lines[odd.line - 1]) if odd.code == "unknown-verb" else None
        if found:
            yield found[1]


# --- one repository ---------------------------------------------------------------------------------------------------


def onboard(
    repository: Repository,
    seen: Rehearsal,
    agents: Sequence[InUse],
    place: Place,
    policy: Policy,
    notes: Sequence[str] = (),
) -> OpenPull:
    """The onboarding pull as it should read now: it adds the one file. A second one is never made, by its branch.

    Only its text changes as evidence grows, and only while it is as we left it; the forge refuses what a person closed.
    """
    body = page.pull_body(seen, agents, place, START, policy.caps.open_pulls, notes)
    kept = revision(START)
    message = (
        f"{page.PULL_TITLE}\n\nAdd {PATH}. Nothing is done in this repository before it is there.\n\n"
        f"Flywheel-Change: {ONBOARDING}.{kept}\n"
    )
    return OpenPull(
        repository=repository.name,
        change=ONBOARDING,
        revision=kept,
        branch=BRANCH,
        title=page.PULL_TITLE,
        body=body,
        message=message,
        labels=(FLYWHEEL.name,),
        edits=(Edit(PATH, None, START),),
        head="",
    )


def standing(past: str, *, has_file: bool, is_chosen: bool) -> Standing:
    """How a repository stands. `past` is what became of its onboarding pull: `none`, `open`, `closed` or `merged`.

    A file that was merged and then deleted is a no, and so is a pull that a person closed.
    """
    if has_file:
        return "configured"
    if past in ("closed", "merged"):
        return "off"
    return "asked" if past == "open" or is_chosen else "open"


def spare(repository: str, past: str, *, has_file: bool) -> CloseChange | None:
    """The end of an onboarding pull that is not needed: somebody committed the file by themselves."""
    if not (has_file and past == "open"):
        return None
    return CloseChange(repository, ONBOARDING, BRANCH, f"`{PATH}` is there already.")


# --- the replay report ------------------------------------------------------------------------------------------------


def rehearse(
    episodes: Iterable[Episode],
    harness: Harness,
    policy: Policy,
    detectors: Sequence[Detector],
    sources: Sources,
    now: str,
) -> Rehearsal:
    """What a turn over this repository's own runs of the last 30 days would have found and proposed.

    `episodes` of other repositories are left out, whoever passes them in. `now` is an ISO 8601 time with its zone.
    """
    since = datetime.fromisoformat(now) - timedelta(days=DAYS)
    own = [episode for episode in episodes if episode.repository == harness.repository]
    dated = [(episode, when) for episode in own if (when := _when(episode)) is not None]
    recent = [episode for episode, when in dated if when >= since]
    done = turn(recent, Ledger(), {harness.repository: harness}, policy, detectors, sources)
    blamed = {one.episode for one in done.excluded}
    judged = [episode for episode in recent if episode.id not in blamed and episode.outcome != "none"]
    outcomes = Counter(episode.outcome for episode in judged)
    titles = {detector.id: detector.title for detector in detectors}
    return Rehearsal(
        days=DAYS,
        needed=_needed(policy),
        failed=outcomes["fail"],
        passed=outcomes["pass"],
        tasks=len({task_of(episode) for episode in judged if episode.outcome == "fail"}),
        excluded=sum(one.id in blamed and one.outcome == "fail" for one in recent),
        unjudged=done.outcomes.get("none", 0) + sum(one.id in blamed and one.outcome == "pass" for one in recent),
        undated=len(own) - len(dated),
        sights=tuple(_sight(pattern, titles) for pattern in done.patterns if pattern.failed),
        proposals=tuple((one.modification.title, one.decision.tier) for one in done.proposals),
    )


def _needed(policy: Policy) -> Needed:
    return Needed(MIN_FAILED, MIN_TASKS, policy.interactive.passing_episodes, policy.autonomous.passing_episodes)


def _sight(pattern: Pattern, titles: dict[str, str]) -> Sight:
    title = titles.get(pattern.detector, pattern.detector)
    return Sight(title, pattern.failed, pattern.passed, len(pattern.tasks), pattern.reasons)


def _when(episode: Episode) -> datetime | None:
    """When the run was, by its own word or its transcript's; None when neither tells, or not in which zone."""
    trace = episode.trace
    for text in (episode.run.created_at, *((trace.ended, trace.started) if trace else ())):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            continue
        if found.tzinfo is not None:
            return found
    return None
