"""X7: an episode and the history go in; that all its failing tests are known to be flaky comes out, else "".

A test is known to be flaky when, in the last 50 runs of the base branch, it went from red back to green at least twice
(a base that broke once and was mended goes back once), or when it was both red and green at one commit there; or when
reports of at least two other pulls marked it themselves (JUnit's `flaky*` and `rerun*`). An agent's own unsteady test
is no excuse, so marks of its own pull and task do not count, nor does a test whose file it changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bot.model import Episode
from bot.traces.gate.failing import failing
from bot.traces.gate.history import History, Sighting, sighting
from bot.traces.gate.own_doing import own_doing

LAST_RUNS = 50
MIN_RETURNS = 2
MIN_MARKS = 2


def known_flaky(episode: Episode, history: History) -> str:
    """What is known of the failing tests, else "". One test that is not known, or a second red job, and nothing is."""
    red = failing(episode.signals)
    if not red.tests or len(red.logs) > 1 or own_doing(episode, red):
        return ""
    here = sighting(episode)
    runs = [run for run in history.branch.get(episode.repository, ()) if run.trusted][-LAST_RUNS:]
    said: list[str] = []
    for test in sorted(red.tests):
        seen = _flipped(test, [run for run in runs if run.workflow == here.workflow]) or _marked(test, here, history)
        if not seen:
            return ""
        said.append(seen)
    return said[0] if len(said) == 1 else f"{said[0]}; {len(said) - 1} more are known likewise"


def _flipped(test: str, runs: Sequence[Sighting]) -> str:
    told = [(run.head_sha, test in run.red.tests) for run in runs if _knows(run)]
    returns = sum(before and not now for (_, before), (_, now) in pairwise(told))
    shas = {sha for sha, red in told if sha and red} & {sha for sha, red in told if sha and not red}
    if returns < MIN_RETURNS and not shas:
        return ""
    reds = sum(red for _, red in told)
    return f"{test[:80]} failed in {reds} of the last {len(told)} runs of the base branch and passed again in between"


def _knows(run: Sighting) -> bool:
    """Whether a run tells of every test: it passed, or its report names what failed."""
    return run.told and (run.outcome == "pass" or bool(run.red.tests))


def _marked(test: str, here: Sighting, history: History) -> str:
    marks = {
        run.where if run.pull is None else f"pull {run.pull}"
        for run in history.flaky.get((here.repository, test), ())
        if run.trusted and (run.base or (run.pull != here.pull and not (here.task and run.task == here.task)))
    }
    return f"{test[:80]} is marked flaky by the reports of {len(marks)} other runs" if len(marks) >= MIN_MARKS else ""
