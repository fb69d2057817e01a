"""X2 on 2,800 recorded trials: each of the 175 without a verdict is left out, and nothing else is."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from bot.model import Agent, Episode
from bot.traces.gate import gate, recall

OUTCOMES = Path(__file__).resolve().parents[4] / "shared" / "data" / "outcomes" / "terminal-bench-0.1.1.csv"


@pytest.mark.skipif(not OUTCOMES.exists(), reason="the shared data is not here")
def test_every_trial_without_a_verdict_is_left_out_and_nothing_else():
    with OUTCOMES.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    fleet = [
        Episode(
            f"{row['submission']}/{row['task']}/{row['trial']}",
            "terminal-bench",
            row["verdict"],
            task=row["task"],
            agent=Agent(row["submission"]),
        )
        for row in rows
    ]
    history = recall(fleet)

    excluded = Counter((one.outcome, found.code) for one in fleet if (found := gate(one, history)))

    assert {"pass": 1112, "fail": 1513, "none": 175} == Counter(one.outcome for one in fleet)
    assert {("none", "X2 no-verdict"): 175} == excluded
