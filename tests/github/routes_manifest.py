"""Making an App from a manifest: the page of github.com that takes it, and the call that gives the App for a code.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import html
import json
import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.github.keys import pair
from tests.github.routing import Answer, Problem, Request, route
from tests.github.world import Caller, World

CONVERSION = re.compile(r"/app-manifests/[^/]+/conversions/?")
NEW = re.compile(r"(?:/organizations/([\w-]+))?/settings/apps/new")
KNOWN = {
    *("name", "url", "hook_attributes", "redirect_url", "callback_urls", "setup_url", "description", "public"),
    *("default_events", "default_permissions", "request_oauth_on_install", "setup_on_update"),
}


def nobody(world: World, path: str) -> Caller | None:
    """Whoever asks for a conversion needs no token: the code is the secret."""
    return Caller("nobody", world.owner) if CONVERSION.fullmatch(path) else None


@route("POST", "/app-manifests/{code}/conversions", "any")
def convert(ask: Request) -> Answer:
    """The App, once."""
    asked = ask.world.manifests.pop(ask.args["code"], None)
    if asked is None:
        raise Problem(404, "Not Found")
    body = ask.shapes.app() | {
        "name": asked["name"],
        "permissions": asked["default_permissions"],
        "events": asked["default_events"],
        "client_id": "Iv1.0123456789abcdef",
        "client_secret": secrets.token_hex(20),
        "webhook_secret": secrets.token_hex(20) if asked["hook_attributes"].get("active", True) else None,
        "pem": pair()[0],
    }
    return Answer(201, body)


class Web:
    """The part of github.com that people see: `with Web(world) as web:`. It takes a manifest as a form, shows it, and
    sends the browser back when the person has said yes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        """(organisation, headers, manifest) of every form."""
        self.waiting: dict[str, str] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Bound", (_Page,), {"web": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Web:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def take(self, organization: str, state: str, headers: dict[str, str], form: str) -> str:
        """Keep the manifest; the address that the person is sent back to once they agree."""
        asked = json.loads(parse_qs(form)["manifest"][0])
        assert {"url"} <= set(asked) <= KNOWN, asked
        assert {"url"} <= set(asked["hook_attributes"]) <= {"url", "active"}
        self.seen.append((organization, headers, asked))
        code = secrets.token_hex(20)
        self.world.manifests[code] = asked
        return f"{asked['redirect_url']}?{urlencode({'code': code, 'state': state})}"


class _Page(BaseHTTPRequestHandler):
    web: Web

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_POST(self) -> None:
        """`/settings/apps/new` shows a button; `/agree` is that button and sends the browser back."""
        parts = urlsplit(self.path)
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        found = NEW.fullmatch(parts.path)
        if found:
            state = dict(parse_qsl(parts.query)).get("state", "")
            headers = {name.lower(): value for name, value in self.headers.items()}
            back = self.web.take(found[1] or "", state, headers, form)
            key = secrets.token_hex(8)
            self.web.waiting[key] = back
            name = html.escape(self.web.seen[-1][2]["name"])
            text = f"<form method=post action='/agree?key={key}'><button>Create GitHub App {name}</button></form>"
            return self._send(200, text, "")
        if parts.path == "/agree":
            return self._send(302, "", self.web.waiting.pop(dict(parse_qsl(parts.query))["key"]))
        return self._send(404, "", "")

    def _send(self, status: int, text: str, location: str) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
