"""Where the trial of one change stands goes in; what is to be remembered and dispatched next comes out. No clock here.

A trial is registered first, and only what the ledger remembers as registered is ever dispatched. Each visit looks at
the ledger and at the runs of the user's workflow, so that a visit may be lost, or come twice:

    nothing                         -> `registered`: tasks, arms, repeats, endpoint, margin, seed, commits, seal
    registered, nothing on its way  -> `dispatched` and the dispatch of both arms in one run
    a run is on its way             -> wait
    all that was asked came back    -> `trialled`, with the result
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from bot.hosting.acts import Dispatch
from bot.model import Entry, replace
from bot.trials import notes
from bot.trials.answer import FEWEST
from bot.trials.batches import filled, following, inputs, trial_id
from bot.trials.design import Design, Wish, designed, ordered
from bot.trials.forecast import Known, forecast
from bot.trials.heldout import LOOKS, quarter
from bot.trials.kept import due
from bot.trials.notes import Batch
from bot.trials.pool import Pool, aimed
from bot.trials.results import Run, counted
from bot.trials.verdict import result
from bot.trials.wanted import Trials

APPEARS = timedelta(minutes=30)
"""A dispatched run that is not to be seen after so long never began."""
ENDS = timedelta(days=3)
"""A run that is not over after so long is given up."""
MOST_ATTEMPTS = 3
REFUSED = "words for every task: it names or quotes what only sealed tasks say, and nothing was run"


class Case(msgspec.Struct, frozen=True):
    """The change under trial: whose pull, at which commits. `branch` is the default branch, where workflows stand."""

    repository: str
    change: str
    revision: str
    detector: str
    control_sha: str
    treated_sha: str
    branch: str
    category: str = ""
    model: str = ""
    tier: str = ""
    mined: tuple[str, ...] = ()
    """The tasks that the change was made from: none of them judges it."""
    known: tuple[Known, ...] = ()
    """What is known of each task without the change, and how often it would speak there (modifications.predict)."""
    sentinels: tuple[str, ...] = ()
    """The tasks of those that passed each of several runs, the change silent."""


class Seen(msgspec.Struct, frozen=True):
    """The workflow run of one batch: on its way, or over with the single runs that its artifacts tell of."""

    state: Literal["running", "over"]
    runs: tuple[Run, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """What is to be remembered first, then to be dispatched; `waits` says in words why nothing is to be done."""

    entries: tuple[Entry, ...] = ()
    dispatch: Dispatch | None = None
    waits: str = ""


def trial_step(
    case: Case, wanted: Trials, pool: Pool, ledger: Sequence[Entry], seen: Mapping[str, Seen], now: str
) -> Step:
    """The next step of one trial. `ledger` holds all entries of the repository, `seen` the runs by the batch's id."""
    told = notes.of(ledger, case.change, case.revision)
    if any(one.event == "trialled" for one in told):
        return Step(waits="it has a result")
    made = next((found for one in told if (found := notes.registration(one))), None)
    if made is None:
        return _begin(case, wanted, pool, ledger, now)
    sent = [(one.at, batch) for one in told if (batch := notes.batch(one)) and batch.trial == trial_id(made)]
    batches = list({batch.number: batch for _, batch in sent}.values())
    waiting = _waiting(*sent[-1], seen, now) if sent else None
    if isinstance(waiting, Step):
        return waiting
    runs = tuple(run for batch in batches for run in filled(made, batch, _runs(seen, batch)))
    left, why = _left(wanted, ledger, made, runs, now)
    refused = any(run.refused for batch in batches for run in _runs(seen, batch))
    if refused:
        why = REFUSED
    elif sent and waiting is None and not _runs(seen, sent[-1][1]):
        why = f"the workflow {wanted.workflow} told of no run in {counted(sent[-1][1].attempt, 'attempt')}"
    coming = None if why else waiting or following(made, batches, runs)
    if coming is not None and coming.runs <= left:
        return _send(case, wanted, made, coming, now)
    if coming is not None:
        why = f"the budget: the next batch takes {coming.runs} runs, {max(left, 0)} are left this month"
    others = [figures for one in ledger if (figures := _this_week(one, now))]
    said, told_of = result(made, runs, others, ended=why)
    if refused:
        said, told_of = "inconclusive", msgspec.structs.replace(told_of, refused=True)
    return Step((_entry(case, "trialled", now, said, notes.written(told_of)),))


