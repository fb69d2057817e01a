"""The pilot issue: where to start, how, and how to stop; nothing that a name could do to it."""

import itertools

from bot.pages.pilot import Row, body


def test_each_repository_has_its_command_until_it_has_an_answer() -> None:
    rows = [Row("octo/shop", 9, 6), Row("octo/till", 4, 2, "asked"), Row("octo/old", 3, 1, "off")]

    text = body(rows, 30, hidden=False)

    assert "| octo/shop | 9 | 6 | `/flywheel start octo/shop` |" in text
    assert "| octo/till | 4 | 2 | its pull request waits to be merged |" in text
    assert "| octo/old | 3 | 1 | said no |" in text
    assert "Private" not in text
    assert "Close this issue" in text


def test_a_name_is_no_markdown() -> None:
    text = body([Row("octo/__init__", 1, 1)], 30, hidden=False)

    assert "| octo/\\_\\_init\\_\\_ | 1 | 1 | `/flywheel start octo/__init__` |" in text


def test_a_long_list_is_cut_and_says_so() -> None:
    text = body([Row(f"octo/r{at}", 1, 0) for at in range(40)], 30, hidden=True)

    assert "octo/r30 " not in text
    assert "10 repositories with fewer of them are not listed." in text
    assert "Private repositories are not named in a public place." in text


def test_a_sentence_stands_on_one_line() -> None:
    lines = body([Row("octo/shop", 9, 6)], 30, hidden=True).splitlines()

    assert [] == [one for one in itertools.pairwise(lines) if one[0][-1:].isalpha() and one[1][:1].islower()]
