"""Over real HTTP: what is not GitHub's is turned away, what is GitHub's is on disk before it is acknowledged."""

import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from bot.engine.inbox import Inbox
from bot.errors import UserError
from bot.forge import server
from bot.hosting.hints import Hint

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "github" / "webhooks"
SECRET = b"a secret of this test"
OPENED = {
    "action": "opened",
    "repository": {"id": 10, "full_name": "o/r"},
    "installation": {"id": 1},
    "pull_request": {"number": 3, "title": "a title that nobody may log"},
    "sender": {"id": 5, "type": "User"},
}


@dataclass
class Running:
    """A server at work, and what it logged."""

    port: int
    inbox: Inbox
    logged: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, body: bytes, **changed: str | None) -> int:
        """Deliver as GitHub does; a header that is None is left out. Gives the status."""
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "pull_request",
            "X-GitHub-Delivery": "d1",
            "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest(),
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        kept = {name: value for name, value in headers.items() if value is not None}
        return self.ask("POST", "/webhook", body, kept)[0]

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def running(inbox: Inbox, **settings: Any) -> Iterator[Running]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = Running(bound.getsockname()[1], inbox)
        made = server.app([SECRET, b"old"], inbox, app_id=77, log=found.logged.append, **settings)
        at_work = uvicorn.Server(uvicorn.Config(made, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=at_work.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not at_work.started:
            time.sleep(0.01)
        yield found
        at_work.should_exit = True
        thread.join(15)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    found = Inbox(f"sqlite:///{tmp_path}/inbox.db")
    yield found
    found.close()


@pytest.fixture
def up(inbox: Inbox) -> Iterator[Running]:
    yield from running(inbox, limit=100_000)


def body(payload: object = OPENED) -> bytes:
    return json.dumps(payload).encode()


@pytest.mark.parametrize("secrets", [[], [b""], [SECRET, b""]])
def test_without_a_secret_there_is_no_server(secrets: list[bytes], inbox: Inbox) -> None:
    with pytest.raises(UserError, match="no secret, no start"):
        server.app(secrets, inbox)


@pytest.mark.parametrize(
    ("status", "changed"),
    [
        (401, {"X_Hub_Signature_256": None}),
        (401, {"X_Hub_Signature_256": "sha256=" + "0" * 64}),
        (401, {"X_Hub_Signature_256": None, "X_Hub_Signature": "sha1=" + hmac.new(SECRET, body(), "sha1").hexdigest()}),
        (400, {"X_GitHub_Event": None}),
        (400, {"X_GitHub_Event": "Pull Request"}),
        (400, {"X_GitHub_Delivery": None}),
        (400, {"X_GitHub_Delivery": "a b"}),
        (400, {"X_GitHub_Hook_Installation_Target_ID": "78"}),
        (415, {"Content_Type": None}),
        (415, {"Content_Type": "application/x-www-form-urlencoded"}),
    ],
)
def test_what_is_no_delivery_to_us_is_turned_away_and_not_stored(
    up: Running, status: int, changed: dict[str, str | None]
) -> None:
    assert status == up.send(body(), **changed)
    assert {"received": 0, "done": 0, "failed": 0} == up.inbox.counts()


def test_the_signature_is_over_the_very_bytes(up: Running) -> None:
    spaced = json.dumps(OPENED, indent=2).encode()
    signature = "sha256=" + hmac.new(SECRET, body(), hashlib.sha256).hexdigest()

    assert 401 == up.send(spaced, X_Hub_Signature_256=signature)
    assert 202 == up.send(spaced)


def test_a_delivery_is_written_down_and_then_acknowledged(up: Running) -> None:
    assert 202 == up.send(body(), X_GitHub_Hook_Installation_Target_ID="77")

    work = up.inbox.take("a", time.time(), 60.0)
    assert work is not None
    assert (1, 10, "pull", (3,)) == (work.installation, work.repository, work.hints[0].kind, work.hints[0].pulls)


def test_the_old_secret_still_counts_while_it_is_rotated(up: Running) -> None:
    assert 202 == up.send(body(), X_Hub_Signature_256="sha256=" + hmac.new(b"old", body(), "sha256").hexdigest())


def test_one_delivery_a_hundred_times_at_once_is_one(up: Running) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _n: up.send(body()), range(100)))

    assert [202] * 100 == answers
    assert 1 == up.inbox.counts()["received"]


def test_a_body_that_is_too_large_is_refused_by_its_length(up: Running) -> None:
    assert 413 == up.send(b"x" * 100_001)


