"""A look is made in pieces, the newest heads first; each is looked at once, whatever stops it in between."""

from __future__ import annotations

import pytest

from bot.errors import UserError
from bot.forge.github.pace import RESERVE
from bot.jobs.looking import EPOCH, NEARLY_SPENT, Piece, look
from bot.jobs.memory import Last, Memory
from tests.github.server import Fault
from tests.jobs.collecting_world import NOW, Case, ann, case, github, head, shop, world

__all__ = ["ann", "case", "github", "shop", "world"]


@pytest.fixture
def memory(case: Case) -> Memory:
    return Memory(case.store.parent / "memory")


@pytest.fixture
def heads(case: Case) -> list[str]:
    """Of three pulls that failed, the newest first."""
    found = [head(case.pull()) for _ in range(3)]
    for minute, sha in enumerate(found):
        case.world.run(case.shop, sha, created=case.at(minute))
    return found[::-1]


def piece(case: Case, memory: Memory, most: int = 2) -> Piece:
    return look(case.source(), case.place, memory, most, lambda: NOW)


def test_where_nothing_ended_yet_nobody_waits_for_a_first_look(case: Case, memory: Memory) -> None:
    assert Piece() == piece(case, memory)
    assert Last(EPOCH) == memory.last(case.shop.id)


def test_what_is_left_of_a_look_goes_on_before_a_new_one_begins(case: Case, memory: Memory, heads: list[str]) -> None:
    first = piece(case, memory)
    kept = memory.last(case.shop.id)
    case.calls()
    second = piece(case, memory)
    calls = case.calls()

    assert (2, 2, 1, False) == (first.heads, first.fresh, first.waiting, first.low)
    assert ("1 heads wait",) == first.notes
    assert ("", (heads[2],)) == (kept.looked, kept.waiting)
    assert (1, 1, 0) == (second.heads, second.fresh, second.waiting)
    assert Last(kept.until) == memory.last(case.shop.id)
    assert [] == [call for call in calls if heads[0] in call or "status=failure" in call]


def test_a_look_that_is_cut_off_goes_on_where_it_was(case: Case, memory: Memory, heads: list[str]) -> None:
    source = case.source()
    asked = source.runs
    source.runs = lambda head_sha: asked(head_sha) if head_sha != heads[1] else refuse()  # type: ignore[method-assign]
    with pytest.raises(UserError):
        look(source, case.place, memory, 3, lambda: NOW)

    assert tuple(heads[1:]) == memory.last(case.shop.id).waiting
    assert (2, 2, 0) == (piece(case, memory).heads, len(set(heads[1:])), len(memory.last(case.shop.id).waiting))


def refuse() -> tuple[()]:
    raise UserError("no")


def test_with_the_hours_last_calls_nothing_is_collected_and_nothing_forgotten(
    case: Case, memory: Memory, heads: list[str]
) -> None:
    piece(case, memory, 1)
    case.github.limit = RESERVE - 1
    case.github.remaining.clear()
    source = case.source()
    assert source.runs_since("", "success", 1) == ()
    kept = memory.last(case.shop.id)

    found = look(source, case.place, memory, 2, lambda: NOW)

    assert (0, 2, True) == (found.heads, found.waiting, found.low)
    assert (f"2 heads wait: {NEARLY_SPENT}",) == found.notes
    assert kept == memory.last(case.shop.id)


def test_what_cannot_be_read_for_a_moment_is_asked_for_again(case: Case, memory: Memory, heads: list[str]) -> None:
    case.github.faults.append(Fault("error", path=".*/actions/runs"))

    assert len(heads) == piece(case, memory, 3).fresh
