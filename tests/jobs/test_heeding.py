"""What people did is obeyed before any evidence is looked at, and what needs it is left as it stands till then."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.approval.switches import Lookup
from bot.hosting.acts import Disarm, Merge, PutLabels, React, Restore, Say, ShowCheck
from bot.hosting.pulls import Pull, Thread
from bot.jobs.tending import heed, tend
from bot.jobs.tending_sight import Known, Sight, Tended
from bot.model import CloseChange, Entry, OpenPull, Proposal, replace
from tests.jobs.shelf import (
    GROUND,
    HEAD,
    MADE,
    NOW,
    OURS,
    POLICY,
    READER,
    REPOSITORY,
    TRIAGER,
    UNLOCKED,
    WRITER,
    Shelf,
    acts,
    comment,
    decision,
    events,
    ledger,
    merged,
    modification,
    proposed,
    pull,
    thread,
    touched,
)

AFTERWARDS = replace(GROUND, head=MADE)
MINE = replace(proposed("autonomous"), number=7)


def heeded(
    *entries: Entry, pulls: Sequence[Pull] = (), issues: Sequence[Thread] = (), lookups: Sequence[Lookup] = UNLOCKED
) -> Tended:
    known = Known(ledger(*entries), POLICY, lookups=lookups)
    return heed(Sight(REPOSITORY, AFTERWARDS, pulls, issues), known, Shelf(), NOW)


def then(*entries: Entry, pulls: Sequence[Pull]) -> Tended:
    """The look that knows all the evidence."""
    change = modification()
    known = Known(ledger(*entries), POLICY, proposals={change.id: Proposal(change, decision("autonomous"))})
    return tend(Sight(REPOSITORY, GROUND, pulls), known, Shelf(), NOW)


# --- what is left alone -----------------------------------------------------------------------------------------------


def test_where_nobody_did_anything_nothing_is_done() -> None:
    found = heeded(MINE, pulls=[pull("autonomous", armed=True)])

    assert ([], [], []) == (found.entries, found.acts, found.effects)


def test_nothing_merges_is_demoted_or_put_back_by_what_is_not_known_yet() -> None:
    spoiled = thread("autonomous", title="another", intact=False)
    found = heeded(MINE, pulls=[pull("autonomous", of=spoiled, checks=())])

    assert [] == found.entries
    assert [] == [act for act in found.acts if isinstance(act, Merge | Disarm | Restore | ShowCheck | PutLabels)]


@pytest.mark.parametrize("asked", ["command", "label"])
def test_a_promotion_waits_until_it_is_known_what_the_policy_allows(asked: str) -> None:
    said = (comment("/flywheel promote"),) if asked == "command" else ()
    put = (touched("autonomous"),) if asked == "label" else ()
    waits = pull(of=thread(comments=said, touched=put), head_at="2026-03-01T01:00:00Z")

    found = heeded(proposed(), pulls=[waits])

    assert ([], []) == (found.entries, found.acts)
    assert "promoted" in events(then(proposed(), pulls=[waits]))


# --- what is obeyed ---------------------------------------------------------------------------------------------------


def test_a_dismissal_closes_and_is_answered() -> None:
    found = heeded(
        MINE, pulls=[pull("autonomous", of=thread("autonomous", comments=(comment("/flywheel dismiss No"),)))]
    )

    assert ["dismissed", "commanded"] == events(found)
    assert [React(1, "+1")] == acts(found, React)
    assert [CloseChange] == [type(one) for one in found.effects]
    assert [7] == [act.number for act in found.acts if isinstance(act, Say)]


@pytest.mark.parametrize("asked", ["command", "label"])
def test_a_hold_takes_an_armed_merge_back(asked: str) -> None:
    said = (comment("/flywheel hold"),) if asked == "command" else ()
    put = (touched("hold"),) if asked == "label" else ()
    found = heeded(MINE, pulls=[pull("autonomous", of=thread("autonomous", comments=said, touched=put), armed=True)])

    assert "held" in events(found)
    assert [Disarm(7)] == acts(found, Disarm)


def test_a_switch_takes_an_armed_merge_back() -> None:
    thrown = (Lookup("process", "merges", True),)

    assert [Disarm(7)] == acts(heeded(MINE, pulls=[pull("autonomous", armed=True)], lookups=thrown), Disarm)


@pytest.mark.parametrize("by_us", [True, False])
def test_a_demotion_takes_an_armed_merge_back_and_one_of_ours_until_it_is_gone(by_us: bool) -> None:
    of = thread("autonomous", touched=(touched("interactive", TRIAGER),))
    armed = pull("autonomous", of=of, armed=True, armed_by_us=by_us)

    first = heeded(MINE, pulls=[armed])
    second = heeded(MINE, *first.entries, pulls=[armed])

    assert [Disarm(7)] == acts(first, Disarm)
    assert by_us == bool(acts(second, Disarm))
    assert [Disarm(7)] == acts(then(MINE, pulls=[armed]), Disarm)


def test_a_demotion_stands_beside_a_promotion_that_waits() -> None:
    put = (touched("backlog", TRIAGER, 1), touched("autonomous", READER, 2))
    both = pull(of=thread(touched=put), head_at="2026-03-01T01:00:00Z")

    found = heeded(proposed(), pulls=[both])

    assert ["demoted"] == events(found)
    assert [] == acts(found, PutLabels)
    after = then(proposed(), *found.entries, pulls=[both])
    assert "settled" in events(after)
    assert "promoted" not in events(after)


def test_a_promotion_that_was_asked_for_before_a_demotion_does_not_undo_it() -> None:
    said = (comment("/flywheel promote", at="2026-03-01T05:00:00Z"),)
    both = pull(of=thread(comments=said, touched=(touched("interactive", TRIAGER),)))
    entry = replace(proposed("autonomous"), number=7)

    found = heeded(entry, pulls=[both])
    after = then(entry, *found.entries, pulls=[both])

    assert "demoted" in events(found)
    assert "promoted" not in events(after)
    assert [React(1, "-1")] == acts(after, React)


def test_a_merge_and_a_closing_are_remembered_once() -> None:
    first = heeded(MINE, pulls=[merged()])

    assert ["merged"] == events(first)
    assert [] == heeded(MINE, *first.entries, pulls=[merged()]).entries
    closed = pull(of=thread(state="closed", closed_by=WRITER, closed_at=NOW))
    assert ["dismissed"] == events(heeded(MINE, pulls=[closed]))


def test_a_rollback_begins_at_once_and_what_is_taken_back_already_is_not() -> None:
    said = merged(of=thread(state="merged", closed_at=NOW, closed_by=WRITER, comments=(comment("/flywheel rollback"),)))
    entry = replace(MINE, event="merged", head=MADE, at="2026-03-01T06:00:00Z")

    found = heeded(MINE, entry, pulls=[said])

    assert "undoing" in events(found)
    assert [OpenPull] == [type(one) for one in found.effects]
    back = Known(ledger(MINE, entry, *(one for one in found.entries if one.event == "commanded")), POLICY)
    gone = Shelf()
    gone.commits[HEAD] = gone.commits[MADE] = Shelf().commits["b" * 40]
    assert [] == heed(Sight(REPOSITORY, AFTERWARDS, [said]), back, gone, NOW).effects


def test_what_is_not_ours_and_what_the_ledger_does_not_know_is_left_to_the_whole_look() -> None:
    spoken = thread(comments=(comment("/flywheel dismiss"),))

    assert [] == heeded(pulls=[pull(of=spoken)]).entries
    assert [] == heeded(MINE, pulls=[pull(of=replace(spoken, author=WRITER))]).entries
    assert OURS == spoken.author
