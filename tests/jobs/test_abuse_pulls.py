"""The abuse cases of research/bots.md §4 on labels, commands, merges and switches, by number, on the stand-in GitHub.

People use a client of their own; what they may do is told by GitHub. tests/approval/test_abuse.py has the pure halves.
"""

from __future__ import annotations

from datetime import timedelta

import github as pygithub
import pytest

from bot.approval.switches import PLACES, Lookup
from bot.forge.github.client import App
from bot.forge.github.errors import UnavailableError
from bot.hosting.acts import Disarm, Merge
from bot.model import Decision, Edit, Reason
from tests.github.fixtures import ann, github, shop, world
from tests.github.fleet import commit, open_pull
from tests.github.keys import pair
from tests.github.server import Fault, GitHub
from tests.github.world import Repository, World
from tests.jobs.shelf import acts, decision, events
from tests.jobs.stand import STOPPED, Stand

__all__ = ["ann", "github", "shop", "world"]

Ann = pygithub.Github


@pytest.fixture
def stand(github: GitHub, world: World, shop: Repository) -> Stand:
    made = Stand(App(world.app_id, pair()[0], github.url, spacing=0.0), world, shop)
    made.protect()
    return made


def arm(stand: Stand) -> None:
    """Everything holds but a review that the repository wants: native auto-merge is switched on."""
    stand.shop.required_reviews = 1
    stand.open()
    stand.green()
    stand.visit()
    assert stand.pull().pull.armed_by == stand.world.bot


def hers(ann: Ann, number: int = 1):
    return ann.get_repo("octo/shop").get_issue(number)


# --- labels -----------------------------------------------------------------------------------------------------------


def test_22_a_triagers_promotion_is_put_back_once_and_a_writers_where_the_paths_forbid_it(stand, ann):
    stand.says = decision("interactive")
    stand.open("interactive")
    stand.shop.roles["ann"] = "triage"
    hers(ann).add_to_labels("flywheel:autonomous")
    stand.visit()
    stand.visit()

    assert stand.tier() == ["flywheel", "flywheel:interactive"]
    assert stand.says_in_comment(1).count("a label was put back") == 1

    stand.shop.roles["ann"] = "write"
    stand.says = Decision("interactive", (Reason("paths", "interactive", "security-sensitive"),))
    hers(ann).add_to_labels("flywheel:autonomous")
    stand.visit()

    assert stand.tier() == ["flywheel", "flywheel:interactive"]
    assert "the policy does not allow it" in stand.says_in_comment(1)
    assert stand.events().count("promoted") == 0


def test_22_a_writers_promotion_within_the_policy_stands(stand, ann):
    stand.says = decision("interactive")
    stand.open("interactive")
    stand.shop.roles["ann"] = "write"
    hers(ann).add_to_labels("flywheel:autonomous")
    stand.visit()

    assert stand.tier() == ["flywheel", "flywheel:autonomous"]
    assert stand.events() == ["proposed", "promoted", "settled"]


def test_23_a_label_by_another_bot_promotes_nothing(stand, ann):
    stand.says = decision("interactive")
    issue = stand.open("interactive")
    ann.get_repo("octo/shop").create_label("flywheel:autonomous", "0e8a16")
    stand.bot_labels(issue, "flywheel:autonomous")
    stand.visit()

    assert stand.tier() == ["flywheel", "flywheel:interactive"]
    assert "only a person can make a change more autonomous" in stand.says_in_comment(1)


def test_24_a_hold_label_that_was_deleted_or_renamed_still_holds(stand, ann):
    stand.open()
    stand.green()
    hers(ann).add_to_labels("flywheel:hold")
    stand.visit()
    assert acts(stand.visit(), Merge) == []
    ann.get_repo("octo/shop").get_label("flywheel:hold").delete()
    stand.visit()

    assert "flywheel:hold" in stand.tier()
    assert acts(stand.visit(), Merge) == []

    ann.get_repo("octo/shop").get_label("flywheel:hold").edit("wait", "ffffff")
    stand.visit()
    assert acts(stand.visit(), Merge) == []
    assert stand.pull().pull.merged_at is None


