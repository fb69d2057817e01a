"""Only what GitHub signed is heard, and nothing it may send makes us stumble."""

import copy
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.forge.webhook import KINDS, hint, secrets_of, verify
from bot.hosting.hints import Hint, Place

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "github" / "webhooks"
SECRETS = (b"new", b"old")
SHA = "3484a3fb816e0859fd6e1cea078d76385ff50625"


def signed(body: bytes, secret: bytes) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def _examples() -> Iterator[Any]:
    for path in sorted(PAYLOADS.glob("*.json")):
        for number, payload in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            yield pytest.param(path.stem, payload, id=f"{path.stem}-{number}")


EXAMPLES = list(_examples())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha1=" + hmac.new(b"new", b"{}", "sha1").hexdigest(),
        signed(b"{}", b"new").removeprefix("sha256="),
        signed(b"{} ", b"new"),
        signed(b"{}", b"gone"),
        signed(b"{}", b"new").upper(),
        signed(b"{}", b"new") + "0",
        "sha256=\N{SNOWMAN}",
    ],
)
def test_what_github_did_not_sign_is_not_heard(signature: str | None) -> None:
    assert not verify(b"{}", signature, SECRETS)


@pytest.mark.parametrize("secret", SECRETS)
def test_while_a_secret_is_rotated_both_are_heard(secret: bytes) -> None:
    assert verify(b"{}", signed(b"{}", secret), SECRETS)


def test_the_signature_of_githubs_own_page_verifies() -> None:
    """https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation"""
    published = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert verify(b"Hello, World!", published, [b"It's a Secret to Everybody"])


def test_an_empty_secret_or_none_verifies_nothing() -> None:
    assert not verify(b"{}", signed(b"{}", b""), [b""])
    assert not verify(b"{}", signed(b"{}", b""), [])


@pytest.mark.parametrize("text", ["", " ", ",", "a,", ",a", "a,,b"])
def test_an_empty_secret_is_refused_with_its_mend(text: str) -> None:
    with pytest.raises(UserError, match=r"FLYWHEEL_WEBHOOK_SECRET: .* Set it to"):
        secrets_of(text)


def test_secrets_are_separated_by_commas() -> None:
    assert (b"new", b"old") == secrets_of("new, old")


def _expected(event: str, raw: dict[str, Any]) -> dict[str, Any]:
    """What a person would read from the raw payload, event by event and without our reader's paths."""
    if event in ("installation", "installation_repositories"):
        listed = raw.get("repositories") or [
            *(raw.get("repositories_added") or []),
            *(raw.get("repositories_removed") or []),
        ]
    else:
        listed = [raw["repository"]] if "repository" in raw else []
    pulls: list[int] = []
    if "pull_request" in raw:
        pulls = [raw["pull_request"]["number"]]
    elif "issue" in raw and "pull_request" in raw["issue"]:
        pulls = [raw["issue"]["number"]]
    elif event in ("check_run", "check_suite", "workflow_run"):
        pulls = [one["number"] for one in raw[event]["pull_requests"] if one["base"]["repo"]["id"] == listed[0]["id"]]
    run = raw["workflow_run"]["id"] if event == "workflow_run" else 0
    return {
        "installation": raw["installation"]["id"] if "installation" in raw else 0,
        "places": tuple(Place(one["id"], one["full_name"]) for one in listed),
        "pulls": tuple(pulls),
        "run": raw["workflow_job"]["run_id"] if event == "workflow_job" else run,
        "sender": raw["sender"]["id"] if "sender" in raw else 0,
        "sender_type": raw["sender"]["type"] if "sender" in raw else "",
    }


@pytest.mark.skipif(not PAYLOADS.exists(), reason="GitHub's example payloads are not here")
def test_there_are_151_example_payloads() -> None:
    assert 151 == len(EXAMPLES)


@pytest.mark.parametrize(("event", "raw"), EXAMPLES)
def test_an_example_of_github_is_read_right(event: str, raw: dict[str, Any]) -> None:
    found = hint(event, "d", raw)

    expected = _expected(event, raw)
    assert expected == {name: getattr(found, name) for name in expected}
    assert found.kind in {KINDS[event], "pull"}
    assert () == found.strange


