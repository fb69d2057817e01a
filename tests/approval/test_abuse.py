"""The abuse cases of research/bots.md §4 on labels, commands, merges, switches and rollbacks that need no network.

Each test bears the number of its case; cases whose other half needs GitHub are told so in the report of the issue.
"""

from pathlib import Path

import pytest

from bot.approval.aftermath import answer
from bot.approval.authority import Asked, rule
from bot.approval.commands import Command, heard
from bot.approval.judge import judge
from bot.approval.merging import Candidate, next_step, strayed
from bot.approval.policy import load
from bot.approval.provenance import Standing, Undone, settle
from bot.approval.record import Record
from bot.approval.rollback import refusal, stale, undo
from bot.approval.seen import Baseline, Seen
from bot.approval.switches import Lookup, stopped
from bot.approval.watch import Merge, watch
from bot.errors import UserError
from bot.hosting.people import Actor
from bot.hosting.pulls import Checked, Touched
from bot.ledger import encode, fold
from bot.model import (
    Contrast,
    Decision,
    Edit,
    Entry,
    Modification,
    Pattern,
    Prediction,
    Reason,
    Remedy,
    Replay,
    replace,
)

POLICY = load((Path(__file__).resolve().parents[2] / "rules/approval/default.yml").read_text(), "default.yml")
SHA, OTHER = "0123456789abcdef0123456789abcdef01234567", "f" * 40
NOW = "2026-01-02T12:00:00Z"
WRITER, TRIAGER, READER = Actor(1, "write"), Actor(2, "triage"), Actor(3, "read")
BOT, OURS, UNKNOWN = Actor(8, "write", "bot"), Actor(9, "admin", "ours"), Actor(7, "unknown")

PULL = Standing(
    "interactive",
    "autonomous",
    head=SHA,
    head_at="2026-01-01T00:00:00Z",
    present={"flywheel": "", "flywheel:interactive": ""},
)


def touched(label, actor=WRITER, added=True, **what):
    return Touched(1, f"flywheel:{label}", added, actor, "2026-01-02T00:00:00Z", **{"head": SHA, **what})


def promoted(actor=WRITER, standing=PULL, **what):
    settled = settle(standing, [touched("autonomous", actor, **what)])
    return settled.tier, [one.code for one in settled.undone]


# --- labels -----------------------------------------------------------------------------------------------------------


def test_22_a_label_by_a_triager_is_undone_once_and_by_a_writer_where_paths_forbid_it_too():
    settled = settle(
        replace(PULL, present={"flywheel": "", "flywheel:autonomous": ""}), [touched("autonomous", TRIAGER)]
    )

    assert (settled.tier, settled.add, settled.remove) == (
        "interactive",
        ("flywheel:interactive",),
        ("flywheel:autonomous",),
    )
    assert (settled.undone, len(settled.says.splitlines())) == ((Undone(1, "flywheel:autonomous", "role"),), 1)
    assert promoted(standing=replace(PULL, allows="interactive")) == ("interactive", ["policy"])


@pytest.mark.parametrize(
    ("actor", "what"), [(BOT, {}), (Actor(5, "write", "unknown"), {}), (WRITER, {"template": True})]
)
def test_23_a_label_by_a_bot_a_token_or_a_template_is_denied(actor, what):
    assert promoted(actor, **what)[0] == "interactive"


def test_24_a_hold_that_was_renamed_or_made_anew_still_holds():
    known = replace(PULL, nodes={"flywheel:hold": "n1", "flywheel:autonomous": "n2"})
    renamed = settle(known, [replace(touched("x"), label="wait", node="n1")])
    recreated = settle(known, [touched("hold", TRIAGER, node="n9")])
    gone = settle(replace(known, held_by=2), [])

    assert (renamed.held_by, recreated.held_by, gone.held_by) == (1, 2, 2)
    assert "flywheel:hold" in gone.add
    assert promoted(standing=known, node="n9") == ("interactive", ["recreated"])


@pytest.mark.parametrize("what", [{"head": OTHER}, {"at": "2025-12-31T00:00:00Z"}])
def test_25_a_label_older_than_the_head_promotes_nothing(what):
    settled = settle(PULL, [replace(touched("autonomous"), **what)])

    assert (settled.tier, settled.undone[0].code) == ("interactive", "older-head")


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        f"```\n/flywheel approve {SHA}\n```",
        f"> /flywheel approve {SHA}",
        f"<!--\n/flywheel approve {SHA}\n-->",
        f"`/flywheel approve {SHA}`",
        f"On 1 January somebody wrote:\n\n/flywheel approve {SHA}",
        f"Mend it\n\n    /flywheel approve {SHA}",
    ],
)
def test_26_a_command_in_code_quotes_comments_or_an_email_is_ignored(body):
    assert heard(body).commands == ()


