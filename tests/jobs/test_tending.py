"""What became of our pulls and issues is remembered once, whoever looks how often."""

import pytest

from bot.hosting.acts import Disarm, Merge, PutLabels, React, Restore, Say, ShowCheck
from bot.model import CloseChange, OpenIssue, OpenPull, Reason, replace
from tests.jobs.shelf import (
    AFTER,
    BEFORE,
    BOT,
    CHANGE,
    GROUND,
    HEAD,
    MADE,
    NOW,
    OPENED,
    OURS,
    PATH,
    READER,
    REPOSITORY,
    TRIAGER,
    WRITER,
    Shelf,
    acts,
    again,
    comment,
    decision,
    events,
    look,
    merged,
    proposed,
    pull,
    thread,
    touched,
)

AFTERWARDS = replace(GROUND, head=MADE)
LATER, MUCH_LATER = "2026-03-02T12:00:00Z", "2026-03-09T12:00:00Z"


def closed(by=WRITER, **what):
    return pull(of=thread(state="closed", closed_by=by, closed_at=NOW, **what))


def issue(**what):
    return thread("backlog", **what)


WAITS = proposed("backlog")


# --- what is left alone -----------------------------------------------------------------------------------------------


def test_a_pull_that_nobody_touched_gets_no_comment_and_no_entry():
    tended = look(proposed(), pulls=[pull()], says=decision())

    assert tended.entries == []
    assert [type(act) for act in tended.acts] == [ShowCheck]
    assert (tended.effects, tended.notes) == ([], [])


def test_a_pull_of_somebody_else_with_our_branch_mark_and_labels_is_not_ours():
    tended = look(proposed(), pulls=[merged(of=thread(author=WRITER, state="merged"))], says=decision())

    assert (tended.entries, tended.acts) == ([], [])


def test_an_auto_merge_that_a_person_asked_for_on_what_never_merged_itself_is_his():
    tended = look(proposed(), pulls=[pull(armed=True)], says=decision())

    assert Disarm not in [type(act) for act in tended.acts]


# --- ends -------------------------------------------------------------------------------------------------------------


def test_a_merge_by_a_person_is_remembered_with_the_commit_it_made():
    first, second = again(proposed(), pulls=[merged()], ground=AFTERWARDS)

    (entry,) = first.entries
    assert (entry.event, entry.at, entry.head, entry.by, entry.number) == ("merged", NOW, MADE, 1, 7)
    assert second.entries == []


def test_a_merge_of_ours_is_read_back_and_other_bytes_are_an_integrity_alarm():
    git = Shelf()
    git.commits[MADE] = {PATH: "NUDGE = 80\n", "more.md": "x"}

    first, second = again(proposed(), pulls=[merged(OURS)], git=git, ground=AFTERWARDS)

    assert events(first) == ["merged", "integrity"]
    assert first.entries[1].reason == f"merged otherwise than judged: {PATH}, more.md"
    assert second.entries == []
    assert events(look(proposed(), pulls=[merged(OURS)])) == ["merged"]


def test_what_a_person_closes_is_a_no_with_the_reason_that_was_written():
    said = comment("Not for us, the key is AKIAIOSFODNN7EXAMPLE", at=NOW)
    first, second = again(proposed(), pulls=[closed(comments=(said,))])

    (entry,) = first.entries
    assert (entry.event, entry.by) == ("dismissed", 1)
    assert entry.reason.startswith("Not for us")
    assert "AKIA" not in entry.reason
    assert second.entries == []
    assert look(proposed(), pulls=[closed(comments=(comment("x", at="2026-01-01T00:00:00Z"),))]).entries[0].reason == ""


@pytest.mark.parametrize(("by", "event"), [(OURS, "withdrawn"), (BOT, "withdrawn"), (None, "dismissed")])
def test_what_we_or_another_bot_closed_is_nobodys_no(by, event):
    assert events(look(proposed(), pulls=[closed(by)])) == [event]


@pytest.mark.parametrize(("by", "goes"), [(WRITER, False), (BOT, False), (OURS, True)])
def test_the_branch_of_a_closed_pull_goes_only_if_we_closed_it(by, goes):
    one = closed(by)
    ended = replace(proposed(), event="dismissed")

    tended = look(proposed(), ended, pulls=[one], ground=replace(GROUND, branches=frozenset({one.branch})))

    assert [CloseChange(REPOSITORY, CHANGE, one.branch, "")] * goes == tended.effects
    assert look(proposed(), ended, pulls=[one]).effects == []