def spent(ledger: Sequence[Entry], now: str) -> tuple[int, float]:
    """The agent runs dispatched, and the dollars told by results, in this calendar month."""
    month = [one for one in ledger if one.at[:7] == now[:7]]
    return (
        sum(batch.runs for one in month if (batch := notes.batch(one))),
        sum(found.usd for one in month if (found := notes.figures(one))),
    )


def looks(ledger: Sequence[Entry], pool: Pool, now: str) -> int:
    """How many trials looked at this sealed list in this quarter: each looks at every one of its tasks."""
    before = pool.looked if pool.sealed_at and quarter(pool.sealed_at) == quarter(now) else 0
    return before + sum(quarter(at) == quarter(now) for _, at in looked_at(ledger, pool.sealed))


def looked_at(ledger: Sequence[Entry], sealed: str) -> tuple[tuple[str, str], ...]:
    """(change, when) of every trial that ran a sealed list."""
    made = {
        trial_id(found): one.change for one in ledger if (found := notes.registration(one)) and found.sealed == sealed
    }
    first: dict[str, str] = {}
    for one in ledger:
        batch = notes.batch(one)
        if batch is not None and batch.guards and batch.trial in made:
            first.setdefault(batch.trial, one.at)
    return tuple((made[trial], at) for trial, at in first.items())


def under_trial(ledger: Sequence[Entry], open_now: Collection[tuple[str, str]]) -> tuple[str, str] | None:
    """The (change, revision) whose trial is on its way, of those that are open: one at a time in a repository."""
    ended = {(one.change, one.revision) for one in ledger if one.event == "trialled"}
    begun = [(one.change, one.revision) for one in ledger if one.event == "registered"]
    return next((one for one in begun if one not in ended and one in open_now), None)


def _begin(case: Case, wanted: Trials, pool: Pool, ledger: Sequence[Entry], now: str) -> Step:
    """The registration, or why there is none: too few tasks, a spent list, too little left of the budget."""
    free = aimed(pool, case.detector, case.mined)
    seed = hashlib.sha256(f"{case.change}.{case.revision}.{case.control_sha}".encode()).hexdigest()[:16]
    if len(free) < FEWEST:
        return Step(waits=f"{len(free)} of the {FEWEST} tasks without which nothing is confirmed: add tasks")
    guards = 0 if case.change == notes.NOISE else pool.guards
    if guards and looks(ledger, pool, now) >= LOOKS:
        return Step(waits=f"the sealed list was looked at {LOOKS} times this quarter: rotate it")
    runs, usd = spent(ledger, now)
    room = (wanted.runs_a_month - runs) // (2 * wanted.repeats) - guards
    size = min(len(free), wanted.most_tasks, room)
    if size < FEWEST:
        least = 2 * wanted.repeats * (FEWEST + guards)
        return Step(waits=f"the budget: a trial takes {least} runs at least, {wanted.runs_a_month - runs} are left")
    if 0 < wanted.usd_a_month <= usd:
        return Step(waits=f"the budget: {usd:.2f} of {wanted.usd_a_month:.2f} dollars are spent this month")
    made = designed(_wish(case, wanted, free, size, seed, usd), pool.sealed if guards else "", guards)
    return Step((_entry(case, "registered", now, "", notes.written(made)),))