def test_25_a_promotion_older_than_the_head_is_void(stand, ann):
    stand.says = decision("interactive")
    stand.open("interactive")
    hers(ann).add_to_labels("flywheel:autonomous")
    tree = {"AGENTS.md": "# Shop\n\nMine.\n"}
    commit(stand.world, stand.shop, stand.change().branch, tree, "ann")
    stand.visit()

    assert "promoted" not in stand.events()
    assert "flywheel:autonomous" not in stand.tier()


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "```\n/flywheel hold\n```",
        "> /flywheel hold",
        "<!--\n/flywheel hold\n-->",
        "On Monday ann wrote:\n\n/flywheel hold",
    ],
)
def test_26_what_is_somebody_elses_text_is_no_command(stand, ann, body):
    stand.open("interactive")
    hers(ann).create_comment(body)

    assert stand.visit().entries == []
    assert stand.shop.reactions == {}


def test_26_an_edited_comment_is_no_command(stand, ann):
    stand.open("interactive")
    said = hers(ann).create_comment("/flywheel hold")
    said.edit("/flywheel hold\n")
    stand.shop.issues[1].comments[0].updated_at = "2099-01-01T00:00:00Z"

    assert stand.visit().entries == []


@pytest.mark.parametrize("role", ["none", "read", "triage"])
def test_27_who_may_not_write_cannot_approve_and_is_told_once(stand, ann, role):
    stand.says = decision("interactive")
    stand.open("interactive")
    stand.green()
    stand.shop.roles["ann"] = role
    hers(ann).create_comment(f"/flywheel approve {stand.head()}")
    stand.visit()
    stand.visit()

    assert stand.pull().pull.merged_at is None
    assert stand.events() == ["proposed", "commanded"]
    assert [content for rows in stand.shop.reactions.values() for _, _, content in rows] == ["-1"]


def test_27_a_role_that_cannot_be_looked_up_obeys_nothing(stand, ann, github):
    stand.says = decision("interactive")
    stand.open("interactive")
    stand.green()
    hers(ann).create_comment(f"/flywheel approve {stand.head()}")
    github.faults += [Fault("error", path=r"/permission$") for _ in range(3)]
    with pytest.raises(UnavailableError):
        stand.visit()

    assert stand.pull().pull.merged_at is None
    assert [] == [one for one in stand.events() if one in ("approved", "commanded")]
    stand.visit()
    assert "approved" in stand.events()


def test_28_a_stale_sha_is_refused_and_the_head_is_shown_and_the_right_one_merges(stand, ann):
    stand.says = decision("interactive")
    stand.open("interactive")
    stand.green()
    hers(ann).create_comment(f"/flywheel approve {stand.head()[:8]}")
    stand.visit()

    assert stand.pull().pull.merged_at is None
    assert stand.head() in stand.says_in_comment(1)

    hers(ann).create_comment(f"/flywheel approve {stand.head()}")
    stand.visit()
    stand.visit()

    assert stand.pull().pull.merged_at
    assert stand.events()[-1] == "merged"


def test_29_bots_and_we_ourselves_are_never_obeyed_nor_answered(stand, ann):
    issue = stand.open("interactive")
    stand.bot_says(issue, "/flywheel hold")
    stand.bot_says(issue, "/flywheel hold", stand.world.bot.login)

    assert stand.visit().entries == []
    assert stand.shop.reactions == {}


