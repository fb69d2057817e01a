"""A file is whole or not there, and a folder belongs to one run at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.forge import files


def test_the_same_bytes_are_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "deep/file"

    assert files.write(path, b"one")
    assert not files.write(path, b"one")
    assert files.write(path, b"two")
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_folder_in_the_way_is_told_and_leaves_no_litter(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()

    with pytest.raises(UserError, match=r"it cannot be written .* Name another folder by --out"):
        files.write(tmp_path / "file", b"one")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    refused = pytest.raises(UserError, match=rf"process {os.getpid()} is at work in this folder\. Wait")
    with files.lock(tmp_path), refused, files.lock(tmp_path):
        pass

    with files.lock(tmp_path):
        pass


def test_the_lock_of_a_killed_run_is_not_in_the_way(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from bot.forge import files\n"
        "with files.lock(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root)

    assert (tmp_path / files.LOCK).read_text().startswith("process ")
    with files.lock(tmp_path):
        assert (tmp_path / files.LOCK).read_text() == f"process {os.getpid()}\n"


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    with pytest.raises(UserError, match="Name another folder by --out"), files.lock(tmp_path / "out"):
        pass
