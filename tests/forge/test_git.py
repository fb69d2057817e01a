"""Git is run with nothing of the user's set-up in play, and its failures say how to mend them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.forge import git as door

Git = Callable[..., str]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("git@github.com:octo/shop.git", "octo/shop"),
        ("https://github.com/octo/shop", "octo/shop"),
        ("https://github.com/octo/shop.git/", "octo/shop"),
        ("ssh://git@host:2222/octo/shop.git", "octo/shop"),
        ("../shop", "../shop"),
        ("shop", ""),
    ],
)
def test_origin_names_the_repository(address: str, name: str, shop: Path, git: Git) -> None:
    git(shop, "remote", "add", "origin", address)

    assert door.origin(shop) == name


def test_no_origin_is_no_name(shop: Path, tmp_path: Path) -> None:
    assert door.origin(shop) == ""
    assert door.origin(tmp_path / "missing") == ""


def test_the_environment_cannot_point_git_elsewhere(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    assert door.line(shop, "rev-parse", "--is-inside-work-tree") == "true"


def test_what_looks_like_an_option_is_none(shop: Path) -> None:
    with pytest.raises(door.GitError):
        door.line(shop, "rev-parse", "--verify", "--end-of-options", "--git-dir")


def test_a_failure_names_the_folder_what_git_said_and_the_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        door.line(tmp_path, "rev-parse", "--git-dir")

    assert str(caught.value).startswith(f"{tmp_path}: git rev-parse failed (not a git repository")
    assert str(caught.value).endswith("Name a git repository, or leave --repo out to get patches.")


def test_a_machine_without_git_is_told(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(UserError, match="Install git"):
        door.line(shop, "rev-parse", "HEAD")
