"""Takes what GitHub shows of pulls and workflows and returns which coding agents work there, and how they fare.

Only for counting and for texts: an account or a branch that looks like an agent's proves nothing, and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.hosting.worked import Glimpse
from bot.pages.onboarding import InUse

ACCOUNTS: Mapping[str, str] = {
    "copilot": "Copilot",
    "copilot-swe-agent": "Copilot",
    "claude": "Claude Code",
    "chatgpt-codex-connector": "Codex",
    "devin-ai-integration": "Devin",
    "cursor": "Cursor",
    "cursoragent": "Cursor",
    "google-labs-jules": "Jules",
    "openhands-agent": "OpenHands",
}
BRANCHES: Mapping[str, str] = {
    "copilot/": "Copilot",
    "claude/": "Claude Code",
    "codex/": "Codex",
    "devin/": "Devin",
    "cursor/": "Cursor",
    "openhands-": "OpenHands",
}
"""The beginnings that these agents give their branches; the first that fits."""

ACTIONS: Mapping[str, str] = {
    "anthropics/claude-code-action": "Claude Code",
    "anthropics/claude-code-base-action": "Claude Code",
    "openai/codex-action": "Codex",
    "google-github-actions/run-gemini-cli": "Gemini CLI",
    "all-hands-ai/openhands": "OpenHands",
}
COMMANDS: Mapping[str, str] = {
    r"claude\s+(?:-p|--print)\b": "Claude Code",
    r"codex\s+exec\b": "Codex",
    r"gemini\s+(?:-p|--prompt)\b": "Gemini CLI",
    r"copilot\s+(?:-p|--prompt)\b": "Copilot CLI",
}
USES = re.compile(r"^[ \t]*(?:-[ \t]+)?uses:[ \t]*[\"']?([\w.-]+/[\w.-]+)", re.MULTILINE)
EMBEDS = re.compile(
    r"^[ \t]*(?:mode:[ \t]*[\"']?embed\b|.*\.github/actions/flywheel-bundle\b|.*\bflywheel embed\b)", re.M
)
COMPILED = re.compile(r"\bgh-aw\b")
MAX_TEXT = 200_000
MAX_IN_USE = 10


def agent_of(glimpse: Glimpse) -> str:
    """The agent that a pull seems to be by; empty for a person's."""
    login = glimpse.author.casefold().removesuffix("[bot]")
    if login in ACCOUNTS:
        return ACCOUNTS[login]
    return next((name for start, name in BRANCHES.items() if glimpse.branch.startswith(start)), "")


def counted(glimpses: Iterable[Glimpse]) -> tuple[int, int]:
    """(pulls by agents, those of them whose last head is red)."""
    theirs = [one for one in glimpses if agent_of(one)]
    return len(theirs), sum(one.red for one in theirs)


def in_use(workflows: Mapping[str, str], glimpses: Iterable[Glimpse] = ()) -> tuple[InUse, ...]:
    """The agents that a repository's workflows start, and those that open pulls here without one.

    `workflows` maps paths to texts as they stand on the default branch.
    """
    found = [one for path, text in sorted(workflows.items()) for one in _in(path, text[:MAX_TEXT])]
    known = {one.agent for one in found}
    elsewhere = sorted({agent_of(one) for one in glimpses} - known - {""})
    return tuple([*found, *map(InUse, elsewhere)][:MAX_IN_USE])


def _in(path: str, text: str) -> list[InUse]:
    if path.endswith(".lock.yml") and COMPILED.search(text[:2_000]):
        return [InUse("GitHub agentic workflow", path, kept=True)]
    names = [ACTIONS[used] for used in map(str.casefold, USES.findall(text)) if used in ACTIONS]
    names += [name for pattern, name in COMMANDS.items() if re.search(pattern, text)]
    embeds = EMBEDS.search(text) is not None
    return [InUse(name, path, embeds) for name in dict.fromkeys(names)]
