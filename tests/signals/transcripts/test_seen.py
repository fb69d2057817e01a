"""What was seen is told from what was not, as a dict would tell it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.signals.transcripts.seen import Seen


@given(st.lists(st.integers(-40, 300).map(lambda number: number << 58 if number % 3 else number)))
def test_each_name_keeps_the_place_at_which_it_was_first_met(names: list[int]) -> None:
    seen = Seen()
    known: dict[int, int] = {}
    for name in names:
        expected = known.setdefault(hash(name), len(known))

        assert expected == seen.place(name)
    assert len(known) == len(seen)


def test_fifty_thousand_names_are_kept_apart() -> None:
    seen = Seen()
    first = [seen.place(f"msg_{number}") for number in range(50_000)]

    assert list(range(50_000)) == first
    assert first == [seen.place(f"msg_{number}") for number in range(50_000)]
