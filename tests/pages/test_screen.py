"""What a person sees of one record in the terminal."""

import pytest

from bot.pages.screen import show_explained, show_record

PIN = {"path": "a.jsonl", "line": 7, "sha256": "ab", "start": 1, "end": 9, "quote": "FAILED test_a"}
PATTERN = {
    "kind": "pattern",
    "id": "a9bb9c9291ad",
    "reasons": [],
    "odds_ratio": None,
    "interval": [2.204, None],
    "findings": [{"episode": "octo/shop/1", "steps": [8], "instance": "814f22ff", "pins": [PIN, PIN]}],
    "state": None,
    "history": [],
}


def test_an_interval_stands_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_record({"interval": [-1.0, 0.5], "tasks": ["a", "b"]})

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["interval", "-1,", "0.5"],
        ["tasks", "a"],
        ["b"],
    ]


def test_a_pattern_tells_infinity_and_each_citation_once(capsys: pytest.CaptureFixture[str]) -> None:
    show_explained(PATTERN)
    told = capsys.readouterr().out

    assert ["interval", "2.20", "to", "∞"] in [line.split() for line in told.splitlines()]
    assert ["odds", "ratio", "∞"] in [line.split() for line in told.splitlines()]
    assert 1 == told.count("a.jsonl:7: FAILED test_a")
    assert "814f22ff" not in told
