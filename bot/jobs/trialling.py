"""Our open pulls, the tasks of their repository and the runs of its trial workflow in; trials carried on, out.

The design is remembered and shown on the pull before anything runs, and a batch is remembered before it is dispatched.
What a result does follows from the ledger: the turn judges by it (a confirmed change may be promoted, a regression may
not be merged); a cosmetic one is closed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.errors import UserError
from bot.hosting.acts import Act, Acted, Say
from bot.hosting.pulls import Ground, Pull
from bot.hosting.tried import Started, Told
from bot.jobs.tending_sight import entry_of, is_ours, last_of
from bot.jobs.trial_results import runs_in
from bot.jobs.trial_texts import told
from bot.ledger import OPEN, Ledger, hold_of, tier_of
from bot.model import CloseChange, Effect, Entry, Episode, Proposal
from bot.modifications.predict import sentinels, spoken
from bot.trials import notes, pool
from bot.trials.accounting import aa_due
from bot.trials.forecast import Known
from bot.trials.pool import Pool
from bot.trials.step import Case, Seen, trial_step, under_trial
from bot.trials.wanted import Trials

TITLE = "flywheel-trial "
"""How the workflow names its run, before the id of the batch; its artifacts are called `flywheel-trial-…`."""
ARTIFACT = "flywheel-trial-"


class Desk(Protocol):
    """What is done to a repository's pulls and workflows."""

    def perform(self, act: Act) -> Acted:
        """Do it, find-or-create."""


class Bench(Protocol):
    """Where trials run: the workflow runs that we started."""

    def started(self, workflow: str) -> Sequence[Started]:
        """The runs of a workflow that our account dispatched, newest first."""

    def artifacts(self, run: int, prefix: str) -> Sequence[Told]:
        """What the latest attempt of a run left under such names; what has expired is left out."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One repository: its default branch, our pulls, this visit's proposals and evidence, its list of tasks."""

    repository: str
    ground: Ground
    pulls: Sequence[Pull]
    proposals: Mapping[str, Proposal]
    episodes: Sequence[Episode]
    tasks: str | None


@dataclass(slots=True)
class Tried:
    """What came of it: notes for whoever runs the flywheel, the changes that are to be closed, what is remembered."""

    notes: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def try_changes(
    sight: Sight,
    wanted: Trials,
    ledger: Ledger,
    desk: Desk,
    bench: Bench,
    remember: Callable[[Sequence[Entry]], None],
    now: str,
) -> Tried:
    """Carry trials on. `remember` writes entries down for good before it returns.

    One trial at a time in a repository, the one that has begun first; then the A/A trial that is due. Budgets are the
    repository's: of a ledger of its owner only what happened here counts.
    """
    tried = Tried()
    own = [one for one in ledger.entries if one.repository == sight.repository]
    if sight.tasks is None:
        tried.notes.append(f"{wanted.tasks}: there is no list of tasks. Make one with `flywheel trial init`.")
        return tried
    try:
        tasks = pool.read(sight.tasks.encode(), wanted.tasks)
    except UserError as error:
        tried.notes.append(str(error))
        return tried
    candidates = list(_candidates(sight, ledger))
    for pull, story in candidates:
        _conclude(pull, story, sight, ledger, remember, now, tried)
    shown = {story[-1].change: pull for pull, story in candidates}
    cases = [_case(pull, story, sight, ledger) for pull, story in candidates]
    chosen = _chosen(cases, own) or _noise(sight, own, now)
    if chosen is not None:
        _carry_on(chosen, shown.get(chosen.change), wanted, tasks, own, desk, bench, remember, now, tried)
    return tried


def texts(tasks: str | None) -> dict[str, str]:
    """What the open tasks of a list say, by name: what no change may speak of that was not made from them.

    Nothing of a list that is missing or cannot be read; `try_changes` says so.
    """
    try:
        found = pool.read((tasks or "").encode(), "tasks")
    except UserError:
        return {}
    return {one.id: one.prompt for one in found.tasks}


def _carry_on(
    case: Case,
    pull: Pull | None,
    wanted: Trials,
    tasks: Pool,
    own: Sequence[Entry],
    desk: Desk,
    bench: Bench,
    remember: Callable[[Sequence[Entry]], None],
    now: str,
    tried: Tried,
) -> None:
    """Step by step until something has to be waited for: first it is remembered, then shown, then dispatched."""
    entries = list(own)
    seen = _seen(notes.of(entries, case.change, case.revision), wanted, bench, tried)
    while True:
        step = trial_step(case, wanted, tasks, entries, seen, now)
        if not step.entries:
            tried.notes.append(f"trial of {case.change}: {step.waits}")
            return
        remember(step.entries)
        entries += step.entries
        tried.entries += step.entries
        if pull is not None:
            desk.perform(Say(pull.thread.number, f"{case.change}-trial", told(case, entries, wanted)))
        if step.dispatch is None:
            continue
        acted = desk.perform(step.dispatch)
        if acted.status == "refused":
            tried.notes.append(f"trial of {case.change}: {wanted.workflow} cannot be dispatched: {acted.detail}")
        return


