"""A repository in memory for the tests of tending: commits as mappings of texts, one pull, people, and a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.approval.policy import load
from bot.approval.record import category
from bot.approval.switches import PLACES, Lookup
from bot.hosting.people import Actor
from bot.hosting.pulls import Checked, Ground, Pull, Thread, Touched
from bot.hosting.pulls import Comment as Said
from bot.jobs.tending import tend
from bot.jobs.tending_sight import Known, Sight, Tended
from bot.ledger import Ledger, encode, fold
from bot.model import (
    Contrast,
    Decision,
    Edit,
    Entry,
    Modification,
    OpenPull,
    Pattern,
    Prediction,
    Proposal,
    Reason,
    Remedy,
    replace,
)
from bot.modifications.generate import identity, revision

POLICY = load((Path(__file__).resolve().parents[2] / "rules/approval/default.yml").read_text(), "default.yml")
REPOSITORY, DETECTOR, PATH = "octo/shop", "loops/repeats-one-call", ".claude/hooks/flywheel-loop-guard.py"
BEFORE, AFTER = "# guard\n\n\nNUDGE = 7\n", "# guard\n\n\nNUDGE = 8\n"
BASE, HEAD, MADE = "b" * 40, "a" * 40, "c" * 40
EDIT = Edit(PATH, BEFORE, AFTER, "100755")
OURS, BOT = Actor(9, "write", "ours"), Actor(8, "write", "bot")
WRITER, TRIAGER, READER = Actor(1, "write"), Actor(2, "triage"), Actor(3, "read")
OPENED, NOW = "2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z"
GREEN = Checked("ci", False, True, "success", 60.0)
NODES = {
    f"flywheel{name}": f"n{at}" for at, name in enumerate(("", ":interactive", ":backlog", ":autonomous", ":hold"))
}
GROUND = Ground(
    "main",
    BASE,
    9,
    private=False,
    protected=True,
    auto_merge_allowed=True,
    queue=False,
    methods=("squash",),
    nodes=NODES,
)
CONTRAST = Contrast("task", 1, 1, 1, 1, 0, 1, 1, 1, 1)
PATTERN = Pattern("p", DETECTOR, "actionable", CONTRAST, (REPOSITORY,), (), 6, 0, 6, 6, ())
UNLOCKED = tuple(Lookup(place, "merges", False) for place in PLACES)


@dataclass
class Shelf:
    """Commits by name. `HEAD` holds the change, `BASE` does not, `MADE` is the merge."""

    commits: dict[str, dict[str, str]] = field(
        default_factory=lambda: {BASE: {PATH: BEFORE}, HEAD: {PATH: AFTER}, MADE: {PATH: AFTER}}
    )
    parents: dict[str, str] = field(default_factory=lambda: {MADE: BASE})

    def edits(self, base: str, head: str) -> tuple[Edit, ...] | None:
        before, after = self.commits.get(base), self.commits.get(head)
        if before is None or after is None:
            return None
        paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        return tuple(Edit(path, before.get(path), after.get(path), "100755") for path in paths)

    def texts(self, commit: str, paths: Sequence[str]) -> dict[str, str | None]:
        return {path: self.commits[commit].get(path) for path in paths}

    def parent(self, commit: str) -> str:
        return self.parents.get(commit, "")


def modification(**what: object) -> Modification:
    edits = what.pop("edits", (EDIT,))
    return replace(
        Modification(
            id=identity(REPOSITORY, DETECTOR, "hooks", [PATH]),
            revision=revision(edits),
            repository=REPOSITORY,
            detector=DETECTOR,
            component="hooks",
            kind="guard-threshold",
            title="The agent repeats one call",
            edits=edits,
            inverse=tuple(Edit(one.path, one.after, one.before, one.mode) for one in edits),
            prediction=Prediction((), ()),
            pattern=PATTERN,
            remedy=Remedy("hooks", "Stop.", "loop-guard"),
        ),
        **what,
    )


CHANGE = modification().id


def decision(tier: str = "interactive", *reasons: Reason) -> Decision:
    return Decision(tier, (Reason("switch", "autonomous", "on"), *(reasons or (Reason("record", tier, "so"),))))


def proposed(tier: str = "interactive", **what: object) -> Entry:
    change = modification()
    entry = Entry(OPENED, "proposed", REPOSITORY, CHANGE, DETECTOR, change.revision, tier, failed=6)
    return replace(entry, category=category(change), model="m1", **what)


def comment(body: str, author: Actor = WRITER, number: int = 1, at: str = NOW, **what: object) -> Said:
    return Said(number, author, body, at, **what)


def touched(label: str, actor: Actor = WRITER, number: int = 1, *, added: bool = True, **what: object) -> Touched:
    name = f"flywheel:{label}"
    event = Touched(number, name, added, actor, "2026-03-01T06:00:00Z", HEAD, NODES.get(name, ""))
    return replace(event, **what)


def thread(tier: str = "interactive", **what: object) -> Thread:
    names = ("flywheel", f"flywheel:{tier}")
    made = Thread(7, "https://x/7", "open", OURS, "t", "b", OPENED, CHANGE)
    return replace(made, **{"labels": {name: NODES[name] for name in names}, **what})


def pull(tier: str = "interactive", *, of: Thread | None = None, **what: object) -> Pull:
    made = Pull(
        of or thread(tier),
        modification().branch,
        HEAD,
        "main",
        BASE,
        head_at=OPENED,
        mergeable="clean",
        commits_ours=True,
        twins=0,
        checks=(GREEN,),
    )
    return replace(made, **what)


def merged(by: Actor = WRITER, **what: object) -> Pull:
    closed = what.pop("of", None) or thread(state="merged", closed_at=NOW, closed_by=by)
    return pull(of=closed, merged_at=NOW, merged_by=by, merge_sha=MADE, **what)


def ledger(*entries: Entry) -> Ledger:
    return fold([encode(entry) for entry in entries])


def look(
    *entries: Entry,
    pulls: Sequence[Pull] = (),
    issues: Sequence[Thread] = (),
    says: Decision | None = None,
    git: Shelf | None = None,
    now: str = NOW,
    ground: Ground = GROUND,
    lookups: Sequence[Lookup] = UNLOCKED,
    **known: object,
) -> Tended:
    """One visit. `says` is what the policy says of the change, None = the turn does not propose it."""
    change = modification()
    proposals = {CHANGE: Proposal(change, says)} if says is not None else {}
    drafts = {
        one: OpenPull(REPOSITORY, one, change.revision, change.branch, "title", "body", "m", (), change.edits, "")
        for one in proposals
    }
    what = Known(ledger(*entries), POLICY, proposals=proposals, drafts=drafts, lookups=lookups, **known)
    return tend(Sight(REPOSITORY, ground, pulls, issues), what, git or Shelf(), now)


def again(*entries: Entry, **how: object) -> tuple[Tended, Tended]:
    """The same visit twice: the second one remembers what the first one told."""
    first = look(*entries, **how)
    return first, look(*entries, *first.entries, **how)


def events(tended: Tended) -> list[str]:
    return [entry.event for entry in tended.entries]


def acts(tended: Tended, kind: type) -> list[object]:
    return [act for act in tended.acts if isinstance(act, kind)]
