"""A repository on the stand-in with pulls of an agent, and our reader of it: what the tests of collecting share."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import github as pygithub
import pytest

from bot.forge.github.actions import Actions
from bot.forge.github.client import MINE, App
from bot.hosting.places import Repository as Place
from bot.jobs.collecting import Collected, collect_head
from bot.model import Episode
from bot.signals.collect import collect
from tests.github.fixtures import ann, github, shop, world
from tests.github.git import Person
from tests.github.keys import pair
from tests.github.server import GitHub
from tests.github.world import Issue, Repository, World

__all__ = ["ann", "case", "github", "shop", "world"]

NOW = "2026-11-25T04:00:00+00:00"
JUNIT = (
    '<testsuites><testsuite name="pytest"><testcase classname="t" name="test_x">{}</testcase></testsuite></testsuites>'
)
RED, GREEN = JUNIT.format('<failure message="assert 1 == 2"/>'), JUNIT.format("")


def transcript(session: str = "s1", said: str = "Done.") -> str:
    """A Claude Code session with one command, as the CLI writes it."""
    rows = [
        {"type": "user", "message": {"role": "user", "content": "Fix it"}},
        {
            "type": "assistant",
            "message": {
                "id": "m1",
                "role": "assistant",
                "model": "claude-opus-4",
                "content": [{"type": "tool_use", "id": "c1", "name": "Bash", "input": {"command": "pytest"}}],
            },
        },
        {
            "type": "user",
            "message": {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "1 failed"}],
            },
        },
        {
            "type": "assistant",
            "message": {"id": "m2", "role": "assistant", "content": [{"type": "text", "text": said}]},
        },
    ]
    common = {"sessionId": session, "cwd": "/repo", "version": "2.0.0"}
    stamped = [
        {**common, **row, "uuid": f"{session}-{at}", "timestamp": f"2026-11-25T03:00:0{at}.000Z"}
        for at, row in enumerate(rows)
    ]
    return "".join(json.dumps(row) + "\n" for row in stamped)


def bundle(head_sha: str = "", *, files: Mapping[str, str] | None = None, **more: object) -> dict[str, str]:
    """What `flywheel embed` would have uploaded for a head."""
    named = {"transcripts/s1.jsonl": transcript()} if files is None else dict(files)
    kinds = {name: name.partition("/")[0].rstrip("s") for name in named}
    manifest = {
        "flywheel_bundle": 1,
        "repository": "octo/shop",
        "head_sha": head_sha,
        "files": [{"path": name, "kind": kind} for name, kind in kinds.items()],
        **more,
    }
    return {"manifest.json": json.dumps(manifest), **named}


@dataclass
class Case:
    """octo/shop with the App on it, an evidence store, and what collecting finds there."""

    github: GitHub
    world: World
    shop: Repository
    ann: pygithub.Github
    store: Path
    count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    counted: int = 0

    @property
    def place(self) -> Place:
        return Place(self.shop.id, "octo/shop", 1, branch="main")

    def source(self) -> Actions:
        """A fresh reader, as every visit has one."""
        app = App(self.world.app_id, pair()[0], self.github.url, spacing=0.0)
        reader = app.reader(app.installation("octo/shop"), "octo/shop", MINE)
        return Actions("octo/shop", reader, self.world.bot.id, ("localhost",))

    def commit(self, branch: str, message: str = "Change", by: str = "ann", **files: str) -> str:
        """One commit more on a branch, which begins at main."""
        git = self.shop.git
        tip = git.ref(f"refs/heads/{branch}") or git.ref("refs/heads/main")
        named = {name.replace("__", "."): text for name, text in files.items()} or {
            f"f{next(self.count)}.py": "x = 2\n"
        }
        rows = [("100644", git.write_blob(text.encode()), name) for name, text in named.items()]
        kind = "Bot" if by.endswith("[bot]") else "User"
        who = self.world.user(by, kind)
        person = Person(who.login, f"{who.id}+{who.login}@users.noreply.github.com", "2026-11-25T03:00:00Z")
        sha = git.write_commit(git.write_tree(tip, rows), (tip,), message + "\n", person, person)
        git.move(f"refs/heads/{branch}", sha)
        return sha

    def pull(self, branch: str = "", message: str = "Change", by: str = "ann", body: str = "b") -> Issue:
        """An open pull from a branch of the repository, with one commit by somebody."""
        branch = branch or f"work-{next(self.count)}"
        self.commit(branch, message, by)
        made = self.ann.get_repo("octo/shop").create_pull(title="t", body=body, head=branch, base="main")
        issue = self.shop.issues[made.number]
        issue.user = self.world.user(by, "Bot" if by.endswith("[bot]") else "User")
        return issue

    def collect(self, sha: str, source: Actions | None = None) -> Collected:
        return collect_head(source or self.source(), self.place, sha, self.store, NOW)

    def episodes(self) -> list[Episode]:
        return list(collect([self.store]))

    def calls(self) -> list[str]:
        """What was asked of the API since the last time, and not for a token."""
        paths = [one.path.removeprefix("/repos/octo/shop/") for one in self.github.exchanges]
        fresh, self.counted = paths[self.counted :], len(paths)
        return [path for path in fresh if not path.endswith(("/access_tokens", "installation"))]

    def at(self, minute: int) -> str:
        """A time so many minutes after three o'clock, or before."""
        return (datetime(2026, 11, 25, 3, tzinfo=UTC) + timedelta(minutes=minute)).isoformat()

    def manifest(self, sha: str) -> dict[str, Any]:
        """What the store says of a head."""
        found = json.loads((self.store / "octo/shop" / sha / "manifest.json").read_text())
        assert isinstance(found, dict)
        return found

    def episode(self, sha: str) -> Episode:
        """The one episode of a head."""
        (found,) = [one for one in self.episodes() if one.head_sha == sha]
        return found


def head(pull: Issue) -> str:
    """The head of a pull."""
    assert pull.pull
    return pull.pull.head_sha


@pytest.fixture
def case(github: GitHub, world: World, shop: Repository, ann: pygithub.Github, tmp_path: Path) -> Case:
    return Case(github, world, shop, ann, tmp_path / "evidence")
