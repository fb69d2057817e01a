"""The dashboard says what stands, and nothing that changes without a cause."""

from bot.model import replace
from bot.pages.dashboard import Board, Category, Open, Watching, curve, dashboard
from tests.jobs.shelf import CHANGE, proposed


class Charts:
    seen, failed, recurred, failing, recurring, fell, alarm = 12, 3, 1, 1.5, 0.0, None, ""


ENTRY = proposed(number=7)


def test_an_empty_board_says_so():
    assert dashboard(Board()).count("Nothing") == 4


def test_open_held_watched_dismissed_and_categories_are_shown():
    no = replace(ENTRY, event="dismissed", reason="@team we *never* do that")
    row = Category("guard-threshold/hooks/loops/x", 9, 1, 2, False, "", (1, 12))
    text = dashboard(
        Board(
            opened=[Open(ENTRY)],
            waiting=[Open(ENTRY, "cap: 3 of 3 pulls open")],
            watched=[Watching(ENTRY, Charts(), [0.0, 2.0, 4.0], 4.0)],
            dismissed=[no],
            categories=[row],
            stopped=["owner: by 5"],
            off=["its default branch is not protected"],
            swept="2026-03-01T00:00:00Z",
        )
    )

    assert f"`{CHANGE}` (#7), interactive, 6 failed runs; held: cap: 3 of 3 pulls open" in text
    assert "`▁▄█` Watched over 12 runs since: 3 failed" in text
    assert "It may come back at 12 failed runs" in text
    assert "@team" not in text
    assert "| 9 | 1 | 2 | lacks 12 more successes and 1 more repository |" in text
    assert "**Merges are stopped**: owner: by 5." in text
    assert "Last sweep: 2026-03-01." in text


def test_a_curve_is_drawn_up_to_the_alarm_and_of_the_last_runs_only():
    assert curve([], 5.0) == ""
    assert curve([0.0, 5.0, 9.0], 5.0) == "▁██"
    assert len(curve([1.0] * 100, 5.0)) == 60