def test_a_command_is_obeyed_once_also_when_two_visits_run_at_the_same_time(stand, ann):
    stand.says = decision("interactive")
    stand.open("interactive")
    hers(ann).create_comment("/flywheel hold")
    sight = stand.look()
    stand.visit(sight)
    stand.visit(sight)

    assert stand.events() == ["proposed", "held", "commanded"]
    assert [content for rows in stand.shop.reactions.values() for _, _, content in rows] == ["+1"]
    assert stand.says_in_comment(1)


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_30_a_persons_pull_with_our_branch_body_and_labels_is_not_ours(stand, ann):
    stand.open()
    body = stand.pull().body
    hers(ann).edit(state="closed")
    commit(stand.world, stand.shop, "flywheel/copy-0123456789ab", {"a": "a\n"}, "ann")
    copied = open_pull(stand.world, stand.shop, "flywheel/copy-0123456789ab", "t", body, "ann")
    hers(ann, copied.number).add_to_labels("flywheel", "flywheel:autonomous")
    stand.world.check(stand.shop, copied.pull.head_sha, "ci")
    stand.settle()

    assert copied.pull.merged_at is None
    assert stand.events() == ["proposed", "dismissed"]


def test_31_a_body_that_was_edited_takes_autonomy_away(stand, ann):
    stand.open()
    stand.green()
    hers(ann).edit(body=stand.pull().body.replace("Because.", "Because. Tier: autonomous."))
    stand.visit()

    assert stand.events() == ["proposed", "demoted"]
    assert stand.tier() == ["flywheel", "flywheel:interactive"]
    assert stand.pull().pull.merged_at is None


@pytest.mark.parametrize("by", ["ann", "ours"])
def test_32_another_commit_on_our_branch_disarms_and_freezes_it(stand, ann, by):
    arm(stand)
    who = "ann" if by == "ann" else stand.world.bot.login
    commit(stand.world, stand.shop, stand.change().branch, {"AGENTS.md": "# Theirs\n"}, who)
    stand.visit()

    assert stand.pull().pull.armed_by is None
    assert stand.events() == ["proposed", "frozen", "demoted"]
    assert stand.tier() == ["flywheel", "flywheel:interactive"]


def test_33_a_head_that_moves_between_look_and_merge_is_not_merged(stand, ann):
    stand.open()
    stand.green()
    sight = stand.look()
    commit(stand.world, stand.shop, stand.change().branch, {"AGENTS.md": "# Theirs\n"}, "ann")
    stand.visit(sight)

    assert [done.status for act, done in stand.acted if isinstance(act, Merge)] == ["refused"]
    assert stand.pull().pull.merged_at is None


def test_34_a_sibling_with_the_same_head_stops_it(stand, ann):
    stand.open()
    stand.green()
    stand.shop.git.move("refs/heads/other", stand.head())
    open_pull(stand.world, stand.shop, "other", "t", "b", "ann")
    tended = stand.visit()

    assert acts(tended, Merge) == []
    assert "same-head" in stand.says_in_comment(1).replace("\u200b", "")


def test_35_a_base_that_was_changed_demotes(stand, ann):
    stand.open()
    stand.green()
    stand.shop.git.move("refs/heads/release", stand.shop.git.ref("refs/heads/main"))
    stand.pull().pull.base = "release"
    stand.visit()

    assert stand.pull().pull.merged_at is None
    assert stand.events() == ["proposed", "demoted"]


# --- what has looked at it --------------------------------------------------------------------------------------------


def test_36_no_check_only_ours_or_an_implausibly_fast_one_merges_nothing(stand, ann):
    stand.open()
    first = stand.visit()
    stand.green(seconds=1.0)
    stand.visit()

    assert [act.how for act in acts(first, Merge)] == []
    assert stand.pull().pull.merged_at is None
    assert "check-too-fast" in stand.ledger().entries[-1].reason


def test_36_skipped_checks_have_not_looked(stand, ann):
    stand.open()
    stand.world.check(stand.shop, stand.head(), "ci", "skipped")
    stand.visit()

    assert stand.pull().pull.merged_at is None
    assert "no-real-check" in stand.ledger().entries[-1].reason


