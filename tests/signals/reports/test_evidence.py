"""The telling line of a failed log is found without looking at the same line twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.signals.reports import evidence

PIECES = ["Error", "FAILED", "not ok", "✖", "no", " ", "compiled", "İ", "0 errors", "timed out", "x"]


def test_a_log_that_names_no_failure_has_no_line_that_does() -> None:
    assert evidence.naming(["all", "", "is well"]) == []
    assert evidence.naming([]) == []


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map("".join), max_size=30))
def test_one_search_of_all_lines_finds_what_a_search_of_each_finds(texts: list[str]) -> None:
    each = [index for index, text in enumerate(texts) if evidence.names_failure(text)]

    assert evidence.naming(texts) == each


def test_of_equal_lines_the_first_is_the_evidence_and_the_last_when_they_bear_no_sign() -> None:
    signed = ["ok", "ValueError: no", "ValueError: no", "ok"]
    unsigned = ["ok", "it failed somehow", "it failed somehow", "ok"]

    assert evidence.pick(signed, range(4)) == evidence.Evidence(1, "message", "ValueError")
    assert evidence.pick(unsigned, range(4)) == evidence.Evidence(2, "summary", "")