def test_a_pull_that_is_being_closed_keeps_its_check():
    asked = pull(of=thread(comments=(comment("/flywheel dismiss Not here."),)))
    first, second = again(proposed(), pulls=[asked], says=decision())

    assert acts(first, ShowCheck) == acts(second, ShowCheck) == []


@pytest.mark.parametrize("there", [frozenset({"+1"}), frozenset({"-1", "heart"}), None])
def test_a_command_that_was_answered_is_not_answered_again(there):
    told = look(proposed(), pulls=[pull(of=thread(comments=(comment("/flywheel hold"),)))]).entries
    said = replace(comment("/flywheel hold"), reactions=there)

    assert acts(look(proposed(), *told, pulls=[pull(of=thread(comments=(said,)))]), React) == []


def test_an_answer_that_was_cut_off_before_its_reaction_gets_it():
    for text, content in (("/flywheel hold", "+1"), ("/flywheel rollback", "-1"), ("/flywheel fly", "confused")):
        told = look(proposed(), pulls=[pull(of=thread(comments=(comment(text),)))]).entries
        said = replace(comment(text), reactions=frozenset({"heart"}))

        (made,) = acts(look(proposed(), *told, pulls=[pull(of=thread(comments=(said,)))]), React)

        assert React(said.id, content) == made


def test_a_pull_that_became_an_issue_ends_nothing():
    assert look(proposed(), pulls=[closed(OURS)], issues=[issue(number=8)]).entries == []


def opened_again(by, at=LATER):
    """A pull that was turned down and then opened again, as two visits see it."""
    dismissed = replace(proposed(), event="dismissed", at=NOW)
    of = thread(reopened_by=by, reopened_at=at if by else "")
    return again(proposed(), dismissed, pulls=[pull(of=of)], now=MUCH_LATER)


def test_a_pull_that_a_person_opened_again_begins_anew():
    first, second = opened_again(READER)

    assert events(first) == ["proposed"]
    assert second.entries == []


@pytest.mark.parametrize(
    ("by", "at", "closed"), [(None, "", 1), (READER, OPENED, 1), (BOT, OPENED, 1), (BOT, LATER, 0)]
)
def test_what_is_still_open_long_after_a_no_is_closed_and_never_begun_anew(by, at, closed):
    first, second = opened_again(by, at)

    assert first.entries == second.entries == []
    assert closed == sum(isinstance(one, CloseChange) for one in first.effects)


def test_a_persons_commit_freezes_it_once():
    git = Shelf()
    git.commits[HEAD] = {PATH: AFTER, "AGENTS.md": "theirs"}

    first, second = again(proposed(), pulls=[pull(commits_ours=False)], git=git)

    assert events(first) == ["frozen"]
    assert "AGENTS.md" in first.entries[0].reason
    assert second.entries == []
    assert events(look(proposed(), pulls=[pull(commits_ours=None)])) == []


@pytest.mark.parametrize(("reason", "event"), [("not_planned", "dismissed"), ("completed", "completed")])
def test_an_issue_closed_as_not_planned_is_a_no_and_as_completed_it_was_done(reason, event):
    done = issue(state="closed", state_reason=reason, closed_by=TRIAGER, closed_at=NOW)
    first, second = again(WAITS, issues=[done])

    assert events(first) == [event]
    assert second.entries == []


# --- labels -----------------------------------------------------------------------------------------------------------


def test_a_promotion_by_a_writer_stands_and_one_by_a_triager_is_put_back_with_one_explanation():
    label = {"flywheel": "n0", "flywheel:interactive": "n1", "flywheel:autonomous": "n3"}
    by_writer = look(
        proposed(), pulls=[pull(of=thread(touched=(touched("autonomous"),), labels=label))], says=decision()
    )
    first, second = again(
        proposed(), pulls=[pull(of=thread(touched=(touched("autonomous", TRIAGER),), labels=label))], says=decision()
    )

    assert next((one.event, one.tier, one.by) for one in by_writer.entries) == ("promoted", "autonomous", 1)
    assert acts(by_writer, PutLabels) == [PutLabels(7, (), ("flywheel:interactive",))]
    assert events(first) == ["settled"]
    assert acts(first, PutLabels) == [PutLabels(7, (), ("flywheel:autonomous",))]
    assert second.entries == []
    assert acts(first, Say) == acts(second, Say)
    assert acts(first, Say)[0].text.count("a label was put back") == 1


