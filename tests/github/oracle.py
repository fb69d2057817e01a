"""One exchange in, what GitHub's own OpenAPI description says against it out.

The description is noisy as it is shipped; it is relaxed as research measured it (research/github-emulation.md §2.2):
null is allowed where `nullable` says so even in an enum, `oneOf` is read as `anyOf`, other 4xx are basic errors.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from tests.github.server import Exchange

HERE = Path(__file__).resolve().parents[2].parent / "shared/github"
DESCRIPTION = HERE / "openapi-2022-11-28-trimmed.json"
SCHEMA = HERE / "schema.graphql"


def complaint(exchange: Exchange) -> str:
    """What is wrong with the request's or the answer's body, or with the status; empty for nothing."""
    if exchange.status >= 500 or exchange.template == "/graphql" or not exchange.template:
        return ""
    found = operation(exchange.method, exchange.template)
    if found is None:
        return f"{exchange.method} {exchange.template}: GitHub has no such operation"
    where = f"{exchange.method} {exchange.template} {exchange.status}"
    asked = _content(found.get("requestBody", {}))
    if asked and exchange.status < 400 and (said := _check(asked, exchange.request)):
        return f"{where} request: {said}"
    answer = found["responses"].get(str(exchange.status))
    if answer is None:
        return "" if exchange.status in (304, 401, 403, 404, 422) else f"{where}: no such status"
    schema = _content(answer)
    return f"{where}: {said}" if schema and (said := _check(schema, exchange.answer)) else ""


def webhook_complaint(event: str, action: str | None, payload: dict[str, Any]) -> str:
    """What is wrong with the payload of a webhook; empty for nothing."""
    name = "-".join(filter(None, (event, action))).replace("_", "-")
    told = _description()["x-webhooks"].get(name)
    if told is None:
        return f"webhook {name}: GitHub has no such event"
    said = _check(_content(told["post"]["requestBody"]), payload)
    return f"webhook {name}: {said}" if said else ""


def operation(method: str, template: str) -> dict[str, Any] | None:
    """The operation, whatever its path parameters are called."""
    return _operations().get((method, re.sub(r"\{\w+\}", "{}", template)))


@cache
def schema() -> GraphQLSchema:
    """GitHub's GraphQL schema. It is not quite valid itself (two fields are defined twice), and is taken as it is."""
    return build_schema(SCHEMA.read_text(encoding="utf-8"), assume_valid_sdl=True, assume_valid=True)


@cache
def _operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path)): one
        for path, methods in _description()["paths"].items()
        for method, one in methods.items()
        if isinstance(one, dict)
    }


@cache
def _description() -> dict[str, Any]:
    relaxed = _relax(json.loads(DESCRIPTION.read_text(encoding="utf-8")))
    assert isinstance(relaxed, dict)
    return relaxed


def _relax(node: Any) -> Any:
    if isinstance(node, list):
        return [_relax(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {("anyOf" if key == "oneOf" else key): _relax(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is True:
        return {"anyOf": [kept, {"type": "null"}]}
    return kept


def _content(part: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a request or an answer; empty when it has none."""
    for name in part.get("$ref", "").removeprefix("#/").split("/"):
        if name:
            part = _description()[name] if name in _description() else part[name]
    found = part.get("content", {}).get("application/json", {}).get("schema", {})
    assert isinstance(found, dict)
    return found


def _check(schema: dict[str, Any], body: Any) -> str:
    whole = {"components": _description()["components"], "allOf": [schema]}
    errors = list(Draft202012Validator(whole).iter_errors(body))
    worst = best_match(errors)
    return "" if worst is None else f"{worst.json_path}: {worst.message[:300]}"
