"""One repository goes first with a change; only the same change waits for it elsewhere."""

import pytest

from bot.jobs.tending_merges import canary
from bot.ledger import encode, fold
from bot.model import Edit, Entry, replace
from bot.modifications.adapters.managed_block import write
from bot.modifications.generate import same
from tests.jobs.shelf import NOW, OPENED, POLICY

MINE = Entry(OPENED, "proposed", "octo/shop", "a" * 12, "d", "r", "autonomous", category="k/c/d", same="1" * 8)
OTHER = replace(MINE, repository="octo/app", change="b" * 12)


def waits(*entries: Entry) -> list[str]:
    return [one.seen for one in canary([MINE], fold([encode(one) for one in (*entries, MINE)]), POLICY, NOW)]


@pytest.mark.parametrize(
    "what",
    [{"category": "k/c/e"}, {"same": "2" * 8}, {"repository": "octo/zoo"}, {"tier": "interactive"}],
    ids=["category", "another-change", "we-go-first", "a-persons"],
)
def test_nothing_waits_for_what_is_not_the_same_and_first(what: dict[str, str]) -> None:
    other = replace(OTHER, **what)

    assert waits(other) == []


def test_a_change_of_the_same_category_that_went_in_elsewhere_and_writes_something_else_is_no_canary() -> None:
    other = replace(OTHER, same="2" * 8)

    assert waits(other, replace(other, event="merged")) == []


@pytest.mark.parametrize("said", ["1" * 8, ""], ids=["same", "not-said"])
def test_the_same_change_waits_until_the_watch_of_the_first_has_an_answer(said: str) -> None:
    other = replace(OTHER, same=said)
    merged = replace(other, event="merged")

    assert waits(other) == ["octo/app goes first"]
    assert waits(other, merged) == ["the watch of octo/app has no answer yet"]
    assert waits(other, merged, replace(merged, event="watched", watch="clean")) == []


def test_the_same_text_is_the_same_change_whatever_stands_around_it_and_whoever_wrote_it() -> None:
    def block(around: str, change: str, text: str = "Run it.") -> Edit:
        return Edit("AGENTS.md", around, write(around, "scope/sprawls", change, text, "AGENTS.md"))

    first = same([block("# Shop\n\nOurs.\n", "a" * 12)])

    assert same([block("# Other\n\nTheirs.\n", "b" * 12)]) == first
    assert same([block("# Shop\n\nOurs.\n", "a" * 12, "Do not.")]) != first