def test_a_hold_by_label_is_remembered_and_ends_by_whoever_set_it():
    held = look(proposed(), pulls=[pull(of=thread(touched=(touched("hold", TRIAGER),)))], says=decision())
    off = touched("hold", TRIAGER, 2, added=False)
    ended = look(proposed(), *held.entries, pulls=[pull(of=thread(touched=(touched("hold", TRIAGER), off)))])

    assert events(held) == ["held", "settled"]
    assert acts(held, PutLabels) == [PutLabels(7, ("flywheel:hold",), ())]
    assert events(ended) == ["resumed", "settled"]


def test_labels_are_healed_from_the_ledger_without_a_word():
    tended = look(proposed(), pulls=[pull(of=thread(labels={}))], says=decision())

    assert acts(tended, PutLabels) == [PutLabels(7, ("flywheel", "flywheel:interactive"), ())]
    assert tended.entries == []


# --- commands ---------------------------------------------------------------------------------------------------------


def commanded(*comments, **how):
    spoken = replace(thread(), comments=comments)
    return again(proposed(), pulls=[pull(of=spoken)], **{"says": decision(), **how})


def test_a_command_is_obeyed_once_and_acknowledged():
    first, second = commanded(comment("/flywheel hold", TRIAGER))

    assert events(first) == ["held", "commanded"]
    assert acts(first, React) == [React(1, "+1")]
    assert (second.entries, acts(second, React)) == ([], [])


@pytest.mark.parametrize(
    ("said", "content", "answer"),
    [
        (comment("/flywheel hold", READER), "-1", "needs the role triage"),
        (comment(f"/flywheel approve {'f' * 40}"), "-1", HEAD),
        (comment("/flywheel merge"), "confused", "Write one of"),
        (comment("/flywheel promote"), "-1", "record"),
        (comment("/flywheel rollback"), "-1", "not merged"),
    ],
)
def test_a_command_that_cannot_be_obeyed_is_answered_once(said, content, answer):
    says = decision("interactive", Reason("record", "interactive", "x"), Reason("kind", "interactive", "guard"))
    first, second = commanded(said, says=says)

    assert acts(first, React) == [React(1, content)]
    assert answer in first.entries[-1].reason
    assert second.entries == []


@pytest.mark.parametrize(
    "said",
    [
        comment("/flywheel hold", BOT),
        comment("/flywheel hold", OURS),
        comment("/flywheel hold", edited=True),
        comment("> /flywheel hold"),
    ],
)
def test_bots_edits_and_quotes_are_passed_over_in_silence(said):
    first, _ = commanded(said)

    assert (first.entries, acts(first, React)) == ([], [])


def test_a_dismissal_is_remembered_with_its_reason_then_closed_and_closed_again_if_that_failed():
    first, second = commanded(comment("/flywheel dismiss we do this ourselves", TRIAGER))

    assert [(one.event, one.reason) for one in first.entries] == [
        ("dismissed", "we do this ourselves"),
        ("commanded", ""),
    ]
    (close,) = first.effects
    assert isinstance(close, CloseChange)
    assert (close.change, close.reason) == (CHANGE, "Dismissed: we do this ourselves")
    assert (second.entries, second.effects) == ([], [close])


def test_promoting_an_issue_raises_it_to_a_pull_as_far_as_the_paths_allow():
    spoken = issue(comments=(comment("/flywheel promote"),))
    free = look(WAITS, issues=[spoken], says=decision("backlog", Reason("measured", "backlog", "3 passes")))
    bound = look(WAITS, issues=[spoken], says=decision("backlog", Reason("paths", "backlog", "never ours")))
    gone = look(WAITS, issues=[spoken])

    assert next((one.event, one.tier) for one in free.entries) == ("promoted", "interactive")
    assert events(bound) == events(gone) == ["commanded"]
    assert "paths" in bound.entries[0].reason


