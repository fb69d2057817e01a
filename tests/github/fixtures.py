"""The stand-in as a fixture: when a test ends, everything it answered is held against what is not ours.

That is GitHub's own description and schema where `../shared/github` is present, and `git fsck` over every repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import github as pygithub
import pytest
from graphql import parse, validate

from tests.github import oracle
from tests.github.keys import pair
from tests.github.server import GitHub
from tests.github.world import Repository, World

FILES = {"AGENTS.md": "# Shop\n", ".claude/hooks/format.sh": "true\n", "src.py": "x = 1\n"}
LINKS = {"CLAUDE.md": "AGENTS.md"}
NOISE = (
    r"labels\[\d+\].description: None is not of type 'string'",
    r"/labels 200 request: \$: \['",
    r"GET /app/installations 200: \$\[\d+\].account",
    r"GET /search/issues 200: \$.items\[0\].body: None",
)
"""Where the description is wrong about GitHub (research/github-emulation.md §2.2), and PyGithub's bare lists."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "github", pair()[1])


@pytest.fixture
def shop(world: World) -> Repository:
    """octo/shop, with the App installed."""
    made = world.repository("octo/shop", FILES, LINKS)
    world.install("octo", made)
    return made


@pytest.fixture
def github(world: World) -> Iterator[GitHub]:
    with GitHub(world) as running:
        yield running
    assert [] == running.mistakes
    said = complaints(running)
    assert not said, "\n".join(said)
    for repository in world.repositories.values():
        repository.git.run("fsck", "--strict", "--no-dangling")


@pytest.fixture
def ann(github: GitHub, world: World) -> pygithub.Github:
    """A person with her own client: PyGithub, which knows nothing of ours."""
    auth = pygithub.Auth.Token(world.person_token("ann"))
    return pygithub.Github(
        base_url=github.url, auth=auth, seconds_between_writes=None, seconds_between_requests=None, retry=None
    )


def complaints(github: GitHub) -> list[str]:
    """What GitHub's description and schema say against the calls of a test; nothing where they are not at hand."""
    if not oracle.DESCRIPTION.exists():
        return []
    said = [oracle.complaint(one) for one in github.exchanges]
    said += [
        error.message
        for one in github.exchanges
        if one.template == "/graphql" and one.status < 400
        for error in validate(oracle.schema(), parse(one.request["query"]))
    ]
    hook = github.world.hook
    said += [oracle.webhook_complaint(one.event, one.action, one.payload) for one in (*hook.deliveries, *hook.waiting)]
    return [one for one in said if one and not any(re.search(noise, one) for noise in NOISE)]
