"""The life of a category, told by the ledger alone: autonomy earned, a change that hurts, its revert, autonomy lost."""

from pathlib import Path

from bot.approval.aftermath import answer, told
from bot.approval.policy import load
from bot.approval.record import Record, lacking, records
from bot.approval.rollback import undo
from bot.approval.seen import Baseline, Seen
from bot.approval.watch import Merge, watch
from bot.ledger import encode, fold
from bot.model import Edit, Entry, replace

POLICY = load((Path(__file__).resolve().parents[2] / "rules/approval/default.yml").read_text(), "default.yml")
NAME = "guard-threshold/hooks/repeats-one-call"
BEFORE = Baseline(100, 8, 25)
EDIT = Edit("docs/agents/limits.json", "7\n", "8\n")


def lived(number, kinds, rerun="none"):
    """One change: proposed, merged, watched over these runs (`f` failed); its lines of the ledger and the answer."""
    repository, month = f"o/r{number % 3}", f"2026-{1 + number // 28:02}"
    start = Entry(
        f"{month}-{1 + number % 28:02}T00:00:00Z",
        *("proposed", repository, f"c{number}", "repeats-one-call", "r1", "interactive"),
        category=NAME,
        model="m1",
    )
    merged = replace(start, event="merged")
    merge = Merge(merged.change, merged.at, {repository: BEFORE})
    runs = [
        Seen(
            f"{number}/{n}",
            repository,
            f"{merged.at[:10]}T{n // 60:02}:{n % 60:02}:01Z",
            kind == "f",
            False,
            rerun=rerun,
        )
        for n, kind in enumerate(kinds)
    ]
    now = f"2026-{2 + number // 28:02}-28T00:00:00Z"
    said = answer(merge, watch(merge, runs, POLICY), POLICY, now)
    return [start, merged, told(merged, said, None, now)], said


def record_of(entries, model="m1"):
    """The record as a process without any database reads it from the lines in git."""
    ledger = fold([encode(entry) for entry in entries])
    found = records(ledger.entries, POLICY, model)
    return found[0] if found else Record(NAME)


def test_a_category_earns_autonomy_loses_it_to_one_that_hurts_and_begins_again_under_another_model():
    entries = []
    for number in range(18):
        assert not record_of(entries).earned
        lines, said = lived(number, "." * 60)
        assert (said.watch, said.aftermath) == ("clean", "kept")
        entries += lines
    earned = record_of(entries)

    assert (earned.earned, earned.kept, earned.repositories, lacking(earned, POLICY)) == (True, 18, 3, (0, 0))

    for number in (18, 19):
        lines, said = lived(number, "f" * 12, rerun="fail")
        assert (said.do, said.reason) == ("revert", "failures")
        assert undo([EDIT], {EDIT.path: EDIT.after}).exact
        entries += [*lines, replace(lines[1], at="2026-06-01T00:00:00Z", event="reverted")]
    lost = record_of(entries)

    assert (lost.earned, lost.demoted, lost.reason) == (False, True, "failures")
    assert lacking(lost, POLICY) == (3, 18)
    assert record_of(entries, "m2") == Record(NAME)
    assert record_of(entries[: len(entries) // 2] + entries) == lost


def test_an_answer_that_says_nothing_new_is_not_written_twice():
    (_, merged, watched), said = lived(0, "." * 60)

    assert told(merged, said, watched, watched.at) is None
    assert told(merged, replace(said, watch="", aftermath=""), None, watched.at) is None