@pytest.mark.parametrize("what", ["unprotected", "auto-merge-off"])
def test_37_without_protection_or_auto_merge_the_tier_is_off(stand, ann, what):
    stand.open()
    stand.green()
    if what == "unprotected":
        stand.shop.required_checks = ()
    else:
        stand.shop.allow_auto_merge = False
    tended = stand.visit()

    assert acts(tended, Merge) == []
    assert (events(tended), stand.tier()) == (["demoted"], ["flywheel", "flywheel:interactive"])
    assert what in stand.check_summary()


def test_37_where_there_is_a_merge_queue_it_goes_through_it(stand, ann):
    stand.shop.queue = True
    stand.open()
    stand.green()
    stand.visit()

    assert stand.pull().pull.queued_by == stand.world.bot
    assert stand.pull().pull.merged_at is None

    stand.world.merge_group(stand.shop)
    stand.visit()

    assert stand.events()[-1] == "merged"


@pytest.mark.parametrize("kind", ["lost", *(pytest.param(one, marks=pytest.mark.long) for one in ("error", "cut"))])
def test_40_a_merge_without_an_answer_is_looked_at_before_anything_is_decided(stand, ann, github, kind):
    stand.open()
    stand.green()
    sight = stand.look()
    github.faults.append(Fault(kind, method="PUT", path=r"/merge$"))
    try:
        stand.visit(sight)
    except UnavailableError:
        assert kind == "error"
    stand.settle()

    assert stand.events() == ["proposed", "merged"]
    merges = [one for one in github.exchanges if one.path.endswith("/merge") and one.method == "PUT"]
    assert len(merges) == (2 if kind == "error" else 1)


# --- switches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("thrown", [True, None], ids=["thrown", "unknown"])
def test_49_a_switch_takes_back_what_is_armed_within_one_visit(stand, ann, place, thrown):
    arm(stand)
    stand.lookups = tuple(Lookup(one, "merges", thrown if one == place else False) for one in PLACES)
    tended = stand.visit()

    assert [act.number for act in acts(tended, Disarm)] == [1]
    assert stand.pull().pull.armed_by is None
    assert stand.pull().pull.merged_at is None


def test_49_an_issue_that_a_triager_holds_stops_everything_and_one_from_a_template_nothing(stand, ann):
    stand.open()
    stand.green()
    repository = ann.get_repo("octo/shop")
    stand.shop.roles["ann"] = "read"
    hold = repository.create_issue("Stop", labels=["flywheel:hold"])
    ignored = stand.visit()

    assert "without the role for it" in ignored.notes[0]
    assert len(acts(ignored, Merge)) == 1

    stand.shop.roles["ann"] = "triage"
    stand.says = decision("autonomous")
    hold.edit(state="closed")


def test_49_a_triagers_hold_issue_stops_merges(stand, ann):
    stand.open()
    stand.green()
    stand.shop.roles["ann"] = "triage"
    issue = ann.get_repo("octo/shop").create_issue("Stop")
    issue.add_to_labels("flywheel:hold")

    assert acts(stand.visit(), Merge) == []
    issue.edit(state="closed")
    assert len(acts(stand.visit(), Merge)) == 1


@pytest.mark.long
def test_49_the_switch_of_rollbacks_is_a_writers(stand, ann):
    stand.open()
    stand.green()
    stand.settle()
    hers(ann).create_comment("/flywheel rollback")
    stand.shop.roles["ann"] = "triage"
    hold = ann.get_repo("octo/shop").create_issue("Hold rollbacks")
    hold.add_to_labels("flywheel:hold")
    stand.shop.roles["ann"] = "write"
    stopped = stand.visit()

    assert stopped.effects == []
    assert any("rollbacks are stopped" in note for note in stopped.notes)

    stand.shop.roles["ann"] = "triage"
    freed = stand.visit()
    assert len(freed.effects) == 1


# --- taking back ------------------------------------------------------------------------------------------------------


def went_in(stand, ann):
    """Merged by itself, and a writer asks to have it back."""
    stand.open()
    stand.green()
    stand.settle()
    assert stand.events() == ["proposed", "merged"]
    hers(ann).create_comment("/flywheel rollback")


