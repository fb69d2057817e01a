"""The nouns of the generator: projects with their tasks, the moves of a run, and the plan of an episode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Language = Literal["python", "typescript", "go"]
Ending = Literal["green", "red", "unverified"]
Agent = Literal["claude-session", "claude-action", "codex"]


@dataclass(frozen=True)
class Failure:
    """A test that fails: where it stands, the statement that fails, and what the runner says about it."""

    file: str
    name: str
    statement: str
    message: str
    line: int


@dataclass(frozen=True)
class Task:
    """One issue: the piece of source it is about, attempts at it (the last is right), and what checks it."""

    number: int
    title: str
    prompts: tuple[str, ...]
    source: str
    hunk: str
    versions: tuple[str, ...]
    failures: tuple[Failure, ...]
    in_ci_only: Failure
    scratch: tuple[tuple[str, str], ...]
    summary: str

    @property
    def id(self) -> str:
        """As the manifest names it."""
        return f"issue-{self.number}"


@dataclass(frozen=True)
class Project:
    """One repository: its language, its suite as (file, test names), and its tasks."""

    repository: str
    language: Language
    suite: tuple[tuple[str, tuple[str, ...]], ...]
    tasks: tuple[Task, ...]

    @property
    def folder(self) -> str:
        """The name of the folder that holds it."""
        return self.repository.replace("/", "__")

    @property
    def name(self) -> str:
        """Without its owner."""
        return self.repository.partition("/")[2]

    @property
    def cwd(self) -> str:
        """Where the agent's checkout stands."""
        return f"/home/runner/work/{self.name}/{self.name}"


@dataclass(frozen=True)
class Move:
    """One thing the agent does, and what comes back. `together` = called in the same turn as the move before."""

    kind: Literal["shell", "read", "grep", "edit", "write", "plan", "task", "poll", "say", "compact", "retry"]
    say: str = ""
    command: str = ""
    path: str = ""
    old: str = ""
    new: str = ""
    output: str = ""
    exit: int = 0
    error: str = ""
    timed_out: bool = False
    rejected: bool = False
    together: bool = False


@dataclass(frozen=True)
class Plan:
    """What one episode shall show: decided first, then acted out."""

    project: Project
    task: Task
    run: int
    outcome: Literal["pass", "fail"]
    agent: Agent
    pull: int
    created: str
    ending: Ending = "green"
    causes: frozenset[str] = frozenset()
    noise: frozenset[str] = frozenset()
    infra: str = ""

    @property
    def key(self) -> str:
        """Readable and unique in the fleet."""
        return f"{self.project.repository}/{self.task.id}/run-{self.run}"


@dataclass(frozen=True)
class Story:
    """An acted-out run: the request, its moves, the last words, and what fails in CI afterwards."""

    prompt: str
    moves: tuple[Move, ...]
    final: str
    red: tuple[Failure, ...] = ()
    limit: bool = False
    overloaded: bool = False
    subagent: tuple[Move, ...] = field(default_factory=tuple)
