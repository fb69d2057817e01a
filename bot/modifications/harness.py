"""From a repository's files to the ones that steer an agent, and to the file a change has to be written in."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from fnmatch import fnmatchcase

from bot.errors import UserError
from bot.model import Harness, HarnessFile

SETTINGS = ".claude/settings.json"
HOOKS = ".claude/hooks/"

_ANYWHERE = frozenset({"AGENTS.md", "AGENTS.override.md", "CLAUDE.md", "GEMINI.md"})
_AT_ROOT = (
    SETTINGS,
    ".claude/hooks/*",
    ".claude/rules/*.md",
    ".claude/skills/*/SKILL.md",
    ".claude/agents/*.md",
    ".claude/commands/*.md",
    ".codex/config.toml",
    ".codex/hooks.json",
    ".agents/skills/*/SKILL.md",
    ".openhands/hooks.json",
    ".github/copilot-instructions.md",
    ".github/instructions/*.instructions.md",
    ".github/hooks/*.json",
    "ruff.toml",
    ".ruff.toml",
)
_READS = {
    "claude-code": ("CLAUDE.md", ".claude/CLAUDE.md", "AGENTS.md"),
    "codex": ("AGENTS.override.md", "AGENTS.md"),
    "gemini": ("GEMINI.md", "AGENTS.md"),
}
"""Which instructions an agent reads, the first one that exists. Claude Code reads AGENTS.md only where there is no
CLAUDE.md (since 2.1.277), Codex AGENTS.override.md before AGENTS.md (research/flywheels.md §5)."""
_OTHERS = ("AGENTS.md", "CLAUDE.md", ".claude/CLAUDE.md")
_IMPORT = re.compile(r"(?:^|\s)@(\S{0,200}AGENTS\.md)(?=[\s.,;:)]|$)")
_LINKS = 8


def is_harness(path: str) -> bool:
    """Whether a tracked path, relative and with forward slashes, steers an agent: by exact name, never by case."""
    if posixpath.basename(path) in _ANYWHERE:
        return True
    return any(path.count("/") == pattern.count("/") and fnmatchcase(path, pattern) for pattern in _AT_ROOT)


def target(file: HarnessFile) -> str:
    """Where a link leads, as a path in the repository; empty when it is no link or leaves the repository."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), file.link))
    return "" if not file.link or file.link.startswith("/") or path.split("/", 1)[0] in ("..", ".") else path


def follow(harness: Harness, file: HarnessFile) -> HarnessFile:
    """The file behind a chain of links, so that nothing is written through a link. UserError if there is none."""
    first = file.path
    for _ in range(_LINKS):
        if not file.link:
            return file
        path = target(file)
        if not path:
            raise UserError(f"{file.path}: the link leads out of the repository. Put a file or a link inside it there.")
        if path not in harness.files:
            raise UserError(f"{file.path}: the link leads to {path}, which cannot be read. Point it at a tracked file.")
        file = harness.files[path]
    raise UserError(f"{first}: the links lead in a circle. Put a file in the place of one of them.")


def instructions(harness: Harness, agent: str = "claude-code") -> HarnessFile | None:
    """The file in which `agent` (a name as in design.md §4) looks for its instructions; None when there is none yet.

    Links are followed. A CLAUDE.md that imports AGENTS.md (`@AGENTS.md`) leaves the edit to AGENTS.md, so that every
    agent reads it. UserError when a link leads nowhere good.
    """
    name = next((name for name in _READS.get(agent, _OTHERS) if name in harness.files or name in harness.paths), None)
    if name is None:
        return None
    found = _read(harness, name)
    file = follow(harness, found)
    imported = next((path for path in _imports(file) if path in harness.files), None)
    file = follow(harness, harness.files[imported]) if imported else file
    if not file.path.endswith(".md"):
        raise UserError(
            f"{found.path}: leads to {file.path}, which is no Markdown. Keep the instructions in a .md file."
        )
    return file


def new_instructions(agent: str = "claude-code") -> str:
    """The path of the instructions to create where there are none: each agent's own name for them."""
    return "CLAUDE.md" if agent == "claude-code" else "AGENTS.md"


def hooks(harness: Harness) -> HarnessFile | None:
    """The settings file that registers Claude Code's hooks, links followed; None when there is none yet."""
    if SETTINGS not in harness.files and SETTINGS not in harness.paths:
        return None
    file = follow(harness, _read(harness, SETTINGS))
    if not file.path.endswith(".json"):
        raise UserError(f"{SETTINGS}: leads to {file.path}, which is no JSON. Keep the settings in a .json file.")
    return file


def runs_claude(harness: Harness, agent: str) -> bool:
    """Whether Claude Code works in this repository: the episodes say so, or files of its own stand there."""
    return agent in ("claude-code", "") or any(
        path.startswith(".claude/") or path.endswith("CLAUDE.md") for path in harness.files
    )


def room_for(harness: Harness, path: str) -> None:
    """UserError when a new file cannot stand at `path`: a file, link or submodule is in the way, or a name that only
    differs in case or in Unicode form, which some file systems hold for the same."""
    parents = {"/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)}
    for taken in sorted(parents & harness.paths):
        raise UserError(f"{taken}: is a link, a file or a submodule where {path} needs a folder. Make it a folder.")
    if path in harness.paths:
        raise UserError(f"{path}: is there but cannot be read (too large, or a submodule). Make it a short text file.")
    for taken in sorted(harness.paths):
        if _folded(taken) == _folded(path):
            raise UserError(f"{taken}: differs from {path} only in case. Rename it to {path}.")


def _read(harness: Harness, path: str) -> HarnessFile:
    if path not in harness.files:
        room_for(harness, path)
    return harness.files[path]


def _imports(file: HarnessFile) -> list[str]:
    """The AGENTS.md files that a CLAUDE.md imports, outside of code: paths relative to the importing file."""
    if posixpath.basename(file.path) != "CLAUDE.md":
        return []
    found: list[str] = []
    fenced = False
    for line in file.text.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if not fenced:
            found += [match.group(1) for match in _IMPORT.finditer(line[:2000])]
    return [posixpath.normpath(posixpath.join(posixpath.dirname(file.path), path)) for path in found]


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
