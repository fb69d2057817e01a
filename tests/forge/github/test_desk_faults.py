"""Whatever goes wrong at whichever call of an act, performed again it ends as if nothing had: done, once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bot.approval.labels import LABELS
from bot.errors import LaterError
from bot.forge.github import marks
from bot.forge.github.client import MINE, RUN, App
from bot.forge.github.errors import UnavailableError
from bot.forge.github.forge import GitHubForge
from bot.hosting.acts import Act, Acted, Close, Disarm, Merge, PutLabels, React, Rerun, Restore, Say, ShowCheck
from tests.github.fleet import commit, open_pull
from tests.github.routes_issues import arm, enter_queue
from tests.github.server import Fault, GitHub
from tests.github.world import Comment, Issue, Repository, World, stamp

CHANGE = "0123456789ab"
KINDS = ("error", "lost", "cut", "primary", "secondary", "many")
LIMITS = ("primary", "secondary", "many")
TRIES = 4


@dataclass
class Stage:
    """A repository with pulls of ours, a new one for each trial."""

    app: App
    world: World
    shop: Repository
    github: GitHub

    def perform(self, act: Act) -> Acted:
        """By a new desk, as after a crash."""
        number, name = next(iter(self.world.installations)), "octo/shop"
        reader, writer = self.app.reader(number, name, MINE), self.app.writer(number, name)
        forge = GitHubForge(name, reader, writer, LABELS, self.app.writer(number, name, RUN))
        try:
            return forge.desk.perform(act)
        finally:
            forge.close()

    def opened(self) -> Issue:
        """A pull of ours, with a person's comment and one of our labels."""
        number = len(self.shop.issues) + 1
        commit(self.world, self.shop, f"work-{number}", {f"{number}.txt": "1\n"}, self.world.bot.login)
        made = open_pull(self.world, self.shop, f"work-{number}", "Mend it", "", self.world.bot.login)
        made.comments.append(
            Comment(next(self.world.numbers), self.world.user("ann"), "/flywheel hold", stamp(), stamp())
        )
        return made


Prepare = Callable[[Stage], tuple[Act, Callable[[], Any]]]
"""Sets up one trial: the act, and what is to be seen of it afterwards."""


def labels(on: Stage) -> tuple[Act, Callable[[], Any]]:
    """A label that has to be made first, another that stands already, and one that goes."""
    issue = on.opened()
    on.shop.labels = [one for one in on.shop.labels if one.name == "flywheel:interactive"]
    on.perform(PutLabels(issue.number, ("flywheel:interactive",)))
    act = PutLabels(issue.number, ("flywheel:hold", "flywheel:autonomous"), ("flywheel:interactive",))
    return act, lambda: (sorted(one.name for one in issue.labels), len({one.name for one in on.shop.labels}))


def say(on: Stage) -> tuple[Act, Callable[[], Any]]:
    """Two comments from a race, of which one goes and the other is edited."""
    issue = on.opened()
    for text in ("One.", "Two."):
        said = Comment(next(on.world.numbers), on.world.bot, marks.said(text, CHANGE), stamp(), stamp())
        issue.comments.append(said)
    return Say(issue.number, CHANGE, "Held."), lambda: [one.body.split("\n")[0] for one in issue.comments]


def say_first(on: Stage) -> tuple[Act, Callable[[], Any]]:
    issue = on.opened()
    return Say(issue.number, CHANGE, "Held."), lambda: [one.body.split("\n")[0] for one in issue.comments]


def check(on: Stage) -> tuple[Act, Callable[[], Any]]:
    issue = on.opened()
    assert issue.pull
    head = issue.pull.head_sha
    act = ShowCheck(head, CHANGE, "neutral", "Waits", "| asked | seen |")
    return act, lambda: [
        (one.conclusion, one.output["title"]) for one in on.shop.checks.values() if one.head_sha == head
    ]


