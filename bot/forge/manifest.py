"""What an App of somebody's own should be like goes in, GitHub's manifest out; and a code of GitHub's, the App made.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from githubkit import UnauthAuthStrategy

from bot.errors import UserError
from bot.forge.github.client import Writer
from bot.hosting.asked import EVENTS, PERMISSIONS

NOWHERE = "https://example.com/webhook"
"""GitHub wants an address even where it is told to send nothing (a reserved name, RFC 2606)."""

MAX_NAME = 34
CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")
ACCOUNT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")


class Owner(msgspec.Struct, frozen=True):
    """The account that owns the App."""

    login: str = ""


class Made(msgspec.Struct, frozen=True):
    """The App that GitHub made. Its key and secret are in no representation of it."""

    id: int
    slug: str
    html_url: str
    pem: str
    webhook_secret: str | None = None
    owner: Owner = Owner()

    def __repr__(self) -> str:
        return f"Made(id={self.id}, slug={self.slug!r}, html_url={self.html_url!r})"


def manifest(name: str, redirect: str, home: str, webhook: str = "") -> dict[str, Any]:
    """What the App asks for. `home` is shown as its page. Without `webhook` it gets none, and lives by its sweeps."""
    return {
        "name": name[:MAX_NAME],
        "url": home,
        "description": "Reads failed agent runs and proposes measured changes to the agents' harness.",
        "public": False,
        "redirect_url": redirect,
        "hook_attributes": {"url": webhook or NOWHERE, "active": bool(webhook)},
        "default_permissions": {permission: level for permission, (level, _) in PERMISSIONS.items()},
        "default_events": list(EVENTS),
    }


def address(web: str, organization: str, state: str) -> str:
    """Where the manifest is posted to: for an organisation, or for who is logged in. UserError for no such name."""
    if organization and not ACCOUNT.fullmatch(organization):
        raise UserError(f"{organization[:60]!r}: no organisation's name. It is the part after github.com/ of its page.")
    path = f"/organizations/{quote(organization)}/settings/apps/new" if organization else "/settings/apps/new"
    return f"{checked(web).rstrip('/')}{path}?{urlencode({'state': state})}"


def hook(given: str) -> str:
    """The address of our webhook: `/webhook` when only a host was named. UserError when nobody could send there."""
    if not given:
        return ""
    parts = urlsplit(checked(given))
    return given if parts.path.strip("/") else f"{given.rstrip('/')}/webhook"


def checked(url: str) -> str:
    """An address with a host and no login. UserError for any other."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or not url.isprintable():
        raise UserError(f"{url[:100]!r}: no address that can be used. Write https:// and a host.")
    return url


def convert(api: str, code: str) -> Made:
    """The App that a code stands for, once. UserError when GitHub does not know it (it holds for an hour)."""
    if not CODE.fullmatch(code):
        raise UserError("flywheel setup: what came back from GitHub holds no code. Begin again.")
    writer = Writer(UnauthAuthStrategy(), api)
    try:
        return writer.write("POST", f"/app-manifests/{code}/conversions", Made, {})
    finally:
        writer.close()