def test_26_an_edited_comment_and_one_not_just_created_are_ignored():
    approve = Command("approve", SHA, 1)

    assert rule(approve, WRITER, Asked(edited=True, head=SHA), NOW).code == "edited"
    assert rule(approve, WRITER, Asked(created=False, head=SHA), NOW).code == "not-created"


@pytest.mark.parametrize("actor", [READER, TRIAGER, Actor(4, "none"), UNKNOWN, BOT, Actor(5, "admin", "unknown")])
def test_27_who_may_not_write_or_is_not_known_to_is_denied(actor):
    assert not rule(Command("approve", SHA, 1), actor, Asked(head=SHA), NOW).obeyed


@pytest.mark.parametrize("sha", [SHA[:8], OTHER])
def test_28_a_short_or_stale_sha_is_rejected_and_the_head_is_shown(sha):
    ruling = rule(Command("approve", sha, 1), WRITER, Asked(head=SHA), NOW)

    assert ruling.code == "stale-sha"
    assert SHA in ruling.says


def test_29_bots_get_no_answer_and_a_thread_has_a_budget():
    hold, busy = Command("hold", "", 1), Asked(acted=("2026-01-02T11:59:00Z",) * 12)

    assert [rule(hold, actor, Asked(), NOW).says for actor in (BOT, OURS)] == ["", ""]
    assert rule(hold, WRITER, busy, NOW).code == "too-often"


# --- merges -----------------------------------------------------------------------------------------------------------

GREEN = Checked("test", ours=False, required=True, conclusion="success", seconds=120)
GOOD = Candidate(
    head=SHA,
    base="main",
    default_branch="main",
    judged_head=SHA,
    judged_base="main",
    decision=Decision("autonomous", (Reason("record", "autonomous", ""),)),
    held=False,
    stopped=(),
    known=True,
    author_ours=True,
    marker_holds=True,
    commits_ours=True,
    edits_hold=True,
    protected=True,
    auto_merge_allowed=True,
    queue=False,
    changes_requested=False,
    twins=0,
    busy=False,
    mergeable="clean",
    checks=(GREEN,),
)


def step(**what):
    found = next_step(replace(GOOD, **what), POLICY)
    return found.do, [one.code for one in found.obstacles]


def test_a_pull_of_which_nothing_is_known_is_not_merged():
    bare = Candidate(SHA, "main", "main", SHA, "main", GOOD.decision)

    assert next_step(bare, POLICY).do == "demote"
    assert len(next_step(bare, POLICY).obstacles) > 10


def test_what_meets_every_condition_merges_at_exactly_this_head():
    assert next_step(GOOD, POLICY).do == "merge"
    assert next_step(GOOD, POLICY).head == SHA


@pytest.mark.parametrize(
    "what", [{"known": False}, {"author_ours": False}, {"marker_holds": False}, {"author_ours": None}]
)
def test_30_a_copied_branch_and_marker_are_not_ours(what):
    assert step(**what)[0] == "demote"


def test_31_an_edited_body_or_another_patch_demotes():
    assert step(marker_holds=False) == ("demote", ["marker"])
    assert step(edits_hold=False) == ("demote", ["diff"])


def test_32_a_commit_that_is_not_verified_as_ours_takes_the_auto_merge_back():
    assert step(armed=True, commits_ours=False) == ("demote", ["commits"])


def test_33_a_head_that_moved_is_not_merged():
    assert step(head=OTHER) == ("demote", ["head-moved"])


@pytest.mark.parametrize("twins", [1, None])
def test_34_a_sibling_with_the_same_head_stops_it(twins):
    assert step(twins=twins) == ("wait", ["same-head"])


def test_35_a_base_that_was_retargeted_demotes():
    assert step(base="release") == ("demote", ["base-moved"])
    assert step(base="release", judged_base="release") == ("demote", ["base-moved"])


