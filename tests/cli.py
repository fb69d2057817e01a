"""The command line and git as a person has them: real processes, in a folder of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples" / "episodes"


def flywheel(*arguments: object, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """What `flywheel` with these arguments printed; never a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert not check or done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def git(directory: Path, *arguments: str) -> str:
    """What git printed."""
    command = ["git", "-C", str(directory), "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def record(out: Path) -> dict[str, Any]:
    """The last run of an out folder."""
    return json.loads((out / "run.json").read_text(encoding="utf-8"))
