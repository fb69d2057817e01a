"""The abuse cases of research/bots.md §4 that the App as a whole is exposed to, by number (45 is in test_killed.py)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.app.office import Running
from tests.app.small import API, CHANGE, NAMES, At, Stages, answer, choose, end_state, running
from tests.github.fleet import OWNER
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World

DAY = 86_400
CALLS = 25
"""Into a visit of the repository: evidence was looked at, and what people did was not."""


@pytest.mark.long
def test_41_a_configuration_that_only_a_pull_has_is_no_configuration(stages: Stages, tmp_path: Path) -> None:
    with running(stages.after(choose).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        at.app.sweep(2)

        assert [] == [one.title for name in NAMES for one in at.ours(name) if one.title == CHANGE]


@pytest.mark.parametrize("kind", ["primary", "secondary", "many"])
def test_46_a_limit_puts_off_its_installation_and_no_other(
    world: World, shop: Repository, github: GitHub, app: Running, kind: str
) -> None:
    """Whoever slept on it would sleep here until tomorrow."""
    world.install("elsewhere", world.repository("elsewhere/lamp", {"AGENTS.md": "Be kind.\n"}))
    github.faults.append(Fault(kind, path=f"/repos/{shop.full_name}.*", wait=DAY))

    record = app.attempt()

    assert (record["visited"], record["failed"]) == (1, [])
    assert record["deferred"] > 0
    github.remaining.clear()
    app.ahead = timedelta(minutes=50) if kind == "primary" else timedelta(hours=25)
    assert app.sweep()["visited"] >= 2


@pytest.mark.long
def test_46_a_token_that_ends_in_the_middle_is_asked_for_once_more(stages: Stages, tmp_path: Path) -> None:
    settled = stages.settled(answer)
    with running(stages.after(answer).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        in_the_middle(at, lambda: take_back(at.world))
        at.app.sweep(2)

        assert settled == end_state(at.world)


def take_back(world: World) -> None:
    """Every token of the App has ended."""
    world.tokens = {token: one for token, one in world.tokens.items() if one.kind != "installation"}


def archived(at: At) -> Callable[[], None]:
    found = at.repository(API)
    found.archived = True
    return lambda: setattr(found, "archived", False)


def suspended(at: At) -> Callable[[], None]:
    (made,) = at.world.installations.values()
    made.suspended = True
    take_back(at.world)
    return lambda: setattr(made, "suspended", False)


def uninstalled(at: At) -> Callable[[], None]:
    (made,) = at.world.installations.values()
    at.world.installations.clear()
    take_back(at.world)
    return lambda: at.world.installations.update({made.id: made})


@pytest.mark.long
@pytest.mark.parametrize("what", [archived, suspended, uninstalled])
def test_48_what_becomes_of_a_repository_in_the_middle_of_a_visit_loses_nothing(
    stages: Stages, tmp_path: Path, what: Callable[[At], Callable[[], None]]
) -> None:
    settled = stages.settled(answer)
    with running(stages.after(answer).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        back: list[Callable[[], None]] = []
        in_the_middle(at, lambda: back.append(what(at)))
        at.app.attempt()
        at.app.attempt()
        back[0]()
        at.app.ahead = timedelta(hours=2)
        at.app.sweep(2)

        assert settled == end_state(at.world)


@pytest.mark.long
def test_48_a_repository_that_is_renamed_in_the_middle_of_a_visit_is_the_same_repository(
    stages: Stages, tmp_path: Path
) -> None:
    """Its ledger tells of either name what was done under it; whoever reads it knows whose ledger it is."""
    settled = stages.settled(answer)
    with running(stages.after(answer).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        evidence = {path.name for path in (at.app.folder / "data/evidence" / API).iterdir()}
        in_the_middle(at, lambda: setattr(at.repository(API), "name", "parcels"))
        at.app.attempt()
        at.app.ahead = timedelta(hours=2)
        at.app.sweep(2)

        assert evidence == {path.name for path in (at.app.folder / f"data/evidence/{OWNER}/parcels").iterdir()}
        assert called(settled) == called(end_state(at.world), f"{OWNER}/parcels")


def called(state: Mapping[str, Any], name: str = API) -> dict[str, Any]:
    """The same under the name of before."""
    found: dict[str, Any] = json.loads(json.dumps(state).replace(name, API))
    return {path: sorted(one) if path.endswith(" ledger") else one for path, one in found.items()}


def in_the_middle(at: At, do: Callable[[], object]) -> None:
    """Let it happen before the 25th call about one repository is answered."""
    left = [CALLS]

    def heard(path: str) -> None:
        left[0] -= path.startswith(f"/repos/{API}/")
        if left[0] == 0:
            left[0] -= 1
            do()

    at.github.heard = heard
