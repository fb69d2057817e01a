"""The App at work on the stand-in as `flywheel sweep` runs it: a real queue, real HTTP, real git."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.approval.labels import LABELS
from bot.commands.sweeping import sweep
from bot.commands.wiring import shipped_detectors, shipped_policy
from bot.engine.inbox import Inbox
from bot.errors import AwayError, LaterError
from bot.forge.github.client import App
from bot.forge.github.premises import Premises
from bot.jobs.memory import Memory
from bot.jobs.office import Office
from tests.github import keys
from tests.github.server import GitHub
from tests.github.world import World

STORES = ("localhost",)
PUT_SECONDS = 30.0


def queue(folder: Path) -> Inbox:
    """What hints wait in."""
    return Inbox(f"sqlite:///{folder / 'inbox.db'}")


def office(app: App, folder: Path, inbox: Inbox) -> Office:
    """All that acts."""
    return Office(
        premises=Premises(app, LABELS, STORES),
        memory=Memory(folder / "data"),
        policy=shipped_policy(),
        detectors=shipped_detectors(),
        put=lambda hint: inbox.put(hint, time.time()).result(PUT_SECONDS),
        now=now,
        paused=lambda: False,
    )


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


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
            record = self.attempt()
            assert not record["failed"], record["failed"]
        return record

    def attempt(self) -> dict[str, Any]:
        """A sweep in which something may fail, or in which GitHub may be away; its record."""
        with closing(self.inbox()) as inbox:
            try:
                record = sweep(self.office(inbox), inbox, now=lambda: time.time() + self.ahead.total_seconds())
            except (AwayError, LaterError) as error:
                record = {"failed": [str(error)], "notes": []}
        self.notes += record["notes"]
        return record

    def inbox(self) -> Inbox:
        return queue(self.folder)

    def office(self, inbox: Inbox) -> Office:
        api = self.github.url + ("/api/v3" if self.github.enterprise else "")
        made = office(App(self.world.app_id, keys.pair()[0], api, spacing=0.0), self.folder, inbox)
        return replace(made, now=self.now, paused=self.is_paused)

    def is_paused(self) -> bool:
        return self.paused

    def now(self) -> str:
        return (datetime.now(UTC) + self.ahead).isoformat(timespec="seconds")


@pytest.fixture
def app(world: World, github: GitHub, tmp_path: Path) -> Running:
    return Running(world, github, tmp_path / "flywheel")
