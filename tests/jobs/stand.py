"""The stand-in GitHub with one pull of ours, for the tests of tending: people have a client of their own, we visit.

Nothing outlives a visit but what GitHub holds: the ledger branch, pulls, issues, commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.approval.labels import LABELS, labels_for
from bot.approval.policy import Policy
from bot.approval.record import category
from bot.approval.switches import PLACES, Lookup
from bot.forge.github.client import MINE, App
from bot.forge.github.forge import GitHubForge
from bot.hosting.acts import Act, Acted
from bot.jobs.tending import tend
from bot.jobs.tending_sight import Known, Sight, Tended
from bot.ledger import Ledger, encode, fold
from bot.model import Decision, Edit, Entry, Episode, Modification, OpenPull, Proposal, Turn, replace
from bot.modifications.generate import revision
from tests.github.world import Comment, Event, Issue, Repository, World, stamp
from tests.jobs.shelf import POLICY, UNLOCKED, decision, modification

BEFORE, AFTER = "# Shop\n", "# Shop\n\nRead the last check.\n"


@dataclass
class Stand:
    """octo/shop and what we know of it; `ahead` moves our clock."""

    app: App
    world: World
    shop: Repository
    says: Decision | None = field(default_factory=lambda: decision("autonomous"))
    edits: tuple[Edit, ...] = (Edit("AGENTS.md", BEFORE, AFTER),)
    episodes: Sequence[Episode] = ()
    lookups: Sequence[Lookup] = UNLOCKED
    owner: Sequence[Entry] = ()
    policy: Policy = POLICY
    ahead: timedelta = timedelta()
    acted: list[tuple[Act, Acted]] = field(default_factory=list)
    detector: str = "loops/repeats-one-call"

    def forge(self) -> GitHubForge:
        number = next(iter(self.world.installations))
        name = self.shop.full_name
        return GitHubForge(name, self.app.reader(number, name, MINE), self.app.writer(number, name), LABELS)

    @property
    def now(self) -> str:
        return (datetime.now(UTC) + self.ahead).strftime("%Y-%m-%dT%H:%M:%SZ")

    def change(self) -> Modification:
        inverse = tuple(Edit(one.path, one.after, one.before, one.mode) for one in self.edits)
        made = modification(edits=self.edits)
        return replace(made, repository="octo/shop", revision=revision(self.edits), inverse=inverse)

    def ledger(self) -> Ledger:
        return fold(self.forge().read_ledger().lines)

    def events(self) -> list[str]:
        return [entry.event for entry in self.ledger().entries]

    def open(self, tier: str = "autonomous") -> Issue:
        """Our pull, proposed and remembered; its number is the newest."""
        change = self.change()
        title, labels = "The agent repeats one call", labels_for(tier)
        effect = OpenPull(
            "octo/shop",
            change.id,
            change.revision,
            change.branch,
            title,
            "Because.",
            f"Move it\n\nFlywheel-Change: {change.id}.{change.revision}\nFlywheel-Tier: {tier}\n",
            labels,
            change.edits,
            "",
        )
        done = self.forge().perform(effect)
        assert done.status == "created", done
        entry = Entry(self.now, "proposed", "octo/shop", change.id, change.detector, change.revision, tier, failed=6)
        self.remember(replace(entry, category=category(change), model="m1"))
        return self.pull()

    def remember(self, *entries: Entry) -> None:
        self.forge().append_ledger([encode(entry) for entry in entries])

    def pull(self) -> Issue:
        """The newest pull of this change."""
        branch = self.change().branch
        return [one for one in self.shop.pulls() if one.pull and one.pull.head == branch][-1]

    def protect(self) -> None:
        """What the autonomous tier wants of a repository."""
        self.shop.required_checks, self.shop.allow_auto_merge = ("ci",), True

    def green(self, issue: Issue | None = None, seconds: float = 60.0) -> None:
        """The required check of the head."""
        self.world.check(self.shop, self.head(issue), "ci", "success", seconds=seconds)

    def head(self, issue: Issue | None = None) -> str:
        pull = (issue or self.pull()).pull
        assert pull
        return self.shop.git.ref(f"refs/heads/{pull.head}")

    def look(self) -> Sight:
        desk = self.forge().desk
        return Sight("octo/shop", desk.ground(), desk.pulls(), desk.issues())

    def visit(self, sight: Sight | None = None, turn: Turn | None = None) -> Tended:
        """Look, tend, remember, do. A `sight` of before stands for what changes between the look and the act."""
        forge = self.forge()
        sight = sight or self.look()
        change, ledger = self.change(), self.ledger()
        proposals = {change.id: Proposal(change, self.says)} if self.says is not None else {}
        entries = [*self.owner, *ledger.entries]
        known = Known(
            ledger,
            self.policy,
            owner=fold([encode(entry) for entry in entries]),
            proposals=proposals,
            episodes=self.episodes,
            turn=turn or Turn(len(self.episodes), {}, (), (), 0, (), ()),
            lookups=self.lookups,
        )
        tended = tend(sight, known, forge.git, self.now)
        if tended.entries:
            forge.append_ledger([encode(entry) for entry in tended.entries])
        self.acted += [(act, forge.desk.perform(act)) for act in tended.acts]
        for effect in tended.effects:
            forge.perform(effect)
        return tended

    def settle(self, most: int = 8) -> None:
        """Visit until two visits in a row tell nothing new: what the first did, the second sees."""
        quiet = 0
        for _ in range(most):
            quiet = 0 if self.visit().entries else quiet + 1
            if quiet == 2:
                return
        raise AssertionError("it does not come to rest")

    def tier(self) -> list[str]:
        return sorted(label.name for label in self.pull().labels)

    def says_in_comment(self, number: int) -> str:
        """The one comment of ours below a pull or issue, "" when there is none; an error when there are two."""
        ours = [one.body for one in self.shop.issues[number].comments if one.user == self.world.bot]
        assert len(ours) <= 1
        return ours[0] if ours else ""

    def text(self, path: str = "AGENTS.md") -> str:
        """A file at the head of the default branch."""
        return self.shop.git.run("show", f"main:{path}").decode()

    def check_summary(self) -> str:
        """What our check run at the head says."""
        ours = [one for one in self.shop.checks.values() if one.name == "flywheel/decision"]
        return ours[-1].output["summary"] + ours[-1].output["title"]

    def bot_says(self, issue: Issue, body: str, login: str = "other[bot]") -> None:
        at = stamp()
        user = self.world.user(login, "Bot")
        issue.comments.append(Comment(next(self.world.numbers), user, body, at, at))

    def bot_labels(self, issue: Issue, name: str, login: str = "other[bot]") -> None:
        """Another App, or a workflow's token, puts a label on."""
        label = next(one for one in self.shop.labels if one.name == name)
        issue.labels.append(label)
        user = self.world.user(login, "Bot")
        issue.events.append(Event(next(self.world.numbers), "labeled", user, stamp(), label, name))


STOPPED = tuple(Lookup(place, "merges", place == "process") for place in PLACES)
