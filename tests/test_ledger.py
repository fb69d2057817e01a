"""What the flywheel remembers survives its own codec, damage and later versions."""

from hypothesis import given
from hypothesis import strategies as st

from bot.ledger import Standing, decode, dismissal_holds, encode, fold
from bot.model import Entry, replace

PROPOSED = Entry("2026-01-01T00:00:00Z", "proposed", "o/r", "a1", "finishes-on-red", "r1", "interactive", failed=6)


@given(st.builds(Entry, *[st.text(max_size=20)] * 5, failed=st.integers(0, 10**6)))
def test_an_entry_comes_back_as_it_went(entry: Entry) -> None:
    line = encode(entry)

    assert "\n" not in line
    assert decode(line) == entry


@given(st.text(max_size=200))
def test_any_line_is_an_entry_or_nothing(line: str) -> None:
    assert decode(line) is None or isinstance(decode(line), Entry)


def test_a_later_version_is_counted_and_not_guessed() -> None:
    later = encode(PROPOSED).replace('"v":1', '"v":2')

    ledger = fold([later, "{torn", "", encode(PROPOSED)])

    assert ledger.unread == 2
    assert list(ledger.changes) == ["a1"]


def test_a_dismissed_change_is_not_open_and_remembers_what_was_proposed() -> None:
    dismissed = replace(PROPOSED, event="dismissed", reason="not ours")

    standing = fold([encode(PROPOSED), encode(dismissed)]).changes["a1"]

    assert standing == Standing(PROPOSED, dismissed, PROPOSED)
    assert not standing.is_open


def test_a_no_holds_until_the_failure_is_back_at_twice_the_evidence() -> None:
    standing = fold([encode(PROPOSED), encode(replace(PROPOSED, event="dismissed"))]).changes["a1"]

    assert dismissal_holds(standing, 11)
    assert not dismissal_holds(standing, 12)
    assert not dismissal_holds(None, 1)


def test_only_what_was_merged_is_remembered_as_meant_to_cure() -> None:
    merged = replace(PROPOSED, event="merged", change="b2", detector="reaches-limit")

    assert fold([encode(PROPOSED), encode(merged)]).remembered() == {("o/r", "reaches-limit")}


def test_what_the_first_release_wrote_is_read_and_written_as_it_was() -> None:
    line = (
        '{"v":1,"at":"2026-01-01T00:00:00Z","event":"proposed","repository":"o/r","change":"a1",'
        '"detector":"finishes-on-red","revision":"r1","tier":"interactive","reason":"","failed":6,"passed":0,'
        '"fixes":0,"risks":0}'
    )

    assert PROPOSED == decode(line)
    assert line == encode(PROPOSED)


def test_a_watch_leaves_a_change_merged_and_an_integrity_alarm_leaves_it_where_it_stands() -> None:
    merged = replace(PROPOSED, event="merged")
    watched = replace(PROPOSED, event="watched", watch="clean", aftermath="kept")
    alarm = replace(PROPOSED, event="integrity", reason="tampered-report")

    ledger = fold(map(encode, [PROPOSED, merged, watched, alarm]))

    assert ledger.changes["a1"] == Standing(PROPOSED, watched, PROPOSED)
    assert ledger.remembered() == {("o/r", "finishes-on-red")}
    assert ledger.entries == (PROPOSED, merged, watched, alarm)


def test_a_trial_speaks_of_its_own_revision_and_the_last_word_counts() -> None:
    first = replace(PROPOSED, event="trialled", trial="inconclusive")
    later = replace(first, trial="confirmed")
    strange = replace(first, change="b2", trial="splendid")

    ledger = fold(map(encode, [PROPOSED, first, later, strange]))

    assert [ledger.trial("a1", "r1"), ledger.trial("a1", "r2"), ledger.trial("b2", "r1")] == [
        "confirmed",
        "none",
        "none",
    ]
