"""The address of an artifact or a log in, its bytes out: through the redirect without our token, bounded, digest held.

https://docs.github.com/rest/actions/artifacts#download-an-artifact answers 302 to another host, valid for a minute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from bot.errors import UserError
from bot.forge.github.client import TIMEOUT, Reader
from bot.forge.github.errors import UnavailableError

STORES = ("blob.core.windows.net", "actions.githubusercontent.com", "githubusercontent.com")
"""Where GitHub keeps artifacts and logs; GitHub Enterprise Server names its own."""

MAX_BYTES = 200 << 20
TRIES = 3
"""Of the store, whose address holds for a minute; our API is asked once."""


def download(
    reader: Reader, path: str, *, digest: str = "", most: int = MAX_BYTES, stores: Sequence[str] = STORES
) -> bytes:
    """At most `most` bytes. `digest` is `sha256:HEX` as an artifact's record says; empty for a log, which has none.

    UserError when it has expired (404, 410), is larger, breaks off, comes from elsewhere or leads on, or is not what
    the digest says. UnavailableError when the store is down.
    """
    place = reader.location(path)
    parts = urlsplit(place)
    known = any(parts.hostname == store or (parts.hostname or "").endswith(f".{store}") for store in stores)
    if not known or parts.scheme != urlsplit(reader.api).scheme:
        raise UserError(f"{path}: GitHub sends us to {parts.hostname}, which is no store we know. Report this.")
    data = _whole(place, path, most)
    if digest and digest != f"sha256:{hashlib.sha256(data).hexdigest()}":
        raise UserError(f"{path}: the bytes are not those of its digest. They are not used; run again.")
    return data


def _whole(place: str, path: str, most: int) -> bytes:
    """All of it. A store that begins an answer and never ends it is no outage: that is said, and not tried for ever."""
    for _ in range(TRIES):
        try:
            return _bounded(place, path, most)
        except httpx.RemoteProtocolError:
            continue
        except httpx.TransportError as error:
            raise UnavailableError(f"{path}: the store gives no answer ({type(error).__name__})") from error
    raise UserError(f"{path}: the store's answer breaks off. It is not used; run again.")


def _bounded(place: str, path: str, most: int) -> bytes:
    """The bytes, from a client that has no token to give away."""
    kept = bytearray()
    with (
        httpx.Client(timeout=TIMEOUT, follow_redirects=False) as bare,
        bare.stream("GET", place, headers={"Accept-Encoding": "identity"}) as answer,
    ):
        if answer.status_code >= 500:
            raise UnavailableError(f"{path}: the store answers {answer.status_code}")
        if answer.is_redirect:
            raise UserError(f"{path}: the store sends us on, which none does that we know. Report this.")
        if answer.status_code != 200:
            raise UserError(f"{path}: the store answers {answer.status_code}; it has expired. Nothing is to be done.")
        for chunk in answer.iter_raw():
            kept += chunk
            if len(kept) > most:
                raise UserError(f"{path}: it is larger than {most} bytes. It is not read.")
    return bytes(kept)
