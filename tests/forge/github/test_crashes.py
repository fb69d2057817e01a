"""Whatever write is the last one before a crash, answered or not: the next run ends where an undisturbed one does."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.approval.labels import LABELS
from bot.forge.github.client import App
from bot.forge.github.errors import RateLimitedError, UnavailableError
from bot.forge.github.forge import GitHubForge
from bot.model import CloseChange, Edit, Effect, OpenIssue, OpenPull, Performed, replace
from tests.github.fixtures import FILES, LINKS, complaints
from tests.github.keys import pair
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World

Scenario = Callable[[OpenPull], tuple[Effect, ...]]


def guard(pull: OpenPull) -> OpenPull:
    return replace(pull, edits=(*pull.edits, Edit(".claude/hooks/guard.py", None, "print()\n", "100755")))


def revised(pull: OpenPull) -> OpenPull:
    edits = (replace(pull.edits[0], after="# Shop\n\nRead it twice.\n"), *pull.edits[1:])
    message = pull.message.replace(pull.revision, "00000000")
    return replace(pull, revision="00000000", message=message, edits=edits, body="More.")


def issue(pull: OpenPull) -> OpenIssue:
    return OpenIssue("octo/shop", pull.change, "deadbeef", pull.title, pull.body, ("flywheel", "flywheel:backlog"))


SCENARIOS: dict[str, Scenario] = {
    "a pull": lambda pull: (pull,),
    "a pull with a script": lambda pull: (guard(pull),),
    "a new revision": lambda pull: (pull, revised(pull)),
    "a new revision with a script": lambda pull: (guard(pull), revised(guard(pull))),
    "an issue": lambda pull: (issue(pull),),
    "an end": lambda pull: (pull, CloseChange("octo/shop", pull.change, pull.branch, "Gone.")),
    "a pull that becomes an issue": lambda pull: (pull, issue(pull)),
    "an issue that becomes a pull": lambda pull: (issue(pull), pull),
}


def begin(root: Path) -> tuple[World, Repository]:
    world = World(root, pair()[1])
    shop = world.repository("octo/shop", FILES, LINKS)
    world.install("octo", shop)
    return world, shop


@cache
def app_of(github: GitHub) -> App:
    return App(github.world.app_id, pair()[0], github.url, spacing=0.0)


def perform(github: GitHub, effect: Effect) -> Performed:
    """By a forge that has just started."""
    app = app_of(github)
    number = next(iter(github.world.installations))
    forge = GitHubForge("octo/shop", app.reader(number, "octo/shop"), app.writer(number, "octo/shop"), LABELS)
    try:
        return forge.perform(effect)
    finally:
        forge.close()


def standing(shop: Repository) -> dict[str, Any]:
    """All that people see: pulls, issues, what was said, labels, and what stands on each branch, commit by commit."""
    return {
        "threads": [
            (one.title, one.body, one.state, one.pull and one.pull.head, [said.body for said in one.comments])
            for one in shop.issues.values()
        ],
        "borne": [sorted(label.name for label in one.labels) for one in shop.issues.values()],
        "labels": sorted((one.name, one.color, one.description) for one in shop.labels),
        "branches": {
            name: [shop.git.commit(sha).tree for sha in shop.git.between("main", name)]
            for name, _ in shop.git.refs("heads/")
        },
    }


@pytest.mark.parametrize(("name", "kind"), [*((name, "lost") for name in SCENARIOS), ("a pull", "error")])
def test_the_next_run_completes_what_a_crash_left(name: str, kind: str, tmp_path: Path, pull: OpenPull) -> None:
    *before, last = SCENARIOS[name](pull)
    world, shop = begin(tmp_path / "whole")
    with GitHub(world) as github:
        for effect in before:
            perform(github, effect)
        writes = len(github.writes)
        perform(github, last)
        writes = len(github.writes) - writes
    wanted = standing(shop)

    assert writes > 1
    for at in range(1, writes + 1):
        world, shop = begin(tmp_path / str(at))
        with GitHub(world) as github:
            for effect in before:
                perform(github, effect)
            github.faults = [Fault(kind, at=at)]
            with pytest.raises(UnavailableError):
                perform(github, last)
            done = perform(github, last)
            again = perform(github, last)

            assert not github.mistakes
            assert not complaints(github)
        assert done.status != "refused", f"write {at}: {done.detail}"
        assert again.status in ("unchanged", "closed")
        assert wanted == standing(shop), f"write {at}"


def test_a_rate_limit_at_any_call_ends_the_job_and_the_next_one_completes_it(tmp_path: Path, pull: OpenPull) -> None:
    world, shop = begin(tmp_path / "whole")
    with GitHub(world) as github:
        perform(github, pull)
        calls = [one for one in github.exchanges if not one.path.endswith("/access_tokens")]
    wanted = standing(shop)

    for at in range(len(calls)):
        world, shop = begin(tmp_path / str(at))
        with GitHub(world) as github:
            github.faults = [Fault("secondary", after=at, path="^(?!.*access_tokens)")]
            with pytest.raises(RateLimitedError):
                perform(github, pull)
            asked = len(github.exchanges)
            perform(github, pull)

            assert asked <= at + 3, "nothing was asked after the limit, two tokens were"
        assert wanted == standing(shop), f"call {at}"
