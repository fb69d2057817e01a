"""Signed deliveries at a steady rate and as fast as they go; prints how soon each server acknowledges them.

    python -m bench.webhooks [--seconds 8] [--node FOLDER]

Servers take the same real payload one after the other in one run, each in a process of its own: ours (signature, hint,
one durable write: fsync before the answer) on SQLite and on PostgreSQL, bare (uvicorn, verifies and answers), and
octokit/webhooks on Node (verifies, keeps nothing), fetched from npm within a minute or taken from --node, else said to
be not here. `p50`, `p99`: milliseconds from when a delivery was due at 100/s to its answer, so that a stall counts
for all who waited. `most`: answers a second over 16 connections. Bars: 300/s and p99 <= 50 ms at 100/s.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.postgresql import postgresql

SECRET = b"bench"
SHARED = Path(__file__).resolve().parents[1] / "../shared/github/webhooks/pull_request.json"
RATE = 100
CONNECTIONS = 16
BAR_MOST, BAR_P99 = 300, 50.0
OCTOKIT = "@octokit/webhooks@14"
NODE = """
import {createServer} from "node:http";
import {Webhooks, createNodeMiddleware} from "@octokit/webhooks";
const webhooks = new Webhooks({secret: "bench", log: {debug() {}, info() {}, warn() {}, error() {}}});
createServer(createNodeMiddleware(webhooks, {path: "/webhook"})).listen(Number(process.argv[2]), "127.0.0.1");
"""


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m bench.webhooks")
    options.add_argument("--seconds", type=float, default=8.0, help="for each measurement")
    options.add_argument("--node", type=Path, help="a folder with node_modules/@octokit/webhooks")
    options.add_argument("--serve", choices=["ours", "bare"], help=argparse.SUPPRESS)
    options.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options.add_argument("--database", help=argparse.SUPPRESS)
    given = options.parse_args(arguments)
    if given.serve:
        serve(given.serve, given.port, given.database)
        return
    sys.exit(0 if compare(given.seconds, given.node) else 1)


def compare(seconds: float, node: Path | None) -> bool:
    """Print the table; whether ours keeps both bars on SQLite."""
    body = payload()
    print(
        f"one real delivery of {len(body):,} bytes; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    )
    print(f"{'server':<22}{'p50 ms':>8}{'p99 ms':>8}{'most/s':>8}  stored")
    kept = False
    with tempfile.TemporaryDirectory() as name, postgresql() as url:
        folder = Path(name)
        urls = {"ours, SQLite": f"sqlite:///{folder / 'x.db'}", "ours, PostgreSQL": url}
        commands: dict[str, list[str]] = {
            **{
                label: [sys.executable, "-m", "bench.webhooks", "--serve", "ours", "--database", urls[label]]
                for label in urls
            },
            "bare (verifies only)": [sys.executable, "-m", "bench.webhooks", "--serve", "bare"],
        }
        octokit = fetched(node, folder)
        if octokit:
            commands["octokit/webhooks"] = ["node", str(octokit)]
        for label, command in commands.items():
            p50, p99, most, sent = asyncio.run(measured(command, body, seconds))
            stored = "-"
            if label in urls:
                stored = f"{rows(urls[label]):,} of {sent:,}"
            if label == "ours, SQLite":
                kept = most >= BAR_MOST and p99 <= BAR_P99
            print(f"{label:<22}{p50:>8.1f}{p99:>8.1f}{most:>8.0f}  {stored}", flush=True)
        if not octokit:
            print("octokit/webhooks      it is not here: no Node, or npm did not bring it within a minute")
    print(f"bars: {BAR_MOST}/s and p99 <= {BAR_P99:.0f} ms at {RATE}/s: {'kept' if kept else 'MISSED'}")
    return kept


def payload() -> bytes:
    """A real payload of a pull request; one of the same size where the shared ones are not there."""
    if SHARED.exists():
        return json.dumps(json.loads(SHARED.read_text(encoding="utf-8"))[0]).encode()
    return json.dumps(
        {"repository": {"id": 1, "full_name": "o/r"}, "pull_request": {"number": 1, "x": "x" * 20_000}}
    ).encode()


def fetched(node: Path | None, folder: Path) -> Path | None:
    """The script of the Node server beside its packages; None when they cannot be had."""
    home = node or folder / "node"
    if node is None:
        home.mkdir()
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), OCTOKIT]
        try:
            subprocess.run(command, check=True, timeout=60, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            return None
    script = home / "server.mjs"
    script.write_text(NODE, encoding="utf-8")
    return script


async def measured(command: list[str], body: bytes, seconds: float) -> tuple[float, float, float, int]:
    """(p50, p99 in ms at the steady rate, answers a second at most, deliveries sent) of one server."""
    with started(command) as port:
        warm = await flood(port, body, 1.0, 0)
        late = sorted(await steady(port, body, seconds, warm))
        most = await flood(port, body, seconds, warm + len(late))
    return late[len(late) // 2], late[int(len(late) * 0.99)], most / seconds, warm + len(late) + most


async def steady(port: int, body: bytes, seconds: float, first: int) -> list[float]:
    """Deliveries at RATE a second, each due at its time whatever became of the others; ms until answered."""
    late: list[float] = []
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    began = time.perf_counter() + 0.1

    async def one(number: int) -> None:
        due = began + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = await idle.get()
        await deliver(connection, body, first + number)
        idle.put_nowait(connection)
        late.append((time.perf_counter() - due) * 1000)

    await asyncio.gather(*(one(number) for number in range(int(seconds * RATE))))
    while not idle.empty():
        idle.get_nowait()[1].close()
    return late


async def flood(port: int, body: bytes, seconds: float, first: int) -> int:
    """How many were answered when every connection sends its next delivery at once."""
    numbers = iter(range(first, 1 << 40))
    answered = 0
    until = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal answered
        connection = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            await deliver(connection, body, next(numbers))
            answered += 1
        connection[1].close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return answered


async def deliver(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], body: bytes, number: int) -> None:
    """Send one delivery and read its answer, which is a success or the end of the bench."""
    reader, writer = connection
    writer.write(head(body, number) + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    lines = answer.lower().split(b"\r\n")
    if lines[0].split()[1] not in (b"200", b"202"):
        sys.exit(f"a delivery was answered with {answer!r}")
    for line in lines:
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
        if line == b"transfer-encoding: chunked":
            await reader.readuntil(b"0\r\n\r\n")


def head(body: bytes, number: int) -> bytes:
    """The request's head as GitHub writes it; the signature is the same for the same body."""
    return (
        "POST /webhook HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-GitHub-Event: pull_request\r\n"
        f"X-GitHub-Delivery: 00000000-0000-4000-8000-{number:012d}\r\nUser-Agent: GitHub-Hookshot/bench\r\n"
        f"X-Hub-Signature-256: {signed(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()


@lru_cache
def signed(body: bytes) -> str:
    """Signs a body once; the load must cost its sender nothing."""
    return "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()


@contextmanager
def started(command: list[str]) -> Iterator[int]:
    """A server process that listens; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    added = [str(port)] if command[0] == "node" else ["--port", str(port)]
    process = subprocess.Popen([*command, *added], stderr=subprocess.DEVNULL)
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def serve(which: str, port: int, database: str | None) -> None:
    """Be one of our two servers, until told to stop."""
    import uvicorn

    from bot.engine.inbox import Inbox
    from bot.forge import server
    from bot.forge.webhook import verify

    async def bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        chunks, more = [], True
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        signature = dict(scope["headers"]).get(b"x-hub-signature-256", b"").decode()
        status = 202 if verify(b"".join(chunks), signature, [SECRET]) else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    if which == "bare" or database is None:
        uvicorn.run(bare, port=port, access_log=False, log_level="warning", lifespan="off")
        return
    kept = Inbox(database)
    server.serve(server.app([SECRET], kept), "127.0.0.1", port)
    kept.close()


def rows(url: str) -> int:
    """How many deliveries the database holds."""
    from bot.engine.inbox import Inbox

    kept = Inbox(url)
    count = sum(kept.counts().values())
    kept.close()
    return count


if __name__ == "__main__":
    main()