def test_a_body_without_a_length_is_refused_while_it_streams(up: Running) -> None:
    with socket.create_connection(("127.0.0.1", up.port), timeout=20) as connection:
        head = "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\n"
        connection.sendall(f"{head}X-GitHub-Delivery: d\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(3):  # 150 kB of what claims to be endless
            connection.sendall(b"c350\r\n" + b"x" * 50_000 + b"\r\n")
        answer = connection.recv(100)

    assert answer.startswith(b"HTTP/1.1 413")


def test_a_full_sized_delivery_of_github_is_taken(inbox: Inbox) -> None:
    for up in running(inbox):
        assert 202 == up.send(body(OPENED | {"padding": "x" * (24 << 20)}))
        assert 413 == up.send(b"x" * ((25 << 20) + 1))


def slow(port: int, sent: bytes) -> socket.socket:
    """A request that has promised a thousand bytes and sent these."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-GitHub-Event: push\r\n"
    connection.sendall(f"{head}X-GitHub-Delivery: d\r\nContent-Length: 1000\r\n\r\n".encode() + sent)
    return connection


def test_a_body_that_never_ends_is_let_go(inbox: Inbox) -> None:
    for up in running(inbox, read_seconds=0.3):
        with slow(up.port, b"x") as connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_many_slow_bodies_hold_no_more_memory_than_all_may(inbox: Inbox) -> None:
    for up in running(inbox, all_bodies=1_500):
        with slow(up.port, b"x" * 900), slow(up.port, b"x" * 900) as second:
            assert second.recv(100).startswith(b"HTTP/1.1 503")
        assert 202 == up.send(body())


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 90_000, b"nope"])
def test_a_signed_body_that_is_no_json_is_told_so(up: Running, data: bytes) -> None:
    assert 400 == up.send(data)


@pytest.mark.parametrize("payload", [[], 7, None, {}, {"repository": "o/r", "sender": None}])
def test_an_unknown_shape_is_accepted(up: Running, payload: object) -> None:
    assert 202 == up.send(body(payload))


@pytest.mark.parametrize("title", [b'"cut \\ud83d"', b'"\xed\xa0\xbd"', b"1e999"])
def test_half_an_emoji_and_an_odd_number_cost_no_delivery(up: Running, title: bytes) -> None:
    data = body(OPENED).replace(b'"a title that nobody may log"', title)

    assert 202 == up.send(data)
    assert 1 == up.inbox.counts()["received"]


def test_an_unknown_event_is_accepted_and_counted_and_takes_no_room(up: Running) -> None:
    assert 202 == up.send(body(), X_GitHub_Event="tomorrows_event")

    text = up.ask("GET", "/metrics")[1].decode()
    assert 'flywheel_webhook_answers_total{event="other",status="202"} 1\n' in text
    assert 'flywheel_webhook_deliveries_total{was="ignored"} 1\n' in text
    assert 0 == up.inbox.counts()["received"]


@pytest.mark.skipif(not PAYLOADS.exists(), reason="GitHub's example payloads are not here")
def test_all_example_payloads_of_github_are_acknowledged(inbox: Inbox) -> None:
    for up in running(inbox):
        answers = [
            up.send(body(payload), X_GitHub_Event=path.stem, X_GitHub_Delivery=f"{path.stem}-{number}")
            for path in sorted(PAYLOADS.glob("*.json"))
            for number, payload in enumerate(json.loads(path.read_text(encoding="utf-8")))
        ]

    assert [202] * 151 == answers
    assert 151 - 4 == inbox.counts()["received"]  # four pings are nothing to do


class Broken:
    """An inbox whose disk is full, behind the real one's verbs."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def put(self, hint: Hint, at: float) -> Future[bool]:
        found: Future[bool] = Future()
        found.set_exception(OSError("no space left, and the title that nobody may log"))
        return found

    def check(self, at: float) -> None:
        raise OSError("no space left")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inbox, name)


def test_what_could_not_be_written_is_not_acknowledged(inbox: Inbox) -> None:
    for up in running(Broken(inbox)):
        assert 503 == up.send(body())
        assert 503 == up.ask("GET", "/readyz")[0]
        assert 200 == up.ask("GET", "/healthz")[0]
        assert 200 == up.ask("GET", "/metrics")[0]


def test_it_tells_when_everything_was_last_looked_at(up: Running) -> None:
    before = json.loads(up.ask("GET", "/readyz")[1])
    up.inbox.swept(time.time() - 100)
    after = json.loads(up.ask("GET", "/readyz")[1])

    assert (None, True) == (before["last_sweep_age_seconds"], before["sweep_stale"])
    assert 100 <= after["last_sweep_age_seconds"] < 160
    assert not after["sweep_stale"]


def test_the_metrics_are_what_prometheus_reads(up: Running) -> None:
    up.send(body())
    up.send(body(), X_Hub_Signature_256=None)

    status, text = up.ask("GET", "/metrics")

    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    assert 200 == status
    assert all(float(line.rpartition(" ")[2]) >= 0 for line in lines)
    assert 'flywheel_webhook_answers_total{event="pull_request",status="401"} 1' in lines
    assert "flywheel_webhook_seconds_count 2" in lines
    assert 'flywheel_inbox_deliveries{state="received"} 1' in lines
    assert any(line.startswith("flywheel_oldest_work_age_seconds ") for line in lines)
    assert not any(line.startswith("flywheel_last_sweep_age_seconds ") for line in lines)


def test_logs_hold_no_body_no_secret_and_no_signature(inbox: Inbox) -> None:
    for up in running(Broken(inbox)):
        up.send(body())
        up.send(body(), X_Hub_Signature_256="sha256=bad", X_GitHub_Event="x\u00e9")
        said = json.dumps(up.logged)

    assert 2 == len(up.logged)
    assert not [word for word in ("nobody may log", SECRET.decode(), "sha256") if word in said]
    assert "d1" in said


def test_nothing_else_is_served(up: Running) -> None:
    assert [404] * 4 == [up.ask("GET", path)[0] for path in ("/", "/docs", "/openapi.json", "/redoc")]
    assert 405 == up.ask("GET", "/webhook")[0]
