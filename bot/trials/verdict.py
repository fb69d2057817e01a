"""A registration and the runs of an ended trial go in; its result and the figures that the ledger keeps come out.

Names of sealed tasks stay out of the figures: whatever proposes changes may read them (research/mining.md §4.6).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from bot.model import TrialResult
from bot.trials.accounts import Account
from bot.trials.answer import registered
from bot.trials.batches import trial_id
from bot.trials.design import Design
from bot.trials.forecast import Chance, Scores, broken, fixed, noise, passes, score
from bot.trials.notes import Figures
from bot.trials.results import Run, Tally, counted, passed, tallies
from bot.trials.statistics import discoveries


def result(
    made: Design, runs: Sequence[Run], others: Sequence[Figures] = (), ended: str = ""
) -> tuple[TrialResult, Figures]:
    """What the trial says. `others` are the trials of the same week, `ended` says why it ended before its time.

    An A/A trial (one commit in both arms) says nothing of a change: its result is `none`, and it measures the noise.
    """
    said = registered(made, runs)
    first = [run for run in runs if run.stage == 1]
    aimed = tallies((run for run in first if run.set == "targeted"), passed)
    guarding = tallies((run for run in first if run.set == "guard"), passed)
    same = made.control_sha == made.treated_sha
    names = tuple(task for task in said.regressions if task in made.targeted)
    found: TrialResult = "none" if same else said.result
    missing = tuple(filter(None, (*said.missing, ended)))
    many = [*(one.p for one in others), said.targeted.p]
    if found == "confirmed" and len(many) - 1 not in discoveries(many):
        found = "inconclusive"
        missing += (f"p = {said.targeted.p:.2g} is no discovery among the {counted(len(many), 'trial')} of a week",)
    return found, Figures(
        trial=trial_id(made),
        e_value=said.targeted.e_value,
        harm=said.targeted.harm,
        p=said.targeted.p,
        tasks=said.targeted.tasks,
        runs=len(runs),
        usd=sum(run.usd or 0.0 for run in runs),
        delta=said.targeted.delta,
        interval=said.targeted.interval,
        guards=said.guard.tasks if said.guard else 0,
        guard_lower=said.guard_lower,
        missing=missing,
        broken=names,
        sealed_broken=len(said.regressions) - len(names),
        dropped=sum(run.outcome == "none" for run in runs),
        fixes=None if same else _account(made.fixes, aimed, lambda one: not passes(one), fixed),
        breaks=None if same else _account(made.risks, (*aimed, *guarding), passes, broken),
        sentinels=_account(made.sentinels, aimed, passes, broken) if made.sentinels and not same else None,
        scores=None if same else _scores(made, aimed),
        noise=noise(aimed) if same else None,
    )


def _account(
    named: Collection[str], found: Sequence[Tally], could: Callable[[Tally], bool], did: Callable[[Tally], bool]
) -> Account:
    """What was predicted of the tasks that ran, beside what was seen; eligible is what could, or was said to."""
    ran = {one.task for one in found}
    predicted = {task for task in named if task in ran}
    observed = {one.task for one in found if did(one)}
    eligible = predicted | {one.task for one in found if could(one)}
    return Account(len(predicted), len(observed), len(predicted & observed), len(eligible))


def _scores(made: Design, found: Sequence[Tally]) -> tuple[Scores, Scores] | None:
    chances = [Chance(task, *pair) for task, pair in zip(made.targeted, made.chances, strict=False)]
    return score(chances, found)
