"""What git tracks is read from its index, as git itself lists it."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.signals.tracked import tracked
from tests.cli import git

PATHS = ["a.txt", "deep/er/b.xml", "deep/er/bb.xml", "z", "\N{SNOWMAN}/x y.json", "q" * 200]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    for path in PATHS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path, encoding="utf-8")
    git(tmp_path, "add", ".")
    return tmp_path


def index(repository: Path) -> bytes:
    return (repository / ".git" / "index").read_bytes()


def test_an_empty_index_tracks_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "x").touch()
    git(tmp_path, "add", "x")
    git(tmp_path, "rm", "-q", "--cached", "x")

    assert frozenset() == tracked(index(tmp_path))


@pytest.mark.parametrize("version", [2, 3, 4])
def test_every_version_lists_what_git_lists(repository: Path, version: int) -> None:
    git(repository, "add", "-N", ".")
    (repository / "meant").touch()
    git(repository, "add", "-N", "meant")  # the extended flag of version 3
    git(repository, "update-index", "--index-version", str(version))

    assert frozenset(git(repository, "ls-files", "-z").strip("\0").split("\0")) == tracked(index(repository))


def test_a_sha256_repository_is_read_with_its_own_length(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    (tmp_path / "x.xml").touch()
    git(tmp_path, "add", "x.xml")

    assert frozenset({"x.xml"}) == tracked(index(tmp_path), 32)


@pytest.mark.parametrize("cut", [0, 3, 8, 12, 40, 80, 100])
def test_an_index_that_was_cut_off_is_told(repository: Path, cut: int) -> None:
    with pytest.raises(UserError, match=r"\.git/index"):
        tracked(index(repository)[:cut])


@given(st.binary(max_size=200), st.sampled_from([2, 3, 4]))
def test_any_bytes_are_an_index_or_told(junk: bytes, version: int) -> None:
    with contextlib.suppress(UserError):
        tracked(b"DIRC" + version.to_bytes(4, "big") + junk)
