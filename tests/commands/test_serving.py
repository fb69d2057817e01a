"""The server starts with what the environment says, and not at all without a secret."""

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.commands.serving import Settings, serve, settings
from bot.errors import UserError
from bot.forge.webhook import secrets_of

ROOT = Path(__file__).resolve().parents[2]


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    """`flywheel serve` in a process and a folder of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "serve"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_empty_environment_gives_the_careful_defaults() -> None:
    expected = Settings("", "sqlite:///flywheel-data/inbox.db", "127.0.0.1", 8000, None)

    assert expected == settings({})


def test_the_command_line_goes_before_the_environment() -> None:
    said = {"FLYWHEEL_PORT": "9000", "FLYWHEEL_HOST": "0.0.0.0", "FLYWHEEL_DATABASE_URL": "sqlite:////data/x.db"}

    found = settings(said, host="::1", port=0)

    assert ("::1", 0, "sqlite:////data/x.db") == (found.host, found.port, found.database)
    assert ("0.0.0.0", 9000) == (settings(said).host, settings(said).port)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLYWHEEL_PORT", "many"),
        ("FLYWHEEL_PORT", "65536"),
        ("FLYWHEEL_APP_ID", "-1"),
        ("FLYWHEEL_APP_ID", "\N{SUPERSCRIPT TWO}"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(UserError, match=name):
        settings({name: value})


def test_without_a_secret_nothing_is_opened() -> None:
    opened: list[str] = []

    def open_inbox(url: str) -> "Closing":
        opened.append(url)
        return Closing()

    with pytest.raises(UserError, match="FLYWHEEL_WEBHOOK_SECRET"):
        serve(settings({}), secrets_of, open_inbox, lambda _secrets, _inbox, _wanted: None, lambda _inbox: None)
    assert [] == opened


class Told:
    """A worker that only remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")

    def stop(self) -> None:
        self.told.append("stop")

    def join(self) -> None:
        self.told.append("join")


class Closing:
    closed = False

    def close(self) -> None:
        self.closed = True


def test_the_worker_is_stopped_and_the_inbox_let_go_whatever_happens() -> None:
    inbox, worker = Closing(), Told()

    def listen(_secrets: tuple[bytes, ...], _inbox: Closing, _wanted: Settings) -> None:
        raise OSError("the port is taken")

    with pytest.raises(OSError, match="taken"):
        serve(settings({"FLYWHEEL_WEBHOOK_SECRET": "x"}), secrets_of, lambda _url: inbox, listen, lambda _inbox: worker)
    assert inbox.closed
    assert ["start", "stop", "join"] == worker.told


def test_without_a_secret_it_ends_within_two_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    process = start(tmp_path)

    said = process.communicate(timeout=20)[1]

    assert 2 == process.returncode
    assert "FLYWHEEL_WEBHOOK_SECRET" in said
    assert time.monotonic() - began < 10  # two seconds when the machine is ours alone
    assert [] == list(tmp_path.iterdir())


def test_it_serves_without_github_and_stops_when_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start(tmp_path, FLYWHEEL_WEBHOOK_SECRET="x", FLYWHEEL_PORT=str(port), GITHUB_API_URL="http://127.0.0.1:9")
    try:
        answer = _ask(f"http://127.0.0.1:{port}/readyz")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    finally:
        process.kill()

    assert 200 == answer
    assert 0 == process.returncode
    assert not (tmp_path / "flywheel-data" / "inbox.db-wal").exists()  # it was let go in order
    assert (tmp_path / "flywheel-data" / "inbox.db").is_file()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _ask(url: str) -> int:
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except OSError:
            time.sleep(0.05)
    return 0


def test_every_delivery_acknowledged_before_kill_9_is_on_disk(tmp_path: Path) -> None:
    port = _free_port()
    process = start(tmp_path, FLYWHEEL_WEBHOOK_SECRET="x", FLYWHEEL_PORT=str(port))
    assert 200 == _ask(f"http://127.0.0.1:{port}/healthz")
    killer = threading.Timer(0.5, process.kill)
    killer.start()

    with ThreadPoolExecutor(8) as pool:
        told = [name for name in pool.map(lambda number: _deliver(port, f"d{number}"), range(3_000)) if name]
    killer.join()
    process.communicate(timeout=20)

    with sqlite3.connect(tmp_path / "flywheel-data" / "inbox.db") as connection:
        kept = {row[0] for row in connection.execute("SELECT id FROM delivery")}
    assert 0 < len(told) < 3_000
    assert set() == set(told) - kept


def _deliver(port: int, name: str) -> str:
    """The delivery's id when it was acknowledged, else nothing."""
    body = json.dumps({"repository": {"id": 1, "full_name": "o/r"}, "ref": "refs/heads/x"}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": name,
        "X-Hub-Signature-256": "sha256=" + hmac.new(b"x", body, hashlib.sha256).hexdigest(),
    }
    try:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/webhook", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return name if answer.status == 202 else ""
    except (OSError, http.client.HTTPException):
        return ""
