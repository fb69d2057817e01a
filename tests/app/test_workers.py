"""Two workers at once, now one and now the other killed: between them they end where one alone would have."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.app.life import begin
from tests.app.listening import listening
from tests.app.small import STORY, At, Stages, end_state, story

EVERY = 5
"""Writes between two kills."""


@dataclass
class Pair:
    """Two processes that work; at each fifth write that GitHub has done and not answered, one dies and is replaced."""

    at: At
    chance: random.Random
    lives: list[subprocess.Popen[str]] = field(default_factory=list)
    writes: int = 0
    killed: int = 0

    def begin(self) -> subprocess.Popen[str]:
        return begin("work", self.at.world.app_id, self.at.github.url, self.at.app.folder)

    def written(self, _path: str) -> None:
        """Kill one of them."""
        self.writes += 1
        if self.writes % EVERY:
            return
        dead = self.lives.pop(self.chance.randrange(2))
        dead.kill()
        dead.wait()
        self.killed += 1
        self.lives.append(self.begin())


@contextmanager
def a_pair(at: At, seed: int) -> Iterator[Pair]:
    """Both at work until the end of the block."""
    pair = Pair(at, random.Random(seed))
    pair.lives += [pair.begin(), pair.begin()]
    at.github.written = pair.written
    try:
        yield pair
    finally:
        at.github.written = lambda _path: None
        for life in pair.lives:
            life.terminate()
        assert [0, 0] == [life.wait(30) for life in pair.lives]


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_45_two_workers_of_which_one_dies_again_and_again_end_where_one_would_have(
    stages: Stages, tmp_path: Path, seed: int
) -> None:
    with story(stages, tmp_path / "all") as at, listening(at) as ear:
        ear.live()
        with a_pair(at, seed) as pair:
            for step in STORY:
                step(at)
                ear.settle()
        at.app.ahead = timedelta(hours=1)
        at.last_sweep()

        assert pair.killed > len(STORY)
        assert end_state(stages.end().world) == end_state(at.world)
