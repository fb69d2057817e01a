"""The story of issue 5 on the stand-in GitHub: autonomy is earned, used, hurts, is undone, and is lost.

Real HTTP, real git, a person with her own client. Nothing of ours outlives a visit: each begins with an empty store and
reads the ledger, the pulls and the commits anew, so our database is deleted all the time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import github as pygithub
import pytest

from bot.approval.judge import judge
from bot.approval.left import as_left
from bot.approval.record import Record, category, records
from bot.forge.github.client import App
from bot.hosting.acts import Rerun
from bot.ledger import moved_by
from bot.model import Edit, Entry, Episode, Modification, Prediction, Replay, Run, Witness, replace
from bot.modifications.adapters.managed_block import write
from bot.pages.story import told
from tests.github.fixtures import ann, github, shop, world
from tests.github.fleet import commit
from tests.github.keys import pair
from tests.github.server import GitHub
from tests.github.world import Issue, Repository, World
from tests.jobs.shelf import PATTERN, POLICY, acts
from tests.jobs.stand import Stand

__all__ = ["ann", "github", "shop", "world"]

DETECTOR = "context/drowns-in-output"
DAYS = 80
"""So long ago it begins; GitHub shows what ended in the last 90 days."""


class Town(Stand):
    """A repository whose rule is refreshed again and again, on a clock of its own that ends before today."""

    def __init__(self, *parts: object) -> None:
        super().__init__(*parts)
        self.start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=DAYS)
        self.ahead = timedelta(days=-DAYS)
        self.number = 0
        self.runs: list[Episode] = []
        first = write("# Shop\n", DETECTOR, "0" * 12, "Version 0.", "AGENTS.md")
        commit(self.world, self.shop, "main", {"AGENTS.md": first}, "ann")
        self.prepare()

    def prepare(self) -> None:
        """The next text of the rule, and what the judge says of it."""
        self.number += 1
        text = self.text()
        after = write(text, DETECTOR, "0" * 12, f"Version {self.number}.", "AGENTS.md")
        self.edits = (Edit("AGENTS.md", text, after),)
        self.judge()

    def judge(self) -> None:
        change, ledger = self.change(), self.ledger()
        decision = judge(change, POLICY, records((*self.owner, *ledger.entries), POLICY, "m1"), **self.best())
        self.says = as_left(decision, change.revision, moved_by(ledger.story(change.id)))

    @staticmethod
    def best() -> dict[str, object]:
        return {"trial": "confirmed", "stable": True}

    def change(self) -> Modification:
        fixes = tuple(f"f{n}" for n in range(9))
        return replace(
            super().change(),
            detector=DETECTOR,
            component="instructions",
            kind="managed-block-refresh",
            pattern=replace(PATTERN, detector=DETECTOR),
            prediction=Prediction(fixes, (), Replay(DETECTOR, 9, 100, fixes, ())),
        )

    def record(self) -> Record:
        found = records((*self.owner, *self.ledger().entries), POLICY, "m1")
        return next(one for one in found if one.category == category(self.change()))

    def pass_time(self, **what: float) -> None:
        self.ahead += timedelta(**what)

    def ran(self, failed: int, passed: int) -> None:
        """So many runs an hour apart, failures first."""
        for n in range(failed + passed):
            self.pass_time(hours=1)
            run = Run(len(self.runs) + 1, created_at=self.now)
            outcome = "fail" if n < failed else "pass"
            self.runs.append(Episode(f"octo/shop/{len(self.runs)}", "octo/shop", outcome, run=run))
        self.episodes = self.runs

    def fail_again(self) -> None:
        """CI has run the suspects again, and they failed again."""
        asked = {act.run for act, _ in self.acted if isinstance(act, Rerun)}
        self.runs = [
            replace(one, witnesses=(Witness("attempt", "fail"),)) if one.run.id in asked else one for one in self.runs
        ]
        self.episodes = self.runs

    def backdate(self, issue: Issue) -> None:
        """What was merged just now was merged at the town's own time."""
        assert issue.pull
        issue.pull.merged_at = self.now

    def propose(self) -> Issue:
        self.prepare()
        issue = self.open(self.says.tier)
        self.green(issue)
        return issue


