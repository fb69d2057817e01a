"""Held-out tasks wear out: looks are counted, spent tasks retire for good, a quarter rotates each month."""

import random

from hypothesis import given
from hypothesis import strategies as st

from bot.trials.heldout import LOOKS, Entry, choose, fold, rotate

NOW = "2026-11-25T00:00:00Z"
SEALED = [Entry("2026-10-01T00:00:00Z", "sealed", f"t{n:02}") for n in range(20)]


def looks(task: str, count: int, at: str = "2026-11-01T00:00:00Z") -> list[Entry]:
    return [Entry(at, "looked", task, f"c{n}") for n in range(count)]


def test_a_task_nobody_looked_at_stays() -> None:
    held = fold(SEALED, NOW)

    assert list(held.looks) == [entry.task for entry in SEALED]
    assert (set(held.looks.values()), held.seen, held.spent) == ({0}, frozenset(), ())


def test_a_look_is_one_change_on_one_task_in_this_quarter() -> None:
    entries = [*SEALED, *looks("t00", 3), *looks("t00", 3), *looks("t00", 9, "2026-09-30T23:59:59Z")[3:]]

    assert fold(entries, NOW).looks["t00"] == 3
    assert fold(entries, "2027-01-01T00:00:00Z").looks["t00"] == 0
    assert fold([*SEALED, *looks("t01", 2, "2026-12-24T00:00:00Z")], NOW).looks["t01"] == 0


def test_a_spent_task_retires_at_once_and_never_comes_back() -> None:
    entries = [*SEALED, *looks("t07", LOOKS), Entry("2026-11-02T00:00:00Z", "retired", "t01")]
    due = rotate(fold(entries, NOW), [], entries, NOW, "s")

    assert due == (Entry(NOW, "retired", "t07", "spent"),)
    after = fold([*entries, *due, Entry(NOW, "sealed", "t07")], NOW)
    assert "t07" not in after.looks
    assert not {"t07", "t01"} & set(choose(after, 20, "s"))


def test_a_quarter_of_the_list_rotates_once_a_month_the_most_looked_at_first() -> None:
    entries = [*SEALED, *looks("t03", 5), *looks("t04", 4)]
    fresh = [f"n{n}" for n in range(9)] + ["t05"]
    due = rotate(fold(entries, NOW), fresh, entries, NOW, "s")
    gone = {entry.task for entry in due if entry.kind == "retired"}

    assert len(gone) == 5
    assert {"t03", "t04"} <= gone
    assert len([entry for entry in due if entry.kind == "sealed" and entry.task.startswith("n")]) == 5
    later = [*entries, *due]
    assert rotate(fold(later, "2026-11-29T00:00:00Z"), fresh, later, "2026-11-29T00:00:00Z", "s") == ()
    assert len(rotate(fold(later, "2026-12-01T00:00:00Z"), fresh, later, "2026-12-01T00:00:00Z", "s")) == 8


def test_a_trial_always_has_unseen_tasks_among_its_guards() -> None:
    entries = [*SEALED, *(entry for n in range(16) for entry in looks(f"t{n:02}", 2))]
    chosen = choose(fold(entries, NOW), 8, "s")

    assert len(chosen) == 8
    assert len([task for task in chosen if task in ("t16", "t17", "t18", "t19")]) >= 2
    assert chosen == choose(fold(entries[::-1], NOW), 8, "s")


@given(st.randoms(use_true_random=False), st.integers(1, 30))
def test_the_fold_does_not_ask_for_an_order(chance: random.Random, many: int) -> None:
    entries = [*SEALED, *looks("t02", many), Entry("2026-11-03T00:00:00Z", "retired", "t09")]
    shuffled = chance.sample(entries, len(entries))

    assert fold(shuffled, NOW) == fold(entries, NOW)
