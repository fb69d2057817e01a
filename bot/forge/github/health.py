"""An App or a token in, what GitHub says of it and of one repository out; every question that fails says why.

A dozen reads, nothing written. With an App, tokens ask for no more than the installation grants.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from githubkit import AppAuthStrategy

from bot.errors import UserError
from bot.forge.github import ledger
from bot.forge.github.client import PAGE, TIMEOUT, App, Permissions, Reader, with_token
from bot.forge.github.errors import RateLimitedError, StatusError, UnavailableError
from bot.forge.github.onboarding import default_file
from bot.forge.github.place import Place
from bot.hosting.asked import PERMISSIONS
from bot.hosting.health import Health, Party, Seen

BUNDLE = "flywheel-bundle"
AUTO_MERGE = """
query AutoMerge($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { autoMergeAllowed }
}
"""
T = TypeVar("T")


class _Party(msgspec.Struct, frozen=True):
    id: int
    html_url: str
    permissions: dict[str, str]
    events: tuple[str, ...] = ()
    suspended_at: str | None = None


class _Repository(msgspec.Struct, frozen=True):
    full_name: str
    default_branch: str
    archived: bool = False
    has_issues: bool = True
    has_pull_requests: bool = True
    pull_request_creation_policy: str | None = "all"


class _Named(msgspec.Struct, frozen=True):
    name: str


class _Artifacts(msgspec.Struct, frozen=True):
    artifacts: tuple[_Named, ...] = ()


class _Check(msgspec.Struct, frozen=True):
    context: str


class _Parameters(msgspec.Struct, frozen=True):
    required_status_checks: tuple[_Check, ...] = ()


class _Rule(msgspec.Struct, frozen=True):
    type: str
    parameters: _Parameters = _Parameters()


class _Demanded(msgspec.Struct, frozen=True):
    contexts: tuple[str, ...] = ()


class _Protection(msgspec.Struct, frozen=True):
    required_status_checks: _Demanded = _Demanded()


class _Branch(msgspec.Struct, frozen=True):
    protected: bool = False
    protection: _Protection = _Protection()


class Files(msgspec.Struct, frozen=True):
    """Where configuration stands: a repository's own, and (in which repository of the owner's) the shared one."""

    own: str
    shared_repository: str
    shared: str


def look(app: App, repository: str, files: Files, now: Callable[[], float] = time.time) -> Health:
    """As an App. Without a `repository` only the App itself is looked at."""
    failed: dict[str, str] = {}
    skew = _tried(failed, "reach", lambda: _skew(app.api, now))
    if skew is None:
        return Health(failed=failed)
    if bad := _key_problem(app.private_key):
        return Health(skew=skew, failed={"private-key": bad})
    asking = _tried(failed, "jwt", lambda: _as_app(app, "/app", _Party))
    if asking is None or not repository:
        count = None if asking is None else _tried(failed, "installations", lambda: _installations(app))
        return Health(_party(asking), skew=skew, failed=failed, installations=count)
    where = f"/repos/{quote(repository, safe='/')}/installation"
    granted = _tried(failed, "installed", lambda: _as_app(app, where, _Party))
    if granted is None or granted.suspended_at is not None:
        return Health(_party(asking), _party(granted), None, skew, failed)
    wanted: Permissions = {name: "read" for name in granted.permissions if name in PERMISSIONS}
    reader = app.reader(granted.id, repository, wanted)
    try:
        seen = _with_ledger(_seen(reader, repository, files, failed), reader, failed)
    finally:
        reader.close()
    owners = f"{repository.partition('/')[0]}/{files.shared_repository}"
    reader = app.reader(granted.id, owners, {"metadata": "read", "contents": "read"})
    try:
        seen = None if seen is None else _with_shared(seen, reader, owners, files, failed)
    finally:
        reader.close()
    return Health(_party(asking), _party(granted), seen, skew, failed)


def look_with_token(token: str, api: str, repository: str, files: Files) -> Health:
    """With a plain token: the repository alone."""
    failed: dict[str, str] = {}
    skew = _tried(failed, "reach", lambda: _skew(api, time.time))
    if skew is None:
        return Health(failed=failed)
    reader, writer = with_token(token, api)
    try:
        seen = _seen(reader, repository, files, failed)
        owners = f"{repository.partition('/')[0]}/{files.shared_repository}"
        seen = None if seen is None else _with_shared(seen, reader, owners, files, failed)
        return Health(repository=seen, skew=skew, failed=failed)
    finally:
        reader.close()
        writer.close()


def _seen(reader: Reader, repository: str, files: Files, failed: dict[str, str]) -> Seen | None:
    where = f"/repos/{quote(repository, safe='/')}"
    found = _tried(failed, "repository", lambda: reader.get(where, _Repository))
    if found is None:
        return None
    owner, _, name = repository.partition("/")
    variables = {"owner": owner, "name": name}
    artifacts = _tried(
        failed, "bundles", lambda: reader.get(f"{where}/actions/artifacts", _Artifacts, per_page="100").artifacts
    )
    return Seen(
        name=found.full_name,
        branch=found.default_branch,
        archived=found.archived,
        issues=found.has_issues,
        pulls=found.has_pull_requests,
        pulls_by=found.pull_request_creation_policy or "all",
        auto_merge=_tried(
            failed, "auto-merge", lambda: bool(reader.graphql(AUTO_MERGE, variables)["repository"]["autoMergeAllowed"])
        ),
        required=_tried(failed, "required-check", lambda: _required(reader, where, found.default_branch)),
        labels=_tried(failed, "labels", lambda: tuple(one.name for one in reader.pages(f"{where}/labels", _Named))),
        bundles=None if artifacts is None else sum(one.name.startswith(BUNDLE) for one in artifacts),
        file=_tried(failed, "configuration", lambda: default_file(reader, repository, files.own)),
    )


def _required(reader: Reader, where: str, branch: str) -> tuple[str, ...]:
    """The checks that a merge needs: by rulesets, and by the older protection, as far as it is shown."""
    rules = reader.pages(f"{where}/rules/branches/{quote(branch, safe='')}", _Rule)
    found = [one.context for rule in rules for one in rule.parameters.required_status_checks]
    protected = reader.find(f"{where}/branches/{quote(branch, safe='')}", _Branch)
    if protected and protected.protected:
        found += protected.protection.required_status_checks.contexts
    return tuple(dict.fromkeys(found))


def _with_shared(seen: Seen, reader: Reader, owners: str, files: Files, failed: dict[str, str]) -> Seen:
    """With the owner's shared file, where the App is installed on the repository that holds it."""
    try:
        return msgspec.structs.replace(seen, shared=default_file(reader, owners, files.shared))
    except StatusError as error:
        if error.status not in (403, 404, 422):
            failed["shared-configuration"] = str(error)
    except (UserError, UnavailableError, RateLimitedError) as error:
        failed["shared-configuration"] = str(error)
    return seen


