"""The page of formats names exactly what can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.signals import reports, transcripts

PAGE = Path(__file__).resolve().parents[1] / "docs" / "formats.md"


def listed(heading: str) -> list[str]:
    """The names in the first column of the tables below a heading."""
    section = re.split(r"(?m)^## ", PAGE.read_text(encoding="utf-8"))
    text = next(part for part in section if part.startswith(heading))
    return re.findall(r"(?m)^\| `([a-z0-9-]+)` \|", text)


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("Transcripts", [form.name for form in transcripts.FORMATS]),
        ("Reports", [form.name for form in reports.FORMATS]),
    ],
)
def test_the_page_lists_exactly_the_formats_that_are_read(heading: str, known: list[str]) -> None:
    assert sorted(known) == sorted(listed(heading))


def test_every_row_says_what_it_was_tried_on() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]

    assert [] == [row for row in rows if not row.rstrip("|").rpartition("|")[2].strip()]