@pytest.fixture
def town(github: GitHub, world: World, shop: Repository) -> Town:
    made = Town(App(world.app_id, pair()[0], github.url, spacing=0.0), world, shop)
    made.protect()
    return made


def elsewhere(town: Town, count: int) -> list[Entry]:
    """So many changes of the category in two other repositories of the owner, kept."""
    entries = []
    for n in range(count):
        at = f"2026-01-{1 + n:02}T00:00:00Z"
        start = Entry(at, "proposed", f"octo/r{n % 2}", f"{n:012}", DETECTOR, "r", "interactive", failed=9)
        start = replace(start, category=category(town.change()), model="m1")
        watched = replace(start, event="watched", watch="clean", aftermath="kept")
        entries += [start, replace(start, event="merged"), watched]
    return entries


def lost(town: Town) -> list[Entry]:
    """One more change of the category that was taken back, in another repository, a little later."""
    at = town.now
    start = Entry(at, "proposed", "octo/r0", "f" * 12, DETECTOR, "r", "autonomous", failed=9)
    start = replace(start, category=category(town.change()), model="m1")
    return [start, replace(start, event="merged"), replace(start, event="reverted")]


@pytest.mark.long
def test_autonomy_is_earned_used_hurts_is_undone_and_is_lost(town: Town, ann: pygithub.Github) -> None:
    town.owner = elsewhere(town, 15)
    town.ran(8, 92)
    merges = 0
    while not (merges and town.record().earned):
        issue = town.propose()
        assert town.says.tier == "interactive"
        town.visit()
        assert issue.pull.merged_at is None
        ann.get_repo("octo/shop").get_pull(issue.number).merge(merge_method="squash")
        town.backdate(issue)
        town.ran(0, 40)
        town.pass_time(days=13)
        town.visit()
        merges += 1
        assert merges < 4

    assert town.record().repositories == 3

    own = town.propose()
    assert town.says.tier == "autonomous"
    town.visit()
    assert own.pull.merged_by == town.world.bot
    town.backdate(own)
    before = own.pull.merge_sha
    good = town.edits[0].before
    town.ran(20, 5)
    town.visit()
    assert len([one for one in town.acted if isinstance(one[0], Rerun)]) == 2
    assert [one for one in town.shop.pulls() if "undo" in one.pull.head] == []
    town.fail_again()
    town.pass_time(hours=1)
    town.visit()
    (undo,) = [one for one in town.shop.pulls() if "undo" in one.pull.head]
    assert town.shop.git.ref("refs/heads/main") == before
    town.green(undo)
    town.settle()

    assert undo.pull.merged_by == town.world.bot
    assert town.text() == good
    message = town.shop.git.commit(undo.pull.head_sha).message
    assert f"Flywheel-Inverse-Of: {town.change().id}.{town.change().revision}" in message

    story = [said for _, said in told(town.ledger().story(town.change().id))]
    assert all(said.startswith("a failed run is run again") for said in story[-6:-4])
    assert story[-4:] == [
        f"the watch raised an alarm (#{own.number}): failures",
        "its exact way back was opened as a pull: failures",
        f"taken back by Flywheel (#{undo.number}): failures",
        f"lowered to interactive by Flywheel (#{undo.number}): reverted",
    ]
    comment = town.says_in_comment(own.number)
    for said in ("merged by Flywheel", "raised an alarm", "way back was opened", "taken back by Flywheel"):
        assert said in comment

    town.prepare()
    assert town.says.tier == "interactive"
    assert [one.code for one in town.says.reasons if one.allows != "autonomous"] == ["people"]
    assert not town.record().demoted
    town.owner = [*town.owner, *lost(town)]
    assert (town.record().demoted, town.record().reason) == (True, "failures")

    before_last = town.ledger().entries
    assert acts(town.visit(), Rerun) == []
    assert town.ledger().entries == before_last
    assert len([one for one in town.shop.pulls() if "undo" in one.pull.head]) == 1
