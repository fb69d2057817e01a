"""The pace: writes are a second apart, and what is left of an hour's budget is left alone."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.forge.github.errors import RateLimitedError
from bot.forge.github.pace import Pace


def paced(**more: float) -> tuple[Pace, list[float]]:
    waits: list[float] = []
    now = [100.0]

    def sleep(seconds: float) -> None:
        waits.append(round(seconds, 3))
        now[0] += seconds

    return Pace(clock=lambda: now[0], sleep=sleep, **more), waits  # type: ignore[arg-type]


def told(left: int, seconds: float, resource: str = "core") -> dict[str, str]:
    return {
        "x-ratelimit-remaining": str(left),
        "x-ratelimit-reset": str(int(time.time() + seconds)),
        "x-ratelimit-resource": resource,
    }


def test_reads_never_wait() -> None:
    pace, waits = paced()

    for _ in range(5):
        pace.begin(write=False)

    assert [] == waits


def test_writes_are_a_second_apart() -> None:
    pace, waits = paced()

    for _ in range(3):
        pace.begin(write=True)

    assert [1.0, 1.0] == waits


@pytest.mark.parametrize("headers", [{}, {"x-ratelimit-remaining": "none"}, told(0, 60, "search"), told(200, 60)])
def test_what_says_nothing_of_the_budget_stops_nothing(headers: dict[str, str]) -> None:
    pace, _ = paced()
    pace.note(headers)

    pace.begin(write=True)


def test_the_last_calls_are_for_what_cannot_wait() -> None:
    pace, _ = paced()
    assert pace.low_until() == 0.0
    pace.note(told(200, 60))
    assert pace.low_until() == 0.0
    pace.note(told(199, 60))

    pace.begin(write=True)

    assert 50 < pace.low_until() - time.time() <= 60


def test_a_budget_that_is_spent_puts_everything_off_until_it_is_renewed() -> None:
    pace, _ = paced()
    pace.note(told(0, 60))

    with pytest.raises(RateLimitedError) as error:
        pace.begin(write=False)

    assert 50 < error.value.until - time.time() <= 60
    pace.note(told(5000, 3600))
    pace.begin(write=True)


@pytest.mark.parametrize("ahead", [-600, 600])
def test_54_when_the_budget_is_renewed_is_githubs_time_and_not_ours(ahead: int) -> None:
    pace, _ = paced()
    headers = told(0, 60 + ahead) | {"date": format_datetime(datetime.now(UTC) + timedelta(seconds=ahead))}
    pace.note(headers)

    assert 55 < pace.low_until() - time.time() < 65


def test_a_limit_that_has_passed_holds_nobody() -> None:
    pace, _ = paced()
    pace.note(told(0, -1))

    pace.begin(write=True)
