"""The App at work on the stand-in as `flywheel sweep` runs it: a real queue, real HTTP, real git."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.approval.labels import LABELS
from bot.commands.sweeping import sweep
from bot.commands.wiring import shipped_detectors, shipped_policy
from bot.engine.inbox import Inbox
from bot.forge.github.client import App
from bot.forge.github.premises import Premises
from bot.jobs.memory import Memory
from bot.jobs.office import Office
from tests.github import keys
from tests.github.server import GitHub
from tests.github.world import World

STORES = ("localhost",)
PUT_SECONDS = 30.0


@dataclass
class Running:
    """One installation of Flywheel: its folder, its clock (`ahead` of ours), its switch."""

    world: World
    github: GitHub
    folder: Path
    ahead: timedelta = timedelta()
    paused: bool = False
    notes: list[str] = field(default_factory=list)

    def sweep(self, times: int = 1) -> dict[str, Any]:
        """Sweep, and work off what there is; the last record. What failed fails the test."""
        record: dict[str, Any] = {}
        for _ in range(times):
            with closing(self.inbox()) as inbox:
                record = sweep(self.office(inbox), inbox)
            self.notes += record["notes"]
            assert not record["failed"], record["failed"]
        return record

    def inbox(self) -> Inbox:
        return Inbox(f"sqlite:///{self.folder / 'inbox.db'}")

    def office(self, inbox: Inbox) -> Office:
        return Office(
            premises=Premises(App(self.world.app_id, keys.pair()[0], self.github.url, spacing=0.0), LABELS, STORES),
            memory=Memory(self.folder / "data"),
            policy=shipped_policy(),
            detectors=shipped_detectors(),
            put=lambda hint: inbox.put(hint, time.time()).result(PUT_SECONDS),
            now=self.now,
            paused=lambda: self.paused,
        )

    def now(self) -> str:
        return (datetime.now(UTC) + self.ahead).isoformat(timespec="seconds")


@pytest.fixture
def app(world: World, github: GitHub, tmp_path: Path) -> Running:
    return Running(world, github, tmp_path / "flywheel")