@pytest.mark.parametrize(("event", "raw"), EXAMPLES)
def test_an_example_is_about_something(event: str, raw: dict[str, Any]) -> None:
    found = hint(event, "d", raw)

    assert found.subject or found.kind in ("installation", "repository", "nothing")


@pytest.mark.parametrize(("event", "raw"), EXAMPLES)
def test_an_example_with_any_member_spoilt_gives_a_hint_that_says_so(event: str, raw: dict[str, Any]) -> None:
    for name in raw:
        for spoilt in (None, 7, "x", [], [7], {}, True):
            found = hint(event, "d", copy.copy(raw) | {name: spoilt})

            assert isinstance(found, Hint)


def test_a_check_of_a_fork_names_no_pull_of_another_repository() -> None:
    pulls = [
        {"number": 3, "base": {"repo": {"id": 10}}},
        {"number": 9, "base": {"repo": {"id": 99}}},
        {"number": 3, "base": {"repo": {"id": 10}}},
    ]
    payload = {"repository": {"id": 10, "full_name": "o/r"}, "check_run": {"head_sha": SHA, "pull_requests": pulls}}

    assert (3,) == hint("check_run", "d", payload).pulls


def test_a_comment_on_a_pull_and_its_push_are_about_the_same() -> None:
    repository = {"id": 10, "full_name": "o/r"}
    comment = hint("issue_comment", "1", {"repository": repository, "issue": {"number": 3, "pull_request": {"u": 1}}})
    pushed = hint("pull_request", "2", {"repository": repository, "pull_request": {"number": 3, "head": {"sha": SHA}}})

    assert ("pull", 10, "3") == (comment.kind, comment.repository, comment.subject)
    assert ("pull", 10, "3") == (pushed.kind, pushed.repository, pushed.subject)
    assert SHA == pushed.sha


@pytest.mark.parametrize("event", ["pull_request", "issues", "workflow_run", "check_run", "push"])
def test_where_the_payload_does_not_say_what_the_whole_repository_is_looked_at(event: str) -> None:
    found = hint(event, "d", {"repository": {"id": 10, "full_name": "o/r"}})

    assert ("repository", 10, "") == (found.kind, found.repository, found.subject)


def test_without_a_repository_there_is_nothing_to_look_at() -> None:
    assert "unknown" == hint("pull_request", "d", {"pull_request": {"number": 3}}).kind


def test_an_unknown_event_is_told_as_one() -> None:
    found = hint("tomorrows_event", "d", {"repository": {"id": 10, "full_name": "o/r"}})

    assert ("unknown", 10, ()) == (found.kind, found.repository, found.strange)


@pytest.mark.parametrize(
    ("payload", "strange"),
    [
        ([], ("payload",)),
        ({"repository": "o/r"}, ("repository",)),
        ({"repository": {"id": "10", "full_name": "o/r"}}, ("id",)),
        ({"repository": {"id": 10, "full_name": "../../etc"}}, ("full_name",)),
        ({"repository": {"id": True}}, ("id",)),
        ({"repository": {"id": 1 << 70}}, ("id",)),
        ({"sender": None}, ()),
    ],
)
def test_a_shape_github_does_not_document_is_named(payload: object, strange: tuple[str, ...]) -> None:
    assert strange == hint("push", "d", payload).strange


def test_a_ref_that_is_gone_has_no_commit() -> None:
    assert "" == hint("push", "d", {"after": "0" * 40, "ref": "refs/heads/x"}).sha


@given(st.sampled_from([*KINDS, "other", ""]) | st.text(max_size=30), st.text(max_size=300), JSON)
def test_any_json_gives_a_hint(event: str, delivery: str, payload: object) -> None:
    found = hint(event, delivery, payload)

    assert isinstance(found.subject, str)
    assert 0 <= found.repository < 2**63


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_any_json_under_the_names_we_read_gives_a_hint(data: st.DataObject, event: str) -> None:
    names = ("repository", "installation", "sender", "issue", "pull_request", "workflow_run", "check_run", "ref")
    inner = st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("id", "number", "full_name", "head", "head_sha", "pull_requests", "run_id"), JSON),
    )
    payload = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(names, inner | JSON)))

    assert isinstance(hint(event, "d", payload), Hint)
