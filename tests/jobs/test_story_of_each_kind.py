"""Each kind that may merge itself, from what its own proposer makes to its merge, its alarm and its way back.

What the category earned before stands in the ledger as lines of other repositories; all else happens here.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.approval.judge import judge
from bot.approval.kinds import KINDS
from bot.approval.left import as_left
from bot.approval.record import category, records
from bot.ledger import encode, hold_of, moved_by
from bot.model import Entry, Modification, OpenPull, Proposal, replace
from tests.jobs.shelf import OURS, POLICY
from tests.jobs.test_tending_story import Fleet, Town, cycle, events
from tests.modifications import test_linter, test_patience, test_upkeep

CHANGES = {one.kind: one for one in (*test_upkeep.changes(), *test_patience.kept(), *test_linter.kept())}


class Block(Town):
    """The repository in which one change is proposed."""

    change: Modification

    def text(self) -> str:
        return self.shelf.commits[self.head][self.change.edits[0].path]


class Street(Fleet):
    """One repository with one change, and what became of its like elsewhere."""

    def proposal(self, town: Town) -> Proposal:
        assert isinstance(town, Block)
        change, story = town.change, self.ledger().story(town.change.id)
        decision = judge(change, POLICY, records(self.ledger().entries, POLICY, "m1"), trial="confirmed", stable=True)
        left = as_left(decision, change.revision, moved_by(story), held=hold_of(story) is not None)
        return Proposal(change, left)

    def propose(self, town: Town, proposal: Proposal) -> None:
        one, tier = proposal.modification, proposal.decision.tier
        labels = ("flywheel", f"flywheel:{tier}")
        pull = OpenPull(town.name, one.id, one.revision, one.branch, "t", "b", "m", labels, one.edits, town.head)
        town.open(pull)
        entry = Entry(town.at, "proposed", town.name, one.id, one.detector, one.revision, tier, failed=9)
        town.lines.append(encode(replace(entry, category=category(one), model="m1")))


def street(change: Modification, earned: int) -> tuple[Street, Block]:
    """The change's repository, and so many like it that were kept in four others."""
    town = Block(change.repository)
    town.change = change
    town.shelf.commits[town.head] = {edit.path: edit.before or "" for edit in change.edits}
    past = Town("octo/past")
    for n in range(earned):
        at = f"2025-12-{1 + n:02}T00:00:00Z"
        start = Entry(at, "proposed", f"octo/r{n % 4}", f"{n:012}", change.detector, "r", "interactive", failed=9)
        start = replace(start, category=category(change), model="m1")
        watched = replace(start, event="watched", watch="clean", aftermath="kept")
        past.lines += [encode(one) for one in (start, replace(start, event="merged"), watched)]
    town.ran(8, 192)
    return Street({town.name: town, past.name: past}), town


def test_every_kind_has_a_proposer() -> None:
    assert set(CHANGES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_without_a_record_waits_for_a_person(kind: str) -> None:
    fleet, town = street(CHANGES[kind], 0)
    before = town.head
    fleet.visit(town, propose=True)
    fleet.visit(town)

    assert fleet.proposal(town).decision.tier == "interactive"
    assert town.head == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_has_earned_it_merges_itself_hurts_and_is_taken_back(kind: str) -> None:
    change = CHANGES[kind]
    fleet, town = street(change, 20)
    before = town.text()
    hurts = cycle(fleet, town, 20, 5)

    assert hurts.merged_by == OURS
    assert town.text() == change.edits[0].after
    for _ in range(4):
        town.now += timedelta(hours=1)
        fleet.visit(town)

    assert town.text() == before == change.edits[0].before
    assert events(town)[-6:] == ["rerun", "rerun", "watched", "undoing", "reverted", "demoted"]
    undo = next(one for one in town.pulls.values() if "undo" in one.branch)
    assert undo.merged_by == OURS
    assert fleet.proposal(town).decision.tier == "interactive"