def react(on: Stage) -> tuple[Act, Callable[[], Any]]:
    number = on.opened().comments[0].id
    return React(number, "+1"), lambda: [content for _, _, content in on.shop.reactions.get(number, ())]


def restore(on: Stage) -> tuple[Act, Callable[[], Any]]:
    issue = on.opened()
    act = Restore(issue.number, CHANGE, "00000000", "As it was", "As it was judged.\n")
    return act, lambda: (issue.title, issue.body, len(issue.events))


def close(on: Stage) -> tuple[Act, Callable[[], Any]]:
    """An issue: the reason first, then the end."""
    issue = on.opened()
    issue.pull = None
    act = Close(issue.number, CHANGE, "Promoted.", completed=True)
    return act, lambda: (issue.state, issue.state_reason, len(issue.comments), len(issue.events))


def merge(on: Stage) -> tuple[Act, Callable[[], Any]]:
    issue = on.opened()
    assert issue.pull
    return Merge(issue.number, issue.pull.head_sha, "merge"), lambda: [one.kind for one in issue.events]


def armed(on: Stage) -> tuple[Act, Callable[[], Any]]:
    on.shop.required_checks, on.shop.allow_auto_merge = ("ci",), True
    issue = on.opened()
    assert issue.pull
    return Merge(issue.number, issue.pull.head_sha, "arm"), lambda: [one.kind for one in issue.events]


def queued(on: Stage) -> tuple[Act, Callable[[], Any]]:
    on.shop.queue = True
    issue = on.opened()
    assert issue.pull
    return Merge(issue.number, issue.pull.head_sha, "enqueue"), lambda: [one.kind for one in issue.events]


def disarm(on: Stage) -> tuple[Act, Callable[[], Any]]:
    """In the queue, and armed for whatever comes next."""
    on.shop.queue, on.shop.required_checks = True, ("ci",)
    issue = on.opened()
    enter_queue(on.shop, issue, on.world.bot)
    arm(on.shop, issue, on.world.bot, who=on.world.bot)
    return Disarm(issue.number), lambda: [one.kind for one in issue.events]


def rerun(on: Stage) -> tuple[Act, Callable[[], Any]]:
    made = on.world.run(on.shop, on.shop.git.ref("refs/heads/main"))
    return Rerun(made.id), lambda: (made.attempt, made.status)


ALL: tuple[Prepare, ...] = (
    *(labels, say, say_first, check, react, restore),
    *(close, merge, armed, queued, disarm, rerun),
)


@pytest.fixture
def on(app: App, world: World, shop: Repository, github: GitHub) -> Stage:
    world.installations[next(iter(world.installations))].permissions["actions"] = "write"
    return Stage(app, world, shop, github)


@pytest.mark.parametrize(
    "prepare",
    [pytest.param(one, id=one.__name__, marks=[pytest.mark.long] * (place > 2)) for place, one in enumerate(ALL)],
)
def test_an_act_survives_every_fault_at_every_call(on: Stage, prepare: Prepare) -> None:
    on.perform(prepare(on)[0])  # tokens are made
    act, seen = prepare(on)
    before = len(on.github.exchanges)
    assert "done" == on.perform(act).status
    calls, wanted = len(on.github.exchanges) - before, seen()

    for kind, at in itertools.product(KINDS, range(calls)):
        if kind in ("lost", "cut") and not on.github.exchanges[before + at].write:
            continue  # to a read they are what `error` is
        act, seen = prepare(on)
        on.github.faults.append(Fault(kind, after=at))
        raised = []
        for _ in range(TRIES):
            try:
                done = on.perform(act)
                break
            except (LaterError, UnavailableError) as error:
                raised.append(error)
                on.github.remaining.clear()

        assert [] == on.github.faults, (kind, at)
        assert wanted == seen(), (kind, at)
        assert done.status in ("done", "unchanged"), (kind, at, done)
        assert "unchanged" == on.perform(act).status, (kind, at)
        assert 1 >= len(raised), (kind, at)
        assert all(isinstance(error, LaterError) for error in raised) or kind not in LIMITS
