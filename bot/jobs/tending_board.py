"""What tending saw of a repository in; the dashboard issue that shows it, out: one, updated in place, opt-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from bot.approval.labels import FLYWHEEL
from bot.approval.preflight import WORDS
from bot.approval.record import lacking, records
from bot.approval.seen import before, seen_of, when
from bot.approval.watch import Merge, charts_of, watch
from bot.jobs.tending_sight import Known, entry_of
from bot.jobs.tending_watch import evidence, merge_of
from bot.ledger import Ledger
from bot.model import Entry, OpenIssue, replace
from bot.pages import dashboard as page
from bot.trials import accounting

PURPOSE = "dashboard"


def dashboard(
    repository: str, known: Known, ledger: Ledger, off: Sequence[str], stopped: Sequence[str], at: str
) -> OpenIssue:
    """The issue, found by its mark and never opened twice. `ledger` is that after this visit, `at` its time."""
    opened = [page.Open(_latest(ledger, change)) for change, one in ledger.changes.items() if one.is_open]
    waiting = [
        page.Open(_as_entry(name, known, ledger), proposal.decision.held)
        for name, proposal in known.proposals.items()
        if proposal.decision.held and not (name in ledger.changes and ledger.changes[name].is_open)
    ]
    dismissed = [one.last for one in ledger.changes.values() if one.last.event == "dismissed"]
    board = page.Board(
        opened=opened,
        waiting=waiting,
        watched=list(_watched(known, ledger)),
        dismissed=dismissed,
        categories=list(_categories(known)),
        stopped=stopped,
        off=[WORDS[code] for code in off if code in WORDS],
        swept=at,
        accounts=accounting.sentences(ledger.entries),
    )
    text = page.dashboard(board)
    change = sha256(f"{PURPOSE}\0{repository}".encode()).hexdigest()[:12]
    return OpenIssue(repository, change, sha256(text.encode()).hexdigest()[:8], page.TITLE, text, (FLYWHEEL.name,))


def _latest(ledger: Ledger, change: str) -> Entry:
    """How a change stands, with the number of its pull or issue."""
    story = ledger.story(change)
    number = next((entry.number for entry in reversed(story) if entry.number), 0)
    return entry_of(story, story[-1].event, story[-1].at, number=number)


def _as_entry(name: str, known: Known, ledger: Ledger) -> Entry:
    change = known.proposals[name].modification
    if name in ledger.changes:
        return replace(ledger.changes[name].last, failed=change.pattern.failed)
    tier = known.proposals[name].decision.tier
    return Entry("", "proposed", change.repository, name, change.detector, tier=tier, failed=change.pattern.failed)


def _watched(known: Known, ledger: Ledger) -> Iterator[page.Watching]:
    """The open watches, each with its curve: the height of the failure chart after each run."""
    read = evidence(known)
    for change in ledger.changes:
        story = ledger.story(change)
        merged = merge_of(story)
        if merged is None or any(one.event == "watched" and one.aftermath for one in story[story.index(merged) :]):
            continue
        own = [one for one in read.episodes if one.repository == merged.repository]
        runs, _ = seen_of(own, read.excluded, read.found.get(merged.detector, frozenset()), ())
        merge = Merge(merged.change, merged.at, before(runs, merged.at))
        later = sorted((run for run in runs if when(run.at) > when(merged.at)), key=lambda run: when(run.at))
        first = max(0, len(later) - page.SHOWN)
        heights = [watch(merge, later[: end + 1], known.policy).failing for end in range(first, len(later))]
        chart = next((charts_of(one, known.policy).failures for one in merge.baselines.values()), None)
        alarm = chart.alarm if chart is not None else 0.0
        yield page.Watching(merged, watch(merge, later, known.policy), heights, alarm)


def _categories(known: Known) -> Iterator[page.Category]:
    """The record of every category under the model that is at work now, with what it lacks."""
    models: Mapping[str, None] = dict.fromkeys(entry.model for entry in known.owner.entries if entry.model)
    model = next(reversed(list(models)), "")
    for one in records(known.owner.entries, known.policy, model):
        lacks = lacking(one, known.policy)
        yield page.Category(one.category, one.kept, one.failed, one.repositories, one.earned, one.reason, lacks)
