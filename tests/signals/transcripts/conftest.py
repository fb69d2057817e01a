"""What the tests of transcripts share: the real files, reading from bytes, and whether a quote stands in its range."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.model import Trace
from bot.signals import transcripts

SHARED = Path(__file__).resolve().parents[3] / "../shared/data/transcripts"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The collected real transcripts; never part of the project."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here")
    return SHARED


@pytest.fixture(scope="session")
def manifest(shared: Path) -> list[dict[str, str]]:
    with (shared / "MANIFEST.tsv").open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


@pytest.fixture(scope="session")
def read() -> Callable[..., Trace]:
    """Read bytes that hold one run."""

    def _read(data: bytes, path: str = "a.jsonl") -> Trace:
        (trace,) = transcripts.read(io.BytesIO(data), path)
        return trace

    return _read


@pytest.fixture(scope="session")
def misquoted() -> Callable[[bytes, Trace], list[str]]:
    """The quotes of a trace that do not stand in their range: not as bytes, and in no string of its JSON."""

    def _misquoted(data: bytes, trace: Trace) -> list[str]:
        cited = [item for step in trace.steps for item in (step, *step.calls)]
        return [
            item.quote
            for item in cited
            if not (0 < len(item.quote) <= 160 and _stands(data[item.start : item.end], item.quote))
        ]

    return _misquoted


def _stands(part: bytes, quote: str) -> bool:
    text = part.decode("utf-8", "replace")
    if quote in text:
        return True
    try:
        return _within(json.loads(text.strip("\0 \r\n\ufeff"), strict=False), quote)
    except ValueError:
        return False


def _within(value: object, quote: str) -> bool:
    if isinstance(value, str):
        return quote in value
    if isinstance(value, dict):
        return any(_within(item, quote) for item in (*value.keys(), *value.values()))
    return isinstance(value, list) and any(_within(item, quote) for item in value)
