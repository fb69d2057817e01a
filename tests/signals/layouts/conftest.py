"""Small folders shaped like the real ones, made in place; nothing is copied from anywhere."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[[str, object], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text, bytes, or an object as JSON, at a place below the test's folder."""

    def written(place: str, content: object) -> Path:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return written


def stream(*commands: str, session: str = "s1") -> str:
    """What `claude -p --output-format stream-json` prints of an agent that runs these commands."""
    lines: list[dict[str, Any]] = [
        {"type": "system", "subtype": "init", "cwd": "/app", "session_id": session, "tools": ["Bash"],
         "mcp_servers": [], "model": "claude-x", "permissionMode": "default", "slash_commands": [],
         "apiKeySource": "none", "claude_code_version": "2.1.0"},
    ]  # fmt: skip
    for number, command in enumerate(commands):
        use = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": command}}
        back = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "ok"}
        message = {"id": f"m{number}", "role": "assistant", "model": "claude-x", "content": [use]}
        lines += [
            {"type": "assistant", "session_id": session, "message": message},
            {"type": "user", "session_id": session, "message": {"role": "user", "content": [back]}},
        ]
    lines.append({"type": "result", "subtype": "success", "is_error": False, "session_id": session, "result": "Done."})
    return "".join(json.dumps(line) + "\n" for line in lines)


def atif(*commands: str, session: str = "s1") -> dict[str, object]:
    """A trajectory as Harbor makes it."""
    steps = [{"step_id": 1, "source": "user", "message": "Do it"}]
    steps += [
        {"step_id": number, "source": "agent", "message": f"step {number}", "tool_calls": [
            {"tool_call_id": f"c{number}", "function_name": "bash", "arguments": {"command": command}}],
         "observation": {"results": [{"source_call_id": f"c{number}", "content": "ok"}]}}
        for number, command in enumerate(commands, 2)
    ]  # fmt: skip
    agent = {"name": "terminus-2", "version": "1", "model_name": "m"}
    return {"schema_version": "ATIF-v1.5", "session_id": session, "agent": agent, "steps": steps}
