"""A webhook's raw bytes and parsed payload in; whether GitHub signed it, and a Hint of what to look at, out. Pure.

A hint is never believed: whoever acts on it asks the API again (research/bots.md §3.1). So a payload of any shape gives
a Hint, and what was odd about it is said in `strange`. Event shapes: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from bot.errors import UserError
from bot.hosting.hints import Hint, Kind, Place

KINDS: Mapping[str, Kind] = {
    "installation": "installation",
    "installation_repositories": "installation",
    "installation_target": "installation",
    "pull_request": "pull",
    "pull_request_review": "pull",
    "pull_request_review_comment": "pull",
    "pull_request_review_thread": "pull",
    "issues": "issue",
    "issue_comment": "issue",
    "workflow_run": "run",
    "workflow_job": "run",
    "check_run": "head",
    "check_suite": "head",
    "status": "head",
    "push": "ref",
    "create": "ref",
    "delete": "ref",
    "label": "repository",
    "repository": "repository",
    "repository_dispatch": "repository",
    "workflow_dispatch": "repository",
    "ping": "nothing",
}
"""What an event is about; an issue that is a pull becomes one when the payload says so."""

PREFIX = "sha256="
MAX_ID = 2**63
MAX_LISTED = 100
MAX_TEXT = 255
SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
NAME = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}", re.ASCII)
WORD = re.compile(r"[a-z][a-z_]{0,63}")
TYPE = re.compile(r"[A-Z][A-Za-z]{0,63}")


def secrets_of(text: str) -> tuple[bytes, ...]:
    """The secrets of a comma-separated setting. UserError when there is none, or an empty one among them.

    Without a secret anybody could send us events; a server that starts without one is open.
    """
    found = tuple(part.strip().encode() for part in text.split(","))
    if not all(found):
        raise UserError(
            "FLYWHEEL_WEBHOOK_SECRET: it is not set, or one of its secrets is empty. "
            "Set it to the App's webhook secret; while rotating, to the new and the old one with a comma between."
        )
    return found


def verify(body: bytes, signature: str | None, secrets: Sequence[bytes]) -> bool:
    """Whether `signature` (the header X-Hub-Signature-256) is that of these very bytes under one of the secrets.

    An empty secret never verifies anything. https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    """
    if signature is None or not signature.startswith(PREFIX) or not signature.isascii():
        return False
    given = signature.removeprefix(PREFIX).encode()
    fits = False
    for secret in secrets:  # all of them, so that the time taken does not tell which one it was
        wanted = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
        fits |= bool(secret) and hmac.compare_digest(wanted, given)
    return fits


def hint(event: str, delivery: str, payload: object) -> Hint:
    """Where this event says to look. Never raises; an event we do not know has the kind `unknown`."""
    look = _Look()
    top = look.table({"payload": payload}, "payload")
    kind = KINDS.get(event, "unknown")
    repository = look.table(top, "repository")
    places, listed = _places(look, top, repository, event)
    subject = _subject(look, top, event)
    pulls = tuple(_pulls(look, top, subject, event, places[0].id if places and repository else 0))
    issue = 0 if pulls else look.number(look.table(top, "issue"), "number")
    sender = look.table(top, "sender")
    run = look.table(top, "workflow_run")
    job = look.table(top, "workflow_job")
    found = Hint(
        event=event if WORD.fullmatch(event) else "",
        delivery=delivery[:MAX_TEXT],
        kind="pull" if kind == "issue" and pulls else kind,
        action=look.word(top, "action") if event != "repository_dispatch" else "",
        installation=look.number(look.table(top, "installation"), "id"),
        places=places,
        listed=listed,
        pulls=pulls,
        issue=issue,
        run=look.number(run, "id") or look.number(job, "run_id"),
        attempt=look.number(run, "run_attempt") or look.number(job, "run_attempt"),
        sha=_sha(look, top, subject, event),
        ref=_ref(look, top),
        sender=look.number(sender, "id"),
        sender_type=look.text(sender, "type", TYPE),
        strange=tuple(dict.fromkeys(look.strange))[:MAX_LISTED],
    )
    return msgspec.structs.replace(found, kind=_narrowest(found))


def _narrowest(found: Hint) -> Kind:
    """What can be looked at: the whole repository where the payload does not say what in it, nothing without one."""
    if found.kind in ("installation", "nothing", "unknown"):
        return found.kind
    if not found.places:
        return "unknown"
    return found.kind if found.subject else "repository"


class _Look:
    """Reads members of JSON objects; remembers by name which had another type than asked for."""

    def __init__(self) -> None:
        self.strange: list[str] = []

    def table(self, parent: Mapping[str, object], name: str) -> Mapping[str, object]:
        found = parent.get(name)
        if isinstance(found, dict):
            return found
        self._note(found, name)
        return {}

    def tables(self, parent: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
        found = parent.get(name)
        if not isinstance(found, list):
            self._note(found, name)
            return []
        kept: list[Mapping[str, object]] = [one for one in found if isinstance(one, dict)]
        if len(kept) < len(found):
            self.strange.append(name)
        return kept

    def number(self, parent: Mapping[str, object], name: str) -> int:
        found = parent.get(name)
        if isinstance(found, int) and not isinstance(found, bool) and 0 < found < MAX_ID:
            return found
        self._note(found, name)
        return 0

    def text(self, parent: Mapping[str, object], name: str, shape: re.Pattern[str] | None = None) -> str:
        found = parent.get(name)
        if isinstance(found, str) and (shape is None or shape.fullmatch(found)):
            return found
        self._note(found, name)
        return ""

    def word(self, parent: Mapping[str, object], name: str) -> str:
        return self.text(parent, name, WORD)

    def _note(self, found: object, name: str) -> None:
        if found is not None:
            self.strange.append(name)


def _places(
    look: _Look, top: Mapping[str, object], repository: Mapping[str, object], event: str
) -> tuple[tuple[Place, ...], int]:
    """The repositories an event is about, and how many it listed."""
    if repository:
        found = [repository]
    elif event.startswith("installation"):
        names = ("repositories", "repositories_added", "repositories_removed")
        found = [one for name in names for one in look.tables(top, name)]
    else:
        found = []
    places = [
        Place(number, look.text(one, "full_name", NAME))
        for one in found[:MAX_LISTED]
        if (number := look.number(one, "id"))
    ]
    return tuple(places), len(found)


def _subject(look: _Look, top: Mapping[str, object], event: str) -> Mapping[str, object]:
    """The object that the event is named after, or is about."""
    if event.startswith("pull_request"):
        return look.table(top, "pull_request")
    return look.table(top, event) if event in ("check_run", "check_suite", "workflow_run", "workflow_job") else {}


def _pulls(
    look: _Look, top: Mapping[str, object], subject: Mapping[str, object], event: str, repository: int
) -> Iterator[int]:
    """Numbers of pulls into this repository, each once.

    A check of a fork lists pulls into the repository it was forked from as well; their numbers are not ours.
    """
    if event.startswith("pull_request"):
        number = look.number(subject, "number") or look.number(top, "number")
        if number:
            yield number
        return
    issue = look.table(top, "issue")
    if look.table(issue, "pull_request"):
        number = look.number(issue, "number")
        if number:
            yield number
        return
    seen: set[int] = set()
    for pull in look.tables(subject, "pull_requests")[:MAX_LISTED]:
        into = look.number(look.table(look.table(pull, "base"), "repo"), "id")
        number = look.number(pull, "number")
        if number and number not in seen and (not into or into == repository):
            seen.add(number)
            yield number


def _sha(look: _Look, top: Mapping[str, object], subject: Mapping[str, object], event: str) -> str:
    """The commit that the event is about; "" for none, and for a ref that is gone."""
    if event.startswith("pull_request"):
        found = look.text(look.table(subject, "head"), "sha", SHA)
    elif event == "push":
        found = look.text(top, "after", SHA)
    elif event == "status":
        found = look.text(top, "sha", SHA)
    else:
        found = look.text(subject, "head_sha", SHA)
    return found if found.strip("0") else ""


def _ref(look: _Look, top: Mapping[str, object]) -> str:
    """The ref that was pushed, made or removed, as the payload names it (`refs/heads/x`, or `x` for create, delete)."""
    found = look.text(top, "ref")
    return found if len(found) <= MAX_TEXT and found.isprintable() else ""
