"""The git command behind one door: a folder and arguments in, its output out, with none of the user's set-up in play.

No hook, prompt, pager, network or file-system monitor runs, whatever the repository's configuration says: a repository
is read as data. The work tree and the index are never touched by the commands that bot/forge gives here.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bot.errors import UserError

TIMEOUT_S = 120
NAME, EMAIL = "flywheel", "flywheel@users.noreply.invalid"
"""Who commits. `.invalid` is reserved (RFC 2606), so that the commits are never credited to somebody's account."""

_SAFE = (
    *("--no-pager", "--no-replace-objects", "--literal-pathspecs"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.quotePath=false"),
    *("-c", "gc.auto=0"),
    *("-c", "protocol.allow=never"),
    *("-c", "protocol.ext.allow=never"),
)
_MENDS = (
    ("not a git repository", "Name a git repository, or leave --repo out to get patches."),
    ("cannot change to", "Name a git repository, or leave --repo out to get patches."),
    ("dubious ownership", "It belongs to somebody else: allow it with `git config --global --add safe.directory DIR`."),
    ("permission denied", "Get write access to it, or leave --repo out to get patches."),
    ("insufficient permission", "Get write access to it, or leave --repo out to get patches."),
    ("read-only file system", "Get write access to it, or leave --repo out to get patches."),
    ("no space left", "Make room on the disk and run again."),
    (".lock': file exists", "Another git is at work there: wait for it, or remove the lock it left."),
    ("missing", "Objects are missing: fetch them, or mend the repository (`git fsck` tells what is lost)."),
)
_FALLBACK = "Check the repository with `git fsck`, then run again."


class GitError(UserError):
    """A git command that failed; `stderr` is what git said."""

    def __init__(self, message: str, stderr: str) -> None:
        super().__init__(message)
        self.stderr = stderr


def git(
    directory: Path,
    *arguments: str,
    data: bytes = b"",
    also: Mapping[str, str] | None = None,
    fine: tuple[int, ...] = (0,),
) -> bytes:
    """Standard output of one git command run in `directory`, fed `data`, with more environment in `also`.

    Arguments that come from outside must stand behind `--end-of-options` or `--`. GitError, which names the folder and
    the mend, when it exits with a code that is not `fine`.
    """
    command = ["git", "-C", str(directory), *_SAFE, *arguments]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=TIMEOUT_S, env={**_environment(), **(also or {})}
        )
    except FileNotFoundError as error:
        raise UserError("git: the command is not there. Install git.") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"{directory}: git {arguments[0]} took longer than {TIMEOUT_S} s. Check the disk and run again."
        ) from error
    if done.returncode not in fine:
        raise _error(directory, arguments[0], done.stderr.decode("utf-8", "replace"))
    return done.stdout


def line(directory: Path, *arguments: str, data: bytes = b"", also: Mapping[str, str] | None = None) -> str:
    """The output of a command that prints one line."""
    return git(directory, *arguments, data=data, also=also).decode("utf-8", "surrogateescape").rstrip("\n")


def maybe(directory: Path, *arguments: str) -> str:
    """The output of a command that prints one line; empty when the command fails."""
    try:
        return line(directory, *arguments)
    except GitError:
        return ""


def origin(directory: Path) -> str:
    """`owner/name` of the remote `origin`, as its address says; empty when there is none."""
    address = maybe(directory, "config", "--get", "remote.origin.url")
    parts = [part for part in address.removesuffix("/").removesuffix(".git").replace(":", "/").split("/") if part]
    return "/".join(parts[-2:]) if len(parts) > 1 else ""


def dated(date: str | None) -> dict[str, str]:
    """The environment that makes a commit ours, at `date` (ISO 8601) or now."""
    who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in _identity(date)}
    return {key: value for key, value in who.items() if value}


def _identity(date: str | None) -> tuple[tuple[str, str], ...]:
    return (("NAME", NAME), ("EMAIL", EMAIL), ("DATE", date or ""))


def _environment() -> dict[str, str]:
    """Ours, without what would point git elsewhere (`GIT_DIR` is set inside hooks) or make it ask."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key == "GIT_EXEC_PATH"}
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    return {**kept, **fixed}


def _error(directory: Path, verb: str, stderr: str) -> GitError:
    said = next((text for text in stderr.splitlines() if text.strip()), "it gave no reason")
    said = "".join(letter if letter.isprintable() else "?" for letter in said)[:300].removeprefix("fatal: ")
    lowered = stderr.lower()
    mend = next((mend for sign, mend in _MENDS if sign in lowered), _FALLBACK).replace("DIR", str(directory))
    return GitError(f"{directory}: git {verb} failed ({said.rstrip('.')}). {mend}", stderr)