def test_a_thread_has_a_budget():
    many = [comment("/flywheel explain", READER, number) for number in range(1, 21)]
    first, second = commanded(*many)

    assert len(first.entries) == 12
    assert second.entries == []


# --- text -------------------------------------------------------------------------------------------------------------


def test_a_text_that_claims_another_tier_is_put_back_and_an_edited_autonomous_pull_is_a_persons():
    words = look(proposed(), pulls=[pull(of=thread(intact=False))], says=decision())
    claims = thread(intact=False, body="<summary>Why autonomous</summary>")
    lied = look(proposed(), pulls=[pull(of=claims)], says=decision())
    mine = look(
        proposed("autonomous"), pulls=[pull(of=thread("autonomous", intact=False))], says=decision("autonomous")
    )

    assert acts(words, Restore) == []
    assert [one.number for one in acts(lied, Restore)] == [one.number for one in acts(mine, Restore)] == [7]
    assert lied.entries == []
    assert [(one.event, one.tier) for one in mine.entries] == [("demoted", "interactive")]


# --- merging ----------------------------------------------------------------------------------------------------------

AUTONOMOUS = {"says": decision("autonomous"), "pulls": [pull("autonomous")]}


def test_an_autonomous_pull_merges_at_exactly_its_head_when_everything_holds():
    tended = look(proposed("autonomous"), **AUTONOMOUS)

    assert acts(tended, Merge) == [Merge(7, HEAD, "merge", "squash")]
    assert tended.entries == []


def test_an_interactive_pull_merges_only_once_a_writer_agreed_with_this_head():
    tended, _ = commanded(comment(f"/flywheel approve {HEAD}"))
    stale = look(proposed(), replace(proposed(), event="approved", head="f" * 40), pulls=[pull()], says=decision())

    assert acts(look(proposed(), pulls=[pull()], says=decision()), Merge) == acts(stale, Merge) == []
    assert acts(tended, Merge) == [Merge(7, HEAD, "merge", "squash")]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"commits_ours": False}, "commits"),
        ({"base": "release"}, "base-moved"),
        ({"checks": ()}, "no-real-check"),
        ({"mergeable": "dirty"}, "mergeable"),
    ],
)
def test_what_a_person_must_look_at_is_demoted_at_once_and_disarmed(how, code):
    first, second = again(
        proposed("autonomous"), says=decision("autonomous"), pulls=[pull("autonomous", armed=True, **how)]
    )

    demoted = [one for one in first.entries if one.event == "demoted"]
    assert [one.tier for one in demoted] == ["interactive"]
    assert code in demoted[0].reason
    assert acts(first, Disarm) == [Disarm(7)]
    assert PutLabels(7, ("flywheel:interactive",), ("flywheel:autonomous",)) in first.acts
    assert second.entries == []


def test_where_nothing_may_merge_itself_the_tier_is_off_and_says_why():
    tended = look(proposed("autonomous"), **AUTONOMOUS, ground=replace(GROUND, protected=False))

    assert acts(tended, Merge) == []
    assert "unprotected" in tended.entries[0].reason


def test_one_merge_into_a_base_at_a_time():
    armed = pull("autonomous", armed=True, mergeable="blocked")
    tended = look(proposed("autonomous"), says=decision("autonomous"), pulls=[armed])
    other = replace(armed, thread=thread(number=6), branch="flywheel/x-1")
    busy = look(proposed("autonomous"), says=decision("autonomous"), pulls=[other, pull("autonomous")])

    assert acts(tended, Merge) == [Merge(7, HEAD, "arm", "squash")]
    assert acts(busy, Merge) == []
    assert "one-at-a-time" in acts(busy, Say)[0].text.replace("\\", "")


def test_a_thrown_switch_stops_merges_and_takes_back_what_is_armed():
    from bot.approval.switches import Lookup
    from tests.jobs.shelf import UNLOCKED

    thrown = (*UNLOCKED[:2], Lookup("repository", "merges", None))
    armed = [pull("autonomous", armed=True), pull(of=thread(number=5), branch="flywheel/x-1", armed=True)]
    tended = look(proposed("autonomous"), says=decision("autonomous"), pulls=armed, lookups=thrown)
    unknown = look(proposed("autonomous"), **AUTONOMOUS, lookups=())

    assert sorted(one.number for one in acts(tended, Disarm)) == [5, 7]
    assert acts(tended, Merge) == acts(unknown, Merge) == []


