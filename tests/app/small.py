"""The least world with one actionable pattern, as it stands at each stage of one story; a copy of it takes a moment.

A stage is a world and what the App keeps of it, made once in a session. `end_state` is what is compared: what stands
on GitHub, without times, and with the trees of our commits in place of their names, which hold times.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import github as pygithub

from tests.app.office import Running
from tests.github.fleet import OWNER, attempt, examples, fleet
from tests.github.git import Git
from tests.github.server import GitHub
from tests.github.world import Issue, Repository, World

API, ROOM, SHARED = NAMES = (f"{OWNER}/parcel-api", f"{OWNER}/reading-room", f"{OWNER}/.github")
"""The last one is shared by all: what changes there is an issue first."""
TIDEMARK = f"{OWNER}/tidemark"
CONFIGURE = "Configure Flywheel"
CHANGE = "The agent stops by itself while its last check is red"
LEDGER = "flywheel/ledger"
QUESTION = "Where should Flywheel start?"
TAKEN: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    API: {"issue-41": (1, 3, 4, 6), "issue-58": (2, 3, 4), "issue-77": (3, 4, 6)},
    ROOM: {"issue-112": (1, 2, 3, 6), "issue-119": (1, 2, 4), "issue-127": (7, 1, 3)},
    TIDEMARK: {"issue-19": (2, 1, 7), "issue-24": (2, 1, 3), "issue-33": (3, 1, 4)},
}
"""Task → attempts: the first of each failed and ended on red, the others passed and did not. 9 and 20 in all: with one
pass less nothing is measured, with one failure less there is nothing to propose to that repository."""
SHA = re.compile(r"\b[0-9a-f]{40}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?)?")
NUMBERED = re.compile(r'"about":\d+')
PORT = re.compile(r"(127\.0\.0\.1|localhost):\d+")


@dataclass(frozen=True)
class Stage:
    """A world with its folder, and the folder of the App."""

    root: Path
    world: World

    def copy(self, to: Path) -> World:
        """The same once more: what is done to it stays there."""
        shutil.copytree(self.root, to, symlinks=True)
        made = copy.deepcopy(self.world, {id(self.world.hook.lock): threading.Lock()})
        made.root = to / "github"
        for repository in made.repositories.values():
            repository.git = Git(made.root / repository.owner.login / f"{repository.name}.git")
        return made


@dataclass(frozen=True)
class At:
    """One copy of a stage, at work: the App, its GitHub, and Ann, who may do everything there."""

    world: World
    github: GitHub
    app: Running
    ann: pygithub.Github

    def repository(self, name: str) -> Repository:
        found = self.world.find(*name.split("/"))
        assert found
        return found

    def ours(self, name: str) -> list[Issue]:
        """What we opened there, oldest first."""
        return [one for one in self.repository(name).issues.values() if one.user.id == self.world.bot.id]

    def last_sweep(self) -> None:
        """The one that a worker makes every hour: it alone ends the question where to start."""
        self.app.sweep()

    def change(self, name: str) -> Issue:
        """The newest of what we propose there."""
        return [one for one in self.ours(name) if one.title not in (CONFIGURE, QUESTION)][-1]


@contextmanager
def running(world: World, folder: Path) -> Iterator[At]:
    """The App on a world. What the stand-in itself did wrong fails the test."""
    with GitHub(world) as github:
        auth = pygithub.Auth.Token(world.person_token("ann"))
        ann = pygithub.Github(
            base_url=github.url, auth=auth, seconds_between_writes=None, seconds_between_requests=None, retry=None
        )
        yield At(world, github, Running(world, github, folder), ann)
    assert [] == github.mistakes


def build(root: Path, public_key: str) -> World:
    """The world before the App is installed. Runs ended within the last day, two in an hour."""
    world = World(root / "github", public_key)
    made = fleet(world, wanted=lambda _manifest: False, called={TIDEMARK: SHARED})
    made[TIDEMARK] = made.pop(SHARED)
    now = datetime.now(UTC).replace(microsecond=0)
    rows = [row for row in examples() if int(row[0].name.removeprefix("run-")) in _taken(row[1])]
    for place, (folder, manifest) in enumerate(rows):
        ended = now - timedelta(minutes=30 * (1 + place))
        attempt(world, made[manifest["repository"]], folder, manifest, ended)
    return world


def _taken(manifest: Mapping[str, Any]) -> tuple[int, ...]:
    return TAKEN[manifest["repository"]].get(manifest["task"], ())


def install(at: At) -> None:
    """The App comes to all of it."""
    at.world.install(OWNER, *at.world.repositories.values())


def choose(at: At) -> None:
    """Somebody chooses all three repositories."""
    where = next(name for name in NAMES if at.ours(name))
    issue = at.ann.get_repo(where).get_issue(at.ours(where)[0].number)
    issue.create_comment("".join(f"/flywheel start {name}\n" for name in NAMES))


def configure(at: At) -> None:
    """Every repository takes part."""
    for name in NAMES:
        number = next(one.number for one in at.ours(name) if one.title == CONFIGURE)
        at.ann.get_repo(name).get_pull(number).merge()


def answer(at: At) -> None:
    """One is merged, one is not wanted, and one is to wait and to be explained."""
    numbers = [at.change(name).number for name in NAMES]
    at.ann.get_repo(API).get_pull(numbers[0]).merge(merge_method="squash")
    at.ann.get_repo(ROOM).get_issue(numbers[1]).create_comment("/flywheel dismiss We do this by review.")
    at.ann.get_repo(SHARED).get_issue(numbers[2]).add_to_labels("flywheel:hold")
    at.ann.get_repo(SHARED).get_issue(numbers[2]).create_comment("/flywheel explain")


Step = Callable[[At], None]
STORY: tuple[Step, ...] = (install, choose, configure, answer)
"""What people do, one after another; each time the App is to act until nothing is left to be done."""


class Stages:
    """The story by sweeps alone: the world after each step of it, before the App has seen that; and the end."""

    def __init__(self, root: Path, public_key: str) -> None:
        self._root, self._key = root, public_key
        self._made: dict[str, Stage] = {}
        self._settled: dict[str, dict[str, Any]] = {}

    def before(self) -> Stage:
        """Before the App is installed."""
        if "" not in self._made:
            root = self._root / "before"
            self._made[""] = Stage(root, build(root, self._key))
        return self._made[""]

    def after(self, step: Step) -> Stage:
        """A person has done this, and the App has seen what was done before."""
        if step.__name__ not in self._made:
            place = STORY.index(step)
            self._made[step.__name__] = self._next(self.after(STORY[place - 1]) if place else self.before(), step)
        return self._made[step.__name__]

    def end(self) -> Stage:
        """All was done, and all was seen."""
        if "end" not in self._made:
            self._made["end"] = self._next(self.after(STORY[-1]), None)
        return self._made["end"]

    def settled(self, step: Step) -> dict[str, Any]:
        """What stands when the App has seen what was done in this step."""
        if step.__name__ not in self._settled:
            root = self._root / f"{step.__name__} settled"
            with running(self.after(step).copy(root), root / "flywheel") as at:
                at.app.sweep(2)
                self._settled[step.__name__] = end_state(at.world)
        return self._settled[step.__name__]

    def evidence(self, to: Path) -> None:
        """Give an App what it would collect: a cache."""
        shutil.copytree(self.end().root / "flywheel/data/evidence", to / "data/evidence")

    def _next(self, stage: Stage, step: Step | None) -> Stage:
        root = self._root / (step.__name__ if step else "end")
        world = stage.copy(root)
        with running(world, root / "flywheel") as at:
            if stage is not self._made[""]:
                at.app.sweep(2)
            if step is not None:
                step(at)
        for repository in world.repositories.values():
            repository.git.run("gc", "--quiet")
        return Stage(root, world)


@contextmanager
def story(stages: Stages, to: Path) -> Iterator[At]:
    """The world before the App is installed, what it would collect at hand."""
    world = stages.before().copy(to)
    stages.evidence(to / "flywheel")
    with running(world, to / "flywheel") as at:
        yield at


def end_state(world: World) -> dict[str, Any]:
    """What stands on GitHub: our pulls and issues, branches, comments, latest checks and the lines of the ledgers.

    `owner/name thread 12 body` and the like → what it is there.
    """
    whole = {one.full_name: _Standing(world, one).whole() for one in world.repositories.values()}
    return dict(_flat("", whole))


def _flat(path: str, found: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(found, dict):
        yield path, found
        return
    for name, one in found.items():
        yield from _flat(f"{path} {name}".strip(), one)


class _Standing:
    """What stands in one repository."""

    def __init__(self, world: World, repository: Repository) -> None:
        self.world, self.repository = world, repository

    def whole(self) -> dict[str, Any]:
        git = self.repository.git
        refs = {name.removeprefix("refs/heads/"): sha for name, sha in git.refs("heads/")}
        shown = {name: git.commit(sha).tree for name, sha in refs.items() if name != LEDGER}
        threads = {one.number: self._thread(one) for one in self.repository.issues.values()}
        return {
            "branch": shown,
            "thread": {number: one for number, one in threads.items() if one},
            "checks": self._checks(),
            "ledger": sorted(self._ledger(refs.get(LEDGER, ""))),
            "labels": sorted(one.name for one in self.repository.labels),
        }

    def _thread(self, issue: Issue) -> dict[str, Any]:
        """One of ours whole; of others' what we said there, in any order: each comment is edited in its place."""
        bot = self.world.bot
        said = sorted(self._plain(one.body) for one in issue.comments if one.user == bot)
        reactions = self.repository.reactions
        ours = [
            (place, kind)
            for place, one in enumerate(issue.comments)
            for _, who, kind in reactions.get(one.id, ())
            if who == bot
        ]
        shown: dict[str, Any] = {"said": said, "reactions": ours} if said or ours else {}
        if issue.user == bot:
            shown |= {
                "title": issue.title,
                "body": self._plain(issue.body or ""),
                "labels": sorted(label.name for label in issue.labels),
                "state": (issue.state, issue.state_reason),
                "said": said,
            }
        if issue.user == bot and issue.pull:
            shown["pull"] = (issue.pull.head, issue.pull.base, bool(issue.pull.merged_at), issue.pull.draft)
        return shown

    def _checks(self) -> list[tuple[Any, ...]]:
        """The latest of ours by name and commit."""
        latest = {(one.name, one.head_sha): one for one in self.repository.checks.values() if not one.app}
        return sorted(
            (name, self._plain(sha), one.status, one.conclusion, self._plain(json.dumps(one.output)))
            for (name, sha), one in latest.items()
        )

    def _ledger(self, tip: str) -> Iterator[str]:
        git = self.repository.git
        for entry in git.tree(tip, True) if tip else ():
            if entry.type == "blob":
                yield from (self._plain(line) for line in git.blob(entry.sha).decode().splitlines())

    def _plain(self, text: str) -> str:
        """Without times and ports; a commit of ours is told by its tree."""
        text = SHA.sub(lambda found: self._tree(found[0]), text)
        return NUMBERED.sub('"about":"COMMENT"', PORT.sub("HOST", TIME.sub("TIME", text)))

    def _tree(self, sha: str) -> str:
        git = self.repository.git
        return f"tree {git.commit(sha).tree}" if git.kind(sha) == "commit" else sha