@pytest.mark.parametrize(
    ("checks", "do", "code"),
    [
        ((), "demote", "no-real-check"),
        ((replace(GREEN, ours=True),), "demote", "no-real-check"),
        ((replace(GREEN, required=False),), "demote", "no-real-check"),
        ((replace(GREEN, conclusion="skipped"), replace(GREEN, conclusion="neutral")), "demote", "no-real-check"),
        ((replace(GREEN, seconds=1),), "demote", "check-too-fast"),
        ((GREEN, replace(GREEN, name="never-reported", conclusion="pending")), "wait", "check-pending"),
        ((GREEN, replace(GREEN, required=False, conclusion="failure")), "wait", "check-failed"),
    ],
)
def test_36_without_a_real_check_that_has_looked_nothing_merges(checks, do, code):
    assert step(checks=checks) == (do, [code])


@pytest.mark.parametrize(
    ("what", "do"),
    [
        ({"protected": False}, "demote"),
        ({"protected": None}, "demote"),
        ({"mergeable": "blocked", "auto_merge_allowed": False}, "wait"),
        ({"mergeable": "blocked"}, "arm"),
        ({"queue": True}, "enqueue"),
        ({"queue": None}, "wait"),
        ({"mergeable": "unknown"}, "wait"),
        ({"mergeable": "dirty"}, "demote"),
        ({"busy": True}, "wait"),
    ],
)
def test_37_protection_settings_and_queues_choose_the_way_or_refuse(what, do):
    assert step(**what)[0] == do


EDIT = Edit("docs/agents/limits.py", "NUDGE = 7\n", "NUDGE = 8\n")
MODIFICATION = Modification(
    id="i",
    revision="r",
    repository="o/r",
    detector="repeats-one-call",
    component="hooks",
    kind="guard-threshold",
    title="t",
    edits=(EDIT,),
    inverse=(Edit(EDIT.path, EDIT.after, EDIT.before),),
    prediction=Prediction(("f1", "f2"), (), Replay("loop-guard", 20, 100, ("f1",), ())),
    pattern=Pattern(
        *("p", "repeats-one-call", "actionable", Contrast("task", 10, 20, 20, 15, 1, 30.0, 4.0, 200.0, 0.0001)),
        *(("o/r",), ("a", "b", "c"), 15, 1, 20, 20, ()),
    ),
    remedy=Remedy("hooks", "Stop.", "loop-guard"),
)


def judged(*edits, **how):
    inverse = tuple(Edit(edit.path, edit.after, edit.before) for edit in edits)
    change = replace(MODIFICATION, edits=edits, inverse=inverse)
    earned = Record("guard-threshold/hooks/repeats-one-call", 30, 0, 4, earned=True)
    return judge(change, POLICY, (earned,), trial="confirmed", stable=True, **how).tier


def test_the_change_of_these_cases_would_merge_itself_otherwise():
    assert judged(EDIT) == "autonomous"


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/x.yml",
        ".GITHUB/workflows/x.yml",
        "./a/../.github/workflows/x.yml",
        ".github\\workflows\\x.yml",
        "cafe\u0301/limits.json",
        "CODEOWNERS",
        ".gitmodules",
        ".mcp.json",
        ".claude/settings.json",
        "sub/.claude/hooks/x.py",
    ],
)
def test_38_no_odd_or_sensitive_path_merges_itself(path):
    assert judged(replace(EDIT, path=path)) != "autonomous"


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_38_no_link_and_no_submodule_merges_itself(mode):
    assert judged(replace(EDIT, mode=mode)) != "autonomous"


@pytest.mark.parametrize(
    "edit",
    [
        replace(EDIT, after=None),
        replace(EDIT, before="Never push to main.\nNUDGE = 7\n", after="NUDGE = 7\n"),
        replace(EDIT, after="If they are slow, skip the tests.\n"),
        replace(EDIT, after="See https://example.org/setup.\n"),
        replace(EDIT, after="curl x | sh\n"),
        replace(EDIT, after='"allow": ["Bash(*)"]\n'),
    ],
)
def test_39_what_takes_a_safeguard_away_never_merges_itself(edit):
    assert judged(edit) != "autonomous"


def test_40_what_is_merged_is_read_back_and_never_merged_again():
    assert step(merged=True, mergeable="unknown") == ("read-back", [])
    assert strayed([EDIT], {EDIT.path: EDIT.after}) == ()
    assert strayed([EDIT], {EDIT.path: "9\n"}) == strayed([EDIT], {}) == (EDIT.path,)


def test_40_a_merge_that_is_told_twice_counts_once():
    told = Entry("2026-01-01T00:00:00Z", "merged", "o/r", "a1", "d", "r1")

    assert fold([encode(told), encode(told)]).remembered() == {("o/r", "d")}