def reverts(stand):
    return [one for one in stand.shop.pulls() if "undo" in one.pull.head]


def test_50_a_rollback_is_the_exact_inverse_and_merges_itself_once_it_is_green(stand, ann):
    went_in(stand, ann)
    stand.visit()
    (undo,) = reverts(stand)
    stand.settle()
    assert undo.pull.merged_at is None
    stand.green(undo)
    stand.settle()

    assert undo.pull.merged_at
    assert stand.text() == "# Shop\n"
    assert stand.events()[-2:] == ["reverted", "demoted"]
    assert len(reverts(stand)) == 1
    assert "taken back by Flywheel" in stand.says_in_comment(1)


@pytest.mark.long
def test_50_a_target_that_was_edited_since_is_an_issue_and_nothing_is_forced(stand, ann):
    went_in(stand, ann)
    commit(stand.world, stand.shop, "main", {"AGENTS.md": "# Shop\n\nRead the LAST check.\n"}, "ann")
    stand.visit()
    stand.visit()

    assert reverts(stand) == []
    issues = [one for one in stand.shop.issues.values() if not one.pull]
    assert len(issues) == 1
    assert "flywheel:stuck" in [label.name for label in issues[0].labels]


@pytest.mark.long
def test_50_an_open_revert_is_computed_anew_when_its_base_moves(stand, ann):
    text = "# Shop\n\nOpen daily.\n\nCall ann.\n"
    commit(stand.world, stand.shop, "main", {"AGENTS.md": text}, "ann")
    stand.edits = (Edit("AGENTS.md", text, text + "\nRead the last check.\n"),)
    went_in(stand, ann)
    stand.visit()
    (undo,) = reverts(stand)
    before = stand.head(undo)
    commit(stand.world, stand.shop, "main", {"AGENTS.md": f"# The shop\n{text[7:]}\nRead the last check.\n"}, "ann")
    stand.visit()

    assert stand.head(undo) not in ("", before)
    assert stand.shop.git.run("show", f"{stand.head(undo)}:AGENTS.md").decode() == f"# The shop\n{text[7:]}"
    assert "flywheel:autonomous" not in [label.name for label in undo.labels]
    stand.green(undo)
    stand.visit()
    assert undo.pull.merged_at is None


@pytest.mark.long
def test_50_a_revert_that_a_person_closed_is_never_opened_again(stand, ann):
    went_in(stand, ann)
    stand.visit()
    (undo,) = reverts(stand)
    hers(ann, undo.number).edit(state="closed")
    stand.settle()
    hers(ann).create_comment("/flywheel rollback")
    stand.settle()

    assert len(reverts(stand)) == 1
    assert undo.state == "closed"


def test_50_what_was_closed_by_a_person_stays_closed(stand, ann):
    stand.says = decision("interactive")
    stand.open("interactive")
    hers(ann).create_comment("We would rather not.")
    hers(ann).edit(state="closed")
    stand.settle()

    entry = stand.ledger().entries[-1]
    assert (entry.event, entry.reason, entry.by) == ("dismissed", "We would rather not.", stand.world.user("ann").id)


def test_47_whatever_was_missed_one_look_reaches_the_same_end(stand, ann):
    stand.says = decision("interactive")
    stand.open("interactive")
    stand.green()
    hers(ann).add_to_labels("flywheel:hold")
    hers(ann).create_comment("/flywheel explain")
    hers(ann).remove_from_labels("flywheel:hold")
    ann.get_repo("octo/shop").get_pull(1).merge(merge_method="squash")
    stand.ahead = timedelta(hours=30)
    stand.settle()

    assert stand.events().count("merged") == 1
    assert stand.ledger().changes[stand.change().id].last.event == "merged"


def test_a_stopped_process_merges_nothing(stand, ann):
    stand.open()
    stand.green()
    stand.lookups = STOPPED

    assert acts(stand.visit(), Merge) == []