def _wish(case: Case, wanted: Trials, free: Sequence[str], size: int, seed: str, usd: float) -> Wish:
    targeted = ordered(free, seed)[:size]
    told = {one.task: one for one in case.known}
    known = [told.get(task, Known(task, 0, 0)) for task in targeted]
    chances = {one.task: (one.fixed, one.broken) for one in forecast(known, wanted.repeats)}
    return Wish(
        change=case.change,
        targeted=targeted,
        control_sha=case.control_sha,
        treated_sha=case.treated_sha,
        seed=seed,
        repeats=wanted.repeats,
        margin=wanted.margin,
        endpoint=wanted.endpoint,
        most_usd=max(0.0, wanted.usd_a_month - usd),
        chances=chances,
        fixes=tuple(one.task for one in known if 2 * one.passed <= one.runs and one.speaks_failing),
        risks=tuple(one.task for one in known if 2 * one.passed > one.runs and one.speaks_passing),
        sentinels=tuple(task for task in targeted if task in case.sentinels),
    )


def _waiting(at: str, batch: Batch, seen: Mapping[str, Seen], now: str) -> Step | Batch | None:
    """Whether the last batch is on its way, or is to be sent again since its run never began, or told of nothing."""
    if _runs(seen, batch):
        return None
    age = datetime.fromisoformat(now) - datetime.fromisoformat(at)
    found = seen.get(batch.id)
    if found is not None and found.state == "running" and age < ENDS:
        return Step(waits=f"batch {batch.number} is running")
    if found is None and age < APPEARS:
        return Step(waits=f"batch {batch.number} was dispatched and is not to be seen yet")
    return msgspec.structs.replace(batch, attempt=batch.attempt + 1) if batch.attempt < MOST_ATTEMPTS else None


def _runs(seen: Mapping[str, Seen], batch: Batch) -> tuple[Run, ...]:
    """What the first attempt tells that tells anything."""
    over = (found.runs for name in batch.ids if (found := seen.get(name)) is not None and found.state == "over")
    return next((runs for runs in over if runs), ())


def _left(wanted: Trials, ledger: Sequence[Entry], made: Design, runs: Sequence[Run], now: str) -> tuple[int, str]:
    """(agent runs left this month, why the trial has to end now). Money is counted as the results tell it."""
    left = wanted.runs_a_month - spent(ledger, now)[0]
    if not made.most_usd:
        return left, ""
    judged = [run for run in runs if run.outcome != "none"]
    if any(run.usd is None for run in judged):
        return left, "the budget: the results do not tell what each run cost (column usd)"
    cost = sum(run.usd or 0.0 for run in runs)
    if judged and cost + cost / len(judged) * _at_least(made, runs) > made.most_usd:
        return left, f"the budget: {cost:.2f} of {made.most_usd:.2f} dollars are spent, and the next batch costs more"
    return left, ""


def _at_least(made: Design, runs: Sequence[Run]) -> int:
    """The runs of the next batch, roughly: what is due of five tasks, or nothing."""
    return sum(one.runs for one in due(made, runs)[:10])


def _this_week(entry: Entry, now: str) -> notes.Figures | None:
    """The figures of a trial that ended in the last seven days; trials without a change are none."""
    if entry.change == notes.NOISE or entry.event != "trialled":
        return None
    age = datetime.fromisoformat(now) - datetime.fromisoformat(entry.at)
    return notes.figures(entry) if age < timedelta(days=7) else None


def _send(case: Case, wanted: Trials, made: Design, batch: Batch, now: str) -> Step:
    """Remembered before it is done: a dispatch that nobody remembers would be done twice."""
    entry = _entry(case, "dispatched", now, "", notes.written(batch))
    said = counted(batch.runs, "run")
    return Step(
        (replace(entry, reason=said),), Dispatch(wanted.workflow, case.branch, inputs(made, batch, case.detector))
    )


def _entry(case: Case, event: str, now: str, said: str, detail: str) -> Entry:
    return Entry(
        at=now,
        event=event,
        repository=case.repository,
        change=case.change,
        detector=case.detector,
        revision=case.revision,
        tier=case.tier,
        category=case.category,
        model=case.model,
        trial=said,
        detail=detail,
    )