def test_41_a_policy_that_is_wrong_or_less_careful_is_refused_and_says_how_to_mend_it():
    for text in ("enabled: maybe", "unknown: 1", "caps: {open_pulls: 99}", "- a", "\t"):
        with pytest.raises(UserError, match=r"\.flywheel\.yml: "):
            load(text, ".flywheel.yml", POLICY)


# --- reliability ------------------------------------------------------------------------------------------------------

MERGE = Merge("a1", "2026-01-01T00:00:00Z", {"o/r": Baseline(100, 8, 25)})


def red(count, **what):
    return [Seen(f"e{n:02}", "o/r", f"2026-01-02T{n:02}:00:00Z", True, False, **what) for n in range(count)]


def test_47_whoever_heard_nothing_for_a_day_ends_where_the_others_are():
    events = [touched("hold", TRIAGER), replace(touched("autonomous"), id=2)]
    first = settle(PULL, events[:1])
    later = settle(replace(PULL, tier=first.tier, held_by=first.held_by), events[1:])

    assert (later.tier, later.held_by) == (settle(PULL, events).tier, settle(PULL, events).held_by)
    assert watch(MERGE, red(9), POLICY) == watch(MERGE, [*red(9), *reversed(red(9))], POLICY)


LOOKED = [Lookup("process", "merges", False), Lookup("owner", "merges", False), Lookup("repository", "merges", False)]


@pytest.mark.parametrize("place", ["process", "owner", "repository"])
def test_49_each_switch_stops_merges_and_takes_auto_merges_back(place):
    thrown = [replace(one, thrown=True) if one.place == place else one for one in LOOKED]

    assert stopped(LOOKED).merges == ()
    assert step(armed=True, stopped=stopped(thrown).merges) == ("disarm", ["switch"])


def test_49_a_look_up_that_failed_or_was_not_made_stops_merges_and_not_rollbacks():
    failed = stopped([*LOOKED[:2], replace(LOOKED[2], thrown=None), Lookup("repository", "rollbacks", None)])

    assert (bool(failed.merges), failed.rollbacks) == (True, ())
    assert stopped(LOOKED[:2]).merges == ("repository: not looked up",)


@pytest.mark.parametrize(("actor", "what"), [(READER, {}), (Actor(4, "none"), {}), (UNKNOWN, {"template": True})])
def test_49_an_outsiders_switch_is_ignored_with_a_notice(actor, what):
    found = stopped([*LOOKED, Lookup("repository", "merges", True, actor, **what)])

    assert (found.merges, len(found.ignored)) == ((), 1)


def test_49_a_triager_pauses_merges_and_only_a_writer_pauses_rollbacks():
    assert stopped([*LOOKED, Lookup("repository", "merges", True, TRIAGER)]).merges
    assert stopped([*LOOKED, Lookup("repository", "rollbacks", True, TRIAGER)]).rollbacks == ()
    assert stopped([*LOOKED, Lookup("repository", "rollbacks", True, UNKNOWN)]).rollbacks == ()
    assert stopped([*LOOKED, Lookup("repository", "rollbacks", True, BOT)]).rollbacks == ()
    assert stopped([*LOOKED, Lookup("repository", "rollbacks", True, WRITER)]).rollbacks


def test_50_a_target_that_was_edited_since_becomes_an_issue_and_a_stale_revert_is_computed_anew():
    assert undo([EDIT], {EDIT.path: "9\n"}).conflicts == (EDIT.path,)
    assert stale("base", "base", "2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z")


def test_50_one_red_run_a_flaky_one_and_evidence_from_outside_revert_nothing():
    for runs in (red(1), red(12, rerun="pass"), red(12, trust="T0")):
        assert answer(MERGE, watch(MERGE, runs, POLICY), POLICY, NOW).do == "wait"
    assert answer(MERGE, watch(MERGE, red(12), POLICY), POLICY, NOW).do == "rerun"
    assert answer(MERGE, watch(MERGE, red(12, rerun="fail"), POLICY), POLICY, NOW).do == "revert"


def test_50_a_change_is_reverted_once_however_its_metric_flaps():
    told = [
        Entry(f"2026-01-0{n}T00:00:00Z", event, "o/r", "a1", "d") for n, event in enumerate(("merged", "reverted"), 1)
    ]

    assert refusal(told, "o/r", "a1") == "reverted-before"
