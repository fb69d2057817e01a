"""An App is made only for the browser that began, only once, only from this machine; nothing secret is ever shown."""

import re
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bot.commands import setting_up
from bot.errors import UserError
from bot.forge import manifest
from bot.forge.manifest_server import COOKIE, Listener
from bot.hosting.asked import EVENTS, PERMISSIONS
from tests.github.fixtures import github, world
from tests.github.keys import pair
from tests.github.routes_manifest import Web
from tests.github.server import GitHub
from tests.github.world import PERMISSIONS as WORLDS

__all__ = ["github", "world"]


@pytest.fixture
def web(github: GitHub) -> Iterator[Web]:
    with Web(github.world) as running:
        yield running


@pytest.fixture
def listener(github: GitHub, web: Web, tmp_path: Path) -> Iterator[Listener]:
    out = tmp_path / "app"
    setting_up.prepare(out)
    with Listener(
        lambda state: manifest.address(web.url, "octo", state),
        lambda back: manifest.manifest(
            "flywheel-octo", back, "https://github.com/octo", "https://bot.example.org/webhook"
        ),
        lambda code: manifest.convert(github.url, code),
        lambda made: setting_up.keep(made, out, github.url),
        "octo",
    ) as running:
        yield running


def field(page: str, pattern: str) -> str:
    found = re.search(pattern, page)
    assert found, page
    return unescape(found[1])


def until_github_sends_back(browser: httpx.Client, listener: Listener) -> str:
    """Open the page, post its form, agree; the address that GitHub sends the browser back to."""
    page = browser.get(listener.url).raise_for_status().text
    asked = browser.post(
        field(page, r'action="([^"]+)"'), data={"manifest": field(page, r'name="manifest" value="([^"]+)"')}
    )
    button = field(asked.text, r"action='([^']+)'")
    agreed = browser.post(f"http://{urlsplit(str(asked.url)).netloc}{button}")
    assert agreed.status_code == 302
    return agreed.headers["location"]


# --- who is refused ---------------------------------------------------------------------------------------------------


def test_it_listens_to_this_machine_alone(listener: Listener) -> None:
    host, _, port = listener.authority.partition(":")

    assert "127.0.0.1" == host
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)} - {"127.0.0.1", "::1", "127.0.1.1"}
    for address in others:
        with pytest.raises(OSError):
            socket.create_connection((address, int(port)), timeout=1).close()


def test_a_page_of_another_name_for_this_machine_is_not_served(listener: Listener) -> None:
    for host in ("evil.example", "localhost", f"evil.example:{listener.authority.partition(':')[2]}"):
        connection = HTTPConnection(listener.authority)
        connection.request("GET", urlsplit(listener.url).path, headers={"Host": host})

        assert 421 == connection.getresponse().status


def test_who_does_not_know_the_address_sees_nothing(listener: Listener) -> None:
    for path in ("/", "/created", "/x" * 40):
        answer = httpx.get(f"http://{listener.authority}{path}")

        assert answer.status_code in (403, 404)
        assert "manifest" not in answer.text


@pytest.mark.parametrize("spoil", ["state", "no-state", "cookie", "no-cookie"])
def test_an_answer_that_we_did_not_ask_for_makes_nothing(
    spoil: str, listener: Listener, github: GitHub, web: Web, tmp_path: Path
) -> None:
    browser = httpx.Client()
    back = until_github_sends_back(browser, listener)
    if "state" in spoil:
        back = re.sub(r"state=[^&]+", "state=x" if spoil == "state" else "", back)
    cookies = {"no-cookie": {}, "cookie": {COOKIE: "x"}}.get(spoil, dict(browser.cookies))

    answer = httpx.get(back, cookies=cookies)

    assert 403 == answer.status_code
    assert [] == github.exchanges
    assert not (tmp_path / "app" / setting_up.KEY).exists()
    assert 200 == browser.get(until_github_sends_back(browser, listener)).status_code


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_shows_pages(method: str, listener: Listener) -> None:
    assert 501 == httpx.request(method, listener.url).status_code


def test_a_code_that_github_does_not_know_is_said_and_nothing_is_kept(
    listener: Listener, github: GitHub, tmp_path: Path
) -> None:
    browser = httpx.Client()
    back = until_github_sends_back(browser, listener)
    github.world.manifests.clear()

    answer = browser.get(back)

    assert 502 == answer.status_code
    with pytest.raises(UserError, match="404"):
        listener.wait(1)
    assert [".gitignore"] == [path.name for path in (tmp_path / "app").iterdir()]


def test_a_bug_of_ours_is_told_where_somebody_waits_and_not_in_the_page(github: GitHub, web: Web) -> None:
    def broken(code: str) -> manifest.Made:
        raise RuntimeError("inside")

    with Listener(
        lambda state: manifest.address(web.url, "", state),
        lambda back: manifest.manifest("x", back, "https://github.com/"),
        broken,
        lambda made: None,
    ) as listener:
        browser = httpx.Client()
        answer = browser.get(until_github_sends_back(browser, listener))

        assert 502 == answer.status_code
        assert "inside" not in answer.text
        with pytest.raises(RuntimeError, match="inside"):
            listener.wait(1)


