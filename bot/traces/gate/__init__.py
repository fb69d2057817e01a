"""An episode and the fleet's history go in; why nobody's harness is to blame for its failure comes out, or None.

X1-X9 of research/mining.md §2, one file each, asked in that order; the first that holds is the reason. Only failures
are gated: a run that passed in spite of a provider's hiccup is an honest pass. X2 alone holds for every outcome, since
a run without a verdict is neither failure nor pass. An episode without a trace is not excluded for that: reports can
still tell what broke. Every exclusion reads bytes (reports, logs, transcripts); where a claim of the manifest is all
there is (X8), anything red outweighs it.

An exclusion by coincidence hides a real failure, so unknown means no: X5-X7 speak only when other runs bear witness.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.model import Episode, Exclusion
from bot.traces.gate.base_broken import base_broken
from bot.traces.gate.closed import closed
from bot.traces.gate.flaky_rerun import flaky_rerun
from bot.traces.gate.history import History, recall
from bot.traces.gate.known_flaky import known_flaky
from bot.traces.gate.never_started import never_started
from bot.traces.gate.no_verdict import no_verdict
from bot.traces.gate.permission import permission
from bot.traces.gate.provider_error import provider_error
from bot.traces.gate.resource import resource

__all__ = ["gate", "recall"]

EXCLUSIONS: tuple[tuple[str, Callable[[Episode, History], str]], ...] = (
    ("X1 never-started", never_started),
    ("X2 no-verdict", no_verdict),
    ("X3 provider-error", provider_error),
    ("X4 resource", resource),
    ("X5 flaky-rerun", flaky_rerun),
    ("X6 base-broken", base_broken),
    ("X7 known-flaky-test", known_flaky),
    ("X8 workflow-closure", closed),
    ("X9 permission", permission),
)
"""What is asked, in order; each answers with what it saw in words, "" when it does not hold."""

EVERY_OUTCOME = "X2 no-verdict"
ALONE = History()
"""What is known when nobody else's runs are: X5-X7 then see only what an episode itself carries."""


def gate(episode: Episode, history: History = ALONE) -> Exclusion | None:
    """The first exclusion that holds for this episode, with what was seen in words; None = the detectors may look.

    `history` is `recall(episodes)` of the whole fleet.
    """
    for code, asked in EXCLUSIONS:
        if (episode.outcome == "fail" or code == EVERY_OUTCOME) and (seen := asked(episode, history)):
            return Exclusion(episode.id, code, seen)
    return None
