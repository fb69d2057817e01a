"""What a pin cites: the bytes where they lie, and nothing when they are gone."""

from pathlib import Path

from bot.signals.original import OnDisk


def test_a_file_on_disk_gives_the_stretches_that_its_bytes_have(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(bytes(range(100)))

    data = OnDisk(file)

    assert 100 == len(data)
    assert bytes(range(10, 20)) == data[10:20]
    assert bytes(range(95, 100)) == data[95:200]
    assert b"" == data[20:10]


def test_a_file_that_went_away_gives_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    data = OnDisk(file)
    file.unlink()

    assert b"" == data[0:3]
