"""Taking a change back: exactly, around later work, or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from bot.approval.rollback import Undo, merged, refusal, stale, undo
from bot.model import Edit, Entry

EDIT = Edit("AGENTS.md", "a\nb\nc\nd\ne\n", "a\nB\nc\nd\ne\n")
NEW = Edit("new.md", None, "x\n")
GONE = Edit("old.md", "x\n", None)


def test_what_is_undone_already_needs_nothing():
    assert undo([EDIT, NEW], {"AGENTS.md": EDIT.before, "new.md": None}) == Undo()


def test_files_that_are_still_ours_come_back_byte_for_byte():
    back = undo([EDIT, NEW, GONE], {"AGENTS.md": EDIT.after, "new.md": "x\n", "old.md": None})

    assert back.exact
    assert back.edits == (
        Edit("AGENTS.md", EDIT.after, EDIT.before),
        Edit("new.md", "x\n", None),
        Edit("old.md", None, "x\n"),
    )


def test_later_work_elsewhere_in_the_file_survives_and_the_revert_is_not_exact():
    back = undo([EDIT], {"AGENTS.md": "a\nB\nc\nd\nE\nf\n"})

    assert back == Undo((Edit("AGENTS.md", "a\nB\nc\nd\nE\nf\n", "a\nb\nc\nd\nE\nf\n"),))


def test_later_work_on_the_same_lines_is_a_conflict_and_nothing_is_forced():
    assert undo([EDIT, NEW], {"AGENTS.md": "a\nBB\nc\nd\ne\n", "new.md": "x\n"}) == Undo(conflicts=("AGENTS.md",))
    assert undo([NEW], {"new.md": "y\n"}) == Undo(conflicts=("new.md",))


def test_each_merge_is_taken_back_once_and_nothing_else_is():
    told = [Entry("2026-01-01", "proposed", "o/r", "a1", "d"), Entry("2026-01-02", "merged", "o/r", "a1", "d")]

    assert refusal(told[:1], "o/r", "a1") == "not-merged"
    assert refusal(told, "o/r", "a1") == ""
    assert refusal([*told, Entry("2026-01-03", "reverted", "o/r", "a1", "d")], "o/r", "a1") == "reverted-before"


def test_a_revert_expires_with_its_base_and_with_time():
    at = "2026-01-01T00:00:00Z"

    assert not stale("a", "a", at, "2026-01-08T00:00:00Z")
    assert stale("a", "a", at, "2026-01-08T00:00:01Z")
    assert stale("a", "b", at, at)


lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d"]), max_size=8).map("".join)


@given(lines, lines)
def test_a_merge_with_only_one_side_changed_is_that_side(base, other):
    assert merged(base, base, other) == other
    assert merged(base, other, base) == other


@given(lines, lines, lines)
def test_a_merge_does_not_depend_on_whose_side_is_whose(base, ours, theirs):
    assert merged(base, ours, theirs) == merged(base, theirs, ours)
