"""X6: an episode and the history go in; that its base, or the world around it, was red in the same way comes out.

Three kinds of evidence, the best first.

*The base itself.* A run of the same workflow at the commit that the episode is based on was red, and everything that is
red at the head was red there too. One more failing test at the head is the agent's, and then nothing is excused. Nor
does a red base excuse when another pull from it passed (so it could be done), or when the newest run there is green.

*Spread.* The same keys in at least two other pulls of the repository within 24 hours. Alone it proves nothing: an agent
that makes the same mistake in every task leaves the very same trail, and that is the pattern the flywheel looks for. So
a witness is demanded that no agent's habit can explain: a pull in which no agent took part was red with the same keys,
or a run of the base branch was, or one of these runs shows trouble of the machine. And a pass of the same workflow in
between speaks against it: whatever was broken was not broken then. Evidence from forks (T0) never counts.

*Outage.* The very same logs in at least three repositories within an hour, with such a witness: a registry or a service
was down. No failing test may be among them, for then it is the tests' own output that looks alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Episode
from bot.traces.gate.failing import Failing, failing
from bot.traces.gate.history import History, Sighting, sighting, witnessed
from bot.traces.gate.own_doing import own_doing

WINDOW_SECONDS = 24 * 3600.0
MIN_PULLS = 2
"""Other pulls that must be red with the same keys (research/mining.md §2; research/ci.md §5.1, step 6)."""
OUTAGE_SECONDS = 3600.0
MIN_REPOSITORIES = 3
"""Repositories, this one among them, that must be red with the same logs at once (the same step)."""


def base_broken(episode: Episode, history: History) -> str:
    """What shows that the failure was there without the agent, else ""."""
    red = failing(episode.signals)
    if not red.named or own_doing(episode, red):
        return ""
    return _red_base(episode, red, history) or _spread(episode, red, history) or _outage(episode, red, history)


def _red_base(episode: Episode, red: Failing, history: History) -> str:
    carried = [witnessed(episode, witness) for witness in episode.witnesses if witness.kind == "base"]
    known = history.on_base.get((episode.repository, episode.base_sha), ()) if episode.base_sha else ()
    runs = [run for run in (*known, *carried) if run.told and run.workflow == episode.run.workflow and run.trusted]
    if not runs or runs[-1].outcome != "fail" or not red.within(runs[-1].red):
        return ""
    siblings = history.from_base.get((episode.repository, episode.base_sha), ())
    if any(one.outcome == "pass" and one.told and one.workflow == episode.run.workflow for one in siblings):
        return ""
    sha = runs[-1].head_sha[:7] or "unknown"
    return f"all that failed ({red}) failed in the run of its base {sha} too: {runs[-1].where}"


def _spread(episode: Episode, red: Failing, history: History) -> str:
    here = sighting(episode)
    key = min(red.tests | red.logs)
    near = [
        run
        for run in history.red_with.get((episode.repository, key), ())
        if abs(run.at - here.at) <= WINDOW_SECONDS and run.trusted and red.within(run.red) and run.where != here.where
    ]
    others = [run for run in near if not run.base and _unrelated(here, run)]
    pulls = {run.pull for run in others}
    witness = _witness([run for run in near if run.base or run in others])
    if len(pulls) < MIN_PULLS or not witness or _passed_between(here, near, history):
        return ""
    hours = (max(run.at for run in near) - min(run.at for run in near)) / 3600
    return f"{red} failed in {len(pulls)} unrelated pulls within {max(hours, 0.1):.1f} h, {witness}"


def _outage(episode: Episode, red: Failing, history: History) -> str:
    here = sighting(episode)
    if red.tests:
        return ""
    near = [
        run
        for run in history.red_anywhere.get(min(red.logs), ())
        if abs(run.at - here.at) <= OUTAGE_SECONDS and run.trusted and red.within(run.red)
    ]
    others = [run for run in near if run.repository != here.repository]
    count = len({run.repository for run in others}) + 1
    witness = _witness(others)
    if count < MIN_REPOSITORIES or not witness or _passed_between(here, others, history):
        return ""
    return f"{red} failed in {count} repositories within an hour, {witness}"


def _unrelated(here: Sighting, other: Sighting) -> bool:
    """Another pull, another task, and no file in common."""
    if other.pull is None or other.pull == here.pull or (here.task and here.task == other.task):
        return False
    return not here.touched & other.touched


def _witness(runs: Sequence[Sighting]) -> str:
    """What an agent's recurring mistake cannot explain, in words; "" when there is nothing of the kind."""
    for run in runs:
        if run.base:
            return f"and in a run of the base branch: {run.where}"
        if not run.agent:
            return f"one of them without an agent: {run.where}"
        if run.troubled:
            return f"and the machine was in trouble: {run.where}"
    return ""


def _passed_between(here: Sighting, near: Sequence[Sighting], history: History) -> bool:
    times = [here.at, *(run.at for run in near)]
    passes = history.passes.get(here.repository, ())
    return any(run.workflow == here.workflow and min(times) <= run.at <= max(times) for run in passes)
