"""A gzip is read as what is inside it, bounded, and its bytes can be found again."""

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.signals.archive import inflated, open_source
from bot.signals.collect import collect
from bot.signals.walk import file_member
from tests.signals.layouts.conftest import stream

TEXT = stream("ls", "make").encode()


def test_a_file_that_only_bears_such_a_name_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a.jsonl.gz").write_bytes(TEXT)
    (episode,) = collect([tmp_path])

    assert episode.trace is not None
    assert episode.trace.sources[0].path.endswith("/r/a.jsonl.gz!a.jsonl")
    assert open_source(episode.trace.sources[0].path) is not None


@pytest.mark.parametrize("how", ["named", "walked", "zipped"])
def test_a_gzipped_transcript_is_read_and_its_bytes_can_be_found_again(how: str, tmp_path: Path) -> None:
    path = tmp_path / "r" / "a.jsonl.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]))
    if how == "zipped":
        with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
            archive.write(path, "transcripts/a.jsonl.gz")
    (episode,) = collect([{"named": path, "walked": path.parent, "zipped": tmp_path / "b.zip"}[how]])

    assert episode.trace is not None
    assert len(episode.trace.steps) == 2
    assert episode.trace.sources[0].path.endswith("a.jsonl.gz!a.jsonl")
    found = open_source(episode.trace.sources[0].path)
    assert found is not None
    assert TEXT == found.read()


def test_a_gzip_that_inflates_too_much_is_refused_and_said(tmp_path: Path) -> None:
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(TEXT + b" " * (40 << 20)))
    (episode,) = collect([tmp_path])

    assert episode.trace is None
    assert "inflates more than 200 times" in episode.signals[0].detail


def test_a_gzip_that_was_cut_off_is_said(tmp_path: Path) -> None:
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(TEXT)[:-20])
    (episode,) = collect([tmp_path])

    assert ["unreadable"] == [signal.name for signal in episode.signals]
    assert "cut.jsonl.gz" in episode.signals[0].detail


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_in_a_gzip_are_a_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("gz") / "a.json.gz"
    path.write_bytes(b"\x1f\x8b" + data)

    assert all(one.trace is None for one in collect([path]))
    assert open_source(f"{path}!b.json") is None


def test_a_name_without_a_stem_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".gz").write_bytes(b"x")
    member = file_member(tmp_path / ".gz", tmp_path)

    assert inflated(member) is member
