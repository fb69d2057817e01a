"""`flywheel export`: one document a run, redacted unless asked otherwise, and every path that fails is told."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from bot.commands.exporting import export_all

TOKEN = "ghp_" + "a" * 36
STEPS = [
    {"step_id": 1, "source": "user", "message": f"Mend it with {TOKEN}"},
    {"step_id": 2, "source": "agent", "message": "I look"},
]
ATIF = {"schema_version": "ATIF-v1.2", "session_id": "s", "agent": {"name": "a", "version": "1"}, "steps": STEPS}


def test_a_file_gives_its_runs_redacted(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(ATIF))
    failed: list[str] = []
    (shown,) = export_all([path], failed)
    (raw,) = export_all([path], failed, raw=True)

    assert shown["steps"][0]["message"] == "Mend it with [redacted]"
    assert raw["steps"][0]["message"] == f"Mend it with {TOKEN}"
    assert failed == []


def test_what_embed_takes_out_is_taken_out_here(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    token = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    said = [{"step_id": 1, "source": "user", "message": f"{token} \ud800 {token}"}, STEPS[1]]
    path.write_text(json.dumps(ATIF | {"steps": said}))
    (shown,) = export_all([path], [])

    assert token not in json.dumps(shown)


def test_a_folder_or_a_zip_gives_what_is_a_transcript(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(ATIF))
    (folder / "notes.txt").write_text("words")
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as packed:
        packed.writestr("b.json", json.dumps(ATIF | {"session_id": "t"}))
    failed: list[str] = []
    found = list(export_all([folder, tmp_path / "run.zip"], failed))

    assert ([one["session_id"] for one in found], failed) == (["s", "t"], [])


def test_a_path_that_gives_nothing_is_told_and_costs_no_other(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.json", tmp_path / "b.txt"
    good.write_text(json.dumps(ATIF))
    bad.write_text("words")
    failed: list[str] = []
    found = list(export_all([bad, tmp_path / "none", good], failed))

    assert len(found) == 1
    assert [line.split(":")[0] for line in failed] == [str(bad), str(tmp_path / "none")]
