"""Real git repositories to work on, and one change to bring to them."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.forge.local import LocalForge
from bot.model import Edit, OpenPull

CHANGE = "0123456789ab"
BRANCH = f"flywheel/finishes-on-red-{CHANGE}"
DATE = "2026-01-05T12:00:00+00:00"
Git = Callable[..., str]


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No git user, no configuration of the machine's, and no repository around the tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def git() -> Git:
    def run(directory: Path, *arguments: str) -> str:
        who = {f"GIT_{role}_{part}": "dev" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        command = ["git", "-C", str(directory), *arguments]
        done = subprocess.run(command, env={**os.environ, **who}, capture_output=True, text=True, check=True)
        return done.stdout.rstrip("\n")

    return run


@pytest.fixture
def shop(tmp_path: Path, git: Git) -> Path:
    """A checked-out repository with AGENTS.md, a link to it, and a script of mode 755."""
    directory = tmp_path / "shop"
    directory.mkdir()
    git(directory, "init", "-q", "-b", "main")
    (directory / "AGENTS.md").write_text("# Shop\n")
    (directory / "CLAUDE.md").symlink_to("AGENTS.md")
    (directory / ".claude/hooks").mkdir(parents=True)
    (directory / ".claude/hooks/format.sh").write_text("true\n")
    (directory / ".claude/hooks/format.sh").chmod(0o755)
    (directory / "src.py").write_text("x = 1\n")
    git(directory, "add", ".")
    git(directory, "commit", "-q", "-m", "Begin")
    return directory


@pytest.fixture
def forge(shop: Path, tmp_path: Path) -> LocalForge:
    return LocalForge("octo/shop", shop, tmp_path / "out", date=DATE)


@pytest.fixture
def pull() -> OpenPull:
    """One line more in AGENTS.md, and a new executable file."""
    return OpenPull(
        repository="octo/shop",
        change=CHANGE,
        revision="deadbeef",
        branch=BRANCH,
        title="The agent finishes on red",
        body="Because.",
        message=f"Add a guard\n\nFlywheel-Change: {CHANGE}.deadbeef\nFlywheel-Tier: interactive\n",
        labels=("flywheel", "flywheel:interactive"),
        edits=(
            Edit("AGENTS.md", "# Shop\n", "# Shop\n\nRead the last check.\n"),
            Edit(".claude/hooks/guard.py", None, "print()\n", "100755"),
        ),
        head="",
    )
