"""A project with both guards installed, and the hook payloads of https://docs.claude.com/en/docs/claude-code/hooks."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

GUARDS = Path(__file__).resolve().parents[3] / "bot/modifications/guards"


@dataclass
class Project:
    """Runs a guard as Claude Code does: by /bin/sh, with a payload on stdin."""

    root: Path
    temp: Path
    session: str = "0b6c-11"
    env: dict[str, str] = field(default_factory=dict)

    def raw(self, guard: str, given: bytes) -> str:
        """What the guard prints; it must exit with 0 and say nothing on stderr."""
        env = {"PATH": "/usr/bin:/bin", "CLAUDE_PROJECT_DIR": str(self.root), "TMPDIR": str(self.temp), **self.env}
        line = f'"{sys.executable}" -I -S "$CLAUDE_PROJECT_DIR"/.claude/hooks/flywheel-{guard}.py'
        done = subprocess.run(["/bin/sh", "-c", line], input=given, env=env, cwd=self.root, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode()

    def hook(self, guard: str, event: str, **fields: Any) -> dict[str, Any]:
        common = {
            "session_id": self.session,
            "transcript_path": "/home/u/.claude/projects/p/s.jsonl",
            "cwd": str(self.root),
            "permission_mode": "default",
            "hook_event_name": event,
        }
        said = self.raw(guard, json.dumps({**common, **fields}).encode())
        return json.loads(said) if said else {}

    def edit(self, guard: str, file: str, event: str = "PostToolUse", kind: str = "update") -> dict[str, Any]:
        path = str(self.root / file)
        given = {"file_path": path, "content": "x = 1\n"}
        back = {"tool_response": {"type": kind, "filePath": path}} if event == "PostToolUse" else {}
        return self.hook(guard, event, tool_name="Write", tool_input=given, tool_use_id="toolu_1", **back)

    def run(self, guard: str, command: str, error: str = "", stdout: str = "") -> dict[str, Any]:
        given = {"command": command, "description": "Run it"}
        if error:
            return self.hook(guard, "PostToolUseFailure", tool_name="Bash", tool_input=given, error=error)
        back = {"stdout": stdout, "stderr": "", "interrupted": False, "isImage": False}
        return self.hook(guard, "PostToolUse", tool_name="Bash", tool_input=given, tool_response=back)

    def log(self) -> list[dict[str, Any]]:
        path = self.root / ".claude/flywheel-log.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root, temp = tmp_path / "a project", tmp_path / "temp"
    (root / ".claude/hooks").mkdir(parents=True)
    temp.mkdir()
    for name in ("loop", "finish"):
        shutil.copy(GUARDS / f"{name}_guard.py", root / f".claude/hooks/flywheel-{name}-guard.py")
    return Project(root, temp)
