"""An owner's evidence and one repository's harness in; the turn, and what of it is to be done in that repository, out.

A failure that recurs is mined over all repositories of an owner, and changes each one's harness in its own visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from bot import flywheel
from bot.approval.policy import Policy
from bot.jobs.proposing import Evidence
from bot.ledger import Ledger
from bot.model import Detector, Episode, Harness, Proposal, Turn
from bot.signals.original import original


class Deliberated:
    """A turn as one repository sees it: its own proposals, and the other repositories that have some."""

    def __init__(self, turn: Turn, repository: str, evidence: Evidence) -> None:
        self.turn = turn
        self.evidence = evidence
        self.proposals = _of(turn.proposals, repository)
        self.held = _of(turn.held, repository)
        everywhere = {one.modification.repository for one in turn.proposals}
        self.elsewhere = tuple(sorted(everywhere - {repository}))


def deliberate(
    episodes: Sequence[Episode],
    harness: Harness,
    remembered: Ledger,
    policy: Policy,
    detectors: Sequence[Detector],
    at: str,
    held_out: Mapping[str, str] = MappingProxyType({}),
) -> Deliberated:
    """One turn over `episodes`. `harness` is that of the repository whose visit this is; `at` is ISO 8601; `held_out`
    maps the tasks of trials to their texts."""
    here = {harness.repository: harness}
    turn = flywheel.turn(episodes, remembered, here, policy, detectors, original, at, held_out)
    runs = {episode.id: episode for episode in episodes}
    cited = Evidence({one.id: one for one in detectors}, runs, turn.excluded, where="app")
    return Deliberated(turn, harness.repository, cited)


def _of(proposals: Iterable[Proposal], repository: str) -> tuple[Proposal, ...]:
    return tuple(one for one in proposals if one.modification.repository == repository)
