"""`flywheel serve`: the environment in, a server that answers until it is told to stop.

What listens and what remembers is given from outside (`bot/__main__.py` wires it), so that this knows only settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, TypeVar

from bot.errors import UserError

DEFAULT_DATABASE = "sqlite:///flywheel-data/inbox.db"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says (design.md §4). `secrets` is as it stands there; the server reads and checks it."""

    secrets: str
    database: Path
    host: str
    port: int
    app_id: int | None


class Inbox(Protocol):
    """What of the inbox is ours to do (bot/forge/inbox.py has the whole)."""

    def close(self) -> None:
        """Write what waits, and let go."""


Opened = TypeVar("Opened", bound=Inbox)


def settings(environment: Mapping[str, str], host: str | None = None, port: int | None = None) -> Settings:
    """Read the settings; what the command line says goes before. UserError names the variable and its mend."""
    given = environment.get("FLYWHEEL_APP_ID", "").strip()
    app_id = _number("FLYWHEEL_APP_ID", given, 2**63, "Set it to the number on the App's page") if given else None
    said = environment.get("FLYWHEEL_PORT", "").strip()
    if port is None and said:
        port = _number("FLYWHEEL_PORT", said, 65_536, "Set it to a free port")
    return Settings(
        secrets=environment.get("FLYWHEEL_WEBHOOK_SECRET", ""),
        database=_database(environment.get("FLYWHEEL_DATABASE_URL", "").strip() or DEFAULT_DATABASE),
        host=host or environment.get("FLYWHEEL_HOST", "").strip() or DEFAULT_HOST,
        port=DEFAULT_PORT if port is None else port,
        app_id=app_id,
    )


def serve(
    wanted: Settings,
    secrets_of: Callable[[str], tuple[bytes, ...]],
    open_inbox: Callable[[Path], Opened],
    listen: Callable[[tuple[bytes, ...], Opened, Settings], None],
) -> None:
    """Check the secret, open the inbox, answer until told to stop, and let the inbox go whatever happens."""
    secrets = secrets_of(wanted.secrets)
    inbox = open_inbox(wanted.database)
    try:
        listen(secrets, inbox, wanted)
    finally:
        inbox.close()


def need_server() -> None:
    """UserError when the packages of the server are not installed."""
    missing = [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]
    if missing:
        raise UserError(
            f"flywheel serve: {' and '.join(missing)} is not installed. Install `agentic-flywheel[server]`."
        )


def _number(name: str, text: str, end: int, mend: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) < end):
        raise UserError(f"{name}: {text[:40]!r} is no number that it can be. {mend}.")
    return int(text)


def _database(url: str) -> Path:
    """The file of a database URL. NOTE: the URL may hold a password, so it is not repeated."""
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        return Path(url.removeprefix(SQLITE))
    raise UserError(
        f"FLYWHEEL_DATABASE_URL: the inbox of deliveries is kept in a SQLite file. Set it to {SQLITE}PATH, or unset it."
    )
