"""X5: an episode and the history go in; that the same head passed in another run comes out, else "".

67.7 % of the builds that are run again flip (research/mining.md §2). Both directions count, for the code is the same.
"""

from __future__ import annotations

from bot.model import Episode
from bot.traces.gate.history import History, Sighting, sighting, witnessed


def flaky_rerun(episode: Episode, history: History) -> str:
    """The run that passed with the same code, else "".

    Not two runs of an agent that merely began at the same commit: sessions that differ are different work, and a head
    that is still the base holds no work at all. A pass that is only claimed, without a report, is no witness; nor is
    one of another workflow, whose checks are others, nor one from a fork's own evidence.
    """
    if not episode.head_sha or episode.head_sha == episode.base_sha:
        return ""
    here = sighting(episode)
    carried = [witnessed(episode, witness) for witness in episode.witnesses if witness.kind == "attempt"]
    for other in (*carried, *history.at_head.get((episode.repository, episode.head_sha), ())):
        if other.outcome == "pass" and other.told and _same_code(here, other) and other.trusted:
            return f"head {episode.head_sha[:7]} failed in {_run(here)} and passed in {_run(other)}: {other.where}"
    return ""


def _same_code(here: Sighting, other: Sighting) -> bool:
    if other.base or (other.where == here.where and other.run == here.run):
        return False
    if here.head_sha != other.head_sha or here.workflow != other.workflow or here.pull != other.pull:
        return False
    return not (here.work and other.work) or here.work == other.work


def _run(sighting: Sighting) -> str:
    number, attempt = sighting.run
    return f"run {number} attempt {attempt}" if number else "another run"
