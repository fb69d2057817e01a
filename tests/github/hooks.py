"""The App's webhook: what GitHub would deliver, signed, sent to a URL as a test wants it, and sent again when asked."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

SECRET = "It's a Secret to Everybody"
TIMEOUT = 10.0
UNASKED = ("installation", "installation_repositories")
"""Every App gets these."""


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver one event; `guid` is the same for all attempts. `status` is 0 until it was tried."""

    id: int
    guid: str
    event: str
    action: str | None
    installation: int | None
    repository: int | None
    body: bytes
    at: str
    redelivery: bool = False
    status: int = 0

    @property
    def payload(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.body)
        return loaded


Mangle = Callable[[Sequence[Delivery]], Iterable[Delivery]]


@dataclass
class Hook:
    """Off until `begin`. What happens then is delivered to `url`, at once; while there is no `url`, it waits.

    `mangle` says what is really sent of what waits: other orders, doubles, nothing. What it leaves out has failed, as
    if the App had not answered.
    """

    url: str = ""
    secret: str = SECRET
    mangle: Mangle = tuple
    on: bool = False
    deliveries: list[Delivery] = field(default_factory=list)
    waiting: list[Delivery] = field(default_factory=list)
    picture: Mapping[Any, Any] = field(default_factory=dict)
    """What was seen last; noticing.py compares."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(
        self, number: int, event: str, action: str | None, ids: tuple[int | None, ...], payload: Mapping[str, Any]
    ) -> None:
        """One more event, of an installation and a repository; it waits to be sent."""
        body = json.dumps(payload).encode()
        self.waiting.append(Delivery(number, str(uuid.uuid4()), event, action, ids[0], ids[1], body, _now()))

    def again(self, number: int, delivery: Delivery) -> None:
        """Another attempt at the same event."""
        self.waiting.append(replace(delivery, id=number, at=_now(), redelivery=True, status=0))

    def send(self, app: int) -> None:
        """Send what waits, in the order and as often as `mangle` says, and note what was answered."""
        with self.lock:
            if not self.url:
                return
            waiting, self.waiting = self.waiting, []
            answers: dict[int, int] = {}
            for one in self.mangle(waiting):
                answers[one.id] = self._post(one, app)
            self.deliveries += [replace(one, status=answers.get(one.id, 504)) for one in waiting]

    def _post(self, one: Delivery, app: int) -> int:
        """The status that the App answers; 502 when it does not."""
        to = urlsplit(self.url)
        connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=TIMEOUT)
        try:
            connection.request("POST", to.path, one.body, headers(one, app, self.secret))
            answer = connection.getresponse()
            answer.read()
        except OSError:
            return 502
        finally:
            connection.close()
        return answer.status


def headers(one: Delivery, app: int, secret: str) -> dict[str, str]:
    """https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers"""
    key = secret.encode()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Delivery": one.guid,
        "X-GitHub-Event": one.event,
        "X-GitHub-Hook-ID": "1",
        "X-GitHub-Hook-Installation-Target-ID": str(app),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature": f"sha1={hmac.new(key, one.body, hashlib.sha1).hexdigest()}",
        "X-Hub-Signature-256": f"sha256={hmac.new(key, one.body, hashlib.sha256).hexdigest()}",
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
