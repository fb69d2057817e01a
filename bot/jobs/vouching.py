"""Bundles that a workflow downloaded in; this repository's episodes, each with how far it is to be trusted, out.

What a bundle says of itself is a claim: anybody whose pull runs a workflow can make one. The folder that it lies in was
named by the workflow after the run that it was downloaded from, and of that run GitHub tells where its head comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.hosting.runs import WorkflowRun
from bot.model import Episode, Trust, replace
from bot.signals.bundle import Bundle, bundles
from bot.signals.collect import read_bundle

MAX_RUNS = 300
"""A job's own token has 1,000 calls an hour.
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
FOREIGN = frozenset({"pull_request_target", "workflow_run"})
"""Events whose runs are those of the default branch and may work on what a fork brought all the same."""


@dataclass(slots=True)
class Vouched:
    """The episodes, and how many were left out as another repository's, or have nobody who vouches for them."""

    episodes: list[Episode] = field(default_factory=list)
    elsewhere: int = 0
    unknown: int = 0


def vouch(root: Path, repository: str, number: int, run: Callable[[int], WorkflowRun | None]) -> Vouched:
    """Read the bundles below `root`: `root/<run id>/…`. `number` is GitHub's of the repository, `run` looks one up.

    T1 for a run at a head of this repository's own, T0 for a fork's and for what is not known; a manifest only lowers.
    """
    found = Vouched()
    known: dict[int, Trust] = {}
    for bundle in bundles(root):
        trust: Trust = "T0"
        if (at := _run_of(bundle, root)) and (at in known or len(known) < MAX_RUNS):
            known[at] = trust = known.get(at) or trust_of(run(at), number)
        for episode in read_bundle(bundle):
            if episode.repository.casefold() != repository.casefold():
                found.elsewhere += 1
                continue
            found.unknown += trust == "T0"
            found.episodes.append(replace(episode, repository=repository, trust=min(trust, episode.trust)))
    return found


def trust_of(run: WorkflowRun | None, number: int) -> Trust:
    """How far what a run left is to be trusted: not at all unless its head is the repository's own."""
    own = run is not None and run.head_repository == number != 0 and run.event not in FOREIGN
    return "T1" if own else "T0"


def _run_of(bundle: Bundle, root: Path) -> int:
    """The run that the first folder below the root is named after; 0 for any other name."""
    place = Path(bundle.path)
    if not place.is_relative_to(root):
        return 0
    name = next(iter(place.relative_to(root).parts), "")
    return int(name) if name.isascii() and name.isdecimal() and len(name) < 19 else 0
