"""A job summary says what was seen, and no text of a transcript can make it say or do anything else."""

from typing import Any

import pytest

from bot.pages.summary import MAX_BYTES, summary

PATTERN = {
    "detector": "finishes-on-red",
    "status": "actionable",
    "rank": 1,
    "failed": 27,
    "passed": 3,
    "failed_of": 56,
    "passed_of": 53,
    "odds_ratio": None,
    "interval": [5.4, None],
    "reasons": [],
}
CHANGE = {"repository": "o/r", "title": "It stops", "tier": "interactive", "held": None, "fixes": ["a"], "risks": []}


def test_an_empty_record_says_that_nothing_was_read() -> None:
    assert "## What keeps going wrong\n\n0 agent runs read: none.\n\nNo known failure was seen in them.\n" == summary(
        {}
    )


def test_a_pattern_is_shown_with_its_counts_and_its_interval() -> None:
    text = summary({"episodes": 109, "outcomes": {"fail": 56, "pass": 53}, "patterns": [PATTERN]})

    assert "109 agent runs read: 56 failed, 53 passed." in text
    assert "| finishes-on-red | 27 of 56 | 3 of 53 | ∞ &#91;5.40, ∞&#93; | yes |" in text


def test_why_a_pattern_may_not_be_acted_on_is_said_in_words() -> None:
    text = summary({"patterns": [PATTERN | {"status": "descriptive", "reasons": ["few-tasks"], "interval": None}]})

    assert "| – | no: too few tasks |" in text


def test_what_would_be_changed_is_only_observed() -> None:
    text = summary({"modifications": [CHANGE], "held": [CHANGE | {"held": "3 of 3 open"}]})

    assert "| o/r | It stops | interactive | 1 | 0 |" in text
    assert "interactive (held: 3 of 3 open)" in text
    assert "Nothing was written to any repository" in text


def test_runs_that_were_left_out_are_counted_by_reason() -> None:
    text = summary({"excluded": [{"reason": "X1 never-started"}, {"reason": "X1 never-started"}, {"reason": "X4 x"}]})

    assert "3 runs in which the agent is not to blame" in text
    assert "- The agent never started: 2\n- The machine failed: 1" in text


@pytest.mark.parametrize(
    "hostile", ["@org/team", "Fixes #1", "<img src=x>", "a | b |\n| c", "```", "[x](http://e.x)", "\x1b[2J"]
)
def test_nothing_from_outside_is_live(hostile: str) -> None:
    record: dict[str, Any] = {
        "patterns": [PATTERN | {"detector": hostile}],
        "modifications": [CHANGE | {"title": hostile, "repository": hostile}],
        "excluded": [{"reason": hostile}],
        "warnings": [hostile],
    }

    text = summary(record)

    assert hostile not in text
    assert summary(record | {"warnings": ["x"]}).count("\n") == text.count("\n")


def test_a_long_record_is_cut_below_githubs_limit_and_says_so() -> None:
    many = [PATTERN | {"detector": "x" * 300} for _ in range(20_000)]
    text = summary({"patterns": many, "excluded": [{"reason": f"R{n}"} for n in range(200_000)]})

    assert len(text.encode()) <= MAX_BYTES
    assert "… and 19,975 more patterns in the report." in text
    assert text.endswith("the report has it all.\n")
