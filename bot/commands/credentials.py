"""The environment in, who we are on GitHub out: the App's id, its private key, the address of the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import UserError

API = "https://api.github.com"
DATA = "flywheel-data"
MAX_KEY = 1 << 16
ACTION = re.compile(r"[\w.-]{1,100}(?:/[\w.-]{1,100}){1,5}@[\w./-]{1,100}", re.ASCII)
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of a GitHub App. `api` has no slash at its end; `stores` are a server's hosts of artifacts and logs."""

    id: int
    private_key: str = field(repr=False)
    api: str = API
    stores: tuple[str, ...] = ()


def credentials(environment: Mapping[str, str]) -> Credentials | None:
    """Who the environment says we are (design.md §4); None when it names no App. UserError names what is missing."""
    named = environment.get("FLYWHEEL_APP_ID", "").strip()
    if not named:
        return None
    if not (named.isascii() and named.isdecimal() and len(named) < 19):
        raise UserError(f"FLYWHEEL_APP_ID: {named[:40]!r} is no number. It stands on the App's page.")
    stores = tuple(filter(None, (one.strip() for one in environment.get("FLYWHEEL_STORES", "").split(","))))
    return Credentials(int(named), _key(environment), api_of(environment), stores)


def need_credentials(command: str, environment: Mapping[str, str]) -> Credentials:
    """Who we are. UserError where the environment does not say."""
    found = credentials(environment)
    if found is None:
        raise UserError(
            f"flywheel {command}: FLYWHEEL_APP_ID is not set. `flywheel setup` makes an App and writes its settings."
        )
    return found


def action_of(environment: Mapping[str, str]) -> str:
    """Our Action as repositories here may name it (`owner/name@ref`), for the steps that are offered; "" = unsaid."""
    named = environment.get("FLYWHEEL_ACTION", "").strip()
    if named and not ACTION.fullmatch(named):
        raise UserError(f"FLYWHEEL_ACTION: {named[:80]!r} is no action. Write OWNER/NAME@COMMIT.")
    return named


def is_paused(environment: Mapping[str, str]) -> bool:
    """The kill switch of the process: nothing of ours is merged while FLYWHEEL_PAUSE is set to anything but 0."""
    return environment.get("FLYWHEEL_PAUSE", "").strip() not in ("", "0")


def api_of(environment: Mapping[str, str]) -> str:
    """The address of the API. UserError unless it is https, or on this machine: a token goes there."""
    api = environment.get("GITHUB_API_URL", "").strip().rstrip("/") or API
    parts = urlsplit(api)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise UserError(f"GITHUB_API_URL: {api[:80]!r} is no https address. A server's is https://HOST/api/v3.")
    return api


def data_folder(environment: Mapping[str, str]) -> Path:
    """Where evidence and ledgers are kept between visits; all of it can be deleted."""
    return Path(environment.get("FLYWHEEL_DATA", "").strip() or DATA)


def _key(environment: Mapping[str, str]) -> str:
    given = environment.get("FLYWHEEL_PRIVATE_KEY", "").replace("\\n", "\n").strip()
    named = environment.get("FLYWHEEL_PRIVATE_KEY_FILE", "").strip()
    if not given and not named:
        raise UserError("FLYWHEEL_PRIVATE_KEY: it is not set. Set it, or FLYWHEEL_PRIVATE_KEY_FILE, to the App's key.")
    if not given:
        try:
            with Path(named).open("rb") as stream:
                given = stream.read(MAX_KEY).decode("ascii").strip()
        except (OSError, UnicodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "it is no text"
            raise UserError(f"{named}: the App's private key cannot be read ({said}). Name its PEM file.") from error
    if "PRIVATE KEY-----" not in given:
        raise UserError("FLYWHEEL_PRIVATE_KEY: it is no PEM key. Download one from the App's page.")
    return f"{given}\n"