def test_a_hold_issue_is_a_switch_unless_it_came_with_a_template():
    def with_hold(**what):
        label = {"flywheel:hold": "n4"}
        hold = thread(number=3, author=READER, by_mark="", labels=label, touched=(touched("hold", **what),))
        return look(proposed("autonomous"), **AUTONOMOUS, issues=[hold])

    assert acts(with_hold(), Merge) == []
    outsider = with_hold(actor=READER, template=True)
    assert len(acts(outsider, Merge)) == 1
    assert outsider.notes == ["octo/shop: switch ignored: repository: merges by 3, without the role for it"]


def test_what_waits_too_long_is_stuck_until_somebody_retries():
    waits = {"says": decision("autonomous"), "pulls": [pull("autonomous", mergeable="behind")]}
    tended = look(proposed("autonomous"), **waits, now="2026-03-09T00:00:00Z")
    retried = replace(proposed(), event="commanded", detail="retry", at="2026-03-08T23:00:00Z", about=1)
    after = look(proposed("autonomous"), retried, **waits, now="2026-03-09T00:00:00Z")

    assert acts(tended, PutLabels) == [PutLabels(7, ("flywheel:stuck",), ())]
    assert acts(after, PutLabels) == []


# --- taking back ------------------------------------------------------------------------------------------------------

WENT = replace(proposed("autonomous"), event="merged", at=NOW, head=MADE, number=7)
ASKED = replace(proposed(), event="commanded", detail="rollback", at=NOW, about=5, number=7)


def after_merge(text=AFTER):
    git = Shelf()
    git.commits["d" * 40] = {PATH: text}
    return git, replace(GROUND, head="d" * 40)


def back(git, ground, *entries, **how):
    return again(proposed("autonomous"), WENT, *entries, pulls=[merged(OURS)], git=git, ground=ground, **how)


def test_a_rollback_opens_the_exact_inverse_once():
    git, ground = after_merge()
    first, second = back(git, ground, ASKED)

    (opened,) = first.effects
    assert isinstance(opened, OpenPull)
    assert [(one.path, one.before, one.after) for one in opened.edits] == [(PATH, AFTER, BEFORE)]
    assert f"Flywheel-Inverse-Of: {CHANGE}." in opened.message
    assert "flywheel:autonomous" in opened.labels
    assert [(one.event, one.tier) for one in first.entries] == [("undoing", "autonomous")]
    assert (second.entries, second.effects) == ([], [opened])


def test_a_file_that_moved_on_is_merged_by_lines_and_a_conflict_becomes_an_issue():
    git, ground = after_merge("MORE = 1\n" + AFTER)
    moved, _ = back(git, ground, ASKED)
    git, ground = after_merge(AFTER.replace("8", "9"))
    (conflict,) = back(git, ground, ASKED)[0].effects

    assert [one.after for one in moved.effects[0].edits] == ["MORE = 1\n" + BEFORE]
    assert "flywheel:interactive" in moved.effects[0].labels
    assert isinstance(conflict, OpenIssue)


def test_what_somebody_took_back_is_reverted_and_a_closed_revert_is_never_opened_again():
    git, ground = after_merge(BEFORE)
    gone, second = back(git, ground)

    assert [(one.event, one.tier) for one in gone.entries] == [("reverted", "autonomous"), ("demoted", "interactive")]
    assert second.entries == []

    git, ground = after_merge()
    spared = replace(WENT, event="spared")
    assert back(git, ground, ASKED, spared)[0].effects == []


def test_stopped_rollbacks_open_nothing_and_say_so():
    from bot.approval.switches import Lookup
    from tests.jobs.shelf import UNLOCKED

    git, ground = after_merge()
    tended, _ = back(git, ground, ASKED, lookups=(*UNLOCKED, Lookup("owner", "rollbacks", True)))

    assert tended.effects == []
    assert "rollbacks are stopped" in tended.notes[0]


# --- mending ----------------------------------------------------------------------------------------------------------


def test_a_ledger_that_was_lost_is_mended_from_the_pulls():
    first, second = again(pulls=[pull()], says=decision())

    assert [(one.event, one.at, one.change) for one in first.entries] == [("proposed", OPENED, CHANGE)]
    assert len(first.notes) == 1
    assert second.entries == []
