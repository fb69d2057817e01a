"""`flywheel setup`: a new App of GitHub's in, two files that only their owner can read out; no secret is printed."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any, Protocol

from bot.errors import UserError
from bot.hosting.asked import API

ENV, KEY = "flywheel.env", "private-key.pem"
WAIT_S = 1_800
"""A code holds for an hour (https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest);
nobody needs half of it."""


class Made(Protocol):
    """The App that GitHub made."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def slug(self) -> str:
        """Its name in addresses."""

    @property
    def html_url(self) -> str:
        """Its page."""

    @property
    def pem(self) -> str:
        """Its private key."""

    @property
    def webhook_secret(self) -> str | None:
        """What its webhooks are signed with."""


def prepare(out: Path) -> None:
    """Make the folder and see that it can be written and holds no App yet, before one is made on GitHub."""
    for name in (ENV, KEY):
        if (out / name).exists() or (out / name).is_symlink():
            raise UserError(f"{out / name}: it is there already. Move it away, or name another folder by --out.")
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = out / ".writable"
        trial.touch(mode=0o600)
        trial.unlink()
        ignored = out / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out}: it cannot be written ({error.strerror or error}). Name another --out.") from error


def keep(made: Made, out: Path, api: str) -> None:
    """Write key and settings, each new and 0600. UserError says how to come by a new key when that fails."""
    key = out / KEY
    lines = [f"FLYWHEEL_APP_ID={made.id}", f"FLYWHEEL_PRIVATE_KEY_FILE={shlex.quote(str(key.resolve()))}"]
    if made.webhook_secret:
        lines.append(f"FLYWHEEL_WEBHOOK_SECRET={made.webhook_secret}")
    if api != API:
        lines.append(f"GITHUB_API_URL={api}")
    if not made.pem.lstrip().startswith("-----BEGIN ") or any("\n" in line for line in lines):
        raise UserError(f"{made.html_url}: GitHub's answer holds no key. Make one on that page, and set it by hand.")
    try:
        _write(key, made.pem)
        _write(out / ENV, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise UserError(
            f"{out}: the App is made, but its key could not be written ({error.strerror or error}). "
            f"Make a new key on {made.html_url}, and set it by hand."
        ) from error


def record(made: Made, out: Path) -> dict[str, Any]:
    """What may be shown of it."""
    return {
        "app_id": made.id,
        "slug": made.slug,
        "page": made.html_url,
        "install": f"{made.html_url}/installations/new",
        "settings": str(out / ENV),
        "key": str(out / KEY),
        "webhook_secret": "kept" if made.webhook_secret else "none: set one on the App's page and in the settings",
    }


def _write(path: Path, text: str) -> None:
    """A new file that only its owner can read from its first moment; no link is followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
