"""`flywheel doctor`: the environment and what GitHub says in, a row for everything that must be right out.

Each row has a code, and its mend when it needs one. Nothing is written on GitHub.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from bot.approval.policy import Policy
from bot.commands.checkup import Row, of_github, row_of
from bot.commands.credentials import Credentials, api_of, credentials, data_folder
from bot.errors import UserError
from bot.hosting.health import Health

WEAK = frozenset({"development", "secret", "changeme", "password", "test"})
WEAK_LENGTH = 16
NAME = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}", re.ASCII)
WORKFLOWS_MAY = Row(
    "actions-pulls",
    "note",
    "GitHub does not tell a workflow's token whether it may open pull requests",
    "Settings, Actions, General: allow GitHub Actions to create and approve pull requests; in the organisation, too.",
)
"""Only admins are told (https://docs.github.com/rest/actions/permissions)."""


class Ask(msgspec.Struct, frozen=True):
    """How to ask: as an App or with a token; a database, by its URL (UserError when it cannot be written)."""

    app: Callable[[Credentials, str], Health]
    token: Callable[[str, str, str], Health]
    database: Callable[[str], None]
    secrets: Callable[[str], tuple[bytes, ...]]


def examine(repository: str, environment: Mapping[str, str], policy: Policy, database: str, ask: Ask) -> list[Row]:
    """All rows, in the order in which to mend them. UserError when there is nothing to look with."""
    if repository and not NAME.fullmatch(repository):
        raise UserError(f"{repository[:80]!r}: no repository's name. It is OWNER/REPO.")
    token = environment.get("GITHUB_TOKEN", "").strip() or environment.get("GH_TOKEN", "").strip()
    is_app = bool(environment.get("FLYWHEEL_APP_ID", "").strip())
    if not is_app and not token:
        raise UserError(
            "flywheel doctor: it has nothing to look with. Set FLYWHEEL_APP_ID and its key (`flywheel setup` makes "
            "both), or GITHUB_TOKEN."
        )
    if not is_app:
        repository = repository or environment.get("GITHUB_REPOSITORY", "").strip()
        if not NAME.fullmatch(repository):
            raise UserError("flywheel doctor: a token shows a repository. Name it: flywheel doctor OWNER/REPO.")
        rows = list(of_github(ask.token(token, api_of(environment), repository), repository, policy))
        return [*rows, WORKFLOWS_MAY] if environment.get("GITHUB_ACTIONS") == "true" else rows
    rows = [*_of_environment(environment, database, ask)]
    try:
        who = credentials(environment)
    except UserError as error:
        return [row_of("app", str(error)), *rows]
    if who is None:
        return rows
    rows[:0] = [Row("app", "ok", f"App {who.id}")]
    return [*rows, *of_github(ask.app(who, repository), repository, policy)]


def is_well(rows: list[Row]) -> bool:
    """Whether nothing must be mended; what could not be told is not well."""
    return not any(row.status in ("missing", "unknown") for row in rows)


def records(rows: list[Row]) -> list[dict[str, Any]]:
    """For programs."""
    return [msgspec.to_builtins(row) for row in rows]


def lines(rows: list[Row]) -> Iterator[str]:
    """For people: what must be mended is told with its mend."""
    signs = {"ok": "ok", "missing": "MEND", "note": "note", "unknown": "?"}
    for row in rows:
        yield f"{signs[row.status]:<5} {row.code:<24} {row.said}"
        if row.mend and row.status != "ok":
            yield f"{'':<31}{row.mend}"


# --- this machine -----------------------------------------------------------------------------------------------------


def _of_environment(environment: Mapping[str, str], database: str, ask: Ask) -> Iterator[Row]:
    named = environment.get("FLYWHEEL_PRIVATE_KEY_FILE", "").strip()
    if named and not environment.get("FLYWHEEL_PRIVATE_KEY", "").strip() and _is_open(Path(named)):
        yield Row("private-key-file", "missing", f"{named}: others can read it", f"chmod 600 {named}")
    try:
        weak = [one for one in ask.secrets(environment.get("FLYWHEEL_WEBHOOK_SECRET", "")) if _is_weak(one)]
    except UserError as error:
        yield row_of("webhook-secret", str(error))
    else:
        if weak:
            mend = "Set a long random one on the App's page, and here."
            yield Row("webhook-secret", "missing", "it can be guessed", mend)
        else:
            yield Row("webhook-secret", "ok", "set")
    try:
        ask.database(database)
    except UserError as error:
        yield row_of("database", str(error))
    else:
        yield Row("database", "ok", "can be written")
    folder = data_folder(environment)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".writable"
        trial.touch()
        trial.unlink()
    except OSError as error:
        yield Row("data", "missing", f"{folder}: {error.strerror or error}", "Set FLYWHEEL_DATA to a folder of ours.")
    else:
        yield Row("data", "ok", f"{folder} can be written")


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False


def _is_weak(secret: bytes) -> bool:
    return len(secret) < WEAK_LENGTH or secret.decode("utf-8", "replace").casefold() in WEAK
