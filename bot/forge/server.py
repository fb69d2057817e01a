"""HTTP requests in: GitHub's deliveries go to the inbox, and people and probes are told how we are.

`POST /webhook` answers 202 after the one durable write and does no work (GitHub waits ten seconds and sends nothing
again by itself: https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries). What it may answer
else: 400 a header or the JSON is wrong, 401 not signed by GitHub, 408 too slow, 413 too large, 415 no JSON, 503 not
written down. An event or a shape that nobody knows is counted and answered with 202.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from bot.errors import UserError
from bot.forge.inbox import Inbox
from bot.forge.metrics import Metrics
from bot.forge.webhook import KINDS, hint, verify
from bot.hosting.hints import Hint

MAX_BODY = 25 << 20
"""GitHub sends no more: https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap"""
MAX_READING = 256 << 20
READ_SECONDS = 10.0
WRITE_SECONDS = 8.0
STALE_SECONDS = 3 * 3600.0
MAX_CONNECTIONS = 512
DELIVERY = re.compile(r"[\w-]{1,100}", re.ASCII)
EVENT = re.compile(r"[a-z][a-z_]{0,63}")

Log = Callable[[Mapping[str, object]], None]


def to_stderr(record: Mapping[str, object]) -> None:
    """One line of JSON on standard error."""
    sys.stderr.write(json.dumps(record, ensure_ascii=True) + "\n")


class _RefusedError(Exception):
    """A request that is answered with this status; `why` is for our log only."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def app(
    secrets: Sequence[bytes],
    inbox: Inbox,
    *,
    app_id: int | None = None,
    limit: int = MAX_BODY,
    all_bodies: int = MAX_READING,
    read_seconds: float = READ_SECONDS,
    now: Callable[[], float] = time.time,
    log: Log = to_stderr,
) -> FastAPI:
    """The server as an ASGI application. UserError without a secret: an open door is worse than none.

    `limit` bytes are taken of one body, `all_bodies` of those that are being read, each for `read_seconds` at most.
    Logs and answers hold numbers, names of events and reasons, never a body, a header's value or a secret.
    """
    if not secrets or not all(secrets):
        raise UserError("FLYWHEEL_WEBHOOK_SECRET: no secret, no start. Set it to the App's webhook secret.")
    server = FastAPI(title="flywheel", docs_url=None, redoc_url=None, openapi_url=None)
    metrics = Metrics()
    bounds = _Bounds(limit, all_bodies, read_seconds)

    async def webhook(request: Request) -> Response:
        began = time.perf_counter()
        event, delivery = request.headers.get("x-github-event", ""), request.headers.get("x-github-delivery", "")
        about: dict[str, object] = {
            "event": event if EVENT.fullmatch(event) else "?",
            "delivery": delivery if DELIVERY.fullmatch(delivery) else "?",
        }
        try:
            _check_headers(request, app_id)
            body = await _body(request, bounds)
            if not verify(body, request.headers.get("x-hub-signature-256"), secrets):
                raise _RefusedError(401, "the signature does not fit")
            status, found = 202, hint(event, delivery, _parsed(body))
            about |= _told(found)
            about["new"] = await _written(inbox, found, now())
            metrics.seen(found, bool(about["new"]))
        except _RefusedError as refused:
            status, about["why"] = refused.status, refused.why
        except ClientDisconnect:
            status, about["why"] = 400, "the sender hung up"
        except Exception as error:  # NOTE: the door. A bug of ours must not look like a delivery that arrived.
            status, about["why"] = 500, _where(error)
        seconds = time.perf_counter() - began
        metrics.answered(event if event in KINDS else "other", status, seconds)
        log({"at": round(now(), 3), "status": status, "ms": round(seconds * 1000, 2), **about})
        return Response(status_code=status, headers={"retry-after": "60"} if status == 503 else None)

    server.add_route("/webhook", webhook, methods=["POST"])  # without the dependency injection that we have no use for

    @server.get("/healthz")
    async def healthz() -> Mapping[str, str]:
        return {"status": "ok"}

    @server.get("/readyz")
    def readyz(response: Response) -> Mapping[str, object]:
        try:
            inbox.check(now())
            last = inbox.last_sweep()
        except Exception as error:
            response.status_code = 503
            log({"at": round(now(), 3), "probe": "readyz", "why": _where(error)})
            return {"status": "unready", "database": "cannot be written", "last_sweep_age_seconds": None}
        age = None if last is None else round(max(0.0, now() - last), 1)
        stale = age is None or age > STALE_SECONDS
        return {"status": "ready", "database": "ok", "last_sweep_age_seconds": age, "sweep_stale": stale}

    @server.get("/metrics")
    def shown() -> Response:
        states: Mapping[str, int] = {}
        since: Mapping[str, float | None] = {}
        with contextlib.suppress(Exception):  # what we counted ourselves is shown also while the database is away
            states, since = inbox.counts(), {"last_sweep": inbox.last_sweep(), "oldest_work": inbox.oldest(now())}
        ages = {name: max(0.0, now() - at) for name, at in since.items() if at is not None}
        text = metrics.text(states, ages)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return server


