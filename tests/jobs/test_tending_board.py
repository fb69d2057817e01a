"""The dashboard issue of a repository is made of its ledger and its runs alone."""

from bot.jobs.tending_board import dashboard
from bot.jobs.tending_sight import Known
from bot.model import Proposal, replace
from tests.jobs.shelf import CHANGE, MADE, POLICY, REPOSITORY, decision, ledger, modification, proposed
from tests.jobs.test_tending_watch import runs, turn

WENT = replace(proposed("autonomous"), event="merged", at="2026-03-01T12:00:00Z", head=MADE, number=7)


def board(*entries, **known):
    told = ledger(*entries)
    what = Known(told, POLICY, owner=told, **known)
    return dashboard(REPOSITORY, what, told, ("unprotected",), (), "2026-03-28T00:00:00Z")


def test_two_looks_at_the_same_state_are_the_same_issue():
    one, two = board(proposed()), board(proposed())

    assert one == two
    assert "not protected" in one.body
    assert (one.change == board().change, one.revision == board().revision) == (True, False)


def test_a_merged_change_is_shown_with_its_curve_and_a_held_one_with_its_limit():
    episodes = [*runs(6, 54, "2026-02"), *runs(4, 8, "2026-03")]
    watched = board(proposed("autonomous"), WENT, episodes=episodes, turn=turn(episodes, 3)).body
    held = replace(decision(), held="cap: 1 of 1 new pulls today")
    waits = board(proposals={CHANGE: Proposal(modification(), held)}).body

    assert "Watched over 12 runs since: 4 failed" in watched
    assert "█" in watched or "▃" in watched
    assert "held: cap: 1 of 1 new pulls today" in waits
