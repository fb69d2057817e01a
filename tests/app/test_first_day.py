"""The first look at an owner is made in pieces; whoever asks for something meanwhile is served in the next visit."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import github as pygithub
import pytest

from bot.engine.work import Done, Later, Work
from bot.forge.github.pace import RESERVE
from bot.hosting.hints import Hint, Place
from bot.jobs import office
from bot.jobs.memory import Memory
from tests.app.office import Running
from tests.app.small import API, CONFIGURE, NAMES, ROOM, SHARED, At, Stages, answer, end_state, running
from tests.github.fleet import AGENT, commit, open_pull
from tests.github.server import Exchange, GitHub
from tests.github.world import Issue, Repository, World

pytestmark = pytest.mark.long
BIG = "acme/warehouse"
MANY, FEW = 120, 30
A_HEAD, A_VISIT = 6, 60
"""Calls at most: of a failed head without artifacts, and of all else in a visit (docs/collecting.md, engine.md)."""
LEASE = 600.0


@dataclass
class Visits:
    """The queue, worked off by hand: what was done, how it was answered, and the calls that it took."""

    app: Running
    done: list[tuple[str, Done | Later, list[Exchange]]] = field(default_factory=list)

    def each(self) -> Iterator[str]:
        """Do one piece of work after the other until nothing can be begun; whose it was. Nothing may fail."""
        with closing(self.app.inbox()) as inbox:
            acting = self.app.office(inbox)
            while (work := inbox.take("test", time.time() + self.app.ahead.total_seconds(), LEASE)) is not None:
                begun = len(self.app.github.exchanges)
                said = acting.answer(work)
                assert isinstance(said, Done | Later), said
                if isinstance(said, Done):
                    inbox.done(work, time.time())
                else:
                    inbox.later(work, said.until, whole=said.scope == "installation")
                self.done.append((name_of(work), said, self.app.github.exchanges[begun:]))
                yield self.done[-1][0]

    def put(self, hint: Hint | None = None) -> None:
        """What a webhook tells; without one, a sweep."""
        with closing(self.app.inbox()) as inbox:
            if hint is None:
                self.app.office(inbox).sweep()
            else:
                assert inbox.put(hint, time.time()).result()


def name_of(work: Work) -> str:
    return next((place.name for hint in work.hints for place in hint.places), work.kind)


@dataclass
class Owner:
    """acme with three repositories, in one of which 120 pulls of an agent failed."""

    world: World
    app: Running
    ann: pygithub.Github
    big: Repository

    def ours(self, repository: Repository) -> list[Issue]:
        return [one for one in repository.issues.values() if one.user == self.world.bot]

    def asks(self) -> Hint:
        """Ann chooses the large one; the webhook of it."""
        (where,) = [one for one in self.world.repositories.values() if self.ours(one)]
        question = self.ours(where)[0]
        self.ann.get_repo(where.full_name).get_issue(question.number).create_comment(f"/flywheel start {BIG}")
        (installation,) = self.world.installations
        place = Place(where.id, where.full_name)
        return Hint("issue_comment", "one", "issue", "created", installation, (place,), issue=question.number)

    def collected(self) -> set[str]:
        """The heads of which there is a bundle."""
        return {path.parent.name for path in (self.app.folder / "data/evidence" / BIG).glob("*/manifest.json")}

    def waiting(self) -> int:
        return len(Memory(self.app.folder / "data").last(self.big.id).waiting)


def acme(world: World, app: Running, ann: pygithub.Github, heads: int) -> Owner:
    made = [world.repository(name, {"AGENTS.md": "# Ours\n"}) for name in (BIG, "acme/counter", "acme/scales")]
    now = datetime.now(UTC).replace(microsecond=0)
    for number in range(heads):
        branch = f"claude/task-{number}"
        head = commit(world, made[0], branch, {f"work/{number}.txt": f"{number}\n"})
        open_pull(world, made[0], branch, f"Mend issue {number}", f"Fixes #{1000 + number}")
        at = (now - timedelta(minutes=10 * (1 + number))).isoformat()
        logs = {"test": b"1 failed"}
        world.run(made[0], head, conclusion="failure", branch=branch, actor=AGENT, created=at, logs=logs)
    world.install("acme", *made)
    return Owner(world, app, ann, made[0])


@pytest.fixture
def owner(world: World, app: Running, ann: pygithub.Github, monkeypatch: pytest.MonkeyPatch) -> Owner:
    """With fewer heads, and fewer a visit."""
    monkeypatch.setattr(office, "MOST", FEW // 3)
    return acme(world, app, ann, FEW)


def test_what_is_asked_on_the_first_day_is_answered_in_the_very_next_visits(owner: Owner) -> None:
    visits = Visits(owner.app)
    visits.put()
    asked = opened = 0
    for at, name in enumerate(visits.each(), 1):
        if name == BIG and not asked:
            visits.put(owner.asks())
            asked = at
        elif not opened and any(one.title == CONFIGURE for one in owner.ours(owner.big)):
            opened = at
            assert owner.waiting() > 0
        if opened and "+1" in reactions(owner.world):
            assert owner.waiting() > 0
            break
    names = [name for name, _, _ in visits.done]

    assert 0 < asked < opened
    assert [BIG] == [name for name in names[asked:opened] if name == BIG]
    assert ["installation"] == [name for name in names[asked:] if name == "installation"]


def reactions(world: World) -> set[str]:
    """Ours."""
    kept = [rows for one in world.repositories.values() for rows in one.reactions.values()]
    return {kind for rows in kept for _, who, kind in rows if who == world.bot}


def test_every_head_is_collected_once_in_visits_of_bounded_size_and_others_come_between(
    world: World, app: Running, ann: pygithub.Github
) -> None:
    owner, most = acme(world, app, ann, MANY), office.MOST
    visits = Visits(owner.app)
    visits.put()
    waits = [(name, owner.waiting()) for name in visits.each()]
    logs = [one.path for _, _, calls in visits.done for one in calls if one.path.endswith("/logs")]

    assert [MANY - most, MANY - 2 * most, 0] == [left for name, left in waits if name == BIG][:3]
    assert MANY == len(owner.collected())
    assert MANY == len(logs) == len(set(logs))
    assert max(len(calls) for _, _, calls in visits.done) <= most * A_HEAD + A_VISIT
    first, second = [at for at, (name, _) in enumerate(waits) if name == BIG][:2]
    assert {"acme/counter", "acme/scales"} & {name for name, _ in waits[first:second]}


def test_the_newest_come_first(owner: Owner) -> None:
    visits = Visits(owner.app)
    visits.put()
    next(name for name in visits.each() if name == BIG)
    tip = owner.big.git.ref

    assert {tip(f"refs/heads/claude/task-{number}") for number in range(office.MOST)} == owner.collected()


def test_with_the_last_calls_of_the_hour_people_are_served_and_the_look_goes_on_when_there_are_more(
    owner: Owner, github: GitHub
) -> None:
    visits = Visits(owner.app)
    github.limit = RESERVE + 100
    visits.put()
    list(visits.each())
    before = len(owner.collected())
    assert 0 < before < FEW
    ((_, put_off, _),) = [one for one in visits.done if isinstance(one[1], Later)]
    assert isinstance(put_off, Later)
    assert (put_off.scope, put_off.until > time.time() + 600) == ("work", True)
    visits.put(owner.asks())
    list(visits.each())
    assert owner.ours(owner.big)[-1].pull
    assert before == len(owner.collected())
    github.limit, github.ahead = 5_000, 0.0
    github.remaining.clear()
    owner.app.ahead = timedelta(hours=1)
    list(visits.each())

    assert FEW == len(owner.collected())


def test_what_cannot_be_looked_at_keeps_nobody_waiting_and_what_is_archived_is_looked_at(
    world: World, github: GitHub, app: Running
) -> None:
    files = {".github/flywheel.yml": "version: 1\ndashboard: true\n"}
    shop, empty = world.repository("octo/shop", files), world.repository("octo/empty", {"a": ""})
    old = world.repository("octo/old", {"a": ""}, archived=True)
    empty.git.run("update-ref", "-d", "refs/heads/main")
    world.install("octo", shop, empty, old)

    record = app.attempt()

    assert ["octo/empty"] == [one.partition(":")[0] for one in record["failed"]]
    assert ["Flywheel: what stands here"] == [one.title for one in shop.issues.values()]
    memory = Memory(app.folder / "data")
    assert [True, False, True] == [bool(memory.last(one.id).looked) for one in (shop, empty, old)]
    assert "first commit" in memory.last(empty.id).refused


def test_after_a_lost_store_people_are_served_first_and_nothing_is_taken_back(
    stages: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "MOST", 4)
    settled = stages.settled(answer)
    with running(stages.after(answer).copy(tmp_path / "all"), tmp_path / "anew") as at:
        visits = Visits(at.app)
        visits.put()
        served: dict[str, int] = {}
        for name in visits.each():
            whole = all(Memory(at.app.folder / "data").last(one.id).looked for one in at.world.repositories.values())
            if name in NAMES and name not in served:
                assert not whole
                served[name] = len(at.github.writes)
                assert {API: merged, ROOM: dismissed, SHARED: held}[name](at, name)
            if not whole:
                assert "open" == at.change(SHARED).state
        assert set(NAMES) == set(served)
        at.app.sweep()

        assert settled == end_state(at.world)


def said(at: At, name: str) -> str:
    return "\n".join(one.body for one in at.change(name).comments if one.user == at.world.bot)


def merged(at: At, name: str) -> bool:
    return re.search("merged", said(at, name)) is not None


def dismissed(at: At, name: str) -> bool:
    return at.change(name).state == "closed" and "We do this by review" in said(at, name)


def held(at: At, name: str) -> bool:
    return "held" in said(at, name)
