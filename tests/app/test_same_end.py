"""However the App hears of what people do, and whatever is lost, the same stands on GitHub when all is done."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.app.listening import Ear, listening, twice_and_shuffled, working
from tests.app.small import (
    API,
    CHANGE,
    NAMES,
    ROOM,
    SHARED,
    STORY,
    Stages,
    answer,
    configure,
    end_state,
    running,
    story,
)
from tests.github.hooks import Delivery

pytestmark = pytest.mark.long


def test_the_story_ends_as_people_wanted(stages: Stages) -> None:
    end = end_state(stages.end().world)

    became = {}
    for name in NAMES:
        (thread,) = [
            path.removesuffix(" title") for path, one in end.items() if path.startswith(name) and one == CHANGE
        ]
        became[name] = (end[f"{thread} state"][0], end.get(f"{thread} pull", ("", "", None))[2])
    assert {API: ("closed", True), ROOM: ("closed", False), SHARED: ("open", None)} == became


def test_webhooks_lead_where_sweeps_lead_and_old_ones_under_new_ids_nowhere(stages: Stages, tmp_path: Path) -> None:
    with story(stages, tmp_path / "all") as at:
        with listening(at) as ear, working(ear):
            ear.live()
            for step in STORY:
                step(at)
                ear.settle()
        at.last_sweep()
        assert end_state(stages.end().world) == end_state(at.world)
        written = len(at.github.writes)
        with listening(at) as ear, working(ear):
            ear.hold()
            replay(ear, at.world.hook.deliveries)
            ear.settle()

        assert [] == at.github.writes[written:]
        assert end_state(stages.end().world) == end_state(at.world)


@pytest.mark.parametrize("seed", [1, 2])
def test_webhooks_twice_and_in_any_order_lead_there_too(stages: Stages, tmp_path: Path, seed: int) -> None:
    with story(stages, tmp_path / "all") as at:
        with listening(at) as ear, working(ear):
            ear.hold()
            for step in STORY:
                step(at)
                ear.settle(twice_and_shuffled(seed))
        at.last_sweep()
        assert end_state(stages.end().world) == end_state(at.world)


def replay(ear: Ear, deliveries: Sequence[Delivery]) -> None:
    """Captured deliveries once more, as an attacker would: whole, in any order, as if they were new."""
    chance = random.Random(7)
    again = [replace(one, guid=str(uuid.UUID(int=chance.getrandbits(128))), status=0) for one in deliveries]
    ear.at.world.hook.waiting += chance.sample(again, len(again))


def test_what_was_dropped_for_a_day_is_made_good_by_the_sweep(stages: Stages, tmp_path: Path) -> None:
    with story(stages, tmp_path / "all") as at, listening(at) as ear:
        ear.live()
        at.world.hook.mangle = lambda _waiting: ()
        for step in STORY:
            step(at)
            at.app.sweep(2)
        assert {504} == {one.status for one in at.world.hook.deliveries}
        at.world.hook.mangle = tuple
        record = at.app.sweep()

        assert record["resent"] > 0
        assert end_state(stages.end().world) == end_state(at.world)


def test_all_of_ours_deleted_takes_nothing_back_and_leaves_the_same_standing(stages: Stages, tmp_path: Path) -> None:
    with running(stages.after(configure).copy(tmp_path / "all"), tmp_path / "all/flywheel") as at:
        at.app.sweep()
        before, written = end_state(at.world), len(at.github.writes)
        at.app.folder = tmp_path / "anew"
        at.app.sweep()
        assert [] == at.github.writes[written:]
        assert before == end_state(at.world)
        answer(at)
        at.app.folder = tmp_path / "once more"
        at.app.sweep(2)

        assert end_state(stages.end().world) == end_state(at.world)
