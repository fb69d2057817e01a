"""An episode goes in; the steps whose calls failed in a certain way, or were refused, come out (None: not so)."""

from __future__ import annotations

import re

from bot.model import Episode
from bot.traces.conditions.calls import calls, numbered, threads
from bot.traces.conditions.parameters import listed

MALFORMED = re.compile(
    r"InputValidationError|(?i:no such tool|unknown tool|tool not found|unsupported (?:tool|call)|unknown function"
    r"|missing required (?:param|arg|prop|field)|failed to parse (?:function |tool )?(?:arg|input|call)"
    r"|invalid (?:tool )?(?:arguments|parameters|input schema)|arguments? (?:is|are) not valid json)"
)
"""What tools say of a call that they cannot read."""
NO_TOOL = re.compile(
    r"(?i)\bcommand not found|: not found$|is not recognized as|no module named|cannot find module"
    r"|Command \S{1,80} not found"
)
NO_FILE = re.compile(
    r"(?i)no such file or directory|file does not exist|cannot find the (?:file|path)|enoent\b|path not found"
)
ASKS = ("ExitPlanMode", "AskUserQuestion")
NOT_FOUND = 127
"""https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html: the shell found no such command."""


def errors_in_a_row(episode: Episode, least: int) -> tuple[int, ...] | None:
    """`least` or more steps in a row fail, whatever their errors; the longest row is cited."""
    best: list[int] = []
    for thread in threads(episode):
        row: list[int] = []
        for number, call in thread:
            if call.status == "ok":
                best, row = max(best, row, key=len), []
            elif not row or row[-1] != number:
                row.append(number)
        best = max(best, row, key=len)
    return tuple(best) if len(best) >= least else None


def error_has(episode: Episode, parts: str | list[str]) -> tuple[int, ...] | None:
    """A call fails with an error that holds one of these texts, literally (its numbers are written `<N>`)."""
    found = {number for number, call in calls(episode) if any(part in call.error for part in listed(parts))}
    return tuple(sorted(found)) or None


def malformed_calls(episode: Episode, least: int) -> tuple[int, ...] | None:
    """A tool cannot read what it was asked in `least` or more steps: no such tool, missing or invalid arguments."""
    return _failing(episode, MALFORMED, least)


def missing_tools(episode: Episode, least: int) -> tuple[int, ...] | None:
    """A command or a module that a command needs is not installed, in `least` or more steps."""
    return _failing(episode, NO_TOOL, least, NOT_FOUND)


def missing_files(episode: Episode, least: int) -> tuple[int, ...] | None:
    """A call names a file or folder that is not there, in `least` or more steps."""
    return _failing(episode, NO_FILE, least)


def refused_calls(episode: Episode, least: int) -> tuple[int, ...] | None:
    """A person, or the permissions of the run, refuse a call in `least` or more steps; a plan or a question that a
    person turns down is none."""
    refused = {
        number
        for number, step in numbered(episode)
        if any(call.status == "rejected" and call.name not in ASKS for call in step.calls)
    }
    return tuple(sorted(refused)) if len(refused) >= least else None


def _failing(episode: Episode, words: re.Pattern[str], least: int, code: int = -1) -> tuple[int, ...] | None:
    steps = {
        number
        for number, call in calls(episode)
        if call.status == "error" and (call.exit_code == code or words.search(call.error))
    }
    return tuple(sorted(steps)) if len(steps) >= least else None
