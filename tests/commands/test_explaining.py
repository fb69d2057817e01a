"""`flywheel explain` tells the whole story of a change from the ledger."""

import json

from bot.commands.explaining import explain
from bot.ledger import encode
from bot.model import replace
from tests.jobs.shelf import CHANGE, MADE, proposed

AUTONOMOUS = proposed("autonomous")
STORY = [
    AUTONOMOUS,
    replace(AUTONOMOUS, event="settled", at="2026-03-01T01:00:00Z", about=3),
    replace(AUTONOMOUS, event="merged", at="2026-03-02T00:00:00Z", number=7, head=MADE),
    replace(AUTONOMOUS, event="watched", at="2026-03-20T00:00:00Z", watch="alarm", reason="failures"),
    replace(AUTONOMOUS, event="undoing", at="2026-03-20T00:00:00Z", reason="failures"),
    replace(AUTONOMOUS, event="reverted", at="2026-03-21T00:00:00Z", reason="failures", number=9),
    replace(AUTONOMOUS, event="demoted", at="2026-03-21T00:00:00Z", tier="interactive", reason="reverted"),
]


def told(tmp_path, name):
    (tmp_path / "ledger.jsonl").write_text("".join(f"{encode(entry)}\n" for entry in STORY))
    (tmp_path / "run.json").write_text(json.dumps({"modifications": []}))
    return explain(name, tmp_path)


def test_what_was_merged_watched_and_taken_back_is_told_in_order(tmp_path):
    record = told(tmp_path, CHANGE)

    assert record["state"] == "reverted: failures"
    assert [entry["says"] for entry in record["history"]] == [
        "proposed as autonomous",
        "merged by Flywheel (#7)",
        "the watch raised an alarm: failures",
        "its exact way back was opened as a pull: failures",
        "taken back by Flywheel (#9): failures",
        "lowered to interactive by Flywheel: reverted",
    ]


def test_a_change_is_found_by_the_number_of_its_pull(tmp_path):
    assert told(tmp_path, "7") == told(tmp_path, "#7") == told(tmp_path, CHANGE)
