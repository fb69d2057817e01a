"""A repository with stored sessions can be named wherever transcripts can, and its citations are checked."""

import json
from pathlib import Path

import pytest

from tests.cli import flywheel, git
from tests.signals.test_collect import session

PLACE = "a1/b2c3d4e5f6/0"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository in which one session led to one commit."""
    place = tmp_path / "shop"
    place.mkdir()
    git(place, "init", "-q", "-b", "entire/checkpoints/v1")
    (place / PLACE).mkdir(parents=True)
    (place / PLACE / "full.jsonl").write_text(session(), encoding="utf-8")
    (place / PLACE / "metadata.json").write_text(json.dumps({"session_id": "s1", "model": "m"}), encoding="utf-8")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "Checkpoint: a1b2c3d4e5f6")
    git(place, "checkout", "-q", "--orphan", "main")
    git(place, "rm", "-rqf", ".")
    git(place, "commit", "-q", "--allow-empty", "-m", "Fix it\n\nEntire-Checkpoint: a1b2c3d4e5f6")
    return place


def test_a_repository_named_twice_is_counted_once_and_no_citation_is_lost(shop: Path, tmp_path: Path) -> None:
    done = flywheel("run", shop, shop / ".." / "shop", "--json", "--dry-run", cwd=tmp_path)

    record = json.loads(done.stdout)
    assert (1, 0) == (record["episodes"], record["dropped_pins"])
    assert record["findings"] > 0
    assert [] == record["warnings"]


def test_read_and_export_show_the_session(shop: Path, tmp_path: Path) -> None:
    (line,) = flywheel("read", shop, "--json", cwd=tmp_path).stdout.splitlines()
    (document,) = flywheel("export", shop, cwd=tmp_path).stdout.splitlines()

    read = json.loads(line)
    assert (f"{shop}!entire/checkpoints/v1:{PLACE}/full.jsonl", "claude-code-session") == (read["path"], read["format"])
    assert "s1" == json.loads(document)["session_id"]


def test_backtest_takes_a_repository(shop: Path, tmp_path: Path) -> None:
    assert flywheel("backtest", "loop-guard", shop, "--json", cwd=tmp_path).returncode == 0
