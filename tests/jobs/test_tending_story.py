"""The life of a category, visit by visit: autonomy earned, a change that hurts, its way back, autonomy lost.

A forge in memory does what tending asks for; people merge, runs come in, and nothing is remembered but the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.approval.judge import judge
from bot.approval.left import as_left
from bot.approval.record import records
from bot.hosting.acts import Merge, PutLabels, Rerun, Say
from bot.hosting.people import Actor
from bot.hosting.pulls import Pull, Thread
from bot.jobs.tending import tend
from bot.jobs.tending_sight import Known, Sight
from bot.ledger import encode, fold, hold_of, moved_by
from bot.model import Edit, Entry, Episode, OpenPull, Prediction, Proposal, Replay, Run, Turn, Witness, replace
from bot.modifications.generate import revision
from tests.jobs.shelf import (
    DETECTOR,
    GREEN,
    GROUND,
    NODES,
    OURS,
    PATH,
    PATTERN,
    POLICY,
    UNLOCKED,
    WRITER,
    Shelf,
    modification,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Town:
    """A repository: its head, its pulls, its runs, its ledger lines, and what time it is."""

    name: str
    shelf: Shelf = field(default_factory=Shelf)
    pulls: dict[int, Pull] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    runs: list[Episode] = field(default_factory=list)
    said: dict[int, str] = field(default_factory=dict)
    now: datetime = START
    head: str = "0" * 40
    number: int = 0

    def __post_init__(self) -> None:
        self.shelf.commits[self.head] = {PATH: "NUDGE = 4\n"}

    @property
    def at(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def text(self) -> str:
        return self.shelf.commits[self.head][PATH]

    def commit(self, texts: dict[str, str], parent: str) -> str:
        self.number += 1
        made = f"{self.number:040x}"
        self.shelf.commits[made] = texts
        self.shelf.parents[made] = parent
        return made

    def open(self, effect: OpenPull) -> None:
        """Find-or-create, by branch."""
        if any(one.branch == effect.branch and one.thread.state == "open" for one in self.pulls.values()):
            return
        texts = {**self.shelf.commits[self.head], **{one.path: one.after for one in effect.edits}}
        head = self.commit(texts, self.head)
        number = len(self.pulls) + 1
        labels = {name: NODES[name] for name in effect.labels}
        of = Thread(number, "", "open", OURS, effect.title, effect.body, self.at, effect.change, labels=labels)
        self.pulls[number] = Pull(
            of,
            effect.branch,
            head,
            "main",
            self.head,
            head_at=self.at,
            mergeable="clean",
            commits_ours=True,
            twins=0,
            checks=(GREEN,),
        )

    def merge(self, number: int, by: Actor) -> None:
        one = self.pulls[number]
        made = self.commit(dict(self.shelf.commits[one.head]), self.head)
        closed = replace(one.thread, state="merged", closed_by=by, closed_at=self.at)
        self.pulls[number] = replace(one, thread=closed, merged_at=self.at, merged_by=by, merge_sha=made)
        self.head = made

    def ran(self, failed: int, passed: int, again: str = "none") -> None:
        """So many runs, an hour apart, failures first."""
        for n in range(failed + passed):
            self.now += timedelta(hours=1)
            witnesses = (Witness("attempt", again),) if n < failed and again != "none" else ()
            run = Run(len(self.runs) + 1, created_at=self.at)
            outcome = "fail" if n < failed else "pass"
            self.runs.append(Episode(f"{self.name}/{len(self.runs)}", self.name, outcome, run=run, witnesses=witnesses))

    def rerun(self, run: int) -> None:
        one = self.runs[run - 1]
        self.runs[run - 1] = replace(one, witnesses=(Witness("attempt", "fail"),))


@dataclass
class Fleet:
    """The repositories of an owner. `lines` is all that outlives a visit."""

    towns: dict[str, Town]

    def ledger(self):
        return fold(line for town in self.towns.values() for line in town.lines)

    def proposal(self, town: Town) -> Proposal:
        """The next threshold for this repository, judged by the record as it stands."""
        was = int(town.text().split()[-1])
        edit = Edit(PATH, town.text(), f"NUDGE = {was + 1}\n", "100755")
        fixes, passes = tuple(f"f{n}" for n in range(9)), 100
        change = modification(
            edits=(edit,),
            id=f"{town.name:0>12}"[-12:].replace("/", "0"),
            repository=town.name,
            pattern=replace(PATTERN, repositories=(town.name,)),
            prediction=Prediction(fixes, (), Replay("loop-guard", 9, passes, fixes, ())),
        )
        record = records(self.ledger().entries, POLICY, "m1")
        decision = judge(change, POLICY, record, trial="confirmed", stable=True)
        story = self.ledger().story(change.id)
        return Proposal(change, as_left(decision, change.revision, moved_by(story), held=hold_of(story) is not None))

    def visit(self, town: Town, *, propose: bool = False) -> None:
        """Tend, remember, do; then propose what is new."""
        ground = replace(GROUND, head=town.head)
        turn = Turn(len(town.runs), {}, (), (), 0, (), ())
        proposal = self.proposal(town)
        standing = [one for one in town.pulls.values() if one.thread.state == "open" and "undo" not in one.branch]
        if standing and not propose:  # what is open is what was judged
            edits = town.shelf.edits(standing[0].base_head, standing[0].head)
            proposal = replace(proposal, modification=replace(proposal.modification, edits=edits))
        known = Known(
            fold(town.lines),
            POLICY,
            owner=self.ledger(),
            proposals={proposal.modification.id: proposal},
            episodes=town.runs,
            turn=turn,
            lookups=UNLOCKED,
        )
        tended = tend(Sight(town.name, ground, list(town.pulls.values())), known, town.shelf, town.at)
        town.lines += [encode(entry) for entry in tended.entries]
        for act in tended.acts:
            match act:
                case Merge():
                    town.merge(act.number, OURS)
                case Rerun():
                    town.rerun(act.run)
                case Say():
                    town.said[act.number] = act.text
                case PutLabels():
                    one = town.pulls[act.number]
                    kept = {name: node for name, node in one.thread.labels.items() if name not in act.remove}
                    labels = {**kept, **{name: NODES.get(name, "") for name in act.add}}
                    town.pulls[act.number] = replace(one, thread=replace(one.thread, labels=labels))
        for effect in tended.effects:
            town.open(effect)
        if propose:
            self.propose(town, proposal)

    def propose(self, town: Town, proposal: Proposal) -> None:
        change, tier = proposal.modification, proposal.decision.tier
        labels = ("flywheel", f"flywheel:{tier}")
        town.open(
            OpenPull(
                town.name, change.id, change.revision, change.branch, "t", "b", "m", labels, change.edits, town.head
            )
        )
        entry = Entry(town.at, "proposed", town.name, change.id, DETECTOR, change.revision, tier, failed=9)
        category = f"{change.kind}/{change.component}/{DETECTOR}"
        town.lines.append(encode(replace(entry, category=category, model="m1")))


def record(fleet):
    found = records(fleet.ledger().entries, POLICY, "m1")
    return found[0] if found else None


def events(town):
    return [entry.event for entry in fold(town.lines).entries]


def cycle(fleet, town, failed=1, passed=29, again="none"):
    """One change from proposal to the answer of its watch; a person merges it unless it merged itself."""
    before = len(town.pulls)
    fleet.visit(town, propose=True)
    town.now += timedelta(hours=1)
    fleet.visit(town)
    if town.pulls[before + 1].thread.state == "open":
        town.merge(before + 1, WRITER)
    town.now += timedelta(hours=1)
    fleet.visit(town)
    town.ran(failed, passed, again)
    town.now += timedelta(days=15)
    fleet.visit(town)
    return town.pulls[before + 1]


def test_a_category_earns_autonomy_merges_itself_hurts_is_taken_back_and_loses_it():
    fleet = Fleet({name: Town(name) for name in ("octo/a", "octo/b", "octo/c")})
    towns = list(fleet.towns.values())
    for town in towns:
        town.ran(8, 192)
    number = 0
    while not (record(fleet) and record(fleet).earned):
        town = towns[number % 3]
        pull = cycle(fleet, town, 0, 40)
        assert pull.merged_by == WRITER
        number += 1
        assert number < 30
    assert record(fleet).kept == number

    town = towns[number % 3]
    good = cycle(fleet, town, 0, 40)

    assert good.merged_by == OURS
    assert record(fleet).kept == number + 1

    before = town.text()
    hurts = cycle(fleet, town, 20, 5)
    merged = town.text()
    assert (hurts.merged_by, merged != before) == (OURS, True)
    for _ in range(4):
        town.now += timedelta(hours=1)
        fleet.visit(town)

    assert town.text() == before
    assert events(town)[-6:] == ["rerun", "rerun", "watched", "undoing", "reverted", "demoted"]
    undo = next(one for one in town.pulls.values() if "undo" in one.branch)
    assert undo.merged_by == OURS
    assert "taken back by Flywheel" in town.said[hurts.thread.number]
    assert record(fleet).failed == 1

    again = fleet.proposal(town)
    assert again.decision.tier == "interactive"
    assert [one.code for one in again.decision.reasons if one.allows != "autonomous"] == ["people"]

    other = towns[(number + 1) % 3]
    cycle(fleet, other, 20, 5)
    for _ in range(4):
        other.now += timedelta(hours=1)
        fleet.visit(other)

    assert (record(fleet).demoted, record(fleet).reason) == (True, "failures")
    third = towns[(number + 2) % 3]
    assert fleet.proposal(third).decision.tier == "interactive"


def test_a_second_visit_to_any_state_tells_nothing_new():
    fleet = Fleet({"octo/a": Town("octo/a")})
    (town,) = fleet.towns.values()
    town.ran(2, 28)
    cycle(fleet, town, 0, 40)
    told = list(town.lines)
    fleet.visit(town)

    assert town.lines == told
    assert [one.thread.state for one in town.pulls.values()] == ["merged"]
    assert revision(town.shelf.edits("0" * 40, town.head)) == fold(town.lines).entries[0].revision
