"""The TOML files below `issues/` go in; the three projects with their tasks come out."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tools.fleet.shapes import Failure, Project, Task

NAMES = ("parcel-api", "reading-room", "tidemark")


def projects() -> tuple[Project, ...]:
    """All projects in a fixed order."""
    folder = Path(__file__).parent / "issues"
    return tuple(_project(tomllib.loads((folder / f"{name}.toml").read_text())) for name in NAMES)


def _project(data: dict[str, Any]) -> Project:
    return Project(
        repository=data["repository"],
        language=data["language"],
        suite=tuple((suite["file"], tuple(suite["tests"])) for suite in data["suite"]),
        tasks=tuple(_task(task) for task in data["tasks"]),
    )


def _task(data: dict[str, Any]) -> Task:
    texts = {key: data[key] for key in ("number", "title", "summary", "source", "hunk")}
    return Task(
        **texts,
        prompts=tuple(data["prompts"]),
        versions=tuple(data["versions"]),
        failures=tuple(Failure(**failure) for failure in data.get("failures", [])),
        in_ci_only=Failure(**data["in_ci_only"]),
        scratch=tuple((file["path"], file["text"]) for file in data["scratch"]),
    )