def test_who_does_not_come_back_is_told_to_begin_again(listener: Listener) -> None:
    with pytest.raises(UserError, match="nobody came back"):
        listener.wait(0.01)


# --- who is not -------------------------------------------------------------------------------------------------------


def test_the_browser_that_began_gets_an_app_once(
    listener: Listener, github: GitHub, web: Web, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    browser = httpx.Client()
    back = until_github_sends_back(browser, listener)
    done = browser.get(back)
    made = listener.wait(5)

    assert (200, 409) == (done.status_code, browser.get(back).status_code)
    assert 404 == browser.get(listener.url).status_code
    (organization, _, asked) = web.seen[0]
    assert ("octo", "flywheel-octo", False) == (organization, asked["name"], asked["public"])
    assert {"url": "https://bot.example.org/webhook", "active": True} == asked["hook_attributes"]
    assert f"{made.html_url}/installations/new" in done.text
    out = tmp_path / "app"
    settings = dict(line.split("=", 1) for line in (out / setting_up.ENV).read_text().splitlines())
    assert str(github.world.app_id) == settings["FLYWHEEL_APP_ID"]
    assert github.url == settings["GITHUB_API_URL"]
    assert pair()[0] == Path(settings["FLYWHEEL_PRIVATE_KEY_FILE"]).read_text()
    for name in (setting_up.ENV, setting_up.KEY):
        assert 0o600 == stat.S_IMODE((out / name).stat().st_mode)
    assert 0o700 == stat.S_IMODE(out.stat().st_mode)
    shown = done.text + str(setting_up.record(made, out)) + repr(made) + "".join(capfd.readouterr())
    for secret in (settings["FLYWHEEL_WEBHOOK_SECRET"], "PRIVATE KEY"):
        assert secret not in shown


def test_two_answers_at_once_make_one_app(listener: Listener, github: GitHub) -> None:
    browser = httpx.Client()
    back = until_github_sends_back(browser, listener)
    seen: list[int] = []
    threads = [
        threading.Thread(target=lambda: seen.append(httpx.get(back, cookies=dict(browser.cookies)).status_code))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert [200, 409, 409, 409] == sorted(seen)
    assert 1 == len(github.exchanges)


def test_the_page_can_load_nothing_and_post_to_github_alone(listener: Listener, web: Web) -> None:
    headers = httpx.get(listener.url).headers

    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert f"form-action {web.url} 'self';" in policy
    assert ("no-store", "origin") == (headers["cache-control"], headers["referrer-policy"])
    assert "HttpOnly; SameSite=Lax" in headers["set-cookie"]


def test_the_manifest_asks_for_what_the_app_needs_and_no_more() -> None:
    asked = manifest.manifest("x" * 60, "http://127.0.0.1:1/created", "https://github.com/")

    assert WORLDS == asked["default_permissions"]
    assert list(EVENTS) == asked["default_events"]
    assert {"workflows", "administration", "secrets"}.isdisjoint(PERMISSIONS)
    assert (34, False) == (len(asked["name"]), asked["hook_attributes"]["active"])


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["javascript:alert(1)", "ftp://x", "https://", "https://me@host/", "https://a\nb/"])
def test_an_address_that_leads_nowhere_is_refused(given: str) -> None:
    with pytest.raises(UserError, match="no address that can be used"):
        manifest.address(given, "", "s")


@pytest.mark.parametrize("given", ["octo/shop", "../x", "-x", "a b", "x" * 40])
def test_no_organisation_leads_to_another_page(given: str) -> None:
    with pytest.raises(UserError, match="no organisation's name"):
        manifest.address("https://github.com", given, "s")


def test_addresses() -> None:
    assert "https://github.com/settings/apps/new?state=s" == manifest.address("https://github.com/", "", "s")
    assert "https://ghe.example.org/organizations/octo/settings/apps/new?state=s" == manifest.address(
        "https://ghe.example.org", "octo", "s"
    )
    assert "https://b.example.org/webhook" == manifest.hook("https://b.example.org/")
    assert "https://b.example.org/flywheel/hook" == manifest.hook("https://b.example.org/flywheel/hook")


# --- files ------------------------------------------------------------------------------------------------------------


def touch(path: Path) -> None:
    path.write_text("mine")


@pytest.mark.parametrize("make", [touch, lambda path: path.symlink_to("/dev/null")])
def test_what_is_there_already_is_never_overwritten(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / setting_up.ENV)

    with pytest.raises(UserError, match="is there already"):
        setting_up.prepare(tmp_path)


def test_a_folder_that_cannot_be_written_is_said_before_an_app_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UserError, match="cannot be written"):
        setting_up.prepare(tmp_path / "file" / "app")


@pytest.mark.parametrize("broken", [{"pem": "no key"}, {"webhook_secret": "a\nFLYWHEEL_APP_ID=1"}])
def test_an_answer_without_a_key_or_with_a_line_too_many_is_not_kept(broken: dict[str, str], tmp_path: Path) -> None:
    made = manifest.Made(**{"id": 1, "slug": "s", "html_url": "h", "pem": pair()[0], "webhook_secret": "w"} | broken)

    with pytest.raises(UserError):
        setting_up.keep(made, tmp_path, "https://api.github.com")
    assert [] == list(tmp_path.iterdir())
