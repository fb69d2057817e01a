"""Caps: what stands open stays, and nothing is added beyond what a repository and its owner are asked to look at."""

import pytest

from bot.approval.caps import capped
from bot.approval.policy import Caps
from bot.model import Contrast, Decision, Entry, Modification, Pattern, Prediction, Proposal, Remedy

CAPS = Caps(open_pulls=3, new_per_run=2, new_per_day=1, cooldown_days=3, issues=3, issues_of_category=2)
NOW = "2026-03-10T12:00:00+00:00"


def proposal(change: str, repository: str = "octo/shop", tier: str = "interactive", detector: str = "d") -> Proposal:
    contrast = Contrast("task", 1, 5, 50, 5, 0, None, 2.0, None, 0.01)
    pattern = Pattern("p", detector, "actionable", contrast, (repository,), ("t",), 5, 0, 5, 50, ())
    made = Modification(
        change, "0" * 8, repository, detector, "instructions", "managed-block", "Title", (), (), Prediction((), ()),
        pattern, Remedy("instructions", "text"),
    )  # fmt: skip
    return Proposal(made, Decision(tier, ()))


def entry(event: str, change: str, at: str = NOW, tier: str = "interactive", repository: str = "octo/shop") -> Entry:
    return Entry(at, event, repository, change, "d", tier=tier, category="managed-block/instructions/d")


def held(proposals: list[Proposal]) -> list[str]:
    return [one.decision.held for one in proposals]


def test_what_is_open_already_stays_open() -> None:
    standing = [entry("proposed", f"c{number}") for number in range(5)]

    kept = capped([proposal("c0"), proposal("c4")], standing, standing, CAPS, NOW)

    assert ["", ""] == held(kept)


def test_the_limit_is_named_with_its_count() -> None:
    standing = [entry("proposed", f"c{number}", "2026-03-01T00:00:00+00:00") for number in range(3)]

    kept = capped([proposal("new")], standing, standing, CAPS, NOW)

    assert ["cap: 3 of 3 pulls open"] == held(kept)


def test_the_first_ones_go_and_the_rest_wait_in_their_order() -> None:
    kept = capped([proposal(f"n{number}") for number in range(100)], [], [], CAPS)

    assert ["n0", "n1"] == [one.modification.id for one in kept if not one.decision.held]
    assert [f"n{number}" for number in range(100)] == [one.modification.id for one in kept]


def test_one_new_pull_a_day_is_enough_and_only_where_time_is_kept() -> None:
    yesterday = entry("proposed", "old", "2026-03-09T13:00:00+00:00")

    assert ["cap: 1 of 1 new pulls today"] == held(capped([proposal("n")], [], [yesterday], CAPS, NOW))
    assert [""] == held(capped([proposal("n")], [], [yesterday], CAPS))
    assert [""] == held(capped([proposal("n", "octo/other")], [], [yesterday], CAPS, NOW))


@pytest.mark.parametrize(("day", "expected"), [("2026-03-08", True), ("2026-03-06", False)])
def test_after_a_no_a_repository_has_some_days_of_rest(day: str, expected: bool) -> None:
    said = entry("dismissed", "old", f"{day}T12:00:00+00:00")

    assert expected is bool(held(capped([proposal("n")], [], [said], CAPS, NOW))[0])


def test_an_owner_gets_few_issues_and_fewer_of_one_category() -> None:
    issues = [proposal(f"i{number}", f"octo/r{number}", "backlog", f"d{number // 3}") for number in range(6)]

    kept = capped([*issues, proposal("theirs", "other/r", "backlog")], [], [], CAPS, NOW)

    assert ["i0", "i1", "i3", "theirs"] == [one.modification.id for one in kept if not one.decision.held]
    assert "cap: 2 of 2 issues of this category open" == kept[2].decision.held
    assert "cap: 3 of 3 issues open" == kept[5].decision.held


def test_what_is_held_for_another_reason_keeps_that_reason_and_takes_no_place() -> None:
    refused = proposal("no")
    refused = Proposal(refused.modification, Decision("interactive", (), "dismissed"))

    assert ["dismissed", "", ""] == held(capped([refused, proposal("a"), proposal("b")], [], [], CAPS))