def _seen(story: Sequence[Entry], wanted: Trials, bench: Bench, tried: Tried) -> dict[str, Seen]:
    """The runs of the batches that were sent, by batch; only names that we gave ourselves are looked for."""
    ids = {name for one in story if (batch := notes.batch(one)) for name in batch.ids}
    if not ids:
        return {}
    seen: dict[str, Seen] = {}
    for run in bench.started(wanted.workflow):
        name = run.title.removeprefix(TITLE)
        if name not in ids or name in seen:
            continue
        if not run.over:
            seen[name] = Seen("running")
            continue
        runs, warnings = runs_in([one for one in bench.artifacts(run.id, ARTIFACT) if one.name.startswith(ARTIFACT)])
        seen[name] = Seen("over", runs)
        tried.notes += [f"trial {name}: {text}" for text in warnings]
    return seen


def _candidates(sight: Sight, ledger: Ledger) -> Iterator[tuple[Pull, tuple[Entry, ...]]]:
    """Our open pulls that are as we left them and that this visit's evidence still proposes."""
    for pull in sight.pulls:
        proposal = next((one for one in sight.proposals.values() if one.modification.branch == pull.branch), None)
        if proposal is None or pull.thread.state != "open" or not is_ours(pull.thread) or not pull.commits_ours:
            continue
        story = ledger.story(proposal.modification.id)
        standing = ledger.changes.get(proposal.modification.id)
        if standing is None or last_of(story) not in OPEN or hold_of(story) is not None:
            continue
        if standing.proposed.revision == proposal.modification.revision:
            yield pull, story


def _case(pull: Pull, story: Sequence[Entry], sight: Sight, ledger: Ledger) -> Case:
    change = story[-1].change
    proposal, proposed = sight.proposals[change], ledger.changes[change].proposed
    told_of = spoken(proposal.modification.prediction, sight.episodes, sight.repository)
    return Case(
        repository=sight.repository,
        change=change,
        revision=proposed.revision,
        detector=proposed.detector,
        control_sha=pull.base_head,
        treated_sha=pull.head,
        branch=sight.ground.default_branch,
        category=proposed.category,
        model=proposed.model,
        tier=tier_of(story),
        mined=proposal.modification.pattern.tasks,
        known=tuple(Known(one.task, one.passed, one.runs, one.speaks_failing, one.speaks_passing) for one in told_of),
        sentinels=sentinels(told_of),
    )


def _chosen(cases: Sequence[Case], own: Sequence[Entry]) -> Case | None:
    """The change whose trial is on its way, else the first that has no result."""
    open_now = {(one.change, one.revision): one for one in cases}
    busy = under_trial(own, open_now)
    if busy is not None:
        return open_now[busy]
    ended = {(one.change, one.revision) for one in own if one.event == "trialled"}
    return next((one for key, one in open_now.items() if key not in ended), None)


def _noise(sight: Sight, own: Sequence[Entry], now: str) -> Case | None:
    """The A/A trial that this month owes: both arms are the default branch as it is."""
    due = [model for _, model in aa_due(own, now)]
    begun = [one for one in own if one.change == notes.NOISE and one.event == "registered" and one.at[:7] == now[:7]]
    ended = {one.revision for one in own if one.change == notes.NOISE and one.event == "trialled"}
    open_now = next((one for one in begun if one.revision not in ended), None)
    model = open_now.model if open_now else next(iter(due), None)
    if model is None:
        return None
    head = notes.control_of(open_now) if open_now else sight.ground.head
    revision = open_now.revision if open_now else f"{now[:7]}-{len(begun)}"
    return Case(
        sight.repository, notes.NOISE, revision, notes.NOISE, head, head, sight.ground.default_branch, model=model
    )


def _conclude(
    pull: Pull,
    story: Sequence[Entry],
    sight: Sight,
    ledger: Ledger,
    remember: Callable[[Sequence[Entry]], None],
    now: str,
    tried: Tried,
) -> None:
    """Close a change that only silenced its signal, or that knows its examination; it stays away as after a no."""
    proposed = ledger.changes[story[-1].change].proposed
    told_of = [notes.figures(one) for one in notes.of(ledger.entries, proposed.change, proposed.revision)]
    if ledger.trial(proposed.change, proposed.revision) == "cosmetic":
        word = "cosmetic"
        reason = "A held-out trial saw the pattern vanish and no more runs pass: it silences a signal, cures nothing."
    elif any(figures is not None and figures.refused for figures in told_of):
        word = "overfit"
        reason = "It names or quotes what only sealed tasks say: a harness that knows its examination is no better."
    else:
        return
    entry = entry_of(story, "dismissed", now, reason=word, number=pull.thread.number)
    remember([entry])
    tried.entries.append(entry)
    tried.effects.append(CloseChange(sight.repository, proposed.change, pull.branch, reason))