def serve(server: FastAPI, host: str, port: int) -> None:
    """Answer until we are told to stop; what was begun is answered before that."""
    import uvicorn

    config = uvicorn.Config(
        server,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run()


def _check_headers(request: Request, app_id: int | None) -> None:
    """_RefusedError when this cannot be a delivery to us, before a byte of the body is read."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise _RefusedError(415, "the content type is not application/json")
    if not EVENT.fullmatch(request.headers.get("x-github-event", "")):
        raise _RefusedError(400, "X-GitHub-Event is missing or no event")
    if not DELIVERY.fullmatch(request.headers.get("x-github-delivery", "")):
        raise _RefusedError(400, "X-GitHub-Delivery is missing or no id")
    target = request.headers.get("x-github-hook-installation-target-id", "")
    if app_id is not None and target and target != str(app_id):
        raise _RefusedError(400, "it is for another App")


class _Bounds:
    """What one request and all of them together may make us hold in memory; `reading` is what they hold now."""

    def __init__(self, body: int, bodies: int, seconds: float) -> None:
        self.body, self.bodies, self.seconds, self.reading = body, bodies, seconds, 0


async def _body(request: Request, bounds: _Bounds) -> bytes:
    """The body; _RefusedError as soon as it passes a bound."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > bounds.body:
        raise _RefusedError(413, "the body is too large")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(bounds.seconds):
            async for chunk in request.stream():
                size += len(chunk)
                bounds.reading += len(chunk)
                if size > bounds.body:
                    raise _RefusedError(413, "the body is too large")
                if bounds.reading > bounds.bodies:
                    raise _RefusedError(503, "too many bodies at once")
                chunks.append(chunk)
    except TimeoutError as error:
        raise _RefusedError(408, "the body came too slowly") from error
    finally:
        bounds.reading -= size
    return b"".join(chunks)


def _parsed(body: bytes) -> object:
    """The payload. Half an emoji, where a title was cut, is JSON for Python and GitHub and none for msgspec."""
    for decode in (msgspec.json.decode, json.loads):
        with contextlib.suppress(msgspec.DecodeError, ValueError, RecursionError):
            return decode(body)
    raise _RefusedError(400, "the body is no JSON, or nested too deeply")


async def _written(inbox: Inbox, found: Hint, at: float) -> bool:
    """Whether it was new; after this it is on disk. What nobody would act on is only counted."""
    if found.kind in ("nothing", "unknown"):
        return False
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            return await asyncio.wrap_future(inbox.put(found, at))
    except Exception as error:
        raise _RefusedError(503, f"it could not be written down: {_where(error)}") from error


def _told(found: Hint) -> dict[str, object]:
    return {
        "kind": found.kind,
        "action": found.action,
        "installation": found.installation,
        "repository": found.repository,
        "strange": list(found.strange),
    }


def _where(error: BaseException) -> str:
    """The kind of an error and where it arose: its words may quote what was sent."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {frames[-1].name}:{frames[-1].lineno}" if frames else type(error).__name__
