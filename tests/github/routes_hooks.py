"""The App's deliveries: listed newest first, each told whole, and sent again."""

from __future__ import annotations

from typing import Any

from tests.github.hooks import Delivery, headers
from tests.github.routing import Answer, Problem, Request, route


@route("GET", "/app/hook/deliveries", "app")
def deliveries(ask: Request) -> Answer:
    """https://docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook: paged by a cursor."""
    size = min(max(int(ask.query.get("per_page", "30")), 1), 100)
    rows = [one for one in reversed(ask.world.hook.deliveries) if one.id < _before(ask)]
    shown = rows[:size]
    link = {"Link": f"cursor=v1_{shown[-1].id}:next"} if len(rows) > size else {}
    return Answer(200, [_row(one) for one in shown], link)


@route("GET", "/app/hook/deliveries/{delivery_id}", "app")
def delivery(ask: Request) -> Answer:
    found = _delivery(ask)
    sent = {"headers": headers(found, ask.world.app_id, ask.world.hook.secret), "payload": found.payload}
    return Answer(200, {**_row(found), "request": sent, "response": {"headers": None, "payload": None}})


@route("POST", "/app/hook/deliveries/{delivery_id}/attempts", "app")
def attempt(ask: Request) -> Answer:
    """https://docs.github.com/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook: 202, and it is sent."""
    ask.world.hook.again(next(ask.world.numbers), _delivery(ask))
    return Answer(202, {})


def _before(ask: Request) -> float:
    return int(ask.query["cursor"].removeprefix("v1_")) if "cursor" in ask.query else float("inf")


def _delivery(ask: Request) -> Delivery:
    number = int(ask.args["delivery_id"])
    found = next((one for one in ask.world.hook.deliveries if one.id == number), None)
    if found is None:
        raise Problem(404, "Not Found")
    return found


def _row(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": one.at,
        "redelivery": one.redelivery,
        "duration": 0.01,
        "status": "OK" if one.status < 300 else "Invalid HTTP Response: " + str(one.status),
        "status_code": one.status,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation,
        "repository_id": one.repository,
        "throttled_at": None,
    }
