"""A manifest goes in, a page on the loopback that posts it to GitHub out; it waits for GitHub to send the browser back.

Only this machine can reach it, only under its number and not by a name (DNS rebinding), only with the address that was
printed here, and what comes back must bear our `state` and the cookie of the browser that began. Then it is gone.
"""

from __future__ import annotations

import hmac
import html
import json
import secrets
import threading
import webbrowser
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.errors import UserError
from bot.forge.manifest import Made
from bot.hosting.asked import PERMISSIONS

HOST = "127.0.0.1"
COOKIE = "flywheel-setup"
BACK = "/created"
PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #1f2328; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #d0d7de; vertical-align: top; }}
button, .button {{ font: inherit; color: #fff; background: #1a7f37; border: 0; border-radius: 6px; \
padding: .6rem 1.2rem; display: inline-block; text-decoration: none; cursor: pointer; }}
code {{ background: #eff1f3; padding: .1em .3em; border-radius: 4px; }}
</style></head><body>
<h1>{title}</h1>
{body}
</body></html>
"""
BEGIN = """\
<p>This makes a GitHub App of your own{where}. GitHub shows it once more before it is made; its key and secret come \
back to this machine only, into files that you alone can read.</p>
<table><tr><th>it may</th><th>on</th><th>for</th></tr>{rows}</table>
<p>It does not ask for <code>workflows</code>, <code>administration</code> or <code>secrets</code>. {hooks}</p>
<form method="post" action="{action}"><input type="hidden" name="manifest" value="{manifest}">
<button type="submit">Continue on GitHub</button></form>
"""
DONE = """\
<p><strong>{slug}</strong> is made. Its key and secret are on this machine; you can close this page.</p>
<p><a class="button" href="{install}">Install it on repositories</a></p>
"""


class Listener:
    """The server: `with Listener(...) as one:` and `one.url` is what a person opens, `one.wait()` what came of it.

    `posts_to` and `manifest_of` are given the state and the address to come back to. `convert` makes a code an App and
    `keep` stores it; both are called once, when the right browser has come back.
    """

    def __init__(
        self,
        posts_to: Callable[[str], str],
        manifest_of: Callable[[str], Mapping[str, Any]],
        convert: Callable[[str], Made],
        keep: Callable[[Made], None],
        organization: str = "",
    ) -> None:
        self._state, self._ticket, self._cookie = (secrets.token_urlsafe(32) for _ in range(3))
        self._convert = convert
        self._keep = keep
        self._organization = organization
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._made: Made | None = None
        self._error: Exception | None = None
        self._server = _Server((HOST, 0), type("_Bound", (_Handler,), {"listener": self}))
        self.authority = f"{HOST}:{self._server.server_port}"
        self.url = f"http://{self.authority}/{self._ticket}"
        self._action = posts_to(self._state)
        self._manifest = manifest_of(f"http://{self.authority}{BACK}")

    def __enter__(self) -> Listener:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> Made:
        """The App. UserError when nobody came back in time, or what went wrong when it was made or kept."""
        if not self._over.wait(seconds):
            raise UserError(f"flywheel setup: nobody came back within {seconds / 60:.0f} minutes. Begin again.")
        if self._error is not None:
            raise self._error
        assert self._made is not None  # noqa: S101 (what is over has an App or an error)
        return self._made

    def answer(self, path: str, query: Mapping[str, str], cookie: str) -> tuple[int, str, str, bool]:
        """(status, title, body, whether to set the cookie) for one GET."""
        if hmac.compare_digest(path.encode(), f"/{self._ticket}".encode()) and not self._over.is_set():
            return 200, "Set up Flywheel", self._begin(), True
        if path == BACK:
            return (*self._back(query, cookie), False)
        return 404, "Not here", "<p>Open the address that <code>flywheel setup</code> printed.</p>", False

    def _begin(self) -> str:
        rows = "".join(
            f"<tr><td>{level}</td><td>{name.replace('_', ' ')}</td><td>{html.escape(why).replace('`', '')}</td></tr>"
            for name, (level, why) in PERMISSIONS.items()
        )
        hook = self._manifest["hook_attributes"]
        hooks = (
            f"Webhooks go to <code>{html.escape(hook['url'])}</code>."
            if hook["active"]
            else "It gets no webhooks: it looks by itself from time to time."
        )
        where = f" for <strong>{html.escape(self._organization)}</strong>" if self._organization else ""
        shown = json.dumps(self._manifest)
        return BEGIN.format(
            where=where, rows=rows, hooks=hooks, action=html.escape(self._action), manifest=html.escape(shown)
        )

    def _back(self, query: Mapping[str, str], cookie: str) -> tuple[int, str, str]:
        """GitHub sent somebody back: the one who began, with our state, and only the first time."""
        ours = hmac.compare_digest(query.get("state", "").encode(), self._state.encode())
        same = hmac.compare_digest(cookie.encode(), self._cookie.encode())
        if not (ours and same):
            return 403, "Not from here", "<p>This answer belongs to no set-up that this browser began.</p>"
        with self._lock:
            if self._over.is_set():
                return 409, "Already done", "<p>You can close this page.</p>"
            try:
                made = self._convert(query.get("code", ""))
                self._keep(made)
            except Exception as error:  # NOTE: whoever waits raises it; a bug is told in the terminal, not here
                self._error = error
                self._over.set()
                said = str(error) if isinstance(error, UserError) else "The terminal says why."
                return 502, "It did not work", f"<p>{html.escape(said)}</p>"
            self._made = made
            self._over.set()
        install = html.escape(f"{made.html_url}/installations/new")
        return 200, "Flywheel is set up", DONE.format(slug=html.escape(made.slug), install=install)

    @property
    def cookie(self) -> str:
        """The cookie that binds the browser; of this host alone, sent along when GitHub sends the browser back."""
        return f"{COOKIE}={self._cookie}; Path=/; HttpOnly; SameSite=Lax"

    @property
    def target(self) -> str:
        """The origin that the form may be posted to."""
        parts = urlsplit(self._action)
        return f"{parts.scheme}://{parts.netloc}"


def open_browser(url: str) -> bool:
    """Whether a browser could be started."""
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is nothing to talk about."""


class _Handler(BaseHTTPRequestHandler):
    listener: Listener
    timeout = 10

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the address holds the ticket, and what comes back the code."""

    def do_GET(self) -> None:
        """One page."""
        if self.headers.get("Host") != self.listener.authority:
            self._send(421, "Not here", "<p>Open the address that <code>flywheel setup</code> printed.</p>", False)
            return
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query[:4_000]).items()}
        self._send(*self.listener.answer(parts.path, query, _cookie(self.headers.get("Cookie", ""))))

    def _send(self, status: int, title: str, body: str, binds: bool) -> None:
        data = PAGE.format(title=html.escape(title), body=body).encode()
        self.send_response(status)
        policy = f"default-src 'none'; style-src 'unsafe-inline'; form-action {self.listener.target} 'self'"
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(data)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'",
            "Referrer-Policy": "origin",
            "X-Content-Type-Options": "nosniff",
            **({"Set-Cookie": self.listener.cookie} if binds else {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header[:4_000]).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
