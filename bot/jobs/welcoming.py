"""Before a repository takes part: one issue asks its owner where to start, one pull asks the repository itself.

Nothing else happens before that pull is merged, and closing it means no. Both are brought up to date at every visit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from bot.approval.policy import Policy
from bot.hosting.acts import React
from bot.hosting.people import Role
from bot.hosting.pilot import Pilot
from bot.hosting.places import Repository
from bot.hosting.worked import Glimpse
from bot.jobs import agents
from bot.jobs.onboarding import (
    BRANCH,
    DAYS,
    PILOT,
    Candidate,
    asks_first,
    chosen,
    onboard,
    pilot,
    reactions,
    rehearse,
    spare,
    standing,
    starts,
)
from bot.model import Detector, Effect, Episode, Harness
from bot.pages.onboarding import Place
from bot.signals.original import original

MAX_ASKED = 100
"""Repositories of an owner that are looked at for the pilot issue: three calls each."""


class Guest(Protocol):
    """A repository that does not take part yet, or has just begun to."""

    def harness(self) -> Harness:
        """What steers agents there."""

    def past(self, branch: str) -> str:
        """What became of our newest pull from a branch: `none`, `open`, `closed` or `merged`."""

    def workflows(self) -> Mapping[str, str]:
        """Path → text of the workflows on the default branch."""

    def glimpses(self, since: str) -> Sequence[Glimpse]:
        """The pulls opened since then."""


class Glance(NamedTuple):
    """A repository at a glance: what became of its onboarding pull, whether our file is there, its pulls lately."""

    past: str
    has_file: bool
    glimpses: Sequence[Glimpse]


class Owner(Protocol):
    """All repositories of an installation together."""

    def pilot(self, change: str) -> Pilot | None:
        """The pilot issue."""

    def role(self, repository: str, account: int) -> Role:
        """What somebody who answered there may do in a repository."""


def started(owner: Owner, installed: Sequence[Repository]) -> tuple[frozenset[str], tuple[React, ...], Pilot | None]:
    """(the repositories that were chosen, our reactions to the answers, the pilot issue if there is one)."""
    if not asks_first(installed):
        return frozenset(one.name for one in installed), (), None
    found = owner.pilot(PILOT)
    if found is None:
        return frozenset(), (), None
    said = starts(found.comments, installed, owner.role)
    return chosen(said), reactions(said), found


def invite(
    owner: str,
    installed: Sequence[Repository],
    glance: Callable[[Repository], Glance],
    asked: Pilot | None,
    chosen_ones: frozenset[str],
) -> Effect | None:
    """The pilot issue as it should read now; None when there is nothing to ask."""
    if not asks_first(installed):
        return None
    candidates = []
    for repository in [one for one in installed if not one.archived][:MAX_ASKED]:
        seen = glance(repository)
        pulls, red = agents.counted(seen.glimpses)
        stands = standing(seen.past, has_file=seen.has_file, is_chosen=repository.name in chosen_ones)
        candidates.append(Candidate(repository, pulls, red, stands))
    return pilot(owner, candidates, asked.repository if asked else "")


def welcome(
    repository: Repository,
    guest: Guest,
    episodes: Sequence[Episode],
    policy: Policy,
    detectors: Sequence[Detector],
    place: Place,
    now: str,
    *,
    is_chosen: bool,
) -> Effect | None:
    """The onboarding pull of a repository without our file as it should read now; None when nobody asked for it."""
    if standing(guest.past(BRANCH), has_file=False, is_chosen=is_chosen) != "asked":
        return None
    seen = rehearse(episodes, guest.harness(), policy, detectors, original, now)
    in_use = agents.in_use(guest.workflows(), guest.glimpses(since(now)))
    return onboard(repository, seen, in_use, place, policy)


def settled(repository: Repository, guest: Guest) -> Effect | None:
    """The end of an onboarding pull that is not needed any more: the file is there."""
    return spare(repository.name, guest.past(BRANCH), has_file=True)


def since(now: str) -> str:
    """When the days began that are looked at, as GitHub writes times."""
    return (datetime.fromisoformat(now) - timedelta(days=DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