def _with_ledger(seen: Seen | None, reader: Reader, failed: dict[str, str]) -> Seen | None:
    """An App alone is asked: a person's token would take every ledger for somebody else's."""
    if seen is None or seen.archived:
        return seen
    return msgspec.structs.replace(
        seen, ledger=_tried(failed, "ledger", lambda: ledger.read(Place(seen.name, reader)).spoiled)
    )


def _as_app(app: App, path: str, kind: type[T]) -> T:
    reader = Reader(AppAuthStrategy(app.id, app.private_key), app.api, app.tokens)
    try:
        return reader.get(path, kind)
    finally:
        reader.close()


def _installations(app: App) -> int:
    """On how many accounts it is installed, up to a hundred."""
    return len(_as_app(app, f"/app/installations?per_page={PAGE}", tuple[_Party, ...]))


def _party(found: _Party | None) -> Party | None:
    if found is None:
        return None
    return Party(found.id, found.html_url, found.permissions, found.events, found.suspended_at is not None)


def _key_problem(pem: str) -> str:
    """Why a private key cannot sign; empty when it can."""
    try:
        load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        return "it is no private key that can be read"
    return ""


def _skew(api: str, now: Callable[[], float]) -> float:
    """By how many seconds our clock is ahead of the server's; whatever it answers, it says its time."""
    try:
        answer = httpx.get(f"{api}/zen", timeout=TIMEOUT)
        said = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except httpx.HTTPError as error:
        raise UnavailableError(f"{api}: no answer ({type(error).__name__})") from error
    except ValueError as error:
        raise UnavailableError(f"{api}: it does not say its time, so it is not GitHub") from error
    return now() - said


def _tried(failed: dict[str, str], code: str, ask: Callable[[], T]) -> T | None:
    """The answer; None, and why, when there is none."""
    try:
        return ask()
    except (UserError, UnavailableError, RateLimitedError) as error:
        failed[code] = str(error)
        return None
