"""`flywheel serve`: the environment in, a server that answers until it is told to stop.

What listens and what remembers is given from outside (`bot/__main__.py` wires it), so that this knows only settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol, TypeVar

from bot.commands.working import Worker, at_work, heard_signals
from bot.errors import UserError

DEFAULT_DATABASE = "sqlite:///flywheel-data/inbox.db"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
PACKAGES = ("alembic", "fastapi", "psycopg", "sqlalchemy", "uvicorn")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says (design.md §4). `secrets` and `database` are as they stand there: the server and the
    inbox read and check them.
    """

    secrets: str
    database: str
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
        database=database(environment),
        host=host or environment.get("FLYWHEEL_HOST", "").strip() or DEFAULT_HOST,
        port=DEFAULT_PORT if port is None else port,
        app_id=app_id,
    )


def database(environment: Mapping[str, str]) -> str:
    """The URL of the inbox; a SQLite file where nothing is said."""
    return environment.get("FLYWHEEL_DATABASE_URL", "").strip() or DEFAULT_DATABASE


def serve(
    wanted: Settings,
    secrets_of: Callable[[str], tuple[bytes, ...]],
    open_inbox: Callable[[str], Opened],
    listen: Callable[[tuple[bytes, ...], Opened, Settings], None],
    worker_of: Callable[[Opened], Worker | None],
) -> None:
    """Check the secret, open the inbox, answer and work until told to stop; end what is in hand, let the inbox go."""
    secrets = secrets_of(wanted.secrets)
    with heard_signals():  # else the one that ended the server would end us before what is in hand has ended
        inbox = open_inbox(wanted.database)
        try:
            with at_work(worker_of(inbox)):
                listen(secrets, inbox, wanted)
        finally:
            inbox.close()


def need_server(command: str) -> None:
    """UserError when the packages of the server are not installed."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise UserError(
            f"flywheel {command}: {' and '.join(missing)} is not installed. Install `agentic-flywheel[server]`."
        )


def _number(name: str, text: str, end: int, mend: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) < end):
        raise UserError(f"{name}: {text[:40]!r} is no number that it can be. {mend}.")
    return int(text)
